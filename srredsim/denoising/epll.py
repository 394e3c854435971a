r"""EPLL: the image whose patches are all likely, and that is near the noisy one.

Minimised is, over the image x and one auxiliary patch z_i for each of its overlapping patches P_i x,

.. math:: \frac{64}{\sigma^2} |x - y|^2 + \sum_i \left( \beta |P_i x - z_i|^2 - 2 \log p(z_i) \right)

by half-quadratic splitting with :math:`\beta = k / \sigma^2`, k growing. For given x, each patch less its mean takes
the component that explains it best under noise of variance :math:`1/\beta`, and is filtered as a Wiener filter would,

.. math:: z_i = C (C + I / \beta)^{-1} P_i x

for given patches the image is :math:`x = (y + k \bar z) / (1 + k)`, with :math:`\bar z` the average of what overlaps
at a pixel.

References
----------
.. [1] D. Zoran, Y. Weiss, Int. Conf. Computer Vision, 479 (2011).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from srredsim.denoising.mixture import BLOCK, PATCH_PX, SHIPPED, Mixture, load_prior, product, without_mean
from srredsim.errors import InputError

TRUST = (1.0, 4.0, 8.0, 16.0, 32.0)  # k of the passes
STRIP_PATCHES = 1 << 17  # worked on at a time: 32 MiB an array


def epll(image, noise_std: float, data_range: float, prior: str | Path = SHIPPED) -> np.ndarray:
    """Image without its white Gaussian noise; float32 (y, x), within the range of the noisy one.

    Parameters
    ----------
    image : (y, x) array_like
        At least 8 pixels a side.
    noise_std : float
        Standard deviation of the noise, in units of the image.
    data_range : float
        From the darkest to the brightest value: by this the image is scaled to 0 ... 1, which the prior is made for.
    prior : path
        A .npz, see `srredsim.denoising.mixture.load_prior`; left out: the one that was trained on simulated images.

    Raises
    ------
    InputError
        If the image is not a plane of finite numbers, noise or range are not above 0, or the prior is none.
    """
    noisy = np.asarray(image, np.float32)
    if noisy.ndim != 2 or min(noisy.shape) < PATCH_PX or not np.all(np.isfinite(noisy)):
        raise InputError(
            f"EPLL needs one plane (y, x) of finite numbers, {PATCH_PX} x {PATCH_PX} or more; got {noisy.shape}"
        )
    if not (np.isfinite(noise_std) and noise_std > 0 and np.isfinite(data_range) and data_range > 0):
        raise InputError(f"EPLL needs noise and range above 0, not {noise_std} and {data_range}")
    mixture = load_prior(prior)
    low, high = noisy.min(), noisy.max()
    scaled = (noisy - low) / np.float32(data_range)
    estimate = scaled
    for trust in TRUST:
        likely = likely_image(mixture, estimate, (noise_std / data_range) ** 2 / trust)
        estimate = (scaled + np.float32(trust) * likely) / np.float32(1 + trust)
    return np.clip(estimate * np.float32(data_range) + low, low, high)


def likely_image(mixture: Mixture, image: np.ndarray, noise_variance: float) -> np.ndarray:
    """Average of the filtered versions of all overlapping patches; float32 (y, x), a strip of patches at a time."""
    rows, columns = (n - PATCH_PX + 1 for n in image.shape)
    filters = wiener_filters(mixture, noise_variance)
    total, count = np.zeros(image.shape, np.float32), np.zeros(image.shape, np.float32)
    strip = max(1, STRIP_PATCHES // columns)
    for top in range(0, rows, strip):
        height = min(strip, rows - top)
        part = image[top : top + height + PATCH_PX - 1]
        windows = np.lib.stride_tricks.sliding_window_view(part, (PATCH_PX, PATCH_PX))
        patches, means = without_mean(windows.reshape(-1, PATCH_PX**2))
        component = mixture.most_likely(patches, noise_variance)
        filtered = (_filtered(patches, component, filters) + means).reshape(height, columns, PATCH_PX, PATCH_PX)
        for dy in range(PATCH_PX):
            for dx in range(PATCH_PX):
                total[top + dy : top + dy + height, dx : dx + columns] += filtered[:, :, dy, dx]
                count[top + dy : top + dy + height, dx : dx + columns] += 1
    return total / count


def wiener_filters(mixture: Mixture, noise_variance: float) -> np.ndarray:
    """``C (C + noise_variance I)^-1`` of every component; float32 (components, 64, 64), symmetric."""
    variances, axes = mixture.axes
    gain = variances / (variances + noise_variance)
    return ((axes * gain[:, None, :]) @ axes.transpose(0, 2, 1)).astype(np.float32)


def _filtered(patches: np.ndarray, component: np.ndarray, filters: np.ndarray) -> np.ndarray:
    """Each patch by the filter of its component."""
    order = np.argsort(component, kind="stable")
    ends = np.cumsum(np.bincount(component, minlength=len(filters)))
    result = np.empty_like(patches)
    for k, own in enumerate(np.split(order, ends[:-1])):
        for start in range(0, len(own), BLOCK):
            places = own[start : start + BLOCK]
            own_patches = patches[places]
            result[places] = product(own_patches, filters[k], out=np.empty_like(own_patches))
    return result
