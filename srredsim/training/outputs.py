"""What a loss sees beside the image: the images of all steps or levels, what the network adds to or leaves unexplained.

`srredsim.losses._outputs` says which losses want it, as channels of one prediction; the last channel is the image.
"""

from __future__ import annotations

import keras
from keras import layers, ops

from srredsim import losses
from srredsim.errors import InputError
from srredsim.layers import bicubic
from srredsim.zoo import models
from srredsim.zoo.recipe import Recipe

KINDS = {"_over_steps": "steps", "_over_levels": "levels", "_of_misfit": "misfit"}
IMAGE_LAST = ("_over_steps", "_of_misfit")  # the network itself makes all channels


def build(recipe: Recipe):
    """The recipe's network, with the outputs that its loss wants and that it can make itself.

    Raises
    ------
    InputError
        If it cannot, or if a discriminator would have to judge them all.
    """
    wanted = losses.of_outputs(recipe.loss)
    if recipe.adversarial and wanted not in ("", "_over_steps"):
        raise InputError(f"adversarial training is for a loss of the image alone; leave out {wanted} of the loss")
    return models.build_network(recipe, recipe.precision, KINDS.get(wanted))


def trainer(recipe: Recipe, network):
    """The model that is trained: of the same weights, with all that the loss wants as channels."""
    return keras.Model(network.input, _seen(recipe, network), name="trainer")


def last(recipe: Recipe, network):
    """The network of the image alone, of the same weights."""
    if isinstance(network.output, list):
        return keras.Model(network.input, network.output[-1])
    if losses.of_outputs(recipe.loss) in IMAGE_LAST:
        return keras.Model(network.input, network.output[..., -1:])
    return network


def _seen(recipe: Recipe, network):
    wanted, output = losses.of_outputs(recipe.loss), network.output
    if wanted == "_over_levels" and isinstance(output, list) and len(output) > 1:
        repeats = [2 ** (len(output) - 1 - level) for level in range(len(output))]
        filled = [
            layers.UpSampling2D(repeat, dtype="float32")(image) if repeat > 1 else image
            for image, repeat in zip(output, repeats, strict=True)
        ]
        return layers.Concatenate(dtype="float32", name="levels")(filled)
    if wanted == "_over_levels":
        return output[0] if isinstance(output, list) else output
    if wanted == "_of_residual":
        start = bicubic.enlarged(network.input, models.scale_of(network), clip=bool(recipe.network.get("clip", True)))
        return ops.concatenate([start, ops.cast(output, "float32")], axis=-1)
    return output
