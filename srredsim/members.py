"""A package of which every file is one of a kind (a network, a reader, a command): it is found by the file's name."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

from srredsim.errors import InputError
from srredsim.resources import unknown


class Members:
    """The files of a package, by name.

    Parameters
    ----------
    kind : str
        What each of them is, for messages.
    package, path : str, list of str
        ``__name__`` and ``__path__`` of the package; a folder that is appended to the path has members, too.
    """

    def __init__(self, kind: str, package: str, path: list[str]):
        self.kind, self._package, self._path = kind, package, path

    def names(self) -> list[str]:
        """All names, sorted; a file whose name begins with an underscore is none."""
        return sorted({entry.name for entry in pkgutil.iter_modules(self._path) if not entry.name.startswith("_")})

    def module(self, name: str) -> ModuleType:
        """The file of this name; InputError if there is none."""
        if name not in self.names():
            raise InputError(unknown(self.kind, str(name), self.names()))
        return importlib.import_module(f"{self._package}.{name}")
