r"""Fourier ring correlation: down to which detail do two images show the same?

.. math::

    \mathrm{FRC}(q) = \frac{\Re \sum_{|f| = q} F_1 F_2^*}{\sqrt{\sum_{|f| = q} |F_1|^2 \sum_{|f| = q} |F_2|^2}}

Two independent noisy images of one object, of power signal-to-noise ratio R at a frequency, have FRC = R / (R + 1)
there; 1/7 is the customary limit. Against a truth without noise it is the square root of that, and 0.5 is customary.

References
----------
.. [1] R. P. J. Nieuwenhuizen et al., Nat. Methods 10, 557 (2013).
"""

from __future__ import annotations

import numpy as np
from scipy import fft, ndimage

from srredsim.errors import InputError
from srredsim.optics.borders import WORKERS, fading

HALVES, TRUTH = 1 / 7, 0.5  # where the correlation ends: of two noisy images, and with a truth
BORDER = 8  # the border fades to nothing over this fraction of the image
SMOOTH = 3  # rings that are averaged before a crossing is looked for


def frc(one: np.ndarray, other: np.ndarray, pixel_size_um: float) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies of the rings in cycles/um, and the correlation in each, -1 to 1.

    Parameters
    ----------
    one, other : (y, x) array_like
        Gain and offset do not matter, the position does.
    pixel_size_um : float

    Raises
    ------
    InputError
        If the images differ in shape, or have pixels that are no numbers.
    """
    one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)
    if one.shape != other.shape:
        raise InputError(f"two images of one shape are compared; got {one.shape} and {other.shape}")
    if bad := one.size + other.size - int(np.isfinite(one).sum() + np.isfinite(other).sum()):
        raise InputError(f"images are compared whose pixels are numbers; {bad} are NaN or infinite")
    window = np.multiply.outer(*(fading(n, n // BORDER) for n in one.shape))
    first, second = (fft.fft2((image - np.mean(image)) * window, workers=WORKERS) for image in (one, other))
    step = 1.0 / (min(one.shape) * pixel_size_um)
    fy, fx = (np.fft.fftfreq(n, pixel_size_um) for n in one.shape)
    ring = np.rint(np.hypot(fy[:, None], fx) / step).astype(int).ravel()
    count = min(one.shape) // 2 + 1  # beyond, in the corners, rings are not whole

    def over_rings(values: np.ndarray) -> np.ndarray:
        return np.bincount(ring, values.ravel(), count)[:count]

    common = over_rings((first * second.conj()).real)
    power = over_rings(np.abs(first) ** 2) * over_rings(np.abs(second) ** 2)
    correlation = np.divide(common, np.sqrt(power), out=np.zeros(count), where=power > 0)
    return step * np.arange(1, count), correlation[1:]


def resolution_um(frequencies_per_um: np.ndarray, correlation: np.ndarray, threshold: float = HALVES) -> float | None:
    """The detail, 1 / frequency, at which the correlation first falls below a threshold, between two rings.

    None, if it never does.
    """
    smooth = ndimage.uniform_filter1d(correlation, SMOOTH, mode="nearest")
    below = np.flatnonzero(smooth < threshold)
    if not len(below):
        return None
    last = below[0]
    if last == 0:
        return float(1.0 / frequencies_per_um[0])
    part = (smooth[last - 1] - threshold) / (smooth[last - 1] - smooth[last])
    return float(
        1.0 / (frequencies_per_um[last - 1] + part * (frequencies_per_um[last] - frequencies_per_um[last - 1]))
    )
