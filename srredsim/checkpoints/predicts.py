"""What a denoiser was trained to give, the image or the noise: no tensor tells, but a noisy image does.

The same architecture is published both ways. Taken the wrong way, a network gives the noise for the image.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from srredsim import networks

PREDICTS = ("image", "noise")
INPUTS = {  # what a network is given, from an image of mean 0 and standard deviation 1
    "z": lambda z: z,
    "z/255": lambda z: z / 255,
    "png/255": lambda z: np.clip(0.25 + 0.15 * z, 0, 1),
}
TEST_SIDE_PX, NOISE = 96, 0.3  # pixels and standard deviation of the test image
ERROR, TIMES = 0.5, 2.0  # decisive: the error is below this share of the contrast, and the other one so many times it


@dataclass(frozen=True)
class Trial:
    """Errors of a network's image of a noisy test image, and of what is left of that: shares of the contrast."""

    errors: dict[str, tuple[float, float]]  # by `INPUTS`

    @property
    def inputs(self) -> str:
        """The input at which the network does best, the first of equals."""
        return min(self.errors, key=lambda name: round(min(self.errors[name]), 2))

    def speaks_for(self, usual: str) -> str | None:
        """What the layers predict, where the network takes them to predict the usual; None if it cannot be said."""
        least, largest = sorted(self.errors[self.inputs])
        if least > ERROR or largest < TIMES * least:
            return None
        return (usual, other(usual))[self.errors[self.inputs].index(least)]

    def errors_of(self, predicted: str, usual: str) -> str:
        """In words, the error of the image where the layers predict this."""
        return f"{self.errors[self.inputs][predicted != usual]:.2f}"

    def doubts(self, given: str) -> bool:
        """Whether the network does far better at another input than at this one."""
        return min(self.errors[given]) > TIMES * min(self.errors[self.inputs])


def default_of(network: str) -> str | None:
    """What a network here takes its layers to predict; None if there is nothing to choose."""
    parameter = inspect.signature(networks.module(network).build).parameters.get("predicts")
    return parameter.default if parameter else None


def other(predicts: str) -> str:
    return PREDICTS[1 - PREDICTS.index(predicts)]


def tried(image_of: Callable[[np.ndarray], np.ndarray]) -> Trial:
    """Errors of a denoiser, a function (1, y, x, 1) -> the same, at each of `INPUTS`."""
    clean, noise = _scene()
    errors = {}
    for name, given in INPUTS.items():
        truth, noisy = given(clean), given(clean + noise)
        image = np.asarray(image_of(noisy[None, ..., None].astype(np.float32)), np.float64)[0, ..., 0]
        errors[name] = _error(image, truth), _error(noisy - image, truth)
    return Trial(errors)


def _error(image: np.ndarray, truth: np.ndarray) -> float:
    return float(np.sqrt(np.mean((image - truth) ** 2)) / truth.std())


def _scene() -> tuple[np.ndarray, np.ndarray]:
    """Spots and clouds of mean 0 and standard deviation 1, and white noise."""
    rng = np.random.default_rng(5)
    spots = rng.random((TEST_SIDE_PX, TEST_SIDE_PX)) < 0.01
    scene = 8 * ndimage.gaussian_filter(spots * 1.0, 2.0) + 20 * ndimage.gaussian_filter(spots * 1.0, 7.0)
    return (scene - scene.mean()) / scene.std(), NOISE * rng.normal(size=scene.shape)
