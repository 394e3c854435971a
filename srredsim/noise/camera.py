r"""The noise of a camera, from the frames themselves: what varies faster than the lens can carry is noise.

Beyond the cut-off of the OTF a frame has nothing but noise. With a high-pass filter :math:`q` that passes only what is
beyond, and the variance :math:`v = g I + c` of a pixel of brightness :math:`I` (shot noise: gain :math:`g` in ADU per
electron; read noise and offset: :math:`c`),

.. math:: E \left[ (q * I)^2 \right] = q^2 * v = g \, (q^2 * I) + c \sum q^2,

a straight line through every pixel of the mean over the frames, whatever the pattern: photon transfer without a
calibration.

References
----------
.. [1] J. R. Janesick, Photon Transfer, SPIE Press (2007).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft, ndimage, optimize

from srredsim.errors import InputError
from srredsim.stripes.preprocess import WORKERS, extended, margins

FINEST = (
    0.5  # cycles/pixel: only the corners of the spectrum are finer, free of signal wherever pixels sample the image
)
ONSET = (1.0, 1.1)  # of the cut-off: between these the filter rises from 0 to 1
BORDER = 8  # raw pixels, left out: the border of a frame is not the lens's doing
BINS = 48  # of brightness, equally full
QUANTISATION = 1.0 / 12.0  # variance of rounding, ADU^2


@dataclass(frozen=True)
class Camera:
    """Variance of a raw pixel, ``gain_adu * value + variance_at_zero``, in ADU^2, never below ``least_variance``."""

    gain_adu: float  # per electron
    variance_at_zero: float  # of a value of 0 ADU, far below the offset: negative, as a rule
    least_variance: float = QUANTISATION
    gain_error: float = 0.0  # standard deviation

    @classmethod
    def of(cls, gain_adu: float, offset_adu: float, read_noise_e: float) -> Camera:
        """A camera whose data sheet is known."""
        if not gain_adu > 0 or read_noise_e < 0:
            raise InputError(
                f"a camera has a gain above 0 and a read noise of 0 or more; got {gain_adu:g} and {read_noise_e:g}"
            )
        dark = (gain_adu * read_noise_e) ** 2 + QUANTISATION
        return cls(gain_adu, dark - gain_adu * offset_adu, dark)

    def variance(self, value: np.ndarray) -> np.ndarray:
        """ADU^2, of pixels whose expected value is this."""
        return np.maximum(self.gain_adu * value + self.variance_at_zero, self.least_variance)

    def stabilised(self, values_adu: np.ndarray) -> np.ndarray:
        r"""Values whose noise has a standard deviation of 1, whatever the light (generalised Anscombe).

        .. math:: x = \tfrac{2}{g} \sqrt{g I + \tfrac{3}{8} g^2 + c}

        Where the noise does not depend on the light (g = 0) they are divided by its standard deviation.
        """
        g, c = self.gain_adu, self.variance_at_zero
        if g <= 0:
            return values_adu / np.float32(np.sqrt(max(c, 1e-30)))
        inside = np.maximum(np.float32(g) * values_adu + np.float32(0.375 * g * g + c), 0.0)
        return np.sqrt(inside) * np.float32(2.0 / g)

    def read_noise_e(self, offset_adu: float) -> float:
        """Electrons; the offset, which no frame tells, is the value of a pixel without light."""
        dark = max(self.gain_adu * offset_adu + self.variance_at_zero - QUANTISATION, 0.0)
        return float(np.sqrt(dark) / self.gain_adu)


def camera_of(raw: np.ndarray, cutoff_per_pixel: float = FINEST) -> Camera:
    """The camera that took frames (..., y, x), from their noise beyond the cut-off of the lens, in cycles/pixel.

    Frames that were processed, smoothed or rescaled have a noise that is not that of a camera: what comes out is the
    line that fits best; if it falls with brightness, a constant.
    """
    frames = raw.reshape(-1, *raw.shape[-2:])
    shape = frames.shape[-2:]
    grid = tuple(n + sum(margins(n)) for n in shape)
    passed = _high_pass(grid, min(cutoff_per_pixel, FINEST))
    kernel = fft.irfft2(passed, s=grid) ** 2
    total = float(kernel.sum())
    before = [margins(n)[0] for n in shape]
    border = min(BORDER, (min(shape) - 1) // 4)
    inside = tuple(slice(first + border, first + n - border) for first, n in zip(before, shape, strict=True))
    power = np.zeros(shape, np.float32)[border : shape[0] - border, border : shape[1] - border]
    hot = _hot_pixels(frames.mean(axis=0, dtype=np.float32))
    mean = np.zeros(shape, np.float32)
    for frame in frames:
        frame = _without(frame.astype(np.float32), hot)
        mean += frame / len(frames)
        fast = fft.irfft2(fft.rfft2(extended(frame - frame.mean()), workers=WORKERS) * passed, s=grid, workers=WORKERS)
        power = power + fast[inside] ** 2
    power /= len(frames) * total
    level = float(mean.mean())
    spread = fft.rfft2(kernel / total, workers=WORKERS)
    local = fft.irfft2(fft.rfft2(extended(mean - level), workers=WORKERS) * spread, s=grid, workers=WORKERS)[inside]
    return _line(local.ravel() + level, power.ravel())


def _hot_pixels(mean: np.ndarray) -> np.ndarray:
    """Numbers (pixels, 2) of pixels that stick out of their neighbours as nothing does that came through a lens."""
    around = ndimage.median_filter(mean, 3)
    above = mean - around
    usual = 1.5 * float(np.median(np.abs(above)))
    return np.argwhere(above > 8 * usual + 3 * np.maximum(around - np.percentile(mean, 1), 0))


def _without(frame: np.ndarray, hot: np.ndarray) -> np.ndarray:
    """The frame with the median of the neighbours in the place of a hot pixel."""
    for y, x in hot:
        frame[y, x] = np.median(frame[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2])
    return frame


def _high_pass(grid: tuple[int, int], cutoff_per_pixel: float) -> np.ndarray:
    relative = np.hypot(np.fft.fftfreq(grid[0])[:, None], np.fft.rfftfreq(grid[1])) / cutoff_per_pixel
    rise = np.clip((relative - ONSET[0]) / (ONSET[1] - ONSET[0]), 0, 1)
    return (np.sin(np.pi / 2 * rise) ** 2).astype(np.float32)


def _line(brightness: np.ndarray, variance: np.ndarray) -> Camera:
    """A robust straight line through means of equally many pixels; their scatter grows with the variance itself."""
    order = np.argsort(brightness)
    x, y = (
        np.array([part.mean(dtype=float) for part in np.array_split(values[order], min(BINS, len(order)))])
        for values in (brightness, variance)
    )
    least = max(float(np.min(y)) / 2, QUANTISATION / 12)
    middle = float(np.median(x))

    def misfit(line: np.ndarray) -> np.ndarray:
        expected = np.maximum(np.exp(line[0]) + line[1] * (x - middle), least)
        return y / expected - 1

    start = [np.log(max(np.median(y), least)), max(np.polyfit(x, y, 1)[0], 0.0) if np.ptp(x) > 0 else 0.0]
    fit = optimize.least_squares(misfit, start, loss="soft_l1", f_scale=0.05, x_scale=[1.0, max(start[1], 1e-6)])
    level, slope = float(np.exp(fit.x[0])), float(fit.x[1])
    scatter = 2 * fit.cost / max(len(x) - 2, 1)
    error = float(np.sqrt(scatter * np.linalg.pinv(fit.jac.T @ fit.jac)[1, 1]))
    if slope <= 0:
        return Camera(0.0, float(np.mean(y)), float(np.mean(y)), error)
    return Camera(slope, level - slope * middle, least, error)
