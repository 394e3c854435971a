"""Networks: every file here is one, and its name is the file's name.

Each has ``build(...) -> keras.Model``, ``SMALL`` (tiny settings for tests) and ``receptive_field(...)`` (input pixels
of context on each side, for exact tiling). If not at each of `srredsim.layers.scales.FACTORS`, ``SCALES`` has those at
which it makes images.
"""

from srredsim.members import Builders

_builders = Builders("network", __name__, __path__)
names, module, build = _builders.names, _builders.module, _builders.build
