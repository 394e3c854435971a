"""Interruptions that wait for the end of what must not be left half done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # not every system has the last


@contextmanager
def held() -> Iterator[None]:
    """Ctrl-C, or being told to stop, takes effect at the end of the block: for what takes milliseconds.

    Python interrupts its main thread only; in others there is nothing to hold. What ends the process without asking it,
    as SIGTERM does where nothing handles it, is not held either.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
    before = {number: handler for number in numbers if callable(handler := signal.getsignal(number))}
    came = []
    try:
        for number in before:
            signal.signal(number, lambda *told: came.append(told))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number, frame in came[:1]:
            before[number](number, frame)
