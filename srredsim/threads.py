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


class _AtWork:
    """How many threads compute, of those that share work: the first of them always, the others while cores are free."""

    def __init__(self):
        self._threads, self._lock = 1, threading.Lock()

    def begin(self, most: int) -> int:
        """So many more may."""
        with self._lock:
            number = max(0, min(most, cores() - self._threads))
            self._threads += number
            return number

    def change(self, by: int) -> None:
        with self._lock:
            self._threads += by


_at_work = _AtWork()


def in_threads(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """``work`` of every item, on as many cores as there are; within such work, on those that have nothing left to do.

    What comes is the same on any number of cores, as long as no item needs what another makes.
    """
    several = list(items)
    places = iter(range(len(several)))  # the threads take them in turn
    results: dict[int, Result] = {}
    failures: dict[int, BaseException] = {}

    def some() -> None:
        for place in places:
            try:
                results[place] = work(several[place])
            except BaseException as failure:  # noqa: BLE001 is raised by who asked for the work
                failures[place] = failure
            if failures:
                return

    def helping() -> None:
        try:
            some()
        finally:
            _at_work.change(-1)

    alone = getattr(_thread, "busy", False)
    helpers = [threading.Thread(target=helping) for _ in range(0 if alone else _at_work.begin(len(several) - 1))]
    for helper in helpers:
        helper.start()
    some()
    _at_work.change(-1)  # another may have the core of a thread that waits
    try:
        for helper in helpers:
            helper.join()
    finally:  # after Ctrl-C, too, which a notebook survives
        _at_work.change(+1)
    if failures:
        raise failures[min(failures)]
    return [results[place] for place in range(len(several))]


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
