r"""The noise of the camera, from the frames themselves: photon transfer.

Shot noise grows with the light, read noise does not, so that the variance of a pixel is

.. math:: \mathrm{var} = g I + c, \qquad c = g^2 \sigma_r^2 - g \, o

with gain :math:`g` (ADU per electron), read noise :math:`\sigma_r` (electrons) and offset :math:`o` (ADU): one straight
line over the recorded values :math:`I`. Frequencies beyond the cut-off of the lens hold nothing but noise. A filter
:math:`h` that keeps those leaves, at each pixel, the variance :math:`\sum_s h^2(r - s) (g I_s + c)`, which is the same
straight line over the frames as blurred by :math:`h^2`. Offset and read noise are not told apart, nor
have they to be.

References
----------
.. [1] J. R. Janesick, Photon Transfer, SPIE Press (2007).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft, ndimage

from srredsim.reconstruction.preprocess import WIDE_FADE, WORKERS, fading

FINEST = 0.5  # cycles/pixel: the corners beyond are free of signal wherever pixels sample the image
BLUR = 2.0  # raw pixels: standard deviation of the Gaussian over which variance and value are averaged
BINS = 24  # of the recorded values
LEAST_IN_BIN = 16  # pixels
BEYOND = 1.03  # times the cut-off
LEAST_PIXELS = 1024  # of a frame, for a line to be fitted


@dataclass(frozen=True)
class CameraNoise:
    """Variance of a pixel that was recorded as I: ``gain_adu * I + intercept_adu2``."""

    gain_adu: float  # per electron
    intercept_adu2: float
    gain_error: float  # standard deviation
    white: (
        float  # power of the finest frequencies over that just beyond the circle: 1 for a camera, less after a filter
    )
    source: str  # in words

    def variance_adu2(self, value_adu):
        return np.maximum(self.gain_adu * np.asarray(value_adu, float) + self.intercept_adu2, 0.0)

    def stabilised(self, values_adu: np.ndarray) -> np.ndarray:
        r"""Values whose noise has a standard deviation of 1, whatever the light (generalised Anscombe).

        .. math:: x = \tfrac{2}{g} \sqrt{g I + \tfrac{3}{8} g^2 + c}

        Where the noise does not depend on the light (g = 0) they are divided by its standard deviation.
        """
        g, c = self.gain_adu, self.intercept_adu2
        if g <= 0:
            return values_adu / np.float32(np.sqrt(max(c, 1e-30)))
        inside = np.maximum(np.float32(g) * values_adu + np.float32(0.375 * g * g + c), 0.0)
        return np.sqrt(inside) * np.float32(2.0 / g)


def photon_transfer(frames: np.ndarray, cutoff_per_pixel: float = FINEST) -> CameraNoise:
    """Fit the line to frames (n, y, x) of the same field.

    Parameters
    ----------
    frames : ndarray
        As the camera recorded them, neither filtered nor resampled.
    cutoff_per_pixel : float
        Widefield cut-off in cycles/pixel; left out, the corners of the spectrum are taken, finer than 0.5.

    Raises
    ------
    ValueError
        If the frames are too small.
    """
    n, y, x = frames.shape
    if y * x < LEAST_PIXELS:
        raise ValueError(f"frames of {y} x {x} pixels are too small to tell their noise; wanted {LEAST_PIXELS} pixels")
    frequency = np.hypot(fft.fftfreq(y)[:, None], fft.rfftfreq(x))
    beyond = frequency > BEYOND * min(cutoff_per_pixel, FINEST)
    window = fading(y, WIDE_FADE)[:, None] * fading(x, WIDE_FADE)
    squares, power = np.zeros((y, x), np.float32), np.zeros(beyond.shape, np.float32)
    level = frames.mean(axis=0, dtype=np.float64).astype(np.float32)
    light = np.array([np.vdot(frame, level) for frame in frames]) / max(float(np.vdot(level, level)), 1e-30)
    for frame, share in zip(frames, light.astype(np.float32), strict=True):
        fixed = share * level if n > 1 else level.mean()  # hot pixels, and pixels of unequal gain, are no noise
        spectrum = fft.rfft2((frame - fixed) * window, workers=WORKERS)
        power += np.abs(spectrum) ** 2
        squares += fft.irfft2(spectrum * beyond, s=(y, x), workers=WORKERS) ** 2
    kernel = fft.irfft2(beyond.astype(np.float32), s=(y, x)) ** 2
    kept = float(kernel.sum())
    blurred = fft.irfft2(fft.rfft2(level) * fft.rfft2(kernel / np.float32(kept)), s=(y, x), workers=WORKERS)
    inner = tuple(slice(min(WIDE_FADE, side // 4), side - min(WIDE_FADE, side // 4)) for side in (y, x))
    variance = ndimage.gaussian_filter(squares / np.float32(max(n - 1, 1) * kept), BLUR, mode="nearest")[inner].ravel()
    value = ndimage.gaussian_filter(blurred, BLUR, mode="nearest")[inner].ravel()
    where = "the corners of the spectrum" if cutoff_per_pixel >= FINEST else "the spectrum beyond the cut-off"
    inner_ring = (frequency > BEYOND * FINEST) & (frequency < 0.58)
    white = float(power[frequency > 0.64].mean() / max(float(power[inner_ring].mean()), 1e-30))
    return CameraNoise(*_line(value.astype(float), variance.astype(float)), white, where)


def _line(value: np.ndarray, variance: np.ndarray) -> tuple[float, float, float]:
    """Gain, intercept and error of the gain: a straight line through the medians of the variance in bins of the value.

    Without a slope that can be told, the noise is the same everywhere.
    """
    edges = np.linspace(*np.percentile(value, [0.1, 99.9]), BINS + 1)
    bin_ = np.clip(np.searchsorted(edges, value) - 1, 0, BINS - 1)
    members = [bin_ == number for number in range(BINS)]
    members = [inside for inside in members if np.count_nonzero(inside) >= LEAST_IN_BIN]
    if len(members) < 3 or edges[-1] <= edges[0]:
        return 0.0, float(np.median(variance)), np.inf
    x, y, count = np.array([(value[m].mean(), np.median(variance[m]), m.sum()) for m in members]).T
    weight = np.sqrt(count) / np.maximum(y, 1e-12 * max(y.max(), 1e-30))
    for _ in range(3):  # the scatter of a variance is in proportion to it: that of the line, not of the bin
        (gain, intercept), covariance = np.polyfit(x, y, 1, w=weight, cov=True)
        expected = np.maximum(gain * x + intercept, 0.05 * y.max())
        weight = np.sqrt(count) / np.maximum(expected, 1e-30)
    if gain <= 0:
        return 0.0, float(np.median(variance)), float(np.sqrt(covariance[0, 0]))
    return float(gain), float(intercept), float(np.sqrt(covariance[0, 0]))
