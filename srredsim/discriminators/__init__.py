"""Discriminators of adversarial training: every file here is one, and its name is the file's name.

Each has ``build(...) -> keras.Model``, from (batch, side, side, channels) to (batch, 1) logits in float32, larger for
what looks real, and ``SMALL`` (tiny settings for tests). The side is fixed: the last layers are dense.
"""

import importlib
import inspect
import pkgutil
from types import ModuleType

from srredsim.errors import InputError
from srredsim.resources import unknown


def names() -> list[str]:
    """Names of all discriminators."""
    return sorted(entry.name for entry in pkgutil.iter_modules(__path__))


def module(name: str) -> ModuleType:
    """The file of one discriminator; InputError if there is none of that name."""
    if name not in names():
        raise InputError(unknown("discriminator", str(name), names()))
    return importlib.import_module(f"{__name__}.{name}")


def build(name: str, **settings):
    """The ``keras.Model`` of this name, untrained; InputError if the discriminator has no such setting."""
    build_discriminator = module(name).build
    known = list(inspect.signature(build_discriminator).parameters)
    for setting in settings:
        if setting not in known:
            raise InputError(unknown(f"setting of discriminator {name}", setting, known))
    return build_discriminator(**settings)
