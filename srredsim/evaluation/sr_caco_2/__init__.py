"""SR-CACO-2: super-resolution of confocal scans at three scales (Belharbi et al., NeurIPS 2024)."""

from argparse import BooleanOptionalAction

HELP = "confocal scans of fewer pixels and one exposure, to those of more and nine"
DATA = "caco2_simulated"
PICTURES = True
WEIGHTS = "{scale} and {cell} in DIR stand for these; left out: the model caco2_METHOD"


def add_arguments(parser) -> None:
    """What chooses cells: methods, scales, markers, and a part of the test."""
    methods = "bicubic, networks such as swinir, models; left out: all that the paper has"
    parser.add_argument("--methods", nargs="+", default=(), metavar="M", help=methods)
    parser.add_argument("--scales", nargs="+", type=int, default=(), metavar="N", help="as 2 8; left out: all")
    parser.add_argument("--cells", nargs="+", default=(), metavar="CELL", help="markers, as CELL2; left out: all")
    subset = "clean: only test tiles that are neither in training nor in validation under another number"
    parser.add_argument("--subset", choices=("clean",), metavar="clean", help=subset)
    untrained = "also networks of the paper that have no weights, as they are before training, on a part of one patch;"
    untrained += " left out: on simulated data"
    parser.add_argument("--untrained", action=BooleanOptionalAction, help=untrained)
