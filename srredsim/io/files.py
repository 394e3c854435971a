"""Which files are meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from srredsim.errors import InputError
from srredsim.io import formats


def find(inputs: Iterable[str | Path]) -> list[Path]:
    """Files as given, folders expanded to the readable files in them, sorted; each file once.

    A folder that is one image, as some formats have it, is found as a file is.

    Raises
    ------
    InputError
        If a path does not exist, or a folder holds nothing that can be read.
    """
    found: list[Path] = []
    for given in inputs:
        path = Path(given)
        full = _existing(path).is_dir() and not formats.format_of_folder(path)
        found += _readable_in(path) if full else [path]
    if not found:
        raise InputError("no input was given; name a file or a folder")
    return list(dict.fromkeys(found))


def _readable_in(folder: Path) -> list[Path]:
    try:
        entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise InputError(f"{folder} cannot be read: {error.strerror}") from error
    known = tuple(dict.fromkeys(formats.suffixes()))
    readable = [path for path in entries if _is_image(path, known)]
    if not readable:
        raise InputError(f"{folder} holds no {', '.join('*' + suffix for suffix in known)} file")
    return readable


def _is_image(path: Path, suffixes: tuple[str, ...]) -> bool:
    if path.is_dir():
        return formats.format_of_folder(path) is not None
    return path.name.lower().endswith(suffixes) and path.is_file()


def _existing(path: Path) -> Path:
    try:
        path.stat()
    except FileNotFoundError:
        raise InputError(f"{path} does not exist{_nearest(path)}") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    return path


def _nearest(path: Path) -> str:
    with suppress(OSError):  # a folder that cannot be read has no suggestions
        near = difflib.get_close_matches(path.name, [p.name for p in path.parent.iterdir()], n=1)
        if near:
            return f"; there is {path.parent / near[0]}"
    return ""
