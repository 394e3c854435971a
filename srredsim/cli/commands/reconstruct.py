"""``srredsim reconstruct``"""

from __future__ import annotations

from pathlib import Path

from srredsim.cli import arguments as shared
from srredsim.cli import planes, terminal, values
from srredsim.cli.looked_up import Choices
from srredsim.cli.planes import Parts
from srredsim.cli.several import each

GROUP = "images"
DEFAULTS = ("srredsim.workflows.reconstruct:Method", "srredsim.io.asked:Writing")
METHODS = Choices("srredsim.workflows.reconstruct:METHODS")
HELP = "reconstruct raw stacks the classical way, without a network"


def add_arguments(parser: shared.Parser) -> None:
    shared.stacks(parser)
    shared.out_folder(parser)
    shared.optics(parser)
    wiener = "higher is smoother; left out: from the noise"
    parser.add_argument("--wiener", type=values.above_zero, metavar="W", help=wiener)
    parser.add_argument(
        "--attenuation",
        type=values.attenuation,
        metavar="auto|off|F",
        help="how much of the lowest frequencies, where out-of-focus light is, is left to the stripes: 0 to 1, or as"
        " much as the stripes say is out of focus; intensities are then no longer those of the sum of the frames"
        " ({default})",
    )
    parser.add_argument(
        "--method",
        choices=METHODS,
        metavar="METHOD",
        help="{choices}: the last two go on where Wiener's image ends, no negative light; Richardson-Lucy is better in"
        " dim frames, and what auto takes below {srredsim.reconstruction.chosen:DIM} photons in a bright pixel, else"
        " Wiener ({srredsim.workflows.reconstruct:Method.name})",
    )
    iterations = "of Richardson-Lucy; more are sharper and noisier; left out: as many as the noise bears"
    parser.add_argument("--iterations", type=values.positive, metavar="N", help=iterations)
    live = "of a time series: the first time says all but the phases, which are measured at each; many times a second,"
    live += " and an approximation"
    shared.device(parser)
    parser.add_argument("--live", action="store_true", help=live)
    halves = "also tell the resolution, by Fourier ring correlation of two halves of the photons"
    parser.add_argument("--split-photons", action="store_true", help=halves)
    _stripes(parser)
    _lens(parser)
    shared.stored(parser)
    shared.page(parser)
    shared.planes(parser)
    shared.several(parser)


def _stripes(parser: shared.Parser) -> None:
    known = parser.add_argument_group("what is known of the stripes", "Left out: found in the frames.")
    saved = (
        "the <stem>_wiener.json of another stack, what --write-parameters or srredsim calibrate has written, or"
        " settings of fairSIM (XML) or cudasirecon: the stripes of these, with the phases and contrasts of this one"
    )
    known.add_argument("--parameters", type=Path, metavar="FILE", help=saved)
    to_write = (
        "also write what was found: FILE.yaml for --parameters, .xml as fairSIM has it, .cfg or .txt as cudasirecon"
    )
    known.add_argument("--write-parameters", type=Path, metavar="FILE", help=to_write)
    known.add_argument(
        "--k",
        action="append",
        type=values.wave_vector,
        metavar="KY,KX",
        help="first-order stripes of each angle in cycles/um, y down, once an angle;"
        " or as DEGREES@UM, direction from x towards +y and line spacing",
    )
    steps = "first-order phase of each frame, as 0,72,144,216,288; once, or once an angle"
    known.add_argument("--phase-steps", action="append", type=values.degrees, metavar="DEGREES", help=steps)


def _lens(parser: shared.Parser) -> None:
    group = parser.add_argument_group("the transfer function", "Left out: that of an ideal lens, damped.")
    lens = group.add_mutually_exclusive_group()
    lens.add_argument(
        "--otf",
        type=Path,
        metavar="FILE",
        help="measured radial OTF, the pixel of this camera contained in it: text, JSON or .npy of two columns,"
        " frequency in cycles/um and value",
    )
    damping = "above 0 and up to 1, which is the ideal lens: the OTF is the ideal one times A^(f / cut-off)"
    lens.add_argument("--otf-damping", type=values.damping, metavar="A", help=damping)


def run(arguments) -> dict:
    from srredsim.errors import InputError
    from srredsim.quality.report import lines
    from srredsim.workflows import reconstruct as asked
    from srredsim.workflows.reconstruct_file import opened, reconstruct_file

    how = {
        "method": shared.record(asked.Method, arguments, name="method"),
        "known": shared.record(asked.KnownStripes, arguments),
        "lens": shared.record(asked.Lens, arguments),
        "split_photons": arguments.split_photons,
    }

    shared.read_and_written(arguments)  # what is wrong with them is said before anything is read

    of_first: list[Path] = []

    def asked_of(path: Path, scene: int | None) -> dict:
        if arguments.write_parameters:
            if of_first:
                raise InputError(f"`write_parameters` is one file of one stack, that of {of_first[0]}: leave it out")
            of_first.append(path)
        reading, writing = shared.read_and_written(arguments, scene)
        return {"reading": reading, "writing": writing, **how}

    def work(path: Path, scene: int | None) -> dict:
        with terminal.progress(path.name) as progress:
            return say(path, reconstruct_file(path, progress=progress, **asked_of(path, scene)))

    def say(path: Path, report: dict) -> dict:
        terminal.say(path, *(f"  {line}" for line in lines(report)), *map(Path, report["paths"]))
        terminal.notes(path, report["notes"])
        return report

    def parts(path: Path, scene: int | None) -> Parts:
        every = asked_of(path, scene)
        files = {"files": planes.digests(arguments.parameters, arguments.otf)}
        asked = {name: vars(value) if hasattr(value, "__dict__") else value for name, value in how.items()} | files
        return Parts("reconstruct", asked, every["reading"], every["writing"], lambda: opened(path, **every))

    with planes.each_of(arguments, parts, say) as of_planes:
        return each(arguments, work, of_planes=of_planes)
