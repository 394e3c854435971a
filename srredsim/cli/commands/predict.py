"""``srredsim predict``"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from srredsim import keras_start
from srredsim.cli import arguments as shared
from srredsim.cli import terminal
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
    engine = "that computes the network: tensorflow, jax, onnxruntime, openvino; left out: what is fastest here"
    parser.add_argument("--engine", metavar="NAME", help=engine)
    shared.optics(parser)
    tile = "side of a tile in raw pixels; the result is the same"
    parser.add_argument("--tile", type=shared.positive, metavar="N", help=tile)
    shared.dtype(parser)
    shared.stored(parser)
    consistency = "do not compare the image with the frames, or with its input"
    parser.add_argument("--no-consistency", dest="consistency", action="store_false", help=consistency)
    shared.page(parser)
    shared.several(parser)


def run(arguments) -> dict:
    from srredsim import engines
    from srredsim.quality.report import of_channels
    from srredsim.workflows.predict import predict_file
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

    def work(path: Path, scene: int | None) -> dict:
        reading, writing = shared.read_and_written(arguments, scene)

        def chosen(stack):
            name, said = models.chosen(stack)
            terminal.note(f"{path}: {said}")
            return load(name)

        with terminal.progress(path.name) as progress:
            report = predict_file(
                path,
                named() or chosen,
                reading=reading,
                writing=writing,
                tile=arguments.tile,
                consistency=arguments.consistency,
                progress=progress,
            )
        terminal.notes(path, [*filter(None, [of_channels(report["stripes"])]), *report["notes"]])
        terminal.say(*map(Path, report["paths"]))
        if report["consistency"]:
            terminal.say(f"consistency: {report['consistency']['line']}")
        return report

    return each(arguments, work, begin, of_stacks=of_stacks)
