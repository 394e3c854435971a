"""``srredsim import-weights``"""

from __future__ import annotations

from pathlib import Path

from srredsim.cli import arguments as shared
from srredsim.cli import terminal

GROUP = "models"
HELP = "turn a published PyTorch checkpoint into a Keras model, without PyTorch"


def add_arguments(parser: shared.Parser) -> None:
    parser.add_argument("checkpoint", type=Path, metavar="FILE", help="what torch.save wrote, usually .pth or .pt")
    parser.add_argument("--network", metavar="NAME", required=True, help="dncnn, rrdb ...: which one it is")
    parser.add_argument("--out", type=Path, metavar="DIR", required=True, help="folder for model.keras")
    recipe = "what it was trained by, as w2s_dncnn/code; DIR can then predict"
    parser.add_argument("--recipe", metavar="NAME", help=recipe)
    parser.add_argument("--data", metavar="NAME|DIR", help="the data set by whose z-scores it was trained")
    shared.settings(parser)
    shared.overwrite(parser)


def run(arguments) -> dict:
    from srredsim import io

    io.existing(arguments.checkpoint)
    terminal.start_keras()
    from srredsim.workflows.import_weights import import_weights, trained_by

    data = arguments.data and shared.data_set(arguments.data)
    recipe = trained_by(arguments.recipe, data, arguments.set)
    report = import_weights(arguments.checkpoint, arguments.network, arguments.out, arguments.overwrite, recipe)
    settings = ", ".join(f"{name} {value}" for name, value in report["settings"].items())
    terminal.say(f"{report['network']}: {settings}; {report['parameters']:,} parameters")
    if report["dead"]:
        terminal.say(f"left out: {len(report['dead'])} tensors without effect on the image")
    terminal.say(Path(report["path"]))
    return report
