"""Adam and AdamW of Keras, in few operations of the graph.

Keras writes the step of every weight as some twenty operations and its average as ten more, and a network has a hundred
weights: to trace these took more than half of the first step of a training. With TensorFlow each weight is now changed
by one operation, and what all weights share is computed once. Names, variables and, to rounding, results are Keras's.
"""

from __future__ import annotations

import keras
from keras import ops


class _InFewOperations:
    r"""The update as TensorFlow has it, with the rate of a step, :math:`\eta\sqrt{1-\beta_2^t}/(1-\beta_1^t)`.

    .. math:: m \leftarrow m + (1-\beta_1)(g-m),\quad v \leftarrow v + (1-\beta_2)(g^2-v),\quad
        w \leftarrow w - \eta_t\, m / (\sqrt v + \epsilon)

    :math:`1-\beta_2` is that of float32, by 1.3e-5 another than Keras takes there, though not in the rate.
    """

    def _backend_update_step(self, gradients, variables, learning_rate):
        """In place of the rate each `update_step` is given all that the weights share."""
        if keras.backend.backend() == "tensorflow":
            step = ops.cast(self.iterations + 1, "float32")
            unbiased = ops.sqrt(1 - ops.power(self.beta_2, step)) / (1 - ops.power(self.beta_1, step))
            rate = ops.cast(learning_rate, "float32") * unbiased
            learning_rate = {"lr": rate} | {
                name: ops.convert_to_tensor(value, "float32")
                for name, value in (
                    ("beta1", self.beta_1),
                    ("beta2", self.beta_2),
                    ("epsilon", self.epsilon),
                    ("beta1_power", 0.0),  # the rate has them
                    ("beta2_power", 0.0),
                )
            }
        super()._backend_update_step(gradients, variables, learning_rate)

    def update_step(self, gradient, variable, learning_rate):
        if keras.backend.backend() != "tensorflow":
            super().update_step(gradient, variable, learning_rate)
            return
        import tensorflow as tf

        index = self._get_variable_index(variable)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            grad=tf.cast(gradient, variable.dtype),
            **learning_rate,
        )

    def _update_model_variables_moving_average(self, variables):
        if not self.use_ema:
            return
        momentum = self.ema_momentum * ops.cast(ops.not_equal(self.iterations, 0), "float32")
        new = 1 - momentum
        for variable, average in zip(variables, self._model_variables_moving_average, strict=True):
            average.assign(momentum * average + new * variable)


class Adam(_InFewOperations, keras.optimizers.Adam):
    """Adam."""


class AdamW(_InFewOperations, keras.optimizers.AdamW):
    """Adam with decoupled decay of the weights."""
