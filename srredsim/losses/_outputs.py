r"""Losses of networks that return more than one image, as channels: all steps, all levels, what they started from, or
what they leave of the frames.

A suffix of the loss's name says which. In a weighted sum all terms have to be of the same kind of output, or take the
last channel, the image itself.
"""

import math
from collections.abc import Callable, Mapping
from functools import cache

from keras import ops

from srredsim.errors import InputError

OVER_STEPS = "_over_steps"
OVER_LEVELS = "_over_levels"
OF_RESIDUAL = "_of_residual"
OF_MISFIT = "_of_misfit"
SHARPNESS = -0.75  # slope of the cubic kernel one pixel away


def over_steps(loss: Callable) -> Callable:
    """The sum of a loss over the channels of the prediction, each an image to be compared with the same truth.

    For networks that refine an image in steps (SRFBN: Li et al., CVPR 2019). The mean over n steps, as in SR-CACO-2, is
    a weight of 1/n.
    """

    def summed(y_true, y_pred):
        return sum(loss(y_true, y_pred[..., step : step + 1]) for step in range(y_pred.shape[-1]))

    return summed


def over_levels(loss: Callable) -> Callable:
    """The mean of a loss over the levels of a pyramid (ProSR, MS-LapSRN), each of twice the pixels of the one before.

    The channels of the prediction are the images of the levels, the last at full size, the others with each pixel
    repeated to fill it. The truth of a smaller level is the truth reduced by `corner_aligned`, within 0 ... 1.
    """

    def averaged(y_true, y_pred):
        levels = y_pred.shape[-1]
        values = [loss(y_true, y_pred[..., -1:])]
        for level in range(levels - 1):
            block = 2 ** (levels - 1 - level)
            truth = ops.clip(corner_aligned(y_true, block), 0.0, 1.0)
            values.append(loss(truth, y_pred[:, ::block, ::block, level : level + 1]))
        return sum(values) / levels

    return averaged


def of_residual(loss: Callable) -> Callable:
    """The loss of what is to be added to the enlarged input: the channels of the prediction are that and the image."""

    def residual(y_true, y_pred):
        start, image = y_pred[..., :1], y_pred[..., -1:]
        return loss(ops.cast(y_true, "float32") - ops.cast(start, "float32"), image - start)

    return residual


def of_misfit(loss: Callable) -> Callable:
    """The loss of what is left of the frames, in units of their noise, beside a truth of nothing.

    For networks that know how frames come about (unrolled): the channels of the prediction are that and the image. With
    `mean_squared_error` it is the mean of chi squared.
    """

    def misfit(y_true, y_pred):
        return loss(ops.zeros_like(y_true), y_pred[..., :1])

    return misfit


WRAPPERS = {OVER_STEPS: over_steps, OVER_LEVELS: over_levels, OF_RESIDUAL: of_residual, OF_MISFIT: of_misfit}


def split(name: str) -> tuple[str, str]:
    """The loss itself and its suffix, or none."""
    suffix = next((one for one in WRAPPERS if name.endswith(one)), "")
    return name.removesuffix(suffix), suffix


def of_outputs(wanted: str | Mapping) -> str:
    """The suffix of a loss's terms: which images the network has to return besides; empty if only the last.

    Raises
    ------
    InputError
        If terms want unlike images.
    """
    names = wanted if isinstance(wanted, Mapping) else [wanted]
    suffixes = sorted({split(str(name))[1] for name in names} - {""})
    if len(suffixes) > 1:
        raise InputError(f"a loss has terms of one kind of output, {' or '.join(suffixes)}; got {', '.join(names)}")
    return suffixes[0] if suffixes else ""


def is_over_steps(wanted: str | Mapping) -> bool:
    """Whether the loss is for a network that returns the images of all its steps as channels."""
    return of_outputs(wanted) == OVER_STEPS


def corner_aligned(image, block: int):
    """(batch, y, x, channels) with 1/block of the pixels a side: cubic, the corner pixels where they are, not smoothed.

    The slope of the kernel is -0.75 and the edge is repeated, as PyTorch's bicubic with ``align_corners`` has it.
    """
    rows, columns = (ops.convert_to_tensor(_matrix(size, size // block), "float32") for size in image.shape[1:3])
    return ops.einsum("iy,jx,byxc->bijc", rows, columns, ops.cast(image, "float32"))


@cache
def _matrix(size: int, fewer: int) -> list[list[float]]:
    """Weight of each of ``size`` pixels in each of ``fewer``."""
    matrix = [[0.0] * size for _ in range(fewer)]
    for number, row in enumerate(matrix):
        place = number * (size - 1) / max(fewer - 1, 1)
        for near in range(math.floor(place) - 1, math.floor(place) + 3):
            row[min(max(near, 0), size - 1)] += _kernel(abs(place - near))
    return matrix


def _kernel(t: float) -> float:
    if t <= 1:
        return ((SHARPNESS + 2) * t - (SHARPNESS + 3)) * t**2 + 1
    return SHARPNESS * (((t - 5) * t + 8) * t - 4) if t < 2 else 0.0
