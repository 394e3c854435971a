"""One training at a time in the folder of a run: two would write their weights over one another."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EACCES, EAGAIN, EDEADLK
from pathlib import Path

from srredsim.errors import InputError

LOCK = ".training"  # what counts is who holds it: of a process that was killed the system lets go
HELD = (EACCES, EAGAIN, EDEADLK)

if sys.platform == "win32":
    import msvcrt

    def _hold(file) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _hold(file) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Within, no other process trains in this folder; on a file system without locks nobody can tell.

    Raises
    ------
    InputError
        If another one does already.
    """
    lock = folder / LOCK
    with open(lock, "ab") as file:
        try:
            _hold(file)
            held = not lock.exists() or not os.path.samestat(lock.stat(), os.fstat(file.fileno()))  # ended just now
        except OSError as problem:
            held = problem.errno in HELD
        if held:
            raise InputError(
                f"{folder} is being trained by another process; wait for it, stop it, or give another `out`"
            )
        try:
            yield
        finally:
            with suppress(OSError):  # Windows removes no file that is open
                lock.unlink()
