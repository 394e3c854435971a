"""``srredsim evaluate``"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from srredsim import keras_start
from srredsim.cli import arguments as shared
from srredsim.cli import terminal, values

GROUP = "models"
DEFAULTS = ("srredsim.evaluation.evaluate:evaluate",)
EACH = "_each_image.csv"
HELP = "score a model, and what it is compared with, on the same data"


def add_arguments(parser: shared.Parser) -> None:
    parser.add_argument("--model", metavar="NAME|DIR", required=True)
    data = "data set, or a folder of pairs; left out: simulated stacks, or the data set of a model of widefield images"
    parser.add_argument("--data", metavar="NAME|DIR", help=data)
    shared.microscope(parser, "the simulated stacks are of this one; left out: that of the model, where it has one")
    pattern = "angles x phases of the stacks, as 3x5; left out: all of the model"
    parser.add_argument("--pattern", metavar="AxP", help=pattern)
    split = "of the data set: test, validation, train, or what else its dataset.yaml names ({default})"
    parser.add_argument("--split", metavar="S", help=split)
    count = "only the first N images of each pattern and light level, and N fields of the control; left out: all"
    parser.add_argument("--count", type=values.positive, metavar="N", help=count)
    work = "folder that keeps the scores of each method at once: run again, it goes on, also with another model"
    parser.add_argument("--work", type=Path, metavar="DIR", help=work)
    parser.add_argument("--out", type=Path, metavar="FILE", default=Path("results.json"), help="default: {default}")
    control = "fields of the control without stripes, of simulated stacks; 0: none ({srredsim.zoo.gate:FIELDS})"
    parser.add_argument("--control", type=values.count, metavar="N", help=control)
    shared.overwrite(parser)


def run(arguments) -> dict:
    from srredsim import io
    from srredsim.data import description
    from srredsim.simulation import calibration_file
    from srredsim.zoo import models

    models.find(arguments.model)
    if arguments.data:
        description.of(arguments.data)
    if arguments.microscope:
        calibration_file.load(arguments.microscope)
    sheet = arguments.out.with_name(f"{arguments.out.stem}{EACH}")
    for path in (arguments.out, sheet):
        io.refuse_existing(path, arguments.overwrite)
    keras_start.start()
    from srredsim.evaluation import tables
    from srredsim.evaluation.evaluate import evaluate

    model = models.load(arguments.model)
    with io.atomic(arguments.out, arguments.overwrite) as temporary, terminal.progress("evaluating") as progress:
        with _telling_what_is_kept(arguments.work):
            result = evaluate(model, progress=progress, **_asked(arguments))
        each = result.pop("each")
        temporary.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
        with io.atomic(sheet, arguments.overwrite) as beside:
            beside.write_text(tables.of_each(each), encoding="utf-8")
    asked_split = arguments.split or tables.TEST
    if result["split"] != asked_split:
        terminal.note(
            f"{result['data']} has no split {asked_split}; these are the scores of its split {result['split']}, by"
            " which the best weights may have been chosen"
        )
    terminal.say(tables.text(result), tables.definitions(result), arguments.out, sheet)
    return result


def _asked(arguments) -> dict[str, Any]:
    """Arguments of `srredsim.evaluation.evaluate.evaluate`."""
    from srredsim.evaluation.methods import First
    from srredsim.evaluation.tables import TEST
    from srredsim.zoo.gate import FIELDS

    asked, count = shared.given(arguments, "data", "split", "pattern", "work", "microscope"), arguments.count
    if count:
        asked["split"] = First(arguments.split or TEST, count)
    fields = min(FIELDS, count or FIELDS)
    return asked | {"control": fields if arguments.control is None else arguments.control}


@contextmanager
def _telling_what_is_kept(work: Path | None) -> Iterator[None]:
    """Who interrupts within is told what was for nothing, and what not."""
    try:
        yield
    except KeyboardInterrupt:
        kept = f"{work} keeps the scores of each method that was done; the same command goes on"
        terminal.note(
            kept if work else "nothing is kept; with `work`, the scores of each method that was done would be"
        )
        raise
