"""Writes the networks of the shipped models as ONNX, which the engines compute that need no Keras.

python tools/portable.py [MODEL ...]    # after every change of weights; left out: those that have changed
"""

import sys

from srredsim.zoo import models, portable

for name in sys.argv[1:] or models.names():
    folder = models.find(name)
    found = portable.find(folder, models.recipes.load(folder))
    if sys.argv[1:] or found is None or found.path.parent != folder:
        print(portable.make(models.load(name, "float32"), folder).path)
