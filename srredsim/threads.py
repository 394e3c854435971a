"""Work on several cores within one process: NumPy, SciPy and the engines compute while others do, too."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from srredsim.processes import cores

Item = TypeVar("Item")
Result = TypeVar("Result")

_thread = threading.local()


def in_threads(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """``work`` of every item, on as many cores as there are; within such work, one after the other.

    What comes is the same on any number of cores, as long as no item needs what another makes.
    """
    several = list(items)
    threads = min(cores(), len(several))
    if threads < 2 or getattr(_thread, "busy", False):
        return [work(item) for item in several]
    with ThreadPoolExecutor(threads, initializer=_begin) as pool:
        return list(pool.map(work, several))


def _begin() -> None:
    _thread.busy = True
