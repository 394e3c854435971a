"""W2S: denoising and super-resolution from widefield to SIM (Zhou et al., ECCV Workshops 2020, arXiv 2003.05961)."""

HELP = "denoising, super-resolution and both together, from widefield to SIM"
DATA = "w2s_simulated"
WEIGHTS = "{level} in DIR stands for the noise level; left out: the model w2s_METHOD"


def add_arguments(parser) -> None:
    """What chooses cells: methods and noise levels."""
    methods = "chains such as vst_bm3d, dncnn+rcan, jdsr_rrdb, bicubic; left out: all that the paper has"
    parser.add_argument("--methods", nargs="+", default=(), metavar="M", help=methods)
    levels = "captures that are averaged; left out: all that the data have"
    parser.add_argument("--noise-levels", nargs="+", type=int, default=(), metavar="N", help=levels)
