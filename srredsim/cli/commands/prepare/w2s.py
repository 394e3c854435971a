"""``srredsim prepare w2s``"""

from __future__ import annotations

from pathlib import Path

from srredsim.cli import arguments as shared
from srredsim.cli import terminal
from srredsim.errors import InputError

HELP = "widefield to SIM, raw"
DESCRIPTION = (
    "The averages of 1, 2, 4, 8, 16 and all 400 captures and the SIM images as z-scores, and pairs of raw SIM stacks"
    " and SIM images. Interrupted, it goes on where it stopped."
)


def add_arguments(parser: shared.Parser) -> None:
    holds = "that holds Image001, Image002 ..."
    parser.add_argument("--raw", type=Path, metavar="DIR", required=True, help=holds)
    parser.add_argument("--out", type=Path, metavar="DIR", required=True, help="folder for train --data")
    parser.add_argument("--skip-incomplete", action="store_true", help="leave out fields with missing or broken files")
    parser.add_argument(
        "--zscore",
        nargs="+",
        default=["published"],
        metavar=("published|own|MEAN", "STD"),
        help="of the averages; own: measured over all captures here, which reads them twice (published)",
    )
    parser.add_argument(
        "--sim-zscore",
        choices=("global", "lr", "per-image", "none"),
        default="global",
        help="of the SIM images: one mean and deviation of those of the fields 001-080; that of the averages; of each"
        " its own; none (global)",
    )
    parser.add_argument(
        "--sim-order",
        choices=("angles-in-rows", "angles-in-columns"),
        default="angles-in-rows",
        help="of the 3 x 5 tiles of raw SIM frames: 3 angles of 5 phases, or 5 of 3 (angles-in-rows)",
    )
    parser.add_argument("--no-raw-sim", dest="raw_sim", action="store_false", help="no pairs of raw SIM stacks")
    parser.add_argument("--limit", type=shared.positive, metavar="N", help="the first N fields only")
    shared.overwrite(parser, "make everything anew, also with other settings")


def run(arguments) -> dict:
    from srredsim.data.w2s import prepare

    settings = prepare.Settings(_zscore(arguments.zscore), arguments.sim_zscore, arguments.sim_order, arguments.raw_sim)
    with terminal.progress(arguments.raw.name) as progress:
        report = prepare.prepare(
            arguments.raw,
            arguments.out,
            settings,
            skip_incomplete=arguments.skip_incomplete,
            limit=arguments.limit,
            overwrite=arguments.overwrite,
            progress=progress,
        )
    terminal.say(report["path"], *(f"  {line}" for line in prepare.lines(report)))
    return report


def _zscore(words: list[str]) -> str | tuple[float, float]:
    """``published``, ``own``, or mean and standard deviation."""
    if len(words) == 1:
        return words[0]
    try:
        mean, std = map(float, words)
    except ValueError:
        raise InputError(f"`zscore` is published, own, or MEAN STD; got {' '.join(words)}") from None
    return mean, std
