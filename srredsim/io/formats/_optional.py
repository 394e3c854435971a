"""Packages that read a format and need not be there: imported when such a file is opened, and not before."""

from __future__ import annotations

import importlib
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from xml.etree import ElementTree

from srredsim import resources
from srredsim.errors import InputError

EXTRA = "files"  # of the installation, which brings all of them
DAMAGE = (  # what readers raise when the bytes make no sense
    OSError,
    ValueError,
    RuntimeError,
    EOFError,
    LookupError,
    TypeError,
    AttributeError,
    NameError,
    ArithmeticError,
    AssertionError,
    NotImplementedError,
    MemoryError,
    struct.error,
    zlib.error,
    ElementTree.ParseError,
)


def package(name: str, kind: str) -> ModuleType:
    """The package; InputError with how to get it if it is not installed. ``kind`` is what the file is: an ND2 file."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as missing:
        if missing.name and missing.name.partition(".")[0] != name:
            raise InputError(f"this is {kind}, and {name}, which reads it, lacks {missing.name}: {_how()}") from None
        raise InputError(f"this is {kind}; what reads it is not installed: {_how()}") from None


def _how() -> str:
    return resources.install(EXTRA)


@contextmanager
def damage(words: str) -> Iterator[None]:
    """What a reader raises as an InputError that begins with these words: ``the ND2 file is damaged``."""
    try:
        yield
    except InputError:
        raise
    except DAMAGE as error:
        told = " ".join(str(error).split())[:160] or type(error).__name__
        raise InputError(f"{words}: {told}") from error
