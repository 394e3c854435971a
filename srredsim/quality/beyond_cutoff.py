r"""Is there more than noise beyond the cut-off of the widefield image?

A Wiener image of nothing but noise has the power

.. math:: P(f) = A^2 N \frac{\sum_{db} |c_{db}|^2 H^2(f + b k_d)}
                            {\left( \sum_{db} |c_{db}|^2 H^2(f + b k_d) + w^2(f) \right)^2}

with N that of the noise of one band, which the widefield image shows beyond the cut-off.
"""

from __future__ import annotations

import numpy as np
from scipy import fft

from srredsim.optics.borders import WORKERS, faded_spectrum, fading
from srredsim.optics.otf import apodisation
from srredsim.optics.sampling import SCALE
from srredsim.optics.transfer import Transfer
from srredsim.reconstruction.wiener import APODISATION, Regularisation
from srredsim.stripes.bands import Bands
from srredsim.stripes.parameters import Parameters

BORDER = 8  # the border fades to nothing over this fraction of the image
EDGE = 0.9  # fraction of the support: beyond, apodisation has left next to nothing


def power_beyond_cutoff(
    image: np.ndarray,
    widefield: np.ndarray,
    parameters: Parameters,
    transfer: Transfer,
    regularisation: Regularisation,
) -> float | None:
    """Power of a Wiener image between the cut-off and the end of its support, over what noise alone would leave.

    Each frequency counts by what noise would leave there. 1 means that nothing but noise is there. None if no stripes
    were found: the image ends at the cut-off.

    Parameters
    ----------
    image, widefield : (2y, 2x) and (y, x) ndarray
        In the same units.
    regularisation : Regularisation
        What the image was made with; without attenuation of band 0.
    """
    if parameters.failed:
        return None
    transfer = parameters.lens(transfer)
    over = min(widefield.shape) // BORDER
    spectrum = faded_spectrum(widefield - np.mean(widefield), over)
    window = np.multiply.outer(*(fading(n, over) for n in widefield.shape))
    of_widefield = Bands(spectrum[None], transfer).noise / np.sum(window**2)
    return _ratio(image, of_widefield * len(parameters.groups), parameters, transfer, regularisation)


def _ratio(
    image: np.ndarray, variance: float, parameters: Parameters, transfer: Transfer, regularisation: Regularisation
) -> float:
    """`variance` is that of the noise of one pixel of one band."""
    pixel_size_um = transfer.pixel_size_um / SCALE
    fy = np.fft.fftfreq(image.shape[0], pixel_size_um)
    fx = np.fft.rfftfreq(image.shape[1], pixel_size_um)
    length = np.hypot(fy[:, None], fx)
    reach = transfer.cutoff_per_um + parameters.k_max_per_um
    ring = (length > transfer.cutoff_per_um) & (length < EDGE * reach)
    passed = np.zeros(length.shape)
    for angle in parameters.angles:
        for order in angle.orders:
            for sign in (1, -1):
                ky, kx = (sign * k for k in order.k_per_um)
                passed += abs(order.amplitude) ** 2 * transfer(fy + ky, fx + kx) ** 2
    passed, length = passed[ring], length[ring]
    lower = passed + regularisation.squared(length / transfer.cutoff_per_um)
    expected = variance * (apodisation(length, reach, APODISATION) / lower) ** 2 * passed
    window = np.multiply.outer(*(fading(n, n // BORDER) for n in image.shape))
    spectrum = fft.rfft2((image - np.mean(image)) * window, workers=WORKERS)
    # noise that is white on the raw grid has SCALE^2 times its density on the finer one
    found = np.abs(spectrum[ring]) ** 2 / (np.sum(window**2) * SCALE**2)
    return float(np.sum(found * expected) / np.sum(expected**2)) if np.any(expected > 0) else 0.0
