"""A package of which every file makes one kind of network: it is found by the file's name."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from types import ModuleType

from srredsim.errors import InputError
from srredsim.resources import unknown


class Builders:
    """The files of a package, each with ``build(...) -> keras.Model`` and ``SMALL`` (tiny settings for tests).

    Parameters
    ----------
    kind : str
        What they make, for messages.
    package, path : str, list of str
        ``__name__`` and ``__path__`` of the package.
    """

    def __init__(self, kind: str, package: str, path: list[str]):
        self._kind, self._package, self._path = kind, package, path

    def names(self) -> list[str]:
        """All names, sorted."""
        return sorted(entry.name for entry in pkgutil.iter_modules(self._path))

    def module(self, name: str) -> ModuleType:
        """The file of this name; InputError if there is none."""
        if name not in self.names():
            raise InputError(unknown(self._kind, str(name), self.names()))
        return importlib.import_module(f"{self._package}.{name}")

    def build(self, name: str, **settings):
        """The ``keras.Model`` of this name, untrained; InputError if it has no such setting."""
        build = self.module(name).build
        known = list(inspect.signature(build).parameters)
        for setting in settings:
            if setting not in known:
                raise InputError(unknown(f"setting of {self._kind} {name}", setting, known))
        return build(**settings)
