"""``srredsim import-weights``"""

from __future__ import annotations

from pathlib import Path

from srredsim import keras_start
from srredsim.cli import arguments as shared
from srredsim.cli import terminal, values
from srredsim.cli.looked_up import Choices

GIVEN = Choices("srredsim.checkpoints.predicts:INPUTS")
PREDICTS = Choices("srredsim.checkpoints.predicts:PREDICTS")
GROUP = "models"
HELP = "turn a published PyTorch checkpoint into a Keras model, without PyTorch"


def add_arguments(parser: shared.Parser) -> None:
    kinds = "what torch.save wrote, usually .pth or .pt; or the folder of a run of SR-CACO-2"
    parser.add_argument("checkpoint", type=Path, metavar="FILE|DIR", help=kinds)
    parser.add_argument("--network", metavar="NAME", help="dncnn, rrdb ...: which one it is; such a folder says it")
    enlarges = "by how much it enlarges, where the tensors do not tell it: srcnn, vdsr, drrn, memnet"
    parser.add_argument("--scale", type=values.positive, metavar="N", help=enlarges)
    parser.add_argument("--out", type=Path, metavar="DIR", required=True, help="folder for model.keras")
    recipe = "what it was trained by, as w2s_dncnn/code; DIR can then predict"
    parser.add_argument("--recipe", metavar="NAME", help=recipe)
    parser.add_argument("--data", metavar="NAME|DIR", help="the data set by whose z-scores it was trained")
    given = "what it was given: z-scores, these over 255, or 8-bit values over 255 ({choices}); left out: z"
    parser.add_argument("--inputs", dest="given", choices=GIVEN, metavar="WHAT", help=given)
    gives = "what its layers give ({choices}); left out: as the recipe says, or what a noisy test image speaks for"
    parser.add_argument("--predicts", dest="layers_give", choices=PREDICTS, metavar="WHAT", help=gives)
    shared.settings(parser)
    shared.overwrite(parser)


def run(arguments) -> dict:
    from srredsim import io

    io.existing(arguments.checkpoint)
    keras_start.start()
    from srredsim.workflows.import_weights import Trained, import_weights, trained_by

    data = arguments.data and shared.data_set(arguments.data)
    recipe = trained_by(arguments.recipe, data, arguments.set, arguments.given)
    report = import_weights(
        arguments.checkpoint,
        arguments.network,
        arguments.out,
        arguments.overwrite,
        recipe,
        arguments.scale,
        Trained(arguments.layers_give, arguments.given),
    )
    settings = ", ".join(f"{name} {value}" for name, value in report["settings"].items())
    terminal.say(f"{report['network']}: {settings}; {report['parameters']:,} parameters")
    for note in report["notes"]:
        terminal.note(note)
    if report["dead"]:
        terminal.say(f"left out: {len(report['dead'])} tensors without effect on the image")
    terminal.say(Path(report["path"]))
    return report
