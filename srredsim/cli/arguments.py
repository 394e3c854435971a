"""What commands share of their arguments: the parser, arguments that several of them take, types of numbers."""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Callable
from pathlib import Path

ORDERS = ("PAZ", "PZA", "ZAP", "tiled")
PRECISIONS = ("auto", "float32", "bfloat16", "float16")
DTYPES = ("float32", "uint16")


class Parser(argparse.ArgumentParser):
    """Complains in one line."""

    def flags(self) -> dict[str, str]:
        """What the user types for each argument, by its name in Python: ``{"na": "--na", "inputs": "INPUT"}``.

        A flag is there by its own name, too, where that is another: ``--k`` sets ``k0_per_um``.
        """
        flags = {}
        for action in self._actions:
            typed = action.option_strings[-1] if action.option_strings else action.metavar or action.dest
            flags[action.dest] = typed
            flags.setdefault(typed.lstrip("-").replace("-", "_"), typed)
        return flags

    def parse_known_args(self, args=None, namespace=None):
        """``--k -3.1,0.4`` means ``--k=-3.1,0.4``: by itself, argparse takes a value with a sign for a flag."""
        signed = {flag for action in self._actions if action.type in SIGNED for flag in action.option_strings}
        joined: list[str] = []
        for text in sys.argv[1:] if args is None else args:
            if joined and joined[-1] in signed and re.match(r"-[\d.]", text):
                joined[-1] += f"={text}"
            else:
                joined.append(text)
        return super().parse_known_args(joined, namespace)

    def error(self, message: str):
        print(f"srredsim: {message} (see {self.prog} --help)", file=sys.stderr)
        sys.exit(2)


# Arguments that several commands take


def stacks(parser: Parser) -> None:
    """Raw stacks, and how to read them."""
    parser.add_argument("inputs", nargs="+", type=Path, metavar="INPUT", help="TIFF or .npy files, or folders of them")
    parser.add_argument("--order", choices=ORDERS, help="of the frames in the file; left out: from the file, or PAZ")
    parser.add_argument("--angles", type=positive, metavar="A", help="of the pattern; left out: from the file")
    parser.add_argument("--phases", type=positive, metavar="P", help="in each angle; left out: from the file")
    parser.add_argument("--trailing-widefield", action="store_true", help="each stack ends with a widefield frame")
    pixel_size(parser, "of the raw frames; left out: the file says")


def images(parser: Parser, name: str = "inputs") -> None:
    parser.add_argument(name, nargs="+", type=Path, metavar="IMAGE", help="TIFF or .npy files, or folders of them")


def pixel_size(parser: Parser, help: str = "left out: the file says") -> None:
    parser.add_argument("--pixel-size-um", type=above_zero, metavar="F", help=help)


def optics(parser: Parser, left_out: str = "left out: the file says") -> None:
    parser.add_argument("--na", type=above_zero, metavar="F", help=f"numerical aperture; {left_out}")
    parser.add_argument("--wavelength-em-um", type=above_zero, metavar="F", help=f"of the emission; {left_out}")


def out_folder(parser: Parser) -> None:
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of the results; left out: beside the input")


def dtype(parser: Parser) -> None:
    parser.add_argument("--dtype", choices=DTYPES, default="float32", help="of the written image")


def overwrite(parser: Parser, help: str = "replace results that exist") -> None:
    parser.add_argument("--overwrite", action="store_true", help=help)


def settings(parser: Parser) -> None:
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="any key of the recipe, a.b=value"
    )


# What was given


def reading(arguments) -> dict:
    """How to read a raw stack, as far as it was said."""
    return {name: getattr(arguments, name) for name in READING}


def data_set(name_or_folder: str) -> str:
    """A folder by its full path, so that the run can be resumed from anywhere."""
    folder = Path(name_or_folder)
    return str(folder.resolve()) if folder.is_dir() else name_or_folder


READING = ("order", "angles", "phases", "trailing_widefield", "pixel_size_um")


# Types of numbers


def count(text: str) -> int:
    return _number(int, text, "a whole number, 0 or more", lambda value: value >= 0)


def positive(text: str) -> int:
    return _number(int, text, "a whole number above 0", lambda value: value > 0)


def above_zero(text: str) -> float:
    return _number(float, text, "a number above 0", lambda value: 0 < value < float("inf"))


def not_negative(text: str) -> float:
    return _number(float, text, "a number, 0 or more", lambda value: 0 <= value < float("inf"))


def finite(text: str) -> float:
    return _number(float, text, "a number", math.isfinite)


def share(text: str) -> float:
    return _number(float, text, "a number from 0 to 1", lambda value: 0 <= value <= 1)


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


def _number(kind: type, text: str, wanted: str, fits: Callable) -> int | float:
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not fits(value):
        raise argparse.ArgumentTypeError(f"should be {wanted}; got {text!r}")
    return value


SIGNED = (wave_vector, degrees)  # what may begin with a minus
