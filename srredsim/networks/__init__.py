"""Networks: every file here is one, and its name is the file's name.

Each has ``build(...) -> keras.Model``, ``SMALL`` (tiny settings for tests) and ``receptive_field(...)`` (input pixels
of context on each side, for exact tiling). It may also have ``alignment(...)`` (input pixels to whose multiples tiles
are moved), ``largest_window(...)`` (input pixels on a side that memory allows), ``SCALES`` that it has, ``SEES_ALL``
(layers that look at the whole image), and ``PORTABLE``: whether it is made of Keras's own layers alone, of which ONNX
has all, and .keras files need no other; what it leaves out is as in `LEFT_OUT`.
"""

from math import inf

from srredsim.layers.scales import FACTORS
from srredsim.members import Builders

LEFT_OUT = {
    "alignment": lambda **_: 1,
    "largest_window": lambda **_: inf,
    "SCALES": tuple(FACTORS),
    "SEES_ALL": (),
    "PORTABLE": True,
}
_builders = Builders("network", __name__, __path__, LEFT_OUT)
names, module, build = _builders.names, _builders.module, _builders.build
