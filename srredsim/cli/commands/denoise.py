"""``srredsim denoise``"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from srredsim.cli import arguments as shared
from srredsim.cli import terminal
from srredsim.cli.several import each
from srredsim.errors import InputError

GROUP = "images"
DEFAULTS = ("srredsim.io.asked:Writing",)
HELP = "take the noise out of widefield images, plane by plane"
NETWORKS = ("dncnn", "memnet", "ridnet")


def add_arguments(parser: shared.Parser) -> None:
    from srredsim.denoising.methods import names

    shared.images(parser)
    parser.add_argument(
        "--method",
        choices=(*names(), *NETWORKS),
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
    from srredsim.denoising.methods import takers

    of_maths = arguments.method not in NETWORKS
    for name in ("noise", "prior"):
        if getattr(arguments, name) and arguments.method not in takers(name):
            raise InputError(
                f"`{name}` is for `method` {' or '.join(takers(name))}; {arguments.method} does not take it"
            )
    if of_maths and arguments.model:
        raise InputError(f"`model` is for the networks {', '.join(NETWORKS)}; {arguments.method} has none")
    denoised = (_by_maths if of_maths else _by_network)(arguments)

    def work(path: Path) -> dict:
        with terminal.progress(path.name) as progress:
            report = denoised(path, progress)
        terminal.say(*map(Path, report["paths"]))
        return report

    return each(arguments.inputs, work, arguments.out)


def _by_maths(arguments) -> Callable[..., dict]:
    from srredsim.workflows import denoise as files

    def denoised(path: Path, progress) -> dict:
        asked = shared.given(arguments, "noise", "prior", "pixel_size_um", "out", "dtype", "overwrite")
        report = files.denoise_file(path, arguments.method, progress=progress, **asked)
        terminal.say(path, *(f"  {line}" for line in files.lines(report)))
        return report

    return denoised


def _by_network(arguments) -> Callable[..., dict]:
    terminal.start_keras()
    from srredsim import io
    from srredsim.workflows.predict import predict_file
    from srredsim.zoo.chain import Chain

    chain = Chain(arguments.model or f"w2s_{arguments.method}")
    if chain.scale != 1:
        raise InputError(f"{chain.name} makes {chain.scale}x the pixels: srredsim predict takes it as its `model`")

    def denoised(path: Path, progress) -> dict:
        asked = {"reading": shared.record(io.Reading, arguments), "writing": shared.record(io.Writing, arguments)}
        report = predict_file(path, chain, progress=progress, **asked)
        for line in report["advice"]:
            terminal.note(f"{path}: {line}")
        return report

    return denoised
