"""Writes weights between those of two models of one network:  python tools/between.py FROM TO SHARE OUT

FROM and TO are models of the zoo or folders of runs, OUT becomes a folder like FROM; with SHARE 0 its weights are those
of FROM, with 1 those of TO. What was learned last is often best taken in part, where other specimens are met.
"""

import shutil
import sys
from pathlib import Path

from srredsim.zoo import models


def main(first: str, second: str, share: str, out: str) -> None:
    one, other = (models.load(name, "float32").network for name in (first, second))
    pairs = zip(one.get_weights(), other.get_weights(), strict=True)
    one.set_weights([(1 - float(share)) * a + float(share) * b for a, b in pairs])
    Path(out).mkdir()
    shutil.copy(models.find(first) / models.RECIPE, out)
    one.save_weights(Path(out) / models.WEIGHTS)


if __name__ == "__main__":
    main(*sys.argv[1:])
