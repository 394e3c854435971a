"""How a file, or all files of one result, appear whole or not at all, whenever the work is stopped.

What is unfinished is called ``.srredsim-<machine>-<process>-...`` and lies beside what it will be. Where the process is
gone, the next one that writes into the folder removes it; or, if everything was ready and only some files had their
names yet, gives the others theirs: a list of them was written first.
"""

from __future__ import annotations

import errno
import glob
import hashlib
import json
import os
import platform
import re
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from srredsim.errors import FULL, FULL_DISK, InputError
from srredsim.interrupts import held

FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
UNFINISHED = re.compile(r"\.srredsim-(?P<machine>[0-9a-f]{6})-(?P<process>\d{1,9})-[0-9a-f]{8}")
LIST = ".names.json"  # ending of the list of what is ready
STOP_AT = "SRREDSIM_STOP_AT"  # the tests: environment variable that names the `moment` at which the process ends
BLOCK = 1 << 20  # bytes
IMAGES = (".tif", ".zarr")  # last endings of images that are written


def _here() -> str:
    """The machine, and where containers share its name, the processes among which one can be asked for."""
    with suppress(OSError):
        return f"{platform.node()} {os.readlink('/proc/self/ns/pid')}"
    return platform.node()


MACHINE = hashlib.sha256(_here().encode()).hexdigest()[:6]


class Exists(InputError):
    """A result is there already, and may not be replaced."""

    def __init__(self, path: Path):
        super().__init__(f"{path} exists already; give `overwrite` or another `out`")
        self.path = path


@dataclass(frozen=True)
class _Ready:
    """What is written and waits for its name."""

    temporary: Path
    path: Path
    overwrite: bool
    made: tuple[Path, ...]  # folders that were made for it, the innermost first


class _Group(list[_Ready]):
    """What will appear together; ``last`` is the file whose presence says that all are there."""

    last: Path | None = None


_group: ContextVar[_Group | None] = ContextVar("what will appear together", default=None)


@contextmanager
def atomic(path: str | Path, overwrite: bool = False) -> Iterator[Path]:
    """A temporary path beside `path`, for a file or a folder: renamed to `path` on success, removed on any failure.

    Folders on the way to `path` are made; if the work fails and they are still empty, they go again. Within `together`,
    the file has its name when all the others are written, too.

    Raises
    ------
    InputError
        If `path` exists and `overwrite` is false, or if it cannot be written: no permission, or no space.
    """
    path, group = Path(path), _group.get()
    temporary = _unfinished(path.parent, ".weights.h5" if path.name.endswith(".weights.h5") else path.suffix)
    ready, made = False, []
    try:
        refuse_existing(path, overwrite)
        made = _make_folders(path.parent)
        _probe(temporary)
        yield temporary
        one = _Ready(temporary, path, overwrite, tuple(made))
        if group is None:
            _appear([one])
        else:
            group.append(one)
        ready = True
    except (OSError, RuntimeError) as error:
        raise _in_words(error, path, temporary) from error
    finally:
        if not ready:
            _remove(temporary, made)


@contextmanager
def together(last: Path | None = None) -> Iterator[None]:
    """All files that `atomic` writes within appear when the block ends well, and none of them if it does not.

    ``last`` is the one whose presence says that all are there.
    """
    if (larger := _group.get()) is not None:
        larger.last = larger.last or last
        yield
        return
    group = _Group()
    group.last, token = last, _group.set(group)
    try:
        yield
        _appear(sorted(group, key=lambda one: one.path == group.last))
        group.clear()
    finally:
        _group.reset(token)
        for one in reversed(group):  # the first made the folders of the others
            _remove(one.temporary, one.made)


def written(path: Path) -> Path:
    """Where a file can be read that `atomic` has written: within `together` it has not its name yet."""
    return next((one.temporary for one in _group.get() or () if one.path == path), path)


def beside(unfinished: Path, suffix: str) -> Path:
    """A name for what is needed until a file of `atomic` is finished: should the process be killed, both go."""
    return _unfinished(unfinished.parent, suffix)


def refuse_existing(path: Path, overwrite: bool = False) -> None:
    """`Exists` if there is a result already that may not be replaced."""
    clear_up(path.parent.absolute())
    if not overwrite and (path.exists() or path.is_symlink()):  # a link to nothing, too
        raise Exists(path)


def refuse_results(result: Path, beside: Iterable[Path], overwrite: bool = False) -> None:
    """`Exists` if a result is there; InputError if only something is that belongs beside it."""
    refuse_existing(result, overwrite)
    for path in beside:
        if not overwrite and path.exists():
            others = [one for one in path.parent.glob(f"{glob.escape(path.stem)}.*") if one.suffix in IMAGES]
            words = f"beside {others[0].name}, a result in another format" if others else f"without {result.name}"
            raise InputError(f"{path} exists already, {words}; give `overwrite` or another `out`")


def refuse_unwritable(path: Path, overwrite: bool = False) -> None:
    """InputError now, as `atomic` would raise it after the work."""
    try:
        with atomic(path, overwrite):
            raise _OnlyTriedError
    except _OnlyTriedError:
        pass


