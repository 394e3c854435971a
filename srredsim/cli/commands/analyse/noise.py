"""``srredsim analyse noise``"""

from __future__ import annotations

from srredsim.cli import arguments as shared
from srredsim.cli import terminal, values
from srredsim.cli.commands.analyse import _report

HELP = "variance of the noise as a line over brightness, a mean + b"
DESCRIPTION = (
    "The noise of every plane of the images as variance = a mean + b, in the units of the image and after scaling to"
    " [0, 1]; the pictures show the mean of a over the images of each folder."
)


def add_arguments(parser: shared.Parser) -> None:
    shared.images(parser, "images")
    limits = "where the camera cuts off, and what becomes 0 and 1; left out: nowhere, and the range of the image"
    parser.add_argument("--limits", nargs=2, type=values.finite, metavar=("LOW", "HIGH"), help=limits)
    repeats = "the planes of a file are repeats of one image: variance against mean, pixel by pixel"
    parser.add_argument("--repeats", action="store_true", help=repeats)
    shared.accept_incomplete(parser, "of a file that lacks frames, measure those that are there")
    _report.add_out(parser)


def run(arguments) -> dict:
    from srredsim import io
    from srredsim.analysis import noise

    with terminal.progress("noise") as progress:
        report = noise.analyse(
            io.find(arguments.images),
            arguments.limits,
            arguments.repeats,
            progress,
            accept_incomplete=arguments.accept_incomplete,
        )
    for line in report["notes"]:
        terminal.note(line)
    for failure in report["failures"]:
        terminal.note(f"{failure['input']}: {failure['error']}")
    return _report.give("noise", arguments, report, noise.lines(report))
