"""The control without stripes at every epoch: what the network gains with them and, on the same fields, without."""

from __future__ import annotations

from dataclasses import dataclass, replace

import keras
import numpy as np

from srredsim import inputs
from srredsim.data import catalogue
from srredsim.data.pairs import Pairs
from srredsim.errors import InputError
from srredsim.quality.intensity import gained_db
from srredsim.reconstruction.upscale import fourier_upscale, widefield_of
from srredsim.training.averages import Averages
from srredsim.zoo.gate import CONTROL, GAINS
from srredsim.zoo.recipe import Recipe


@dataclass(frozen=True)
class Fields:
    """Pairs of one split of the control, as the network takes them, and as raw stacks."""

    seen: Pairs
    raw: Pairs
    count: int


def opened(recipe: Recipe) -> dict[str, Fields]:
    """The fields of the control by the name of the gain; none where the recipe asks for none.

    Raises
    ------
    InputError
        If the recipe is none of raw stacks.
    """
    data = recipe.data
    if not data.control_count:
        return {}
    kind = inputs.module(data.input)
    if not kind.OF_STACKS:
        raise InputError("data.control_count is for models of raw stacks, which may use stripes; leave it out")
    options = {name: value for name, value in data.options.items() if name == "microscope"}
    angles, phases = data.each_pattern[0]
    own = replace(data, name=CONTROL, options=options, patterns=data.patterns[:1])
    found = {}
    for split, name in GAINS.items():
        seen = kind.examples(replace(recipe, data=own), split).pairs
        raw = catalogue.open_split(CONTROL, split, angles, phases, None, options).pairs
        found[name] = Fields(seen, raw, min(data.control_count, len(raw)))
    return found


class Control(keras.callbacks.Callback):
    """Adds ``val_gain_with_stripes_db`` and ``val_gain_without_stripes_db`` to what is known of an epoch."""

    def __init__(self, averages: Averages, fields: dict[str, Fields]):
        super().__init__()
        self._averages, self._fields = averages, fields

    def on_epoch_end(self, epoch, logs=None):
        with self._averages.in_place():
            for name, fields in self._fields.items():
                logs[f"val_{name}"] = float(np.mean([self._gain(fields, index) for index in range(fields.count)]))

    def _gain(self, fields: Fields, index: int) -> float:
        frames, truth = fields.seen[index].normalised()
        image = self.model.predict_on_batch(frames[None])[0, ..., -1]  # the last of several steps
        pair = fields.raw[index]
        return gained_db(truth[..., 0], image, fourier_upscale(widefield_of(pair.frames), pair.scale))
