"""``srredsim predict``"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from srredsim.cli import arguments as shared
from srredsim.cli import terminal
from srredsim.cli.planewise import planewise, through
from srredsim.cli.several import each
from srredsim.errors import InputError

GROUP = "images"
HELP = "reconstruct raw stacks, or restore widefield images, with a trained model"
OF_RAW_STACKS = ("order", "angles", "phases", "trailing_widefield", "na", "wavelength_em_um")


def add_arguments(parser: shared.Parser) -> None:
    shared.stacks(parser)
    shared.out_folder(parser)
    model = "left out: the shipped one that fits the stack and its optics; of widefield images also a+b, one after the"
    parser.add_argument("--model", metavar="NAME|DIR", help=f"{model} other")
    parser.add_argument("--precision", choices=shared.PRECISIONS, default="auto")
    shared.optics(parser)
    tile = "side of a tile in raw pixels; the result is the same"
    parser.add_argument("--tile", type=shared.positive, metavar="N", help=tile)
    shared.dtype(parser)
    consistency = "do not compare the image with the frames"
    parser.add_argument("--no-consistency", dest="consistency", action="store_false", help=consistency)
    shared.overwrite(parser)


def run(arguments) -> dict:
    terminal.start_keras()
    from srredsim import io
    from srredsim.workflows import predict as prediction
    from srredsim.workflows import predict_widefield as widefield
    from srredsim.zoo import models

    load = cache(lambda name: models.load(name, arguments.precision))
    if arguments.model:  # a wrong model stops the run before the first file
        if widefield.is_chain(arguments.model):
            return _run_widefield(arguments)
        load(arguments.model)
    reading = shared.reading(arguments)

    def work(path: Path) -> dict:
        name = arguments.model
        if not name:
            stack = io.read(path, **reading)
            optics = stack.optics.given(na=arguments.na, wavelength_em_um=arguments.wavelength_em_um)
            name = models.fitting(stack.pattern, optics)
            angles, phases = stack.pattern.angles, stack.pattern.phases
            terminal.note(f"{path}: {angles} angles x {phases} phases, taking the model {name}")
        with terminal.progress(path.name) as progress:
            report = prediction.predict_file(
                path,
                load(name),
                na=arguments.na,
                wavelength_em_um=arguments.wavelength_em_um,
                out=arguments.out,
                tile=arguments.tile,
                dtype=arguments.dtype,
                consistency=arguments.consistency,
                overwrite=arguments.overwrite,
                progress=progress,
                **reading,
            )
        if report["stripes"]:
            terminal.note(f"{path}: {'; '.join(report['stripes'])}")
        terminal.say(*map(Path, report["paths"]))
        _say_consistency(path, report)
        return report

    return each(arguments.inputs, work, arguments.out)


def _run_widefield(arguments) -> dict:
    from srredsim.workflows.predict_widefield import Chain

    if name := next((name for name in OF_RAW_STACKS if getattr(arguments, name)), None):
        raise InputError(f"`{name}` is for raw stacks; the model {arguments.model} takes widefield images")
    return planewise(arguments, through(Chain(arguments.model, arguments.precision, arguments.tile)))


def _say_consistency(path: Path, report: dict) -> None:
    """How far the frames support the image; or what to give, so that it can be said."""
    if report["consistency"]:
        terminal.say(f"consistency: {report['consistency']['line']}")
    for note in report["notes"]:
        if note.startswith("not compared") and "give `" in note:
            terminal.note(f"{path}: {note}")
