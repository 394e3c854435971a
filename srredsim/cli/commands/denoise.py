"""``srredsim denoise``"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from srredsim import keras_start
from srredsim.cli import arguments as shared
from srredsim.cli import terminal
from srredsim.cli.looked_up import constant
from srredsim.cli.several import each

GROUP = "images"
DEFAULTS = ("srredsim.api:denoise", "srredsim.io.asked:Writing")
HELP = "take the noise out of widefield images, plane by plane"


def add_arguments(parser: shared.Parser) -> None:
    from srredsim.denoising.methods import names

    shared.images(parser)
    parser.add_argument(
        "--method",
        choices=(*names(), *constant("srredsim.workflows.denoise:NETWORKS")),
        help="pure_let is fast; vst_bm3d and vst_epll are better, and need no training; dncnn is a network that comes"
        " trained; the others are to be trained first ({default})",
    )
    noise = "variance of the noise is A x brightness + B, in the units of the file; left out: measured in each plane"
    parser.add_argument("--noise", type=shared.finite, nargs=2, metavar=("A", "B"), help=noise)
    prior = "patches for vst_epll; left out: the shipped ones"
    parser.add_argument("--prior", type=Path, metavar="FILE.npz", help=prior)
    parser.add_argument("--model", metavar="NAME|DIR", help="of a network; left out: w2s_<method>")
    shared.order_of_planes(parser)
    shared.accept_incomplete(parser)
    shared.scene(parser)
    shared.pixel_size(parser)
    shared.dtype(parser)
    shared.stored(parser)
    shared.out_folder(parser)
    shared.several(parser)


def run(arguments) -> dict:
    from srredsim.workflows.denoise import model_of

    method = arguments.method or constant("srredsim.api:denoise.method")
    model = model_of(method, noise=arguments.noise, prior=arguments.prior, model=arguments.model)
    denoised = _by_network(arguments, model) if model else _by_maths(arguments, method)

    def work(path: Path, scene: int | None) -> dict:
        reading, writing = shared.read_and_written(arguments, scene)
        with terminal.progress(path.name) as progress:
            report = denoised(path, reading=reading, writing=writing, progress=progress)
        terminal.say(*map(Path, report["paths"]))
        return report

    return each(arguments, work, keras_start.start if model else lambda: None)


def _by_maths(arguments, method: str) -> Callable[..., dict]:
    from srredsim.workflows import denoise as files

    def denoised(path: Path, **how) -> dict:
        report = files.denoise_file(
            path,
            method,
            noise=arguments.noise,
            prior=arguments.prior,
            **how,
        )
        terminal.say(path, *(f"  {line}" for line in files.lines(report)))
        terminal.notes(path, report["notes"])
        return report

    return denoised


def _by_network(arguments, model) -> Callable[..., dict]:
    from srredsim.workflows.denoise import denoiser
    from srredsim.workflows.predict import predict_file
    from srredsim.zoo import chain

    chain.find(model)
    loaded = cache(lambda: denoiser(model))

    def denoised(path: Path, **how) -> dict:
        report = predict_file(path, loaded(), **how)
        terminal.notes(path, report["notes"])
        return report

    return denoised
