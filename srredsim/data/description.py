"""``dataset.yaml``: what a data set is, and which reader knows how to open it.

The keys that every description has are here, those of a layout are the fields of its reader's `Settings`
(`srredsim.data.readers`). This file is the only place of a data set's splits, noise levels, constants and sizes.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from srredsim import documents, resources, schema
from srredsim.data import readers
from srredsim.errors import InputError

NAME = "dataset.yaml"
DEFAULT_READER = "pairs"


@dataclass(frozen=True)
class Common:
    """The keys that any description may have."""

    reader: str  # a file of srredsim.data.readers
    axes: str = ""
    licence: str = ""
    source: str = ""
    citation: str = ""
    checksum: str = ""


@dataclass(frozen=True)
class Description:
    """A data set that has not been opened yet.

    Parameters
    ----------
    name : str
        In the catalogue, or the path of a user's folder.
    folder : Path
        Where its files are, if it has any.
    settings : object
        The reader's `Settings`, as the file has them.
    """

    name: str
    folder: Path
    common: Common
    settings: Any
    shipped: bool = True

    @property
    def reader(self):
        """The module of its reader."""
        return readers.module(self.common.reader)

    @property
    def splits(self) -> tuple[str, ...]:
        return tuple(self.settings.splits)


def of(name_or_folder: str | Path) -> Description:
    """The description of a data set: an entry of the catalogue, or a user's folder.

    A folder without ``dataset.yaml`` has that of the layout whose reader recognises it, else of raw stacks and images
    with their truth.

    Raises
    ------
    InputError
        If there is no such data set, or its ``dataset.yaml`` is wrong: one line names the key.
    """
    folder = Path(name_or_folder)
    if not folder.is_dir():
        return of_entry(str(name_or_folder))
    if (folder / NAME).is_file():
        return _read(folder / NAME, str(folder), shipped=False)
    known = next((name for name in readers.names() if readers.module(name).recognises(folder)), DEFAULT_READER)
    entry = of_entry(known)
    return Description(str(folder), folder, entry.common, entry.settings, shipped=False)


def of_entry(name: str) -> Description:
    """The description of an entry of the catalogue."""
    return _entry(name, resources.entry("data", name))


@cache
def _entry(name: str, home: Path) -> Description:
    return _read(home / NAME, name)


def _read(path: Path, name: str, shipped: bool = True) -> Description:
    content = documents.read_yaml(path)
    if not isinstance(content, dict) or "reader" not in content:
        raise InputError(f"{path} describes no data set: it lacks reader, one of {', '.join(readers.names())}")
    common = [field.name for field in fields(Common)]
    try:
        found = schema.build(Common, {key: value for key, value in content.items() if key in common})
        settings = readers.module(found.reader).Settings
        own = {key: value for key, value in content.items() if key not in common}
        return Description(name, path.parent, found, schema.build(settings, own), shipped)
    except InputError as problem:
        raise InputError(f"{path}: {problem}") from None
