"""``srredsim train``"""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from srredsim import keras_start
from srredsim.cli import arguments as shared
from srredsim.cli import terminal, values
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
    shared.microscope(parser, "train for this one, on simulated stacks of it")
    parser.add_argument("--gpus", type=values.count, metavar="N", help="how many; 0: the processor; left out: all")
    hosts = "how many train together: start it on each with srun, or with TF_CONFIG; --gpus are those of each"
    parser.add_argument("--hosts", type=values.positive, default=1, metavar="N", help=hosts)
    parser.add_argument("--epochs", type=values.positive, metavar="N")
    parser.add_argument("--steps", type=values.positive, metavar="N", help="in an epoch")
    parser.add_argument("--batch", type=values.positive, metavar="N", help="over all GPUs, and hosts, together")
    shared.precision(parser)
    parser.add_argument("--seed", type=values.count, metavar="S")
    vgg = "VGG19 for perceptual and texture losses: .h5 of Keras or .pth"
    parser.add_argument("--vgg-weights", type=Path, metavar="FILE", help=vgg)
    parser.add_argument("--out", type=Path, metavar="DIR", help="run folder; left out: runs/<name>/<time>")
    name = "of the model that comes of it; left out: that of the model and that of the run folder"
    parser.add_argument("--name", type=values.file_name, metavar="NAME", help=name)
    parser.add_argument("--resume", action="store_true", help="go on with --out, or with the newest run of the model")
    shared.settings(parser)


def run(arguments) -> dict:
    from srredsim.data import description
    from srredsim.training import hosts, runs

    together = hosts.of_environment(arguments.hosts)
    if together and not together.chief:  # which tells it what to train
        keras_start.start()
        from srredsim.training.fit import train_together

        return {"run": str(train_together(None, together, gpus=arguments.gpus))}
    model, overrides = arguments.model or arguments.fine_tune, _overrides(arguments)
    if arguments.resume:
        if arguments.microscope:
            raise InputError("a resumed run has its microscope already; leave out `microscope`")
        chosen, folder = runs.resumed(model, overrides, arguments.out)
    else:
        chosen, folder = runs.begun(
            model,
            overrides,
            arguments.out,
            fine_tunes=arguments.fine_tune is not None,
            name=arguments.name,
            microscope=arguments.microscope,
        )

    description.of(chosen.data.name)
    keras_start.start()
    from srredsim.training import fit

    how = {"out": folder, "gpus": arguments.gpus, "resume": arguments.resume}
    try:
        path = fit.train_together(chosen, together, **how) if together else fit.train(chosen, **how)
    except KeyboardInterrupt:
        if (folder / "recipe.yaml").is_file():
            terminal.note(f"{folder} is kept; to go on where it was: --resume --out {shlex.quote(str(folder))}")
        else:
            terminal.note("nothing was trained yet; the same command begins again, with the data that were made so far")
        raise
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
