"""``srredsim train``"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from srredsim.cli import arguments as shared
from srredsim.cli import terminal
from srredsim.errors import InputError

GROUP = "models"
HELP = "train a model"


def add_arguments(parser: shared.Parser) -> None:
    model = "a model of the zoo, NAME/VARIANT, a folder, or a recipe.yaml"
    begin = parser.add_mutually_exclusive_group()
    begin.add_argument("--model", metavar="NAME|RECIPE", help=model)
    fine_tune = "go on with the weights of this model, on your own pairs: few steps, small ones, the best are kept"
    begin.add_argument("--fine-tune", metavar="NAME|DIR", help=fine_tune)
    parser.add_argument("--data", metavar="NAME|DIR", help="data set, or a folder of raw/truth pairs")
    parser.add_argument("--gpus", type=shared.count, metavar="N", help="how many; 0: the processor; left out: all")
    parser.add_argument("--epochs", type=shared.positive, metavar="N")
    parser.add_argument("--steps", type=shared.positive, metavar="N", help="in an epoch")
    parser.add_argument("--batch", type=shared.positive, metavar="N", help="over all GPUs together")
    shared.precision(parser)
    parser.add_argument("--seed", type=shared.count, metavar="S")
    vgg = "VGG19 for perceptual and texture losses: .h5 of Keras or .pth"
    parser.add_argument("--vgg-weights", type=Path, metavar="FILE", help=vgg)
    parser.add_argument("--out", type=Path, metavar="DIR", help="run folder; left out: runs/<name>/<time>")
    name = "of the model that comes of it; left out: that of the model and that of the run folder"
    parser.add_argument("--name", type=shared.file_name, metavar="NAME", help=name)
    parser.add_argument("--resume", action="store_true", help="go on with --out, or with the newest run of the model")
    shared.settings(parser)


def run(arguments) -> dict:
    from srredsim.data import description
    from srredsim.training import fine_tuning, runs
    from srredsim.zoo import recipe

    model = arguments.model or arguments.fine_tune
    if not model and not (arguments.resume and arguments.out):
        raise InputError("`model` is missing: the name of a model (srredsim models lists them) or a recipe.yaml")
    if arguments.fine_tune and not (arguments.data or arguments.resume):
        raise InputError("`data` is missing: the folder of pairs to fine-tune on")
    folder = arguments.out
    if arguments.resume:  # a run goes on with the recipe that it was started with
        folder = runs.find(arguments.out, model and recipe.load(model).name)
    overrides = _overrides(arguments)
    if arguments.fine_tune and not arguments.resume:
        chosen = fine_tuning.recipe_for(model, overrides)
    else:
        chosen = recipe.load(folder if arguments.resume else model, overrides)
    if not arguments.resume:
        folder = runs.start(chosen, arguments.out)
        if not any(key.strip() == "name" for key, _, _ in (one.partition("=") for one in arguments.set)):
            chosen = replace(chosen, name=arguments.name or runs.name_of(chosen.name, folder))
        runs.check_name(chosen.name)

    description.of(chosen.data.name)
    terminal.start_keras()
    from srredsim.training.fit import train

    path = train(chosen, out=folder, gpus=arguments.gpus, resume=arguments.resume)
    terminal.say(path)
    return {"run": str(path)}


def _overrides(arguments) -> list[str]:
    """The flags that stand for a key of the recipe, then ``--set``, which has the last word."""
    keys = {
        "name": arguments.name and json.dumps(arguments.name) if arguments.resume else None,
        "data.name": arguments.data and json.dumps(shared.data_set(arguments.data)),
        "epochs": arguments.epochs,
        "steps": arguments.steps,
        "data.batch": arguments.batch,
        "precision": arguments.precision,
        "seed": arguments.seed,
        "vgg_weights": arguments.vgg_weights and json.dumps(str(arguments.vgg_weights.resolve())),
    }
    return [f"{key}={value}" for key, value in keys.items() if value is not None] + arguments.set
