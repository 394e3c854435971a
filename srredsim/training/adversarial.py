"""Adversarial training: a network and the discriminator of its images learn side by side (ESRGAN, EPSR).

Each step sees the same images once: the logits of true and of made images serve both losses, the discriminator's
without regard to how the images were made. The network's loss is that of the recipe plus ``weight`` times the
relativistic one of `srredsim.losses.adversarial`; both then take their step, from the same state.

Under a strategy of several devices the relativistic means, and the statistics of batch normalisation, are those of
the images on one device; the gradients are the mean over the devices.
"""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
from keras import ops

from srredsim import discriminators
from srredsim.data.batches import Batches
from srredsim.errors import InputError
from srredsim.losses.adversarial import GENERATOR_LOSSES, discriminator_loss
from srredsim.training import optimizers
from srredsim.training.initialisation import initialise
from srredsim.training.schedule import learning_rate
from srredsim.zoo.precision import policy
from srredsim.zoo.recipe import Recipe

OTHER_SEED = 1_000_003  # added to the recipe's: the other batch of true images is shuffled differently
TERMS = ("pixel_loss", "gan_loss", "discriminator_loss", "mean_real_logit", "mean_fake_logit")


class AdversarialTrainer(keras.Model):
    """Trains ``network`` against ``discriminator``; to validation and prediction it is the network.

    The truth of a training batch may have further channels: true images of another batch, for the discriminator.
    """

    def __init__(self, network, discriminator, discriminator_optimizer, kind: str, weight: float):
        super().__init__(name="trainer")
        self.network, self.discriminator = network, discriminator
        self.discriminator_optimizer = discriminator_optimizer
        self.warming_up = False  # the recipe's own loss alone
        self._generator_loss, self._weight = GENERATOR_LOSSES[kind], weight
        self._channels = network.output_shape[-1]
        self._means = {name: keras.metrics.Mean(name=name) for name in TERMS}
        discriminator_optimizer.build(discriminator.trainable_variables)
        self.build(network.input_shape)

    def call(self, frames, training=None):
        return self.network(frames, training=training)

    def train_step(self, data):
        import tensorflow as tf

        frames, images, _ = keras.utils.unpack_x_y_sample_weight(data)
        real = images[..., -self._channels :]
        network, discriminator = self.network.trainable_variables, self.discriminator.trainable_variables
        shares = tf.distribute.get_strategy().num_replicas_in_sync
        with tf.GradientTape(persistent=True) as tape:
            made = self(frames, training=True)
            loss = self.compute_loss(frames, images, made, training=True)  # loss of this device's share
            terms = {"pixel_loss": loss}
            if not self.warming_up:
                terms |= self._judge(real, made)
                loss = loss + self._weight * terms["gan_loss"] / shares
                scaled = self.discriminator_optimizer.scale_loss(terms["discriminator_loss"] / shares)
            scaled_loss = self.optimizer.scale_loss(loss)
        self.optimizer.apply_gradients(zip(tape.gradient(scaled_loss, network), network, strict=True))
        if not self.warming_up:
            gradients = tape.gradient(scaled, discriminator)
            self.discriminator_optimizer.apply_gradients(zip(gradients, discriminator, strict=True))
        count = ops.shape(frames)[0]
        terms["pixel_loss"] = terms["pixel_loss"] * shares
        for name, value in terms.items():
            self._means[name].update_state(value, sample_weight=count)
        self._loss_tracker.update_state(loss * shares, sample_weight=count)
        return self.compute_metrics(frames, images, made)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return super().compute_loss(x, y[..., : self._channels], y_pred, sample_weight, training)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        return super().compute_metrics(x, y[..., : self._channels], y_pred, sample_weight)

    def _judge(self, real, made) -> dict:
        """What the discriminator says of true and of made images, and what both sides lose by it."""
        real, fake = self.discriminator(real, training=True), self.discriminator(made, training=True)
        return {
            "gan_loss": self._generator_loss(real, fake),
            "discriminator_loss": discriminator_loss(real, fake),
            "mean_real_logit": ops.mean(real),
            "mean_fake_logit": ops.mean(fake),
        }


