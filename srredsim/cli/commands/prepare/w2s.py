"""``srredsim prepare w2s``"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from srredsim.cli import arguments as shared
from srredsim.cli import values
from srredsim.cli.commands.prepare._report import told
from srredsim.cli.looked_up import Choices
from srredsim.errors import InputError

DEFAULTS = ("srredsim.data.w2s.prepare:Settings",)
HELP = "widefield to SIM, raw"
DESCRIPTION = (
    "The averages of captures at each noise level and the SIM images as z-scores, and pairs of raw SIM stacks and SIM"
    " images. Interrupted, it goes on where it stopped."
)


def add_arguments(parser: shared.Parser) -> None:
    holds = "that holds Image001, Image002 ..."
    parser.add_argument("--raw", type=Path, metavar="DIR", required=True, help=holds)
    parser.add_argument("--out", type=Path, metavar="DIR", required=True, help="folder for train --data")
    parser.add_argument("--skip-incomplete", action="store_true", help="leave out fields with missing or broken files")
    parser.add_argument(
        "--zscore",
        nargs="+",
        metavar=("published|own|MEAN", "STD"),
        help="of the averages; own: measured over all captures here, which reads them twice ({default})",
    )
    parser.add_argument(
        "--sim-zscore",
        choices=Choices("srredsim.data.w2s.prepare:SIM_ZSCORES"),
        metavar="WHICH",
        help="of the SIM images: one mean and deviation of those of the published training fields (global), that of the"
        " averages (lr), of each its own (per-image), or none ({default})",
    )
    parser.add_argument(
        "--sim-order",
        choices=Choices("srredsim.data.w2s.prepare:SIM_ORDERS"),
        metavar="ORDER",
        help="of the 3 x 5 tiles of raw SIM frames, 3 angles of 5 phases or 5 of 3: {choices} ({default})",
    )
    parser.add_argument("--no-raw-sim", dest="raw_sim", action="store_false", help="no pairs of raw SIM stacks")
    parser.add_argument("--limit", type=values.positive, metavar="N", help="the first N fields only")
    shared.overwrite(parser, "make everything anew, also with other settings")


def run(arguments) -> dict:
    from srredsim.data.w2s import prepare

    asked = shared.given(arguments, "zscore", "sim_zscore", "sim_order", "raw_sim")
    if "zscore" in asked:
        asked["zscore"] = _zscore(asked["zscore"])
    how = {name: getattr(arguments, name) for name in ("skip_incomplete", "limit", "overwrite")}
    work = partial(prepare.prepare, arguments.raw, arguments.out, prepare.Settings(**asked), **how)
    return told(arguments.raw, lambda progress: work(progress=progress), prepare.lines)


def _zscore(words: list[str]) -> str | tuple[float, float]:
    """``published``, ``own``, or mean and standard deviation."""
    if len(words) == 1:
        return words[0]
    try:
        mean, std = map(float, words)
    except ValueError:
        raise InputError(f"`zscore` is published, own, or MEAN STD; got {' '.join(words)}") from None
    return mean, std
