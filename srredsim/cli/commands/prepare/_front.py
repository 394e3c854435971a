"""What the archives share of their arguments, and what is said when one is prepared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from srredsim.cli import arguments as shared
from srredsim.cli import terminal


def folders(parser: shared.Parser, holds: str, left_out: str) -> None:
    """``--raw``, which ``holds`` something, ``--out``, and ``--skip-incomplete``."""
    parser.add_argument("--raw", type=Path, metavar="DIR", required=True, help=f"that holds {holds}")
    parser.add_argument("--out", type=Path, metavar="DIR", required=True, help="folder for train --data")
    parser.add_argument("--skip-incomplete", action="store_true", help=f"leave out {left_out}")


def prepared(arguments, prepare: Callable[..., dict], lines: Callable[[dict], list[str]], **how) -> dict:
    """The report of a prepared archive, in ``lines`` on the terminal, too."""
    with terminal.progress(arguments.raw.name) as progress:
        report = prepare(
            raw=arguments.raw,
            out=arguments.out,
            skip_incomplete=arguments.skip_incomplete,
            progress=progress,
            **how,
        )
    terminal.say(Path(report["path"]), *(f"  {line}" for line in lines(report)))
    return report
