"""``srredsim evaluate``"""

from __future__ import annotations

import json
from pathlib import Path

from srredsim.cli import arguments as shared
from srredsim.cli import terminal

GROUP = "models"
HELP = "score a model, and the widefield image, on the same data"


def add_arguments(parser: shared.Parser) -> None:
    parser.add_argument("--model", metavar="NAME|DIR", required=True)
    data = "data set, or a folder of pairs (simulated)"
    parser.add_argument("--data", metavar="NAME|DIR", default="simulated", help=data)
    pattern = "angles x phases of the stacks, as 3x5; left out: all of the model"
    parser.add_argument("--pattern", metavar="AxP", help=pattern)
    parser.add_argument("--split", metavar="S", default="test", help="train, validation or test (test)")
    parser.add_argument("--out", type=Path, metavar="FILE", default=Path("results.json"), help="default: results.json")
    shared.overwrite(parser)


def run(arguments) -> dict:
    terminal.start_keras()
    from srredsim import io
    from srredsim.evaluation import tables
    from srredsim.evaluation.benchmark import evaluate
    from srredsim.zoo import models

    model = models.load(arguments.model)
    with io.atomic(arguments.out, arguments.overwrite) as temporary, terminal.progress("evaluating") as progress:
        result = evaluate(model, arguments.data, arguments.split, progress, arguments.pattern)
        temporary.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    terminal.say(tables.text(result), tables.definitions(result), arguments.out)
    return result
