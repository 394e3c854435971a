"""``srredsim prepare sr-caco-2``"""

from __future__ import annotations

from pathlib import Path

from srredsim.cli import arguments as shared
from srredsim.cli.commands.prepare import _front

HELP = "confocal patches at three scales"
DESCRIPTION = (
    "The released patches and fold lists, checked: numbers, sizes, pairs. Patches are linked where that can be, else"
    " copied. Interrupted, it goes on where it stopped."
)


def add_arguments(parser: shared.Parser) -> None:
    _front.folders(parser, "hr_div_1, hr_div_2, hr_div_4 and hr_div_8", "pairs with missing or broken patches")
    parser.add_argument("--folds", type=Path, metavar="ZIP", required=True, help="folds.zip, the fold lists")
    parser.add_argument("--convert", action="store_true", help="make 8 bits of 16, and one channel of three")


def run(arguments) -> dict:
    from srredsim.data.caco2 import prepare

    how = {"archive": arguments.folds, "convert": arguments.convert}
    return _front.prepared(arguments, prepare.prepare, prepare.lines, **how)
