"""``srredsim reference``"""

from __future__ import annotations

from pathlib import Path

from srredsim.cli import arguments as shared
from srredsim.cli import terminal, values
from srredsim.cli.several import each

GROUP = "data"
DEFAULTS = ("srredsim.workflows.reference:Reference", "srredsim.workflows.reference:Dim")
HELP = "make a folder of pairs to train on, from stacks recorded in plenty of light"
ASKED = ("out", "wiener", "validation", "accept_incomplete", "overwrite")


def add_arguments(parser: shared.Parser) -> None:
    shared.stacks(parser, "also files that lack frames, and stacks of which not all stripes were found")
    parser.add_argument("--out", type=Path, metavar="DIR", required=True, help="folder for train --data")
    shared.optics(parser, "left out: the file says")
    parser.add_argument("--wiener", type=values.above_zero, metavar="W", help="of the truth; left out: from the noise")
    _dim(parser)
    shared.camera(parser)
    validation = "hold one of N stacks back; 0: none ({default})"
    parser.add_argument("--validation", type=values.count, metavar="N", help=validation)
    shared.seed(parser, "the same seed takes the same photons")
    shared.several(parser)


def _dim(parser: shared.Parser) -> None:
    """What the input of each pair is made of."""
    dim = parser.add_mutually_exclusive_group()
    dim.add_argument("--low", type=Path, metavar="DIR", help="folder of the same stacks in little light, same names")
    light = "shares of the light that are left for the input, each makes a pair ({srredsim.workflows.reference:LIGHT})"
    dim.add_argument("--light", type=values.above_zero, nargs="+", metavar="F", help=light)
    photons = "the same as photons in the brightest pixels of the widefield image, per frame"
    dim.add_argument("--photons", type=values.above_zero, nargs="+", metavar="N", help=photons)


def run(arguments) -> dict:
    from srredsim.io import Reading
    from srredsim.workflows import reference

    reading = shared.record(Reading, arguments)
    dim = shared.record(reference.Dim, arguments)
    pairs = reference.Reference(dim=dim, reading=reading, **shared.given(arguments, *ASKED))

    def work(path: Path, scene: int | None) -> dict:
        with terminal.progress(path.name) as progress:
            report = pairs.add(path, progress, scene)
        paths = [Path(name) for pair in report["pairs"] for name in pair["paths"][:2]]
        terminal.say(path, *(f"  {line}" for line in reference.lines(report)), *paths)
        terminal.notes(path, report["notes"])
        return report

    result = each(arguments, work)
    if pairs.taken == 1 and pairs.validation:
        terminal.note("one stack only: none was held back for validation")
    return result
