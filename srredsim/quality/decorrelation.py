r"""Decorrelation analysis: a resolution from one image, without a parameter.

The image is compared with what is left of it when every frequency has the same amplitude and those beyond r are gone,

.. math:: d(r) = \frac{\sum_{|f| \le r} |F|}{\sqrt{\sum |F|^2 \; N(|f| \le r)}}.

d grows as long as there is signal and falls where noise is taken in; its maximum over r, the farthest for any of a set
of high-pass filters, is the resolution.

What it measures is how far the spectrum reaches, not whether what is there is true. Noise that was amplified,
interpolated or band-limited has a reach, too: a dim, noisy reconstruction gets a FINER figure than a good one. It is
no sign of quality by itself.

References
----------
.. [1] A. Descloux et al., Nat. Methods 16, 918 (2019).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft

from srredsim.optics.borders import WORKERS, fading

FILTERS = 10  # high-pass filters, of a width from the whole image to a fraction of a pixel
NARROWEST = 0.15  # pixels: Gaussian that the finest high-pass filter takes off
PROMINENCE = 1e-3  # height of a maximum: by how much d falls after it
LOWEST_PEAK = 0.05  # below, a maximum is noise
BORDER = 8  # the border fades to nothing over this fraction of the image


@dataclass(frozen=True)
class Decorrelation:
    """``resolution_um`` is None if d has no maximum; ``peak`` is its height without a filter, 0 to 1."""

    resolution_um: float | None
    peak: float


def decorrelation(image: np.ndarray, pixel_size_um: float) -> Decorrelation:
    """Decorrelation resolution of an image (y, x)."""
    window = np.multiply.outer(*(fading(n, n // BORDER) for n in image.shape))
    amplitude = np.abs(fft.fft2((image - np.mean(image)) * window, workers=WORKERS))
    rings = min(image.shape) // 2
    fy, fx = (np.fft.fftfreq(n) for n in image.shape)
    ring = np.ceil(np.hypot(fy[:, None], fx) * 2 * rings).astype(int).ravel()  # 0, then up to 1 / rings, ...
    count, first, second = (
        np.bincount(ring, weights, rings + 1)[1 : rings + 1]
        for weights in (None, amplitude.ravel(), amplitude.ravel() ** 2)
    )
    r = np.arange(1, rings + 1) / rings
    frequency = (r - 0.5 / rings) / 2  # cycles/pixel, the middle of the ring

    def farthest(sigma: float) -> tuple[float, float]:
        passed = 1 - np.exp(-2 * (np.pi * sigma * frequency) ** 2)
        power = np.sum(passed**2 * second)
        if not power > 0:
            return 0.0, 0.0
        at, height = _maximum(np.cumsum(passed * first) / np.sqrt(power * np.cumsum(count)))
        return (r[at], height) if height >= LOWEST_PEAK else (0.0, height)

    r0, peak = farthest(np.inf)
    widest = 2 / r0 if r0 else max(image.shape) / 2
    sigmas = np.geomspace(max(widest, 2 * NARROWEST), NARROWEST, FILTERS)
    found = [farthest(sigma)[0] for sigma in sigmas]
    best = int(np.argmax(found))
    between = np.geomspace(sigmas[max(best - 1, 0)], sigmas[min(best + 1, FILTERS - 1)], FILTERS)
    limit = max([r0, *found, *(farthest(sigma)[0] for sigma in between)])
    return Decorrelation(2 * pixel_size_um / limit if limit else None, float(peak))


def _maximum(d: np.ndarray) -> tuple[int, float]:
    """Place and height of the highest point that d falls off from; height 0 if it rises to its end."""
    end = len(d)
    while end > 1:
        at = int(np.argmax(d[:end]))
        if at < end - 1 and d[at] - d[at:end].min() >= PROMINENCE:
            return at, float(d[at])
        end = at if at == end - 1 else end - 1
    return 0, 0.0