class WarmUp(keras.callbacks.Callback):
    """The first epochs have the recipe's own loss alone."""

    def __init__(self, epochs: int):
        super().__init__()
        self._epochs = epochs

    def on_epoch_begin(self, epoch, logs=None):
        warming_up = epoch < self._epochs
        if warming_up != self.model.warming_up:
            self.model.warming_up = warming_up
            self.model.make_train_function(force=True)


class OfTraining(keras.callbacks.Callback):
    """Validation has no terms of both sides; Keras sums the scores of several devices only if it is told of all."""

    def on_epoch_end(self, epoch, logs=None):
        for name in TERMS:
            del logs[f"val_{name}"]


class WithOtherTruths:
    """Batches whose truths have a second image beside each: the truths of another batch, shuffled differently."""

    def __init__(self, batches: Batches):
        self._batches, self._others = batches, replace(batches, seed=batches.seed + OTHER_SEED)
        self.pairs = batches.pairs

    def share(self, part: int, parts: int) -> WithOtherTruths:
        """The same with this part of every batch."""
        return WithOtherTruths(self._batches.share(part, parts))

    def indices(self, steps: range) -> set[int]:
        """Every pair that the steps will ask for."""
        return self._batches.indices(steps) | self._others.indices(steps)

    def __getitem__(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """(batch, crop, crop, frames) and (batch, scale*crop, scale*crop, 2), float32."""
        frames, truths = self._batches[step]
        return frames, np.concatenate([truths, self._others[step][1]], axis=-1)


def trainer(recipe: Recipe, network) -> AdversarialTrainer:
    """The network with the discriminator and the optimiser that the recipe names, not yet compiled.

    Raises
    ------
    InputError
        If the backend is not TensorFlow, or if the discriminator judges images of another size.
    """
    if keras.backend.backend() != "tensorflow":
        raise InputError(
            f"adversarial training needs the TensorFlow backend; this is {keras.backend.backend()}, set"
            " KERAS_BACKEND=tensorflow"
        )
    wanted = recipe.adversarial
    discriminator = _discriminator(recipe, network)
    settings = replace(recipe.optimizer, learning_rate=wanted.learning_rate, ema=None)
    its_epochs = recipe.epochs - wanted.warm_up_epochs
    rate = learning_rate(replace(recipe, optimizer=settings, epochs=its_epochs, adversarial=None))
    optimizer = optimizers.build(settings, rate, recipe.precision)
    return AdversarialTrainer(network, discriminator, optimizer, wanted.kind, wanted.weight)


def batches(recipe: Recipe, plain: Batches) -> Batches | WithOtherTruths:
    """The batches as the trainer wants them."""
    other = recipe.adversarial and recipe.adversarial.real == "other_batch"
    return WithOtherTruths(plain) if other else plain


def optimizers_of(trainer) -> list:
    """Those of the network and, if there is one, of the discriminator."""
    both = isinstance(trainer, AdversarialTrainer)
    return [trainer.optimizer, *([trainer.discriminator_optimizer] if both else [])]


def watchers(recipe: Recipe) -> list:
    """The callbacks that adversarial training needs."""
    return [WarmUp(recipe.adversarial.warm_up_epochs), OfTraining()] if recipe.adversarial else []


def _discriminator(recipe: Recipe, network):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy(recipe.precision))
    try:
        discriminator = discriminators.build(**recipe.adversarial.discriminator)
    finally:
        keras.config.set_dtype_policy(before)
    crop = recipe.data.crop
    _, side, _, channels = network.compute_output_shape((1, crop, crop, network.input_shape[-1]))
    expected = discriminator.input_shape[1:]
    if (side, side, channels) != expected:
        raise InputError(
            f"the discriminator judges images of {expected[0]} x {expected[1]} x {expected[2]}; crops of {crop} pixels"
            f" make {side} x {side} x {channels}: set data.crop={crop * expected[0] // side} or"
            f" adversarial.discriminator.size={side}"
        )
    initialise(discriminator, recipe.initialisation, recipe.seed + 1)
    return discriminator
