r"""The blur that makes a low-resolution image of a high-resolution one of the same field.

.. math::

    K = \frac{\overline{F(H)}\, F(L)}{\lambda + |F(H)|^2}

with the high-resolution image :math:`H` and the low-resolution image :math:`L` brought to its grid. The model,
:math:`L = H * k`, is periodic; the kernel is brought to sum 1.

References
----------
.. [1] R. Zhou, M. El Helou, D. Sage, T. Laroche, A. Seitz, S. Suesstrunk, ECCV Workshops 2020 (arXiv 2003.05961),
   Eq. 2, whose published program adds :math:`\lambda` = 2500 for images divided by 255 and upscales bilinearly.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import fft

from srredsim import io
from srredsim.errors import InputError

REGULARISATION = 2500.0
UNIT = 255.0
WIDTH = 36
CUBIC = -0.5  # slope of Keys' kernel at 1
GAUSSIAN_VARIANCE = 2.0  # variance of the curve in the picture, in low-resolution pixels


def analyse(
    lr: list[Path],
    hr: list[Path],
    *,
    regularisation: float = REGULARISATION,
    unit: float = UNIT,
    width: int = WIDTH,
    upscale: str = "bilinear",
    progress: Callable[[int, int], None] | None = None,
) -> dict:
    """Kernels of pairs of files, in the order given, and their mean, ready for JSON; parameters as in `blur_kernel`.

    Raises
    ------
    InputError
        If there is not one file for each, or a pair cannot be compared; its names are in the message.
    """
    if len(lr) != len(hr):
        raise InputError(f"one high-resolution image is wanted for each of low resolution; got {len(hr)} and {len(lr)}")
    pairs, scales = [], set()
    for number, (low, high) in enumerate(zip(lr, hr, strict=True), start=1):
        try:
            images = [_plane(path) for path in (low, high)]
            kernel = blur_kernel(*images, regularisation=regularisation, unit=unit, width=width, upscale=upscale)
            scales.add(images[1].shape[0] // images[0].shape[0])
            if len(scales) > 1:
                raise InputError(f"the pairs differ in scale, {' and '.join(map(str, sorted(scales)))}; give one only")
        except InputError as problem:
            raise InputError(f"{low} and {high}: {problem}") from None
        pairs.append({"lr": str(low), "hr": str(high), "kernel": kernel.tolist()})
        if progress:
            progress(number, len(lr))
    mean = np.mean([pair["kernel"] for pair in pairs], axis=0)
    return {
        "regularisation": regularisation,
        "unit": unit,
        "width": width,
        "upscale": upscale,
        "scale": scales.pop(),
        "pairs": pairs,
        "mean": mean.tolist(),
        "width_at_half_maximum_pixels": widths(mean),
    }


def blur_kernel(
    lr, hr, *, regularisation: float = REGULARISATION, unit: float = UNIT, width: int = WIDTH, upscale: str = "bilinear"
) -> np.ndarray:
    """Kernel (width, width) of sum 1 on the grid of the high-resolution image, its centre at ``width // 2``.

    Parameters
    ----------
    lr : (y, x) array_like
    hr : (scale * y, scale * x) array_like
    regularisation : float
        Added to the power of the high-resolution image.
    unit : float
        Both images are divided by it first.
    upscale : {"bilinear", "bicubic"}
        How the low-resolution image comes to the grid of the other.

    Raises
    ------
    InputError
        If the sizes do not fit, or there is nothing in the images.
    """
    lr, hr = (np.asarray(image, float) / unit for image in (lr, hr))
    scale = hr.shape[0] // lr.shape[0]
    if hr.shape != tuple(scale * n for n in lr.shape):
        raise InputError(f"{hr.shape} is no whole multiple of the size {lr.shape} of the low resolution")
    return kernel_of(hr, upscaled(lr, scale, upscale), regularisation, width)


def kernel_of(hr: np.ndarray, lr_up: np.ndarray, regularisation: float, width: int) -> np.ndarray:
    """Kernel (width, width) of two images on one grid."""
    if width % 2 or not 2 <= width <= min(hr.shape):
        raise InputError(f"the width of a kernel is even, 2 to {min(hr.shape)} for this image; got {width}")
    high, low = fft.rfft2(hr), fft.rfft2(lr_up)
    power = regularisation + np.abs(high) ** 2
    if not np.all(power > 0):
        raise InputError("the high-resolution image lacks frequencies; give a `regularisation` above 0")
    kernel = fft.irfft2(np.conj(high) * low / power, s=hr.shape)
    kernel = np.roll(kernel, [n // 2 for n in hr.shape], axis=(0, 1))
    y, x = (n // 2 - width // 2 for n in hr.shape)
    window = kernel[y : y + width, x : x + width]
    total = window.sum()
    if not total > 0:
        raise InputError("the two images have nothing in common; are they of the same field?")
    return window / total


def upscaled(image: np.ndarray, scale: int, how: str) -> np.ndarray:
    """The image on a grid of `scale` times the pixels, both grids with the same edges; borders continue themselves."""
    weight = UPSCALES[how]
    rows, columns = (_weights(n, scale, weight) for n in image.shape)
    return rows @ image @ columns.T


def _weights(n: int, scale: int, weight: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """(scale * n, n): how much of each pixel is in each pixel of the finer grid."""
    at = (np.arange(scale * n) + 0.5) / scale - 0.5  # in pixels of the coarse grid
    table = np.zeros((scale * n, n))
    first = np.floor(at).astype(int)
    for near in range(-1, 3):
        pixel = first + near
        np.add.at(table, (np.arange(scale * n), np.clip(pixel, 0, n - 1)), weight(at - pixel))
    return table


def _triangle(x: np.ndarray) -> np.ndarray:
    return np.maximum(1 - np.abs(x), 0)


def cubic(x: np.ndarray) -> np.ndarray:
    """Keys' kernel of bicubic interpolation."""
    x = np.abs(x)
    near = (CUBIC + 2) * x**3 - (CUBIC + 3) * x**2 + 1
    far = CUBIC * (x**3 - 5 * x**2 + 8 * x - 4)
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


