"""``srredsim denoise``"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from srredsim import keras_start
from srredsim.cli import arguments as shared
from srredsim.cli import planes, terminal, values
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
    parser.add_argument("--noise", type=values.finite, nargs=2, metavar=("A", "B"), help=noise)
    prior = "patches for vst_epll; left out: the shipped ones"
    parser.add_argument("--prior", type=Path, metavar="FILE.npz", help=prior)
    parser.add_argument("--model", metavar="NAME|DIR", help="of a network; left out: w2s_<method>")
    shared.order_of_planes(parser)
    shared.accept_incomplete(parser)
    shared.scene(parser)
    shared.only(parser)
    shared.pixel_size(parser)
    shared.dtype(parser)
    shared.stored(parser)
    shared.out_folder(parser)
    shared.planes(parser)
    shared.several(parser)


def run(arguments) -> dict:
    from srredsim.workflows.denoise import model_of

    method = arguments.method or constant("srredsim.api:denoise.method")
    model = model_of(method, noise=arguments.noise, prior=arguments.prior, model=arguments.model)
    way = ByNetwork(model) if model else ByMaths(method, arguments.noise, arguments.prior)

    def work(path: Path, scene: int | None) -> dict:
        reading, writing = shared.read_and_written(arguments, scene)
        with terminal.progress(path.name) as progress:
            return say(path, way.done(path, reading=reading, writing=writing, progress=progress))

    def say(path: Path, report: dict) -> dict:
        way.say(path, report)
        terminal.notes(path, report["notes"])
        terminal.say(*map(Path, report["paths"]))
        return report

    def parts(path: Path, scene: int | None) -> planes.Parts:
        reading, writing = shared.read_and_written(arguments, scene)
        opened = partial(way.opened, path, reading=reading, writing=writing)
        return planes.Parts(way.WORK, way.asked(), reading, writing, opened)

    with planes.each_of(arguments, parts, say) as of_planes:
        first = keras_start.start if model and not of_planes else lambda: None  # whoever plans loads the model
        return each(arguments, work, first, of_planes=of_planes)


class ByMaths:
    """A method without a network."""

    WORK = "denoise"

    def __init__(self, method: str, noise: tuple[float, float] | None, prior: Path | None):
        self._method, self._prior = method, prior
        self._how: dict[str, Any] = {"noise": noise, "prior": prior}

    def asked(self) -> dict[str, Any]:
        return {"method": self._method, **self._how, "files": planes.digests(self._prior)}

    def done(self, path: Path, **how: Any) -> dict:
        from srredsim.workflows.denoise import denoise_file

        return denoise_file(path, self._method, **self._how, **how)

    def opened(self, path: Path, **how: Any) -> Any:
        from srredsim.workflows.denoise import opened

        return opened(path, self._method, **self._how, **how)

    def say(self, path: Path, report: dict) -> None:
        from srredsim.workflows.denoise import lines

        terminal.say(path, *(f"  {line}" for line in lines(report)))


class ByNetwork:
    """A method that is a model."""

    WORK = "predict"

    def __init__(self, model: Any):
        from srredsim.zoo import chain

        chain.find(model)
        self._model: Any = model
        self._chain: Any = None

    def asked(self) -> dict[str, Any]:
        from srredsim.zoo import chain

        return {"model": chain.fingerprint(self._model)}

    def done(self, path: Path, **how: Any) -> dict:
        from srredsim.workflows.predict import predict_file

        return predict_file(path, self._loaded(), **how)

    def opened(self, path: Path, **how: Any) -> Any:
        from srredsim.workflows.predict import opened

        return opened(path, self._loaded(), **how)

    def say(self, path: Path, report: dict) -> None:
        """Nothing but what all have to say."""

    def _loaded(self) -> Any:
        """The model, once."""
        from srredsim.workflows.denoise import denoiser

        self._chain = self._chain or denoiser(self._model)
        return self._chain
