"""The one exception for what the user can mend: one clear line, exit status 2, no traceback."""

from __future__ import annotations

import errno
import re
import reprlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # what a system says of a full disk, or a quota
LONGEST_VALUE = 80  # characters of a value in a message
LONGEST_WORD = 240  # characters without a space between them: paths are shorter
LONGEST_MESSAGE = 2000
WARNING = "warning: "  # begins a note of what makes an image doubtful
NO_MEMORY = "RESOURCE_EXHAUSTED|bad_alloc|bad allocation|Failed to allocate memory"  # JAX, C++, ONNX Runtime

FULL_DISK = (
    re.compile(  # words of NumPy and TensorFlow, which give no errno, and of HDF5, which may give it in its text
        rf"\d+ requested and \d+ written|errno = ({'|'.join(map(str, FULL))})\b|No space left on device|File too large"
    )
)


class InputError(ValueError):
    """What was wanted, what came, and what would work, in one line.

    An argument is named as Python has it, between backticks, with a value where one would work: ``give `na` ``,
    ``try `order="ZAP", angles=3` ``. The command line makes flags of them (`srredsim.cli.terminal.spelled`).
    Whatever a file puts into it, it stays short: endless words lose their middle. One ``about`` a file or a folder
    begins with its path: whoever names the input before each message then need not.
    """

    status = 2  # with which the command line ends

    def __init__(self, message: object = "", about: object = None):
        self.about = about
        super().__init__(short(str(message) if about is None else f"{about} {message}"))


class Doubt(UserWarning):
    """What makes an image doubtful: the notes of an image that begin with `WARNING`, as Python warns."""


@contextmanager
def doubts_in_notes() -> Iterator[None]:
    """Within, doubts are among the notes of images alone: for who shows these anyway."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Doubt)
        yield


class HostLost(InputError):
    """Another host of a training has ended: what they had in common cannot be closed in good order any more."""

    status = 3


def short(message: str) -> str:
    """The message with long words cut to `LONGEST_VALUE` characters, and `LONGEST_MESSAGE` in all."""
    if len(message) <= LONGEST_WORD:
        return message
    message = re.sub(rf"\S{{{LONGEST_WORD + 1},}}", lambda word: _cut(word[0]), message)
    return message if len(message) <= LONGEST_MESSAGE else _cut(message, LONGEST_MESSAGE)


def shown(value: Any) -> str:
    """``repr`` of a value from a file or the command line, at most `LONGEST_VALUE` characters, made in no time."""
    return _cut(_REPR.repr(value))


def not_finite(bad: int) -> str:
    """What to say of so many pixels that are no numbers; of none, if sums of the others leave the range of float32."""
    if not bad:
        return "pixels are so large that their sum is no number any more; divide the whole stack by one number"
    return f"{bad} pixels are NaN or infinite; every pixel must be finite: mask or replace them first"


def out_of_memory(error: BaseException) -> bool:
    """Whether memory was short, whoever says so: Python, TensorFlow and PyTorch have a class, others only a word.

    TensorFlow's class is that of a full disk, too.
    """
    return not FULL_DISK.search(str(error)) and (
        isinstance(error, MemoryError)
        or type(error).__name__ in ("ResourceExhaustedError", "OutOfMemoryError")
        or (isinstance(error, Exception) and re.search(NO_MEMORY, str(error)) is not None)
    )


def _cut(text: str, longest: int = LONGEST_VALUE) -> str:
    half = (longest - 3) // 2
    return text if len(text) <= longest else f"{text[:half]}...{text[-half:]}"


class _Short(reprlib.Repr):
    def repr_int(self, x, level):
        return repr(x) if x.bit_length() < 300 else f"an integer of {x.bit_length()} bits"


_REPR = _Short()
_REPR.maxstring = _REPR.maxother = LONGEST_VALUE
_REPR.maxlevel = 3
