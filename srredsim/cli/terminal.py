"""What is written to the terminal: lines, notes, progress, tables, and problems in words.

Messages of the package name an argument as Python has it, between backticks: ``give `na` ``. Here it becomes the flag
of the command that runs.
"""

from __future__ import annotations

import ast
import errno
import re
import shlex
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from srredsim.cli.arguments import Parser
from srredsim.errors import InputError, out_of_memory, short

NO_ACCESS = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST}
NO_ACCESS |= {errno.ENAMETOOLONG, errno.ELOOP, errno.ENXIO, errno.EIO}  # a name or a device that is no file
TAKE_MEMORY = ("tile", "batch", "size")  # arguments that say how much is in memory at once
MAKE_IMAGES = ("predict", "reconstruct")
LINE_EVERY_S = 60.0
COLOURS = {"good": "green", "doubtful": "yellow", "bad": "bold red"}  # colour of each verdict

_running: ContextVar[Parser | None] = ContextVar("parser of the running command", default=None)


# Lines


def say(*lines: str | Path) -> None:
    """On standard output, a line each; a path as it is."""
    print(*map(_line, lines), sep="\n")


def _line(line: str | Path) -> str:
    return spelled(line) if isinstance(line, str) else str(line)


def note(line: str) -> None:
    """One line on standard error."""
    print(f"srredsim: {short(spelled(line))}", file=sys.stderr)


def notes(path: Path, lines: Iterable[str]) -> None:
    """What is to be known of an input, a line each, and once."""
    for line in dict.fromkeys(lines):
        note(f"{path}: {line}")


def in_words(problem: Exception) -> str:
    """One line about what the user can mend; any other problem is ours and keeps its traceback."""
    if isinstance(problem, InputError):
        return spelled(" ".join(str(problem).split()))
    if out_of_memory(problem):
        smaller = [known for name, known in _flags().items() if name in TAKE_MEMORY]
        return "there is not enough memory for this" + (f"; try a smaller {' or '.join(smaller)}" if smaller else "")
    from srredsim.io import no_space

    if no_space(problem):
        place = getattr(problem, "filename", None)
        return f"{f'{place}: ' if place else ''}no space left on the disk"
    if isinstance(problem, OSError) and problem.errno in NO_ACCESS:
        return short(f"{problem.filename}: {problem.strerror}" if problem.filename else str(problem.strerror))
    raise problem


# Arguments become flags


@contextmanager
def flags_of(parser: Parser) -> Iterator[None]:
    """Within, the arguments that messages name are those of this parser."""
    token = _running.set(parser)
    try:
        yield
    finally:
        _running.reset(token)


def spelled(text: str) -> str:
    """A message as the user of the command line reads it.

    ``give `na` `` becomes ``give --na``, and ``try `order="ZAP", angles=3` `` becomes ``try --order ZAP --angles 3``,
    if the command that runs has these arguments; if only another has them, as it may with values or with names of
    several words, that one is named behind. Other words in backticks lose them.
    """
    return re.sub("`([^`]+)`", lambda found: _as_flags(found[1], text) or found[1], text)


def _flags() -> dict[str, str]:
    """What the user types for each argument of the running command."""
    parser = _running.get()
    return parser.flags() if parser else {}


def _as_flags(call: str, text: str) -> str | None:
    """Arguments of a call in Python as flags; None if they are no such thing, or of no command."""
    named = _arguments(call)
    if named is None:
        return None
    if set(named) <= set(known := _flags()):
        return _typed(named, known)
    if "=" in call or all("_" in name for name in named):
        for command, known in _other_commands():
            if set(named) <= set(known):
                return _typed(named, known) + ("" if re.search(rf"\b{command}\b", text) else f" ({command})")
    return None


def _arguments(call: str) -> dict[str, list[str]] | None:
    """Names, and words of their values, of the arguments of a call in Python; None if it is none."""
    try:
        parsed = ast.parse(f"_({call})", mode="eval").body
    except SyntaxError:
        return None
    if not isinstance(parsed, ast.Call):
        return None
    alone = [part.id for part in parsed.args if isinstance(part, ast.Name)]
    if len(alone) < len(parsed.args):
        return None
    named: dict[str, list[str]] = {name: [] for name in alone}
    return named | {str(one.arg): _words(one.value) for one in parsed.keywords}


def _typed(named: dict[str, list[str]], known: dict[str, str]) -> str:
    return " ".join(word for name, words in named.items() for word in (known[name], *words))


def _other_commands() -> list[tuple[str, dict[str, str]]]:
    """Each command with its flags, those first that make images of stacks."""
    parser = _running.get()
    commands = parser.commands if parser else {}
    first = sorted(commands, key=lambda name: name not in MAKE_IMAGES)
    return [(name, commands[name].flags()) for name in first]


def _words(value: ast.expr) -> list[str]:
    """A value as it stands behind its flag; nothing for yes and no, which the flag itself says."""
    if isinstance(value, (ast.Tuple, ast.List)):
        return [word for part in value.elts for word in _words(part)]
    if not isinstance(value, ast.Constant):
        return [ast.unparse(value)]
    return [] if isinstance(value.value, bool) else [shlex.quote(str(value.value))]


# Progress, colours, tables


@contextmanager
def progress(title: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error, gone when the work is done; call it with how much is done, and of how much.

    It has the time left. Where nobody looks, as in the log of a batch job, long work says so in a line, now and then.
    """
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines(title)
        return
    with Progress(console=console, transient=True, redirect_stdout=False) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


class _Lines:
    """A line a minute at most: ``movie.tif: 12 of 60 done, 4 min left``."""

    def __init__(self, title: str):
        self._title, self._first = title, -1
        self._began = self._told = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if self._first < 0:  # what was done before says nothing of the speed
            self._first, self._began = done, now
        made = done - self._first
        if now - self._told >= LINE_EVERY_S and made and done < total:
            self._told = now
            note(
                f"{self._title}: {done} of {total} done, {_in_words((total - done) * (now - self._began) / made)} left"
            )


def _in_words(seconds: float) -> str:
    """``40 s``, ``4 min``, ``2.5 h``"""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


def say_coloured(*lines: str | Path) -> None:
    """The same, with verdicts in colour where somebody looks."""
    from rich.console import Console
    from rich.text import Text

    console = Console(soft_wrap=True, highlight=False)
    for line in lines:
        text = Text(_line(line))
        for word, style in COLOURS.items():
            text.highlight_regex(rf"(?<=  ){word}(?=  )", style)
        console.print(text)


def table(rows: list[dict]) -> str:
    """Columns of text, as wide as their widest cell."""
    cells = [[name.replace("_", " ") for name in rows[0]]] + [[_cell(value) for value in row.values()] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in cells)


def _cell(value) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)
