"""``srredsim export``"""

from __future__ import annotations

from pathlib import Path

from srredsim import keras_start
from srredsim.cli import arguments as shared
from srredsim.cli import terminal
from srredsim.cli.looked_up import Choices

GROUP = "models"
DEFAULTS = ("srredsim.workflows.export:export",)
FORMATS = Choices("srredsim.workflows.export:WRITERS")
HELP = "write a model for serving"


def add_arguments(parser: shared.Parser) -> None:
    parser.add_argument("model", metavar="MODEL", help="name or folder")
    parser.add_argument("--out", type=Path, metavar="DIR", required=True)
    parser.add_argument("--format", choices=FORMATS, metavar="FORMAT", help="{choices} ({default})")
    shared.overwrite(parser, "replace the file that is there; of a SavedModel the next version is written")


def run(arguments) -> dict:
    from srredsim.zoo import models

    models.find(arguments.model)
    keras_start.start()
    from srredsim.workflows.export import export, takes_counts

    model = models.load(arguments.model, "float32")
    path = export(model, arguments.out, **shared.given(arguments, "format", "overwrite"))
    terminal.say(path)
    if not takes_counts(model):
        terminal.note(
            f"{model.name} takes {model.kind.WORDS}, which only srredsim makes of raw frames: for other programs export"
            f" a model of raw frames, or send stacks to srredsim serve {arguments.model} --local"
        )
    return {"path": str(path)}
