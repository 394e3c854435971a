"""What is said when an archive was prepared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from srredsim.cli import terminal


def told(source: Path, prepare: Callable[[Callable], dict], lines: Callable[[dict], list[str]]) -> dict:
    """The report of ``prepare(progress)`` of a folder, in ``lines`` on the terminal, too."""
    with terminal.progress(source.name) as progress:
        report = prepare(progress)
    terminal.say(Path(report["path"]), *(f"  {line}" for line in lines(report)))
    return report
