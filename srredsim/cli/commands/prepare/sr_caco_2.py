"""``srredsim prepare sr-caco-2``"""

from __future__ import annotations

from pathlib import Path

from srredsim.cli import arguments as shared
from srredsim.cli import terminal

HELP = "confocal patches at three scales"
DESCRIPTION = (
    "The released patches and fold lists, checked: numbers, sizes, pairs. Patches are linked where that can be, else"
    " copied. Interrupted, it goes on where it stopped."
)


def add_arguments(parser: shared.Parser) -> None:
    holds = "that holds hr_div_1, hr_div_2, hr_div_4 and hr_div_8"
    parser.add_argument("--raw", type=Path, metavar="DIR", required=True, help=holds)
    parser.add_argument("--folds", type=Path, metavar="ZIP", required=True, help="folds.zip, the fold lists")
    parser.add_argument("--out", type=Path, metavar="DIR", required=True, help="folder for train --data")
    parser.add_argument("--convert", action="store_true", help="make 8 bits of 16, and one channel of three")
    parser.add_argument("--skip-incomplete", action="store_true", help="leave out pairs with missing or broken patches")


def run(arguments) -> dict:
    from srredsim.data.caco2 import prepare

    with terminal.progress(arguments.raw.name) as progress:
        report = prepare.prepare(
            arguments.raw,
            arguments.folds,
            arguments.out,
            convert=arguments.convert,
            skip_incomplete=arguments.skip_incomplete,
            progress=progress,
        )
    terminal.say(Path(report["path"]), *(f"  {line}" for line in prepare.lines(report)))
    return report
