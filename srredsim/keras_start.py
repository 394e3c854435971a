"""Keras, begun without the page of remarks that TensorFlow writes to standard error before it can be told not to."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from srredsim.errors import InputError

LOG_LEVEL, BACKEND = "TF_CPP_MIN_LOG_LEVEL", "KERAS_BACKEND"
RETRACING = "retracing"  # of which TensorFlow warns where models are loaded anew, as for one stack after the other
_starting = threading.Lock()  # standard error is that of the whole process


def start(wanted: str | None = None) -> None:
    """Import Keras, with a backend or the one that it has; TensorFlow's remarks are there with TF_CPP_MIN_LOG_LEVEL=0.

    Raises
    ------
    InputError
        If Keras cannot start, or has begun with another backend.
    """
    asked = wanted if wanted and "keras" not in sys.modules and wanted != backend() else None
    told = os.environ.get(LOG_LEVEL) in ("0", "1")
    if not told:
        os.environ[LOG_LEVEL] = "3"
        logging.getLogger("tensorflow").addFilter(_of_use)
    try:
        with _starting, _asked_for(asked), nullcontext() if told or "keras" in sys.modules else _no_standard_error():
            import keras  # noqa: F401
    except (ImportError, ValueError) as problem:
        raise InputError(f"Keras cannot start: {problem}; see srredsim doctor") from None
    if wanted and backend() != wanted:
        raise InputError(
            f"`engine={wanted!r}` is no longer possible in this process, where Keras runs on {backend()}: set"
            f" {BACKEND}={wanted} before it starts"
        )


def _of_use(record: logging.LogRecord) -> bool:
    """Whether somebody who does not write TensorFlow has a use for what it says."""
    return RETRACING not in record.getMessage()


@contextmanager
def _asked_for(backend: str | None) -> Iterator[None]:
    """Within, Keras begins with a backend; what the user has set stays what later choices go by."""
    before = os.environ.get(BACKEND)
    if backend:
        os.environ[BACKEND] = backend
    try:
        yield
    finally:
        if backend:
            os.environ.pop(BACKEND)
        if backend and before is not None:
            os.environ[BACKEND] = before


def backend() -> str:
    """The backend that Keras has, or will have."""
    if "keras" in sys.modules:
        import keras

        return keras.backend.backend()
    return os.environ.get(BACKEND, "tensorflow")


@contextmanager
def _no_standard_error() -> Iterator[None]:
    """Nothing at all is written to standard error, not even by libraries; a process without any stays so."""
    if sys.stderr is not None:
        sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:
        kept = None
    if kept is None:
        yield
        return
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
