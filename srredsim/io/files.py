"""Which files are meant, and how a file appears whole or not at all."""

from __future__ import annotations

import difflib
import errno
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from srredsim.errors import InputError
from srredsim.io import formats

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


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


@contextmanager
def atomic(path: str | Path, overwrite: bool = False) -> Iterator[Path]:
    """A temporary path beside `path`, for a file or a folder: renamed to `path` on success, removed on any failure.

    Folders on the way to `path` are made; if the work fails and they are still empty, they go again.

    Raises
    ------
    InputError
        If `path` exists and `overwrite` is false, or if it cannot be written: no permission, or no space.
    """
    path = Path(path)
    temporary = path.with_name(f".srredsim-{uuid.uuid4().hex[:8]}{path.suffix}")
    made: list[Path] = []
    try:
        refuse_existing(path, overwrite)
        made = _make_folders(path.parent)
        _probe(temporary)
        yield temporary
        refuse_existing(path, overwrite)
        _replace(temporary, path)
        made = []
    except OSError as error:
        raise _in_words(error, path, temporary) from error
    finally:
        _remove(temporary)
        for folder in made:
            with suppress(OSError):
                folder.rmdir()  # only while it is empty


def refuse_existing(path: Path, overwrite: bool = False) -> None:
    """InputError if there is a result already that may not be replaced."""
    if not overwrite and path.exists():
        raise InputError(f"{path} exists already; give `overwrite` or another `out`")


def _make_folders(folder: Path) -> list[Path]:
    """The folders that had to be made, the innermost first."""
    nearest = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not nearest.is_dir():
        raise InputError(f"{folder} cannot be made: {nearest} is a file, not a folder; give another `out`")
    missing = [folder, *folder.parents]
    missing = missing[: missing.index(nearest)]
    folder.mkdir(parents=True, exist_ok=True)
    return missing


def _probe(temporary: Path) -> None:
    """Find out before the work, not after it, that nothing can be written here."""
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    temporary.unlink()


def _replace(temporary: Path, path: Path) -> None:
    if path.is_dir() and temporary.is_dir():  # a folder that holds something cannot be renamed over
        old = temporary.with_name(temporary.name + ".old")
        os.replace(path, old)
        os.replace(temporary, path)
        shutil.rmtree(old)
    else:
        os.replace(temporary, path)


def _remove(path: Path) -> None:
    if os.path.isdir(path):  # unlike Path.is_dir, never raises
        shutil.rmtree(path)
    elif os.path.lexists(path):
        path.unlink()


def _in_words(error: OSError, path: Path, temporary: Path) -> Exception:
    if error.errno in FULL:
        return InputError(f"{path} cannot be written: no space left on the disk; free some or give another `out`")
    if error.filename is not None and Path(os.fsdecode(error.filename)) not in (path, temporary, *path.parents):
        return error  # about another file, one that was read
    if error.errno in FORBIDDEN:
        return InputError(f"{path} cannot be written: {path.parent} is read-only or not yours; give another `out`")
    if error.errno in (errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ENAMETOOLONG):
        return InputError(f"{path} cannot be written: {error.strerror.lower()}; give another `out`")
    return error
