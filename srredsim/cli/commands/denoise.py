"""``srredsim denoise``"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from srredsim.cli import arguments as shared
from srredsim.cli import terminal
from srredsim.cli.planewise import planewise, through
from srredsim.errors import InputError

GROUP = "images"
HELP = "take the noise out of widefield images, plane by plane"
METHODS = ("pure_let", "vst_bm3d", "vst_epll", "dncnn", "memnet", "ridnet")  # the last three are networks


def add_arguments(parser: shared.Parser) -> None:
    shared.images(parser)
    parser.add_argument(
        "--method",
        choices=METHODS,
        required=True,
        help="pure_let is fast; vst_bm3d and vst_epll are better, and need no training; dncnn is a network that comes"
        " trained; the others are to be trained first",
    )
    noise = "variance of the noise is A x brightness + B, in the units of the file; left out: measured in each plane"
    parser.add_argument("--noise", type=shared.finite, nargs=2, metavar=("A", "B"), help=noise)
    prior = "patches for vst_epll; left out: the shipped ones"
    parser.add_argument("--prior", type=Path, metavar="FILE.npz", help=prior)
    parser.add_argument("--model", metavar="NAME|DIR", help="of a network; left out: w2s_<method>")
    shared.pixel_size(parser)
    shared.dtype(parser)
    shared.out_folder(parser)
    shared.overwrite(parser)


def run(arguments) -> dict:
    from srredsim.denoising.methods import METHODS as CLASSICAL

    classical = arguments.method in CLASSICAL
    for name, kept, where in (("noise", classical, CLASSICAL), ("prior", arguments.method == "vst_epll", ["vst_epll"])):
        if getattr(arguments, name) and not kept:
            raise InputError(f"`{name}` is for `method` {' or '.join(where)}; {arguments.method} does not take it")
    if classical and arguments.model:
        raise InputError(f"`model` is for the networks dncnn, memnet and ridnet; {arguments.method} has none")
    return planewise(arguments, _by_maths(arguments) if classical else _by_network(arguments))


def _by_maths(arguments) -> Callable[..., dict]:
    from srredsim.workflows import denoise as files

    def work(path: Path, **asked) -> dict:
        report = files.denoise_file(path, arguments.method, noise=arguments.noise, prior=arguments.prior, **asked)
        terminal.say(path, *(f"  {line}" for line in files.lines(report)))
        return report

    return work


def _by_network(arguments) -> Callable[..., dict]:
    terminal.start_keras()
    from srredsim.zoo.chain import Chain

    chain = Chain(arguments.model or f"w2s_{arguments.method}")
    if chain.scale != 1:
        raise InputError(f"{chain.name} makes {chain.scale}x the pixels: srredsim predict takes it as its `model`")
    return through(chain)
