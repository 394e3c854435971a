"""``srredsim analyse kernel``"""

from __future__ import annotations

from pathlib import Path

from srredsim.cli import arguments as shared
from srredsim.cli import terminal, values
from srredsim.cli.commands.analyse import _report
from srredsim.cli.looked_up import Choices

UPSCALES = Choices("srredsim.analysis.kernel:UPSCALES")
DEFAULTS = ("srredsim.analysis.kernel:analyse",)
HELP = "blur of low- against high-resolution images of the same fields"
DESCRIPTION = (
    "The kernel by which the high-resolution image is blurred to the low-resolution one, by division of their spectra;"
    " of each pair, in the order given, and the mean."
)


def add_arguments(parser: shared.Parser) -> None:
    parser.add_argument("--lr", nargs="+", type=Path, required=True, metavar="IMAGE", help="low resolution")
    high = "the same in high resolution"
    parser.add_argument("--hr", nargs="+", type=Path, required=True, metavar="IMAGE", help=high)
    parser.add_argument(
        "--regularisation",
        type=values.not_negative,
        metavar="F",
        help="added to the power of the high-resolution image, after both were divided by --unit ({default})",
    )
    parser.add_argument("--unit", type=values.above_zero, metavar="F", help="value that becomes 1 ({default})")
    parser.add_argument("--width", type=values.positive, metavar="N", help="of the kernel, even ({default})")
    parser.add_argument("--upscale", choices=UPSCALES, help="of the low resolution ({default})")
    _report.add_out(parser)


def run(arguments) -> dict:
    from srredsim import io
    from srredsim.analysis import kernel

    asked = shared.given(arguments, "regularisation", "unit", "width", "upscale")
    with terminal.progress("kernel") as progress:
        lr, hr = ([path for one in given for path in io.find([one])] for given in (arguments.lr, arguments.hr))
        report = kernel.analyse(lr, hr, progress=progress, **asked)  # a file given twice is in two pairs
    return _report.give("kernel", arguments, report, kernel.lines(report))
