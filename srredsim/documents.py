"""JSON and YAML that others wrote: read whole, within limits, or refused in one line.

A small text can stand for something endless: lists a million levels deep, numbers of a million digits, YAML aliases
that repeat a list of lists of lists, a pipe that nobody fills. What comes out of here can be printed, copied and walked
through.
"""

from __future__ import annotations

import itertools
import json
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from srredsim.errors import InputError

LARGEST = 64 * 2**20  # bytes of JSON: a run of 10,000 epochs has 5 MB
LARGEST_YAML = 2**20  # bytes: it is read slowly, and written by hand
MOST_OPEN = 100  # brackets: the time that PyYAML takes grows with their square
MOST_VALUES = 100_000  # in a YAML file, those that aliases repeat counted each time


def read_json(path: str | Path) -> Any:
    """What a JSON file holds.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not JSON; `InputError` if it is too large or no file.
    """
    return parse_json(_text(Path(path), LARGEST))


def parse_json(text: str) -> Any:
    """The same of a text."""
    with _in_our_words():
        return json.loads(text)


def read_yaml(path: str | Path) -> Any:
    """What a YAML file holds; InputError if it is none, FileNotFoundError if there is no such file."""
    try:
        return parse_yaml(_text(Path(path), LARGEST_YAML))
    except InputError:
        raise
    except ValueError as problem:
        raise InputError(f"{path} is not valid YAML: {' '.join(str(problem).split())}") from None


def parse_yaml(text: str) -> Any:
    """The same of a text, such as a value on the command line."""
    import yaml

    depth = itertools.accumulate({"[": 1, "{": 1, "]": -1, "}": -1}.get(letter, 0) for letter in text)
    if max(depth, default=0) > MOST_OPEN:
        raise ValueError("its lists are too deep within one another")
    try:
        with _in_our_words():
            content = yaml.safe_load(text)
            _count(content, {}, ())
    except yaml.YAMLError as problem:
        raise ValueError(" ".join(str(problem).split())) from None
    return content


@contextmanager
def _in_our_words() -> Iterator[None]:
    """What Python says of what it cannot read, of which some would only help its own programs."""
    try:
        yield
    except RecursionError:
        raise ValueError("its lists are too deep within one another") from None
    except ValueError as problem:
        if "integer string conversion" in str(problem):
            raise ValueError("a number in it has thousands of digits") from None
        raise


def regular(path: str | Path) -> None:
    """InputError if a path is there and is a pipe, a socket or a device, from which reading may never end."""
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):
        return  # whoever opens it says why
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise InputError("is a pipe or a device, not a file; write its content into a file first", about=path)


def _text(path: Path, largest: int) -> str:
    regular(path)
    with path.open("rb") as file:
        content = file.read(largest + 1)
    if len(content) > largest:
        raise InputError(f"{path} has more than {largest:,} bytes, too many for a file of this kind")
    return content.decode("utf-8")


def _count(value: Any, counted: dict[int, int], above: tuple[int, ...]) -> int:
    """Number of values in a value, what is repeated counted each time; ValueError beyond `MOST_VALUES`."""
    if not isinstance(value, (dict, list, tuple, set)):
        return 1
    if id(value) in above:
        raise ValueError("a list is within itself")
    if id(value) not in counted:
        items = [*value.keys(), *value.values()] if isinstance(value, dict) else value
        counted[id(value)] = 1 + sum(_count(item, counted, (*above, id(value))) for item in items)
    if counted[id(value)] > MOST_VALUES:
        raise ValueError(f"it stands for more than {MOST_VALUES:,} values")
    return counted[id(value)]
