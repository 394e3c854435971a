"""The recipe by which a trained model learns from a user's own pairs: short, slow, and as long as they allow."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from srredsim import inputs, resources
from srredsim.data import catalogue, description
from srredsim.data.pairs import Pairs
from srredsim.zoo import models
from srredsim.zoo import recipe as recipes
from srredsim.zoo.recipe import Recipe

EPOCHS = 20
STEPS = (25, 250)  # least and most of an epoch
METRICS = ["psnr_fitted", "ncc"]  # blind to the units, which are the truth's own; the best epoch is that of the first
RATE = 0.1  # learning rate over that of the model's own training
RATE_OF_MICROSCOPE, STACKS_OF_MICROSCOPE = 0.7, 512  # on simulated stacks of it, of which there are enough
WARM_UP = 0.5  # share of the first epoch: the moments of the optimiser are not known yet


def recipe_for(model: str | Path, overrides: Sequence[str]) -> Recipe:
    """The recipe of a model with its weights as the start, for the data that the overrides name.

    An epoch sees about every part of the training images once.

    Parameters
    ----------
    model : str or Path
        A model of the zoo or the folder of a run; its weights are there.
    overrides : sequence of str
        ``data.name=...``, and what else is to differ from what is decided here.

    Raises
    ------
    InputError
        If there is no such model, or if the data are none for it.
    """
    folder = models.find(model)
    own = recipes.load(folder)
    shipped = resources.has("models", own.name) and folder == resources.entry("models", own.name)
    start = own.name if shipped else str(folder.resolve())
    of_microscope = any(one.startswith("data.microscope=") for one in overrides)
    slower, stacks = (RATE_OF_MICROSCOPE, STACKS_OF_MICROSCOPE) if of_microscope else (RATE, None)
    changes = [
        f"initial_weights={json.dumps(start)}",
        "fine_tuning={}",
        f"metrics={METRICS}",
        "adversarial=null",
        "data.leaves=0.0",  # the pairs alone
        "data.dense=0.0",
        f"data.count={json.dumps(stacks)}",
        "optimizer.restart_each_epoch=false",
    ]
    chosen = recipes.load(folder, [*changes, *overrides])
    if pattern := pattern_of_folder(chosen):
        overrides = [*overrides, f"data.patterns=[{pattern}]"]
        chosen = recipes.load(folder, [*changes, *overrides])
    steps = min(max(_steps_of_a_pass(chosen), STEPS[0]), STEPS[1])
    rate = own.optimizer.learning_rate * (1 if own.fine_tuning else slower)
    schedule = {"name": "cosine", "warmup_steps": math.ceil(WARM_UP * steps)}
    changes += [f"epochs={EPOCHS}", f"steps={steps}", f"optimizer.learning_rate={rate}", f"schedule={schedule}"]
    if own.optimizer.ema:
        changes.append(f"optimizer.ema={min(own.optimizer.ema, 1 - 1 / steps)}")
    return recipes.load(folder, [*changes, *overrides])


def pattern_of_folder(recipe: Recipe) -> str | None:
    """As which a folder can be read, for a model of several patterns; None where there is nothing to choose."""
    if len(recipe.data.patterns) < 2 or not Path(recipe.data.name).is_dir():
        return None
    if description.of(recipe.data.name).reader.ANY_PATTERN:
        return None

    def opened(angles: int, phases: int) -> Pairs:
        return _training_pairs(replace(recipe, data=replace(recipe.data, patterns=(f"{angles}x{phases}",))))

    how = "say which, as in `set` data.patterns=[3x5]"
    return catalogue.of_one_pattern(recipe.data.name, recipe.data.each_pattern, opened, how)[0]


def _steps_of_a_pass(recipe: Recipe) -> int:
    """Batches that have as many crops as fill all training images; the first is taken for all."""
    pairs, data = _training_pairs(recipe), recipe.data
    pairs.generate([0])
    crops = math.prod(math.ceil(side / data.crop) for side in pairs[0].frames.shape[:2])
    return math.ceil(len(pairs) * crops / data.batch)


def _training_pairs(recipe: Recipe) -> Pairs:
    return inputs.module(recipe.data.input).examples(recipe, "train").pairs
