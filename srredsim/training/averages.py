"""Moving averages of a network beside its training: of its weights, and of the statistics that belong to them.

Keras averages the weights alone. With batch normalisation that does not do: averaged weights make other activations
than the last ones do, whose means and variances the layers hold, and the image is wrong. So the moving statistics are
averaged with the same momentum, and both change places together.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras
from keras import ops

from srredsim.training.optimizers import without_loss_scale


class Averages:
    """Averages of a network's weights and statistics, if its optimiser has them; they are variables of the optimiser.

    So they are in every checkpoint of it. Make them within the strategy's scope, of an optimiser that is built, and
    before a checkpoint is read.
    """

    def __init__(self, network, optimizer):
        self._optimizer = optimizer = without_loss_scale(optimizer)
        self._statistics = []
        if optimizer.use_ema:
            self._statistics = [
                (own, optimizer.add_variable(own.shape, dtype=own.dtype, name=f"{own.path.replace('/', '_')}_average"))
                for own in network.non_trainable_weights
            ]

    @property
    def of_statistics(self) -> list:
        """The variables that hold the averaged statistics; none without averages."""
        return [average for _, average in self._statistics]

    def update(self, trainer) -> None:
        """Take in the statistics of a step: ``m * average + (1 - m) * own``, of the first step all.

        The optimiser does just so with the weights.
        """
        if not self._statistics:
            return
        if keras.backend.backend() == "jax":
            trainer.jax_state_sync()  # its variables are old while an epoch lasts
        steps = int(ops.convert_to_numpy(self._optimizer.iterations))  # of several hosts, too
        momentum = self._optimizer.ema_momentum if steps > 1 else 0.0
        for own, average in self._statistics:
            average.assign(momentum * average + (1.0 - momentum) * own)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Inside, the network has the averages."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def _swap(self) -> None:
        for own, average in [*self._weights(), *self._statistics]:
            value = ops.convert_to_numpy(own)
            own.assign(ops.convert_to_numpy(average))
            average.assign(value)

    def _weights(self) -> list:
        if not self._optimizer.use_ema:
            return []
        averages = self._optimizer._model_variables_moving_average  # Keras has no public name for it
        return list(zip(self._optimizer._trainable_variables, averages, strict=True))
