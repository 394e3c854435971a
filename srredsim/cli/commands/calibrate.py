"""``srredsim calibrate``"""

from __future__ import annotations

from pathlib import Path

from srredsim.cli import arguments as shared
from srredsim.cli import terminal, values

GROUP = "data"
DEFAULTS = ("srredsim.workflows.calibrate:calibrate",)
HELP = "measure your own microscope, in bright stacks of it, for train and simulate --microscope"


def add_arguments(parser: shared.Parser) -> None:
    shared.stacks(parser)
    parser.add_argument("--out", type=Path, metavar="FILE.yaml", required=True, help="file of the microscope")
    shared.optics(parser, "left out: the file says")
    channel = "which of the colours, counted from 1; left out: the only one"
    parser.add_argument("--channel", type=values.positive, metavar="N", help=channel)
    shared.camera(parser)
    shared.overwrite(parser)


def run(arguments) -> dict:
    from srredsim import io
    from srredsim.inspection.calibration import KnownCamera
    from srredsim.simulation import calibration
    from srredsim.workflows import calibrate as workflow

    paths = list(io.find(arguments.inputs, terminal.note, stack=arguments.stack))
    with terminal.progress("calibrating") as progress:
        report = workflow.calibrate_files(
            paths,
            arguments.out,
            reading=shared.record(io.Reading, arguments),
            camera=shared.record(KnownCamera, arguments),
            progress=progress,
            **shared.given(arguments, "channel", "overwrite"),
        )
    for name, reason in report["left_out"].items():
        terminal.notes(Path(name), [f"left out: {reason}"])
    for note in dict.fromkeys(report["notes"]):
        terminal.note(note)
    microscope = calibration.of(report["microscope"])
    terminal.say(*workflow.lines(microscope), Path(report["path"]))
    return report
