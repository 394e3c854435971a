"""A package of which every file is one of a kind (a network, a reader, a command): it is found by the file's name.

Where a file is a family of small things (losses, metrics), these are found by their own names: `Functions`.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from types import ModuleType
from typing import Any

from srredsim.errors import InputError, shown
from srredsim.resources import unknown


@cache
def _listed(path: tuple[str, ...]) -> list[tuple[str, bool]]:
    """Files and folders of a package, and which of them are folders; looked for once."""
    return [(entry.name, entry.ispkg) for entry in pkgutil.iter_modules(path)]


class Members:
    """The files of a package, by name.

    Parameters
    ----------
    kind : str
        What each of them is, for messages.
    package, path : str, list of str
        ``__name__`` and ``__path__`` of the package; a folder that is appended to the path has members, too.
    defaults : mapping, optional
        What a file may leave out, with what it then has.
    """

    def __init__(self, kind: str, package: str, path: list[str], defaults: Mapping[str, Any] | None = None):
        self.kind, self._package, self._path, self._defaults = kind, package, path, dict(defaults or {})

    def names(self) -> list[str]:
        """All names, sorted; a file whose name begins with an underscore is none."""
        return sorted({name for name, _ in _listed(tuple(self._path)) if not name.startswith("_")})

    def module(self, name: str) -> ModuleType:
        """The file of this name; InputError if there is none."""
        if name not in self.names():
            raise InputError(unknown(self.kind, str(name), self.names()))
        return self._imported(name)

    def modules(self) -> list[ModuleType]:
        """All files."""
        return [self._imported(name) for name in self.names()]

    def _imported(self, name: str) -> ModuleType:
        found = importlib.import_module(f"{self._package}.{self._file(name)}")
        for left_out in self._defaults.keys() - vars(found).keys():
            setattr(found, left_out, self._defaults[left_out])
        return found

    def _file(self, name: str) -> str:
        return name


class Folders(Members):
    """The folders of a package, by name; a hyphen in a name (``sr-caco-2``) is an underscore in that of the folder."""

    def names(self) -> list[str]:
        return sorted({name.replace("_", "-") for name, is_folder in _listed(tuple(self._path)) if is_folder})

    def _file(self, name: str) -> str:
        return name.replace("-", "_")


class Builders(Members):
    """The files of a package, each with ``build(...) -> keras.Model`` and ``SMALL`` (tiny settings for tests)."""

    def build(self, name: str, **settings):
        """The ``keras.Model`` of this name, untrained; InputError if it has no such setting."""
        build = self.module(name).build
        known = list(inspect.signature(build).parameters)
        for setting in settings:
            if setting not in known:
                raise InputError(unknown(f"setting of {self.kind} {name}", setting, known))
        try:
            built = build(**settings)
        except InputError:
            raise
        except (TypeError, ValueError, ZeroDivisionError) as problem:
            self._refuse_types(build, settings)
            given = ", ".join(f"{setting}={shown(value)}" for setting, value in settings.items())
            raise InputError(
                f"no {self.kind} {name} can be built of {given}: {str(problem).partition(chr(10))[0]}"
            ) from problem

        self._refuse_nothing(build, settings)
        return built

    def _refuse_nothing(self, build: Callable, settings: Mapping[str, Any]) -> None:
        """InputError if a whole number is below 1 that usually is not, as that of layers: there would be none."""
        for setting, value in settings.items():
            usual = inspect.signature(build).parameters[setting].default
            if type(usual) is int and usual >= 1 and isinstance(value, int) and value < 1:
                raise InputError(f"{self.kind}.{setting} is at least 1; got {shown(value)}")

    def _refuse_types(self, build: Callable, settings: Mapping[str, Any]) -> None:
        """InputError if a setting is not of the type that it has to be."""
        from srredsim import schema

        for setting, value in settings.items():
            annotation = inspect.signature(build).parameters[setting].annotation
            schema.typed(getattr(annotation, "__name__", str(annotation)), value, f"{self.kind}.{setting}")


class Functions:
    """The functions in the files of a package, by name.

    Parameters
    ----------
    kind, package, path :
        As of `Members`.
    counts : callable
        ``counts(function) -> bool``: which of the public functions that a file defines are of the kind.
    """

    def __init__(self, kind: str, package: str, path: list[str], counts: Callable[[Callable], bool]):
        self.kind, self._counts = kind, counts
        self._files = Members(f"file of a {kind}", package, path)

    def names(self) -> list[str]:
        """All names, sorted."""
        return sorted(self.all())

    def get(self, name: str) -> Callable:
        """The function of this name; InputError if there is none."""
        found = self.all()
        if name not in found:
            raise InputError(unknown(self.kind, str(name), sorted(found)))
        return found[name]

    def all(self) -> dict[str, Callable]:
        """All of them, by name."""
        found: dict[str, Callable] = {}
        for module in self._files.modules():
            for name, function in inspect.getmembers(module, inspect.isfunction):
                if name.startswith("_") or function.__module__ != module.__name__ or not self._counts(function):
                    continue
                if name in found:
                    places = f"{found[name].__module__} and {module.__name__}"
                    raise ValueError(f"two functions are {self.kind} {name}, in {places}")
                found[name] = function
        return found
