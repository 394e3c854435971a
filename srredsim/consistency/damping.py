"""How much the lens damps fine detail, as an image and its widefield image have it: nobody knows it beforehand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage, optimize

from srredsim.consistency.splines import View
from srredsim.noise.line import NoiseLine
from srredsim.optics.sampling import SCALE
from srredsim.optics.transfer import Transfer
from srredsim.reconstruction.forward import Forward

FACTORS = (0.5, 1.4)  # of the OTF at the cut-off, about what was assumed
FIELD = 512  # raw pixels: the middle of a larger one tells as much


@dataclass(frozen=True)
class Damped:
    """A transfer function whose lens passes ``factor^(f / f_c)`` of what it was assumed to pass."""

    transfer: Transfer
    factor: float

    @property
    def pixel_size_um(self) -> float:
        return self.transfer.pixel_size_um

    def lens(self, fy: np.ndarray, fx: np.ndarray) -> np.ndarray:
        relative = np.sqrt(fy[:, None] ** 2 + fx**2) / self.transfer.cutoff_per_um
        return self.transfer.lens(fy, fx) * np.power(self.factor, relative).astype(np.float32)


def fitted_damping(
    raw: np.ndarray,
    image: np.ndarray,
    transfer: Transfer,
    noise: NoiseLine,
    filter_of: Callable[[np.ndarray], np.ndarray],
) -> float:
    """Factor of the OTF's damping with which the image fits the widefield image best, where that is not smooth."""
    sides = [min(n, FIELD) for n in raw.shape[2:]]
    starts = [(n - side) // 2 for n, side in zip(raw.shape[2:], sides, strict=True)]
    middle = tuple(slice(start, start + side) for start, side in zip(starts, sides, strict=True))
    image = image[tuple(slice(SCALE * part.start, SCALE * part.stop) for part in middle)]
    view = View(tuple(sides), transfer.pixel_size_um)
    mean = view.of(raw[:, :, *middle].mean(axis=(0, 1), dtype=np.float32))
    weight = 1 / noise.variance(ndimage.gaussian_filter(mean, 1.0))
    wanted = view.rough(mean)

    def unexplained(log_factor: float) -> float:
        forward = Forward(view.whole, Damped(transfer, float(np.exp(log_factor))), (), filter_of=filter_of)
        shown = view.rough(view.of(forward.unmodulated(image)))
        return -(np.sum(weight * shown * wanted, dtype=float) ** 2) / np.sum(weight * shown**2, dtype=float)

    fit = optimize.minimize_scalar(unexplained, bounds=np.log(FACTORS), method="bounded", options={"xatol": 0.005})
    return float(np.exp(fit.x))
