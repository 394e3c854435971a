"""Discriminators of adversarial training: every file here is one, and its name is the file's name.

Each has ``build(...) -> keras.Model``, from (batch, side, side, channels) to (batch, 1) logits in float32, larger for
what looks real, and ``SMALL`` (tiny settings for tests). The side is fixed: the last layers are dense.
"""

from srredsim.members import Builders

_builders = Builders("discriminator", __name__, __path__)
names, module, build = _builders.names, _builders.module, _builders.build
