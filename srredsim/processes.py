"""Work on several cores, which ends at once when it is interrupted, and when the process that asked for it is gone."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context, parent_process
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from srredsim.errors import InputError

Item = TypeVar("Item")
Result = TypeVar("Result")

LISTEN_S = 0.2  # between looks at whether Ctrl-C was pressed
GRACE_S = 2.0  # for processes that are told to stop, to remove what they have half done
_state = {"working": False, "stopping": False}  # state of a process that works for another


def give_back_memory() -> None:
    """Let the system have what is free: glibc keeps it, some hundred MB after a network of ONNX Runtime."""
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)):
        trim(0)


def on_cores(
    work: Callable[[Item], Result], items: Sequence[Item], cores: int, tick: Callable[[Result], None]
) -> list[Result]:
    """``work`` of every item, in new processes if there are cores for that; ``tick`` is given each result as it comes.

    Raises
    ------
    InputError
        If the system ends one of the processes.
    """
    if cores < 2:
        return [_ticked(work(item), tick) for item in items]
    pool = ProcessPoolExecutor(cores, mp_context=get_context("spawn"), initializer=_begin)
    try:
        with _ctrl_c_is_not_for_them():
            futures = [pool.submit(partial(_do, work), item) for item in items]
        done: SimpleQueue[Future] = SimpleQueue()
        for future in futures:
            future.add_done_callback(done.put)
        for _ in futures:
            tick(_next(done).result())
        pool.shutdown()
    except BaseException as problem:
        _stop(pool)
        if isinstance(problem, BrokenProcessPool):
            raise InputError("a process was ended by the system, which mostly means that memory ran out") from None
        raise
    return [future.result() for future in futures]


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _next(done: SimpleQueue[Future]) -> Future:
    """The future that is done next. None of the others is locked meanwhile, so that Ctrl-C leaves no lock behind.

    Not for longer at a time: Ctrl-C that another thread is told of does not end a wait.
    """
    while True:
        try:
            return done.get(timeout=LISTEN_S)
        except Empty:
            continue


def _ticked(result: Result, tick: Callable[[Result], None]) -> Result:
    tick(result)
    return result


@contextmanager
def _ctrl_c_is_not_for_them() -> Iterator[None]:
    """Processes that are started within leave Ctrl-C, which a terminal sends to all, to the one that started them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _stop(pool: ProcessPoolExecutor) -> None:
    processes = list((pool._processes or {}).values())
    manager: Any = pool._executor_manager_thread
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()
    end = time.monotonic() + GRACE_S
    for process in processes:
        process.join(max(0.0, end - time.monotonic()))
        if process.is_alive():
            process.kill()
    if manager is not None:  # it clears up the locks of the pool, which must not be left half cleared up
        manager.join(GRACE_S)


# In the processes


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _told_to_stop)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent_process().join()
    os._exit(1)


def _told_to_stop(*_: object) -> None:
    _state["stopping"] = True
    if not _state["working"]:
        os._exit(0)
    raise KeyboardInterrupt


def _do(work: Callable[[Item], Result], item: Item) -> Result:
    if _state["stopping"]:
        raise KeyboardInterrupt
    _state["working"] = True
    try:
        return work(item)
    finally:
        _state["working"] = False
