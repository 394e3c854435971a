"""What the text of an argument must be, as argparse calls it: numbers within limits, vectors, shares of a work."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable
from typing import Any


def count(text: str) -> int:
    return _number(int, text, "a whole number, 0 or more", lambda value: value >= 0)


def positive(text: str) -> int:
    return _number(int, text, "a whole number above 0", lambda value: value > 0)


def shard(text: str) -> tuple[int, int]:
    """(i, n) of ``I/N``, I from 1 on; 0 is no share, for who only plans."""
    found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
    number, count = map(int, found.groups()) if found else (0, 0)
    if not (found and count and 0 <= number <= count):
        raise argparse.ArgumentTypeError(f"should be I/N with I from 1 to N, as 1/8; got {text[:80]!r}")
    return number, count


def file_name(text: str) -> str:
    """A name that files can bear."""
    if not re.fullmatch(r"[\w-][\w.-]{0,99}", text):
        raise argparse.ArgumentTypeError(f"should be letters, digits, and any of . _ -; got {text[:80]!r}")
    return text


def above_zero(text: str) -> float:
    return _number(float, text, "a number above 0", lambda value: 0 < value < float("inf"))


def one_or_several(text: str) -> float | tuple[float, ...]:
    """A number above 0, or several with commas between them, which `Parser` puts where the user has spaces."""
    several = tuple(above_zero(part) for part in text.split(","))
    return several if len(several) > 1 else several[0]


def not_negative(text: str) -> float:
    return _number(float, text, "a number, 0 or more", lambda value: 0 <= value < float("inf"))


def finite(text: str) -> float:
    return _number(float, text, "a number", math.isfinite)


def attenuation(text: str) -> float | str:
    """``auto``; ``off``, which is 0; or a share."""
    if text in ("auto", "off"):
        return text if text == "auto" else 0.0
    return _number(float, text, "auto, off, or a number from 0 to 1", lambda value: 0 <= value <= 1)


def damping(text: str) -> float:
    return _number(float, text, "a number above 0 and up to 1", lambda value: 0 < value <= 1)


def wave_vector(text: str) -> tuple[float, float]:
    """(ky, kx) in cycles/um, from ``KY,KX`` or from ``DEGREES@UM``."""
    polar = "@" in text
    try:
        first, second = (float(part) for part in text.split("@" if polar else ","))
    except ValueError:
        first = second = math.nan
    if not (math.isfinite(first) and math.isfinite(second)) or (polar and second <= 0):
        raise argparse.ArgumentTypeError(f"should be KY,KX in cycles/um, or DEGREES@UM, as 32@0.21; got {text!r}")
    if polar:
        return math.sin(math.radians(first)) / second, math.cos(math.radians(first)) / second
    return first, second


def degrees(text: str) -> tuple[float, ...]:
    """In radians, from degrees with commas between them."""
    try:
        values = tuple(math.radians(float(part)) for part in text.split(","))
    except ValueError:
        values = (math.nan,)
    if not all(map(math.isfinite, values)):
        raise argparse.ArgumentTypeError(f"should be degrees with commas between them, as 0,120,240; got {text!r}")
    return values


def _number(kind: type, text: str, wanted: str, fits: Callable) -> Any:
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not fits(value):
        raise argparse.ArgumentTypeError(f"should be {wanted}; got {text!r}")
    return value


def is_number(text: str) -> bool:
    return bool(re.fullmatch(r"[\d.]+(e-?\d+)?", text))


SIGNED = (wave_vector, degrees)  # what may begin with a minus
SEVERAL = (one_or_several,)  # what may be several numbers with spaces between them
