"""Dataclasses of this package in files, whole: what is read is equal to what was written, to the last bit.

A record is a zip of NumPy arrays, with a JSON text that says what they are: it has no code, as a pickle has, and each
array in it a checksum.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from srredsim import documents
from srredsim.errors import InputError

PACKAGE = __name__.partition(".")[0]
TEXT = "record"  # name of the JSON text among the arrays
KIND, VALUE = "is", "of"  # keys of what JSON has no words for
NOT_READ = (OSError, ValueError, KeyError, TypeError, EOFError, AttributeError, ImportError, zipfile.BadZipFile)


class Damaged(ValueError):
    """A file holds no record, or not all of it."""


def write(path: Path, value: Any) -> None:
    """Write a value: a dataclass of this package, or what lists, dictionaries, arrays, paths and numbers make."""
    arrays: list[np.ndarray] = []
    text = json.dumps(_told(value, arrays)).encode()
    named = {str(number): array for number, array in enumerate(arrays)}
    with path.open("wb") as file:
        np.savez(file, **{TEXT: np.frombuffer(text, np.uint8)}, **named)


def read(path: Path) -> Any:
    """The value again.

    Raises
    ------
    Damaged
        If the file is not whole, or no record, or one of another version of this package.
    FileNotFoundError
        If there is none.
    """
    with path.open("rb") as file:
        try:
            return _read(file)
        except NOT_READ as problem:
            raise Damaged(f"{path} is damaged: {problem}") from None


def _read(file: BinaryIO) -> Any:
    with np.load(file, allow_pickle=False) as content:
        told = documents.parse_json(content[TEXT].tobytes().decode())
        return _made(told, lambda number: content[str(number)])


def _told(value: Any, arrays: list[np.ndarray]) -> Any:
    """A value in words of JSON; its arrays are added to the others."""
    if value is None or (isinstance(value, bool | int | float | str) and not isinstance(value, np.generic)):
        return value
    if isinstance(value, np.ndarray | np.generic):
        arrays.append(np.ascontiguousarray(value) if isinstance(value, np.ndarray) else np.asarray(value))
        return {KIND: "array" if isinstance(value, np.ndarray) else "number", VALUE: len(arrays) - 1}
    if isinstance(value, list):
        return [_told(one, arrays) for one in value]
    if isinstance(value, tuple):
        return {KIND: "tuple", VALUE: [_told(one, arrays) for one in value]}
    if isinstance(value, dict):
        return {KIND: "dict", VALUE: [[_told(key, arrays), _told(one, arrays)] for key, one in value.items()]}
    if isinstance(value, Path):
        return {KIND: "path", VALUE: str(value)}
    if isinstance(value, InputError):
        return {KIND: "error", VALUE: str(value)}
    kind = type(value)
    if not (is_dataclass(kind) and kind.__module__.startswith(f"{PACKAGE}.")):
        raise TypeError(f"a record has no place for a {kind.__name__}")
    own = {one.name: _told(getattr(value, one.name), arrays) for one in fields(value)}
    return {KIND: f"{kind.__module__}:{kind.__qualname__}", VALUE: own}


def _made(told: Any, array: Callable[[int], np.ndarray]) -> Any:
    if isinstance(told, list):
        return [_made(one, array) for one in told]
    if not isinstance(told, dict):
        return told
    kind, of = told[KIND], told[VALUE]
    if kind in ("array", "number"):
        return array(of) if kind == "array" else array(of)[()]
    if kind == "tuple":
        return tuple(_made(one, array) for one in of)
    if kind == "dict":
        return {_made(key, array): _made(one, array) for key, one in of}
    if kind in ("path", "error"):
        return Path(of) if kind == "path" else InputError(of)
    return _dataclass(kind)(**{name: _made(one, array) for name, one in of.items()})


def _dataclass(kind: str) -> Any:
    """A dataclass of this package by its place; of nothing else an object is made."""
    module, _, name = kind.partition(":")
    found = getattr(import_module(module), name) if module.startswith(f"{PACKAGE}.") else None
    if not (isinstance(found, type) and is_dataclass(found)):
        raise ValueError(f"{kind!r} is no record of {PACKAGE}")
    return found
