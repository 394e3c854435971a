"""Networks: every file here is one, and its name is the file's name.

Each has ``build(...) -> keras.Model``, ``SMALL`` (tiny settings for tests) and ``receptive_field(...)`` (input pixels
of context on each side, for exact tiling).
"""

import importlib
import inspect
import pkgutil
from types import ModuleType

from srredsim.errors import InputError
from srredsim.resources import unknown


def names() -> list[str]:
    """Names of all networks."""
    return sorted(entry.name for entry in pkgutil.iter_modules(__path__))


def module(name: str) -> ModuleType:
    """The file of one network; InputError if there is none of that name."""
    if name not in names():
        raise InputError(unknown("network", str(name), names()))
    return importlib.import_module(f"{__name__}.{name}")


def build(name: str, **settings):
    """The ``keras.Model`` of this name, untrained; InputError if the network has no such setting."""
    build_network = module(name).build
    known = list(inspect.signature(build_network).parameters)
    for setting in settings:
        if setting not in known:
            raise InputError(unknown(f"setting of network {name}", setting, known))
    return build_network(**settings)
