r"""RSP and RSE: blurred, does the super-resolved image look like the widefield image?

Gain, offset and a Gaussian blur (the resolution scaling function) bring the image s to the widefield image w,

.. math:: \min_{\alpha, \beta, \sigma} \left\| B [ g_\sigma * (\alpha s + \beta) ] - w \right\|^2,

with B the mean of 2 x 2 output pixels. RSP is the Pearson correlation of the two, RSE the root mean square of their
difference. Neither sees an error that is finer than the blur: a wrong pattern of the size of the resolution passes.

References
----------
.. [1] S. Culley et al., Nat. Methods 15, 263 (2018).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft, optimize

from srredsim.errors import InputError
from srredsim.optics.borders import WORKERS
from srredsim.optics.sampling import SCALE

WIDEST = 8.0  # raw pixels: standard deviation of the broadest blur that is tried
LEVELS = 8192  # values of the squared frequency
COARSE_STEPS = 17  # blurs between none and the broadest, one of which is near the best


@dataclass(frozen=True)
class Squirrel:
    """``error`` (y, x): widefield image less the blurred one, in the units of the widefield image."""

    rsp: float
    rse: float
    gain: float
    offset: float
    sigma_um: float
    error: np.ndarray


def squirrel(image: np.ndarray, widefield: np.ndarray, pixel_size_um: float) -> Squirrel:
    """Compare an image (2y, 2x) with the widefield image (y, x) of the same field.

    Both are continued as in a mirror. There, a Gaussian blur is a product with the cosine transform, and so is the
    mean of neighbours: frequency 2n - j falls on frequency j.

    Parameters
    ----------
    pixel_size_um : float
        Of the widefield image.

    Raises
    ------
    InputError
        If the shapes do not fit or an image is constant or not finite.
    """
    y, x = widefield.shape
    if image.shape != (SCALE * y, SCALE * x):
        raise InputError(f"an image of {SCALE * y} x {SCALE * x} pixels belongs to this widefield; got {image.shape}")
    for name, one in (("image", image), ("widefield image", widefield)):
        if not np.all(np.isfinite(one)) or np.ptp(one) == 0:
            raise InputError(f"the {name} is constant or not finite: there is nothing to compare")
    target = _cosines(widefield)
    source = _cosines(image)
    sigma = _best_blur(source, target)
    rows, columns = (np.exp(-2 * (np.pi * sigma * _frequencies(n)) ** 2) for n in image.shape)
    source *= rows[:, None]
    source *= columns
    blurred = _binned(source)
    del source  # four times as large as all that follows
    gain = _without_mean(blurred, target) / max(_without_mean(blurred, blurred), 1e-30)
    model = fft.idctn(blurred, norm="ortho", workers=WORKERS)
    offset = float(np.mean(widefield) - gain * np.mean(model))
    error = widefield - (gain * model + offset)
    return Squirrel(
        rsp=float(np.corrcoef(model.ravel(), np.ravel(widefield))[0, 1]),
        rse=float(np.sqrt(np.mean(error**2))),
        gain=float(gain),
        offset=offset,
        sigma_um=float(sigma * pixel_size_um),
        error=error.astype(np.float32),
    )


def _best_blur(source: np.ndarray, target: np.ndarray) -> float:
    """Standard deviation in raw pixels, where the squared difference is least once gain and offset are fitted.

    A Gaussian blur does the same to all frequencies of one length, so that the sums over those are enough. What folds
    back from beyond the raw grid is left out here: any blur there is takes most of it away.
    """
    y, x = target.shape
    fy, fx = (_frequencies(SCALE * n)[:n] for n in (y, x))
    sharp = source[:y, :x] * (np.cos(np.pi * fy / 2) / 2)[:, None] * np.cos(np.pi * fx / 2)
    square = fy[:, None] ** 2 + fx**2
    level = np.minimum(square * (LEVELS / square.max()), LEVELS - 1).astype(np.int32).ravel()
    count = np.bincount(level, minlength=LEVELS)
    cross, power, middle = (
        np.bincount(level, values.ravel(), LEVELS) for values in (sharp * target, sharp * sharp, square)
    )
    cross[0] -= sharp[0, 0] * target[0, 0]
    power[0] -= sharp[0, 0] ** 2
    middle /= np.maximum(count, 1)

    def explained(sigma: float) -> float:
        blur = np.exp(-2 * np.pi**2 * sigma**2 * middle)
        common = np.sum(blur * cross)
        return float(common * abs(common) / max(np.sum(blur**2 * power), 1e-30))

    tried = WIDEST * np.linspace(0, 1, COARSE_STEPS) ** 2
    best = int(np.argmax([explained(sigma) for sigma in tried]))
    bounds = tried[max(best - 1, 0)], tried[min(best + 1, COARSE_STEPS - 1)]
    return float(
        optimize.minimize_scalar(lambda s: -explained(s), bounds=bounds, method="bounded", options={"xatol": 1e-3}).x
    )


def _cosines(image: np.ndarray) -> np.ndarray:
    return fft.dctn(image.astype(np.float64), norm="ortho", workers=WORKERS, overwrite_x=True)


def _frequencies(pixels: int) -> np.ndarray:
    """Frequencies of the cosines of the output grid, in cycles per raw pixel."""
    return SCALE * np.arange(pixels) / (2 * pixels)


def _binned(spectrum: np.ndarray) -> np.ndarray:
    """Cosine transform of the mean of 2 x 2 pixels, from that of the image, which is used up."""
    for axis in (0, 1):
        spectrum = np.moveaxis(spectrum, axis, 0)
        n = len(spectrum) // SCALE
        spectrum *= (np.cos(np.pi * np.arange(2 * n) / (4 * n)) / np.sqrt(2.0))[:, None]
        spectrum[1:n] -= spectrum[:n:-1]
        spectrum = np.moveaxis(spectrum[:n], 0, axis)
    return spectrum.copy()


def _without_mean(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.vdot(one, other) - one[0, 0] * other[0, 0])
