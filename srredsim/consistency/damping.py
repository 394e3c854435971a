"""How blurred or sharp an image is, beside the one lens: what may be wrong with all of an image alike.

The lens is known from the bands (`srredsim.stripes.damping`). An image, as a network's, may be a little more or less
sharp than the object through its apodisation is; that is one number for the whole image, and no reason to call its
structures unsupported. So it is fitted, about the lens: 1 is an image as sharp as lens and frames say.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import optimize

from srredsim.arrays import blurred
from srredsim.consistency.splines import View
from srredsim.noise.line import NoiseLine
from srredsim.optics.sampling import SCALE
from srredsim.optics.transfer import Transfer
from srredsim.reconstruction.forward import Forward

FACTORS = (0.5, 1.4)  # share of the light at the cut-off, over what the lens passes there
FITTED_FIELD = 512  # raw pixels: the middle of a larger one tells as much


def fitted_damping(
    raw: np.ndarray,
    image: np.ndarray,
    lens: Transfer,
    noise: NoiseLine,
    filter_of: Callable[[np.ndarray], np.ndarray],
) -> float:
    """Factor of the lens's damping with which the image fits the widefield image best, where that is not smooth."""
    sides = [min(n, FITTED_FIELD) for n in raw.shape[2:]]
    starts = [(n - side) // 2 for n, side in zip(raw.shape[2:], sides, strict=True)]
    middle = tuple(slice(start, start + side) for start, side in zip(starts, sides, strict=True))
    image = image[tuple(slice(SCALE * part.start, SCALE * part.stop) for part in middle)]
    view = View(tuple(sides), lens.pixel_size_um)
    mean = view.of(raw[:, :, *middle].mean(axis=(0, 1), dtype=np.float32))
    weight = 1 / noise.variance(blurred(mean, 1.0))
    wanted = view.rough(mean)
    forward = Forward(view.whole, lens, (), filter_of=filter_of)
    spectrum = forward.spectrum(image)

    def unexplained(log_factor: float) -> float:
        shown = view.rough(view.of(forward.through(spectrum, lens.damped(float(np.exp(log_factor))))))
        both, alone = (weight * shown * wanted).sum(dtype=np.float64), (weight * shown**2).sum(dtype=np.float64)
        return -(float(both) ** 2) / float(alone)

    fit = optimize.minimize_scalar(unexplained, bounds=np.log(FACTORS), method="bounded", options={"xatol": 0.005})
    return float(np.exp(fit.x))
