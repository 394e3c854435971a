"""Writes the networks of the shipped models as ONNX, which the engines compute that need no Keras.

python tools/portable.py [MODEL ...]    # after every change of weights; left out: those that have changed
"""

import sys

from srredsim import networks
from srredsim.zoo import models, portable

can_be = [name for name in models.names() if networks.module(models.recipes.load(name).network["name"]).PORTABLE]
for name in sys.argv[1:] or can_be:
    folder = models.find(name)
    found = portable.find(folder, models.recipes.load(folder))
    if sys.argv[1:] or found is None or found.path.parent != folder:
        print(portable.make(models.load(name, "float32"), folder).path)
