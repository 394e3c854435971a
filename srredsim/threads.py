"""Work on several cores within one process: NumPy, SciPy and the engines compute while others do, too."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
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


def in_order(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """``work`` of every item, in their order, on as many cores as there are.

    One thread, the caller's, makes the items, as by reading a file, and uses the results, as by writing one, while
    others work. At most one item more than there are cores is there at a time.
    """
    threads = cores()
    with ThreadPoolExecutor(threads, initializer=_begin) as pool:
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _begin() -> None:
    _thread.busy = True
