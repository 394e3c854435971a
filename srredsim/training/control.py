r"""The control of a training: after every epoch, the same fields with stripes and under even light.

Detail that a network gains over the widefield image without stripes is guessed, not measured. With gain and offset
fitted, the error of an image is the share :math:`1 - r^2` of the truth's variance, r being their correlation; so it
gains

.. math:: 10 \log_{10} \frac{1 - r_{widefield}^2}{1 - r_{image}^2}

decibels. ``val_stripes_db`` is the mean gain with stripes less that without.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import keras
import numpy as np

from srredsim import inputs
from srredsim.data.pairs import Pair, Pairs
from srredsim.training.averages import Averages
from srredsim.zoo.recipe import Recipe

SHARES, EVEN = "imperfections", "even_light"  # as data sets of simulated stacks have them
STRIPES = "val_stripes_db"
LEAST = 1e-9


def pairs_of(recipe: Recipe) -> tuple[Pairs, Pairs]:
    """Validation pairs with stripes, and of the same fields under even light.

    Raises
    ------
    InputError
        If the data set cannot be asked for them.
    """
    kind, data = inputs.module(recipe.data.input), recipe.data

    def opened(share: float) -> Pairs:
        shares = {**data.options.get(SHARES, {}), EVEN: share}
        return kind.examples(
            replace(recipe, data=replace(data, options={**data.options, SHARES: shares})), "validation"
        ).pairs

    return opened(0.0), opened(1.0)


def gain_db(image: np.ndarray, widefield: np.ndarray, truth: np.ndarray) -> float:
    """What an image gains over the widefield image."""
    left = [max(1 - np.corrcoef(one.ravel(), truth.ravel())[0, 1] ** 2, LEAST) for one in (widefield, image)]
    return float(10 * np.log10(left[0] / left[1]))


class Control(keras.callbacks.Callback):
    """Puts `STRIPES` beside the scores of an epoch."""

    def __init__(self, recipe: Recipe, averages: Averages, with_stripes: Pairs, without: Pairs):
        super().__init__()
        self._recipe, self._averages = recipe, averages
        self._held_back = [list(self._examples(pairs)) for pairs in (with_stripes, without)]

    def _examples(self, pairs: Pairs) -> Iterable[tuple[Pair, np.ndarray]]:
        """Centres, and their widefield image on the grid of the truth."""
        kind, data = inputs.module(self._recipe.data.input), self._recipe.data
        for index in range(min(data.control, len(pairs))):
            pair = pairs[index].centre(data.validation_crop)
            images = kind.baselines(pair, self._recipe)
            yield pair, next(image for name, image in images.items() if name.startswith("widefield"))

    def on_epoch_end(self, epoch, logs=None):
        with self._averages.in_place():
            with_stripes, without = (np.mean([self._gain_db(*one) for one in each]) for each in self._held_back)
        logs[STRIPES] = float(with_stripes - without)

    def _gain_db(self, pair: Pair, widefield: np.ndarray) -> float:
        frames, truth = pair.normalised()
        image = self.model.predict_on_batch(frames[None])[0, ..., -1]
        return gain_db(image, widefield, truth[..., 0])


def watchers(recipe: Recipe, averages: Averages, pairs: tuple[Pairs, Pairs] | None) -> list[keras.callbacks.Callback]:
    return [Control(recipe, averages, *pairs)] if pairs else []
