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

from statistics import median

import numpy as np
from scipy import fft, ndimage, optimize

from srredsim.noise.line import QUANTISATION, NoiseLine, step_of
from srredsim.optics.borders import WORKERS, extended, margins

# cycles/pixel: only the corners of the spectrum are finer, free of signal wherever pixels sample the image
FINEST = 0.5
ONSET = (1.0, 1.1)  # fractions of the cut-off: between these the filter rises from 0 to 1
BORDER = 8  # raw pixels, left out: the border of a frame is not the lens's doing
BINS = 48  # levels of brightness, equally full


def noise_of_frames(raw: np.ndarray, cutoff_per_pixel: float = FINEST) -> NoiseLine:
    """Noise of the camera that took frames (..., y, x): what is beyond the cut-off of the lens, in cycles/pixel.

    Frames that were processed or smoothed have a noise that is not that of a camera: what comes out is the line that
    fits best; if it falls with brightness, a constant. The unit of the values does not matter: the line is fitted in
    steps between them, which are 1 of what a camera gives.
    """
    frames, step = raw.reshape(-1, *raw.shape[-2:]), step_of(raw)
    shape = frames.shape[-2:]
    grid = tuple(n + sum(margins(n)) for n in shape)
    passed = _high_pass(grid, min(cutoff_per_pixel, FINEST))
    kernel = fft.irfft2(passed, s=grid) ** 2
    total = float(kernel.sum())
    before = [margins(n)[0] for n in shape]
    border = min(BORDER, (min(shape) - 1) // 4)
    inside = tuple(slice(first + border, first + n - border) for first, n in zip(before, shape, strict=True))
    power = np.zeros(shape, np.float32)[border : shape[0] - border, border : shape[1] - border]
    hot = _hot_pixels(_in_steps(frames.mean(axis=0, dtype=np.float32), step))
    mean = np.zeros(shape, np.float32)
    for frame in frames:
        frame = _without(_in_steps(frame.astype(np.float32), step), hot)
        mean += frame / len(frames)
        fast = fft.irfft2(fft.rfft2(extended(frame - frame.mean()), workers=WORKERS) * passed, s=grid, workers=WORKERS)
        power = power + fast[inside] ** 2
    power /= len(frames) * total
    level = float(mean.mean())
    spread = fft.rfft2(kernel / total, workers=WORKERS)
    local = fft.irfft2(fft.rfft2(extended(mean - level), workers=WORKERS) * spread, s=grid, workers=WORKERS)[inside]
    return _line(local.ravel() + level, power.ravel()).rescaled(0.0, 1 / step)


def _in_steps(frame: np.ndarray, step: float) -> np.ndarray:
    return frame if step == 1 else frame / np.float32(step)


def _hot_pixels(mean: np.ndarray) -> np.ndarray:
    """Numbers (pixels, 2) of pixels that stick out of their neighbours as nothing does that came through a lens."""
    around = ndimage.median_filter(mean, 3)
    above = mean - around
    usual = 1.5 * float(np.median(np.abs(above)))
    return np.argwhere(above > 8 * usual + 3 * np.maximum(around - np.percentile(mean, 1), 0))


def _without(frame: np.ndarray, hot: np.ndarray) -> np.ndarray:
    """The frame with the median of the neighbours in the place of a hot pixel."""
    for y, x in hot:
        frame[y, x] = median(frame[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2].ravel().tolist())
    return frame


def _high_pass(grid: tuple[int, int], cutoff_per_pixel: float) -> np.ndarray:
    relative = np.hypot(np.fft.fftfreq(grid[0])[:, None], np.fft.rfftfreq(grid[1])) / cutoff_per_pixel
    rise = np.clip((relative - ONSET[0]) / (ONSET[1] - ONSET[0]), 0, 1)
    return (np.sin(np.pi / 2 * rise) ** 2).astype(np.float32)


def _line(brightness: np.ndarray, variance: np.ndarray) -> NoiseLine:
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

    def slopes(line: np.ndarray) -> np.ndarray:
        expected = np.exp(line[0]) + line[1] * (x - middle)
        by_expected = np.where(expected > least, -y / expected**2, 0.0)
        return by_expected[:, None] * np.stack([np.full(len(x), np.exp(line[0])), x - middle], axis=1)

    start = [np.log(max(np.median(y), least)), max(np.polyfit(x, y, 1)[0], 0.0) if np.ptp(x) > 0 else 0.0]
    scale = [1.0, max(start[1], 1e-6)]
    fit = optimize.least_squares(misfit, start, slopes, loss="soft_l1", f_scale=0.05, x_scale=scale)
    level, slope = float(np.exp(fit.x[0])), float(fit.x[1])
    scatter = 2 * fit.cost / max(len(x) - 2, 1)
    error = float(np.sqrt(scatter * np.linalg.pinv(fit.jac.T @ fit.jac)[1, 1]))
    if slope <= 0:
        return NoiseLine(0.0, float(np.mean(y)), float(np.mean(y)), error)
    return NoiseLine(slope, level - slope * middle, least, error)
