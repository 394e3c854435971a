"""``srredsim prepare sr-caco-2``"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from srredsim.cli import arguments as shared
from srredsim.cli.commands.prepare._report import told
from srredsim.errors import InputError

HELP = "confocal patches at three scales"
DESCRIPTION = (
    "The released patches and fold lists, checked: numbers, sizes, pairs. Patches are linked where that can be, else"
    " copied. Or patches cut from whole tiles, one's own too, each LR put where HR is. Interrupted, it goes on where it"
    " stopped."
)


def add_arguments(parser: shared.Parser) -> None:
    holds = "that holds hr_div_1, hr_div_2, hr_div_4 and hr_div_8"
    parser.add_argument("--raw", type=Path, metavar="DIR", help=holds)
    parser.add_argument("--folds", type=Path, metavar="ZIP", help="folds.zip, the fold lists")
    tiles = "instead: whole tiles to cut, as HighRes1024/NAME-1.tif, LowRes512/NAME-1.tif ..., planes first"
    parser.add_argument("--tiles", type=Path, metavar="DIR", help=tiles)
    for split in ("validation", "test"):
        numbers = f"tiles of the split {split}, by number; left out: as SR-CACO-2"
        parser.add_argument(f"--{split}-tiles", type=int, nargs="+", default=(), metavar="N", help=numbers)
    parser.add_argument("--out", type=Path, metavar="DIR", required=True, help="folder for train --data")
    parser.add_argument("--convert", action="store_true", help="make 8 bits of 16, and one channel of three")
    parser.add_argument("--skip-incomplete", action="store_true", help="leave out pairs with missing or broken patches")


def run(arguments) -> dict:
    if arguments.tiles:
        return _cut(arguments)
    if not (arguments.raw and arguments.folds):
        raise InputError("give `raw` and `folds`, or `tiles`")
    if arguments.validation_tiles or arguments.test_tiles:
        raise InputError("`validation_tiles` and `test_tiles` are for `tiles`; folds.zip has the splits of patches")
    from srredsim.data.caco2 import prepare

    how = {"convert": arguments.convert, "skip_incomplete": arguments.skip_incomplete}
    work = partial(prepare.prepare, arguments.raw, arguments.folds, arguments.out, **how)
    return told(arguments.raw, lambda progress: work(progress=progress), prepare.lines)


def _cut(arguments) -> dict:
    from srredsim.data.caco2 import cut

    for name in ("raw", "folds", "skip_incomplete"):
        if getattr(arguments, name):
            raise InputError(f"`tiles` are cut anew; leave out `{name}`")
    how = {name: getattr(arguments, name) for name in ("validation_tiles", "test_tiles", "convert")}
    work = partial(cut.cut, arguments.tiles, arguments.out, **how)
    return told(arguments.tiles, lambda progress: work(progress=progress), cut.lines)
