"""Losses that compare features of VGG19 in the place of pixels (Johnson et al., ECCV 2016).

A loss of features is a function of its settings that returns a `FeatureLoss`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from keras import ops

from srredsim.checkpoints import vgg19
from srredsim.checkpoints.vgg19 import Features
from srredsim.errors import InputError
from srredsim.layers.covariance import covariance
from srredsim.resources import unknown


@dataclass(frozen=True)
class FeatureLoss:
    """A loss of the features of two images."""

    layers: tuple[str, ...]  # those it needs
    compare: Callable[[Features, Features], Any]  # (truth, image) -> one value per image, float32


def perceptual(
    layers: str | Iterable[str] = "all", norm: str = "mse", post_relu_first_four: bool = False
) -> FeatureLoss:
    """Mean difference of the features, squared (``mse``) or absolute (``l1``); the mean over the layers.

    ``post_relu_first_four`` takes all but ``block5_conv4`` after their ReLU: so it was where an extractor kept outputs
    that the next layer then changed in place.
    """
    differ = {"mse": ops.square, "l1": ops.abs}
    if norm not in differ:
        raise InputError(unknown("norm of loss perceptual", str(norm), list(differ)))
    names = vgg19.known_layers(layers)

    def compare(truth: Features, image: Features):
        values = []
        for name in names:
            pair = truth[name], image[name]
            one, other = map(ops.relu, pair) if post_relu_first_four and name != vgg19.DEEPEST else pair
            values.append(ops.mean(differ[norm](other - one), axis=(1, 2, 3)))
        return sum(values) / len(values)

    return FeatureLoss(names, compare)


def texture(norm: str = "mse") -> FeatureLoss:
    """How differently the features of ``block5_conv4`` vary together: the difference of their covariances.

    ``mse``: the mean of its squares, as the published code of W2S has it. ``frobenius``: their sum, the squared norm
    of the paper's equation 3.
    """
    sums = {"mse": ops.mean, "frobenius": ops.sum}
    if norm not in sums:
        raise InputError(unknown("norm of loss texture", str(norm), list(sums)))

    def compare(truth: Features, image: Features):
        difference = covariance(image[vgg19.DEEPEST]) - covariance(truth[vgg19.DEEPEST])
        return sums[norm](ops.square(difference), axis=(1, 2))

    return FeatureLoss((vgg19.DEEPEST,), compare)