class _OnlyTriedError(Exception):
    """Nothing was written."""


def allocate(path: Path, size: int) -> None:
    """Take the space of a file now: a memory map that finds the disk full later kills the process."""
    with path.open("r+b") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
            return
        there = file.seek(0, os.SEEK_END)
        for start in range(there, size, BLOCK):
            file.write(bytes(min(BLOCK, size - start)))


def no_space(error: BaseException) -> bool:
    """Whether a disk is full, or a quota, whoever found that out."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in FULL
    return isinstance(error, Exception) and not isinstance(error, InputError) and bool(FULL_DISK.search(str(error)))


def moment(name: str) -> None:
    """The process ends here as if it were killed, if the tests ask for that."""
    if os.environ.get(STOP_AT) == name:
        os._exit(137)


# What was left


@cache
def clear_up(folder: Path) -> None:
    """Finish or remove what processes that are gone left in a folder; once is enough."""
    try:
        left = [path for path in folder.iterdir() if _is_left(path.name)]
    except OSError:  # not there yet, or it will be said by who writes into it
        return
    for path in left:
        if path.name.endswith(LIST):
            with suppress(OSError, ValueError, TypeError):
                _finish(path)
    for path in left:
        with suppress(OSError):
            _remove(path)


def _is_left(name: str) -> bool:
    found = UNFINISHED.match(name)
    return found is not None and found["machine"] == MACHINE and not _lives(int(found["process"]))


def _lives(process: int) -> bool:
    if os.name == "nt":  # there, asking would end it
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # that of another user
        return True
    return True


def _finish(listed: Path) -> None:
    """Give what was ready its names; only in this folder, whatever the list says."""
    for temporary, name, overwrite in json.loads(listed.read_text(encoding="utf-8")):
        source, target = listed.parent / Path(temporary).name, listed.parent / Path(name).name
        if UNFINISHED.match(source.name) and source.exists() and (overwrite or not target.exists()):
            _replace(source, target)


# Names


def _unfinished(folder: Path, suffix: str) -> Path:
    return folder / f".srredsim-{MACHINE}-{os.getpid()}-{uuid.uuid4().hex[:8]}{suffix}"


@held()
def _appear(group: list[_Ready]) -> None:
    """All renamed, or none: what was is dropped where one cannot be. After a kill, the lists say what was ready."""
    for one in group:
        if not one.overwrite and os.path.lexists(one.path):
            raise Exists(one.path)
    lists = _listed(group) if len(group) > 1 or any(one.path.is_dir() for one in group) else []
    placed: list[_Ready] = []
    try:
        for one in group:
            moment(f"before {one.path.name}")
            try:
                _replace(one.temporary, one.path)
            except OSError as error:
                raise _in_words(error, one.path, one.temporary) from error
            placed.append(one)
            moment(f"after {one.path.name}")
    except BaseException:
        for one in placed:
            _remove(one.path)
        raise
    finally:
        for listed in lists:
            listed.unlink()


def _listed(group: list[_Ready]) -> list[Path]:
    """A list in each folder."""
    lists: list[Path] = []
    try:
        for folder in {one.path.parent: None for one in group}:
            names = [(one.temporary.name, one.path.name, one.overwrite) for one in group if one.path.parent == folder]
            lists.append(_unfinished(folder, LIST))
            lists[-1].write_text(json.dumps(names), encoding="utf-8")
    except OSError as error:
        for listed in lists:
            _remove(listed)
        raise _in_words(error, group[-1].path, lists[-1]) from error
    return lists


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
        old = _unfinished(path.parent, ".old")
        os.replace(path, old)
        os.replace(temporary, path)
        old.unlink() if old.is_symlink() else shutil.rmtree(old)  # what a link leads to is not ours
    else:
        os.replace(temporary, path)


def _remove(path: Path, folders: tuple[Path, ...] | list[Path] = ()) -> None:
    """Away with it, and with the folders that are empty then."""
    if os.path.isdir(path):  # unlike Path.is_dir, never raises
        shutil.rmtree(path)
    elif os.path.lexists(path):
        path.unlink()
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


def told(path: Path) -> Path:
    """What a message names: of something unfinished its folder, as nobody else knows its name."""
    return path.parent if UNFINISHED.match(path.name) else path


def _in_words(error: OSError | RuntimeError, path: Path, temporary: Path) -> Exception:
    own, path = (path, temporary, *path.parents), told(path)
    if no_space(error):
        return InputError(f"{path} cannot be written: no space left on the disk; free some or give another `out`")
    if not isinstance(error, OSError):
        return error
    if error.filename is not None and Path(os.fsdecode(error.filename)) not in own:
        return error  # about another file, one that was read
    if error.errno in FORBIDDEN:
        there = next(folder for folder in path.parents if folder.exists())
        words = f"{'the current folder' if there == Path() else there} is read-only or not yours"
        return InputError(f"{path} cannot be written: {words}; give another `out`")
    if error.errno in (errno.ENOTDIR, errno.ENOENT, errno.EEXIST, errno.EISDIR, errno.ENAMETOOLONG):
        return InputError(f"{path} cannot be written: {error.strerror.lower()}; give another `out`")
    return error
