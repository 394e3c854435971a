"""The optimisers of Keras, with what published codes ask of them beside it."""

from __future__ import annotations

import keras
from keras import ops

from srredsim.training.adam import Adam, AdamW
from srredsim.zoo.precision import policy
from srredsim.zoo.recipe import Optimizer


class _PullsToZero:
    r"""Terms of L2 and L1 are added to the gradient of every weight, biases included, before anything else.

    The L2 term :math:`\lambda w` is what PyTorch calls ``weight_decay`` of Adam and SGD: the gradient of
    :math:`\tfrac\lambda2 \sum w^2`. That of L1, :math:`\lambda\,\mathrm{sign}\,w`, is the gradient of
    `srredsim.losses.weights.weight_sparsity`. With Adam they pass through the moments, unlike the decoupled decay of
    AdamW. Clipping sees the gradient without them, and under a strategy they are added once, after the gradients of the
    replicas were summed.
    """

    def __init__(self, l2: float, l1: float = 0.0, **settings):
        super().__init__(**settings)
        self._l2, self._l1 = l2, l1

    def update_step(self, gradient, variable, learning_rate):
        weight = ops.cast(variable, gradient.dtype)
        pull = self._l2 * weight
        if self._l1:
            pull = pull + self._l1 * ops.sign(weight)
        super().update_step(gradient + pull, variable, learning_rate)

    def get_config(self):
        return super().get_config() | {"l2": self._l2, "l1": self._l1}


class AdamL2(_PullsToZero, Adam):
    """Adam whose gradient has terms of L2 and L1."""


class MomentumSGD(keras.optimizers.SGD):
    r"""Stochastic gradient descent with momentum in PyTorch's form.

    .. math:: v \leftarrow \mu v + g,\quad w \leftarrow w - \eta v,\quad
        \text{with Nesterov}\; w \leftarrow w - \eta (g + \mu v)

    Keras has the learning rate :math:`\eta` within :math:`v`: the same while it is constant, another step after it
    has changed.
    """

    def update_step(self, gradient, variable, learning_rate):
        if not self.momentum:
            super().update_step(gradient, variable, learning_rate)
            return
        gradient, rate = ops.cast(gradient, variable.dtype), ops.cast(learning_rate, variable.dtype)
        momentum = ops.cast(self.momentum, variable.dtype)
        velocity = self.momentums[self._get_variable_index(variable)]
        self.assign(velocity, momentum * velocity + gradient)
        self.assign_sub(variable, rate * (gradient + momentum * velocity if self.nesterov else velocity))


class SGDL2(_PullsToZero, MomentumSGD):
    """Stochastic gradient descent whose gradient has terms of L2 and L1."""


WITH_L2 = {"adam": AdamL2, "sgd": SGDL2}
KINDS = {"adam": Adam, "adamw": AdamW, "sgd": keras.optimizers.SGD, "lion": keras.optimizers.Lion}


def build(wanted: Optimizer, learning_rate, precision: str):
    """The optimiser of a recipe; with float16 gradients its loss is scaled."""
    settings = {"learning_rate": learning_rate, "global_clipnorm": wanted.clip_norm}
    if wanted.weight_decay or wanted.name == "adamw":  # which decays by 0.004 if nothing is said
        settings["weight_decay"] = wanted.weight_decay
    if wanted.epsilon is not None:
        settings["epsilon"] = wanted.epsilon
    if wanted.ema:
        settings |= {"use_ema": True, "ema_momentum": wanted.ema}
    if wanted.momentum:
        settings |= {"momentum": wanted.momentum, "nesterov": wanted.nesterov}
    if wanted.l2 or wanted.l1:
        optimizer = WITH_L2[wanted.name](l2=wanted.l2, l1=wanted.l1, **settings)
    elif wanted.momentum:
        optimizer = MomentumSGD(**settings)
    else:
        optimizer = KINDS[wanted.name](**settings)
    return keras.optimizers.LossScaleOptimizer(optimizer) if policy(precision) == "mixed_float16" else optimizer


def without_loss_scale(optimizer):
    """The optimiser itself, where Keras has wrapped it to scale a float16 loss."""
    return optimizer.inner_optimizer if isinstance(optimizer, keras.optimizers.LossScaleOptimizer) else optimizer


def clip_the_sum(optimizer) -> None:
    """Clip the sum of what all devices bring, as one device with all images would.

    Keras clips the gradient of each device and sums what is left of them.
    """
    import tensorflow as tf

    clip = optimizer._clip_gradients  # Keras has no public name for it, nor for the sum that follows

    def clipped_sum(gradients):
        replica = tf.distribute.get_replica_context()
        return clip(replica.all_reduce(tf.distribute.ReduceOp.SUM, list(gradients)))

    optimizer._clip_gradients = clipped_sum
    optimizer._all_reduce_sum_gradients = list


def restart(optimizer) -> None:
    """Moments and step count to zero, as in a new optimiser; the scale of a float16 loss stays."""
    for variable in without_loss_scale(optimizer).variables:
        if variable.name != "learning_rate":  # one of its variables where it follows no schedule
            variable.assign(ops.zeros_like(variable))
