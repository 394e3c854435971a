"""What a fine-tuned network is held against on the validation images: its own start, and what needs no network."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from srredsim import inputs, metrics
from srredsim.checkpoints.keras_file import save_weights
from srredsim.data import pipeline
from srredsim.data.baselines import WIENER
from srredsim.data.pairs import Pairs
from srredsim.quality.intensity import fit_intensity
from srredsim.training import callbacks, checkpoint
from srredsim.zoo import models
from srredsim.zoo.recipe import Recipe

ADVICE = {WIENER: "; srredsim reconstruct makes it, and red_wiener, which can be fine-tuned, begins with it"}


class Patience(keras.callbacks.Callback):
    """Ends a run that has not become better for so long."""

    def __init__(self, recipe: Recipe, state: checkpoint.State):
        super().__init__()
        self._recipe, self._state = recipe, state

    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = ended_early(self._recipe, self._state)


def ended_early(recipe: Recipe, state: checkpoint.State) -> bool:
    if recipe.fine_tuning is None:
        return False
    return state.epochs_done - (state.best_epoch or 0) >= recipe.fine_tuning.patience


def begin(recipe: Recipe, folder: Path, state: checkpoint.State, network, trainer, validation, held_back) -> None:
    """Epoch 0: the scores of the start, which is the best so far, and of the baselines."""
    found = trainer.evaluate(pipeline.Stored(held_back), verbose=0, return_dict=True)
    found["loss"] = found.pop(callbacks.OBJECTIVE)
    scores = {f"val_{name}": float(value) for name, value in found.items()}
    state.baselines = baselines(recipe, validation)
    state.history.append({"epoch": 0, **scores})
    monitor = callbacks.monitor_of(recipe)
    if callbacks.better(monitor, scores[monitor], state.best):
        save_weights(network, folder / models.WEIGHTS)
        state.best, state.best_epoch = scores[monitor], 0
    checkpoint.write_text(folder / callbacks.HISTORY, callbacks.as_csv(state))
    checkpoint.save_state(folder, state)


def baselines(recipe: Recipe, validation: Pairs) -> dict[str, dict[str, float]]:
    """Scores of every image that needs no network and that all validation pairs have.

    Gain and offset are first fitted to the truth, whose units nobody has told these images.
    """
    kind, count = inputs.module(recipe.data.input), min(recipe.data.validation_count, len(validation))
    side = recipe.data.validation_crop
    found: dict[str, list[metrics.ImageMetric]] = {}
    seen: Counter[str] = Counter()
    for index in range(count):
        pair = validation[index]
        truth = pair.centre(side).normalised()[1]
        for name, image in kind.baselines(pair, recipe).items():
            if name not in found:
                found[name] = [metrics.get(metric, 1.0, border=pair.scale) for metric in recipe.metrics]
            seen[name] += 1
            image = replace(pair, truth=image).centre(side).normalised()[1]
            for metric in found[name]:
                metric.update_state(truth[None], fit_intensity(image, truth)[None].astype(np.float32))
    return {
        name: {f"val_{metric.metric}": float(metric.result()) for metric in scores}
        for name, scores in found.items()
        if seen[name] == count
    }


def verdict(recipe: Recipe, state: checkpoint.State) -> list[str]:
    """The scores in a table, and a warning if no network is the best."""
    monitor, lines = callbacks.monitor_of(recipe), []
    start, *trained = state.history
    rows = {f"{recipe.initial_weights} as it was": start}
    best = start
    for row in trained:
        best = row if callbacks.better(monitor, row[monitor], best[monitor]) else best
    if best is start:
        lines.append(
            f"warning: no epoch was better than {recipe.initial_weights} as it was, whose weights the run keeps; more"
            " pairs would help"
        )
    else:
        rows[f"epoch {best['epoch']}, which is kept"] = best
    for name, scores in state.baselines.items():
        if callbacks.better(monitor, scores[monitor], best[monitor]):
            lines.append(f"warning: on these pairs {name} is better than the network{ADVICE.get(name, '')}")
    return [*_table(recipe, rows, state.baselines), *lines]


def _table(recipe: Recipe, networks: dict[str, dict], others: dict[str, dict]) -> list[str]:
    names = [f"val_{name}" for name in recipe.metrics]
    rows = networks | others
    width = max(map(len, rows))
    head = "".join(f"{name:>17}" for name in names)
    lines = [f"{'validation':<{width}}{head}"]
    lines += [f"{name:<{width}}" + "".join(f"{row[key]:>17.4g}" for key in names) for name, row in rows.items()]
    return lines
