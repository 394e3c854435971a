"""``srredsim predict``"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

from srredsim import keras_start
from srredsim.cli import arguments as shared
from srredsim.cli import planes, terminal, values
from srredsim.cli.planes import Parts
from srredsim.cli.several import each

GROUP = "images"
DEFAULTS = ("srredsim.io.asked:Writing",)
HELP = "reconstruct raw stacks, or restore widefield images, with a trained model"


def add_arguments(parser: shared.Parser) -> None:
    shared.stacks(parser)
    shared.out_folder(parser)
    model = "left out: the shipped one that fits the stack and its optics; of widefield images also a+b, one after the"
    parser.add_argument("--model", metavar="NAME|DIR", help=f"{model} other")
    shared.precision(parser)
    shared.device(parser)
    engine = "that computes the network: tensorflow, jax, onnxruntime, openvino; left out: what is fastest here"
    parser.add_argument("--engine", metavar="NAME", help=engine)
    shared.optics(parser)
    saved = (
        "stripes of another stack of the microscope, for models that use them: its <stem>_wiener.json, or what else"
        " reconstruct takes"
    )
    parser.add_argument("--parameters", type=Path, metavar="FILE", help=saved)
    tile = "side of a tile in raw pixels; the result is the same"
    parser.add_argument("--tile", type=values.positive, metavar="N", help=tile)
    shared.dtype(parser)
    shared.stored(parser)
    consistency = "do not compare the image with the frames, or with its input"
    parser.add_argument("--no-consistency", dest="consistency", action="store_false", help=consistency)
    shared.page(parser)
    shared.planes(parser)
    shared.several(parser)


def run(arguments) -> dict:
    from srredsim import engines, io
    from srredsim.quality.report import misread, said
    from srredsim.workflows.predict import opened, predict_file
    from srredsim.zoo import chain, choice, models

    how = shared.given(arguments, "precision", "engine")
    reading, _ = shared.read_and_written(arguments)
    load = cache(lambda name: chain.Chain(name, **how))
    named = cache(lambda: load(arguments.model) if arguments.model else None)
    if arguments.engine not in (None, choice.AUTO):
        engines.check(arguments.engine)
    of_stacks = chain.takes_stacks(arguments.model) if arguments.model else True

    def begin() -> None:
        if keras_start.BACKEND in os.environ and arguments.engine in (None, choice.AUTO):  # Keras is wanted
            keras_start.start()
        if model := named():
            model.check(reading)

    def model_for(path: Path, writing: io.Writing):
        def chosen(stack):
            name, said = models.chosen(stack)
            io.refuse_existing(writing.path(path, name), writing.overwrite)  # of what is skipped nothing is said
            terminal.note(f"{path}: {said}")
            return load(name)

        return named() or chosen

    def how_of(scene: int | None) -> dict:
        reading, writing = shared.read_and_written(arguments, scene)
        return (
            {"reading": reading, "writing": writing}
            | {name: getattr(arguments, name) for name in ("tile", "consistency")}
            | shared.given(arguments, "device", "parameters")
        )

    def work(path: Path, scene: int | None) -> dict:
        with terminal.progress(path.name) as progress:
            how = how_of(scene)
            return say(path, predict_file(path, model_for(path, how["writing"]), **how, progress=progress))

    def say(path: Path, report: dict) -> dict:
        wrong = misread(report["notes"])
        terminal.notes(path, [*report["notes"], *([] if wrong else said(report["stripes"]))])
        terminal.say(*map(Path, report["paths"]))
        if compared := report["consistency"]:  # what was said of the stripes is not said twice
            of = f" ({compared['of']})" if compared["of"] else ""
            terminal.say(f"consistency{of}: {compared['words' if wrong or report['stripes'] else 'line']}")
        return report

    def parts(path: Path, scene: int | None) -> Parts:
        how = how_of(scene)
        digests = chain.fingerprint(arguments.model) if arguments.model else None
        files = {"parameters": planes.digests(arguments.parameters)} if arguments.parameters else {}
        asked = {
            "model": digests,
            **files,
            **shared.given(arguments, "precision", "engine", "tile", "consistency", "device"),
        }

        def begun() -> Any:
            return opened(path, model_for(path, how["writing"]), **how)

        return Parts("predict", asked, how["reading"], how["writing"], begun)

    with planes.each_of(arguments, parts, say) as of_planes:
        first = (lambda: None) if of_planes else begin  # whoever plans loads the model
        return each(arguments, work, first, of_stacks=of_stacks, of_planes=of_planes)