UPSCALES = {"bilinear": _triangle, "bicubic": cubic}  # kernels of interpolation


def widths(kernel: np.ndarray) -> list[float]:
    """Full widths at half maximum along y and x, through the brightest pixel, in pixels of the kernel.

    Unlike a second moment they hardly feel the ringing that a division of spectra leaves around the kernel.
    """
    y, x = np.unravel_index(np.argmax(kernel), kernel.shape)
    return [
        _half_width(kernel[:, x][y:]) + _half_width(kernel[:, x][y::-1]),
        _half_width(kernel[y, x:]) + _half_width(kernel[y, x::-1]),
    ]


def _half_width(falling: np.ndarray) -> float:
    """How far it is from the first value to where the values fall to half of it; all the way if they do not."""
    half = falling[0] / 2
    below = np.flatnonzero(falling <= half)
    if not below.size:
        return float(len(falling) - 1)
    end = below[0]
    return float(end - (half - falling[end]) / (falling[end - 1] - falling[end]))


def central_row(kernel: np.ndarray, scale: int) -> tuple[np.ndarray, np.ndarray]:
    """Offsets in low-resolution pixels, and the row of the centre brought to sum 1."""
    kernel = np.asarray(kernel)
    width = kernel.shape[0]
    row = kernel[width // 2]
    return (np.arange(width) - width // 2) / scale, row / row.sum()


def _plane(path: Path) -> np.ndarray:
    image, _ = io.read_image(path)
    if image.shape[:3] != (1, 1, 1):
        raise InputError(f"{path} holds {int(np.prod(image.shape[:3]))} planes; an image of one plane is wanted")
    if not np.all(np.isfinite(image)):
        raise InputError(f"{path} has pixels that are NaN or infinite")
    return image[0, 0, 0]


def lines(report: dict) -> list[str]:
    """What was measured, for a terminal."""
    centre = report["width"] // 2
    text = []
    for pair in report["pairs"]:
        kernel = np.array(pair["kernel"])
        text.append(f"{pair['lr']}: {_words(kernel, centre)}")
    if len(report["pairs"]) > 1:
        text.append(f"mean of {len(report['pairs'])}: {_words(np.array(report['mean']), centre)}")
    return text


def _words(kernel: np.ndarray, centre: int) -> str:
    y, x = widths(kernel)
    return f"centre {kernel[centre, centre]:.4g}, {y:.3g} x {x:.3g} high-resolution pixels (y, x) wide at half maximum"
