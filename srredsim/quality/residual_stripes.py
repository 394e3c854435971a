r"""Stripes that a reconstruction has left in its image.

Bands that were told apart wrongly leak into one another. What leaks is put where it does not belong: the image holds a
faint copy of its own coarse structures l under stripes whose frequency is a multiple of k,

.. math:: i(r) = o(r) + \epsilon \, l(r) \cos(2 \pi n k r + \phi).

Frames that were lit unequally leave the orders that the pattern has, wrong phases the differences between two orders.
The image over its coarse structures, :math:`i / l`, then has a peak in its spectrum at :math:`q = n k`. What is at
frequencies around, less the copy's own share, says how much of it is chance. Where the image is dark, i / l is given
little weight, :math:`l^2 / (l^2 + \delta^2)`.

Wrong phases of a pattern with one order leave copies at 2 k, where little of the image is left: they are hardly seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import fft

from srredsim.optics.borders import WORKERS, fading
from srredsim.optics.transfer import Transfer
from srredsim.stripes.bands import block_sums
from srredsim.stripes.parameters import Parameters

COARSE = 0.25  # fraction of the cut-off: the structures whose copies are looked for
AROUND = (0.1, 0.25)  # fractions of the cut-off, about n k: where chance is measured
EDGE = 0.97  # fraction of the support of the image: beyond, nothing is left after apodisation
DIM = 0.2  # times the root mean square of the coarse structures: what is darker hardly counts
BLOCK = 4  # output pixels
LIMIT_Z = 4.5  # value of z, see `visible`
PLAIN = 0.1  # contrast that is warned of: of 480 good images none has even what is `visible`
FAINT = 0.06  # contrast of stripes that phase errors of 0.05 rad leave where light is plenty: nobody sees them


def residual_stripes(
    image: np.ndarray, parameters: Parameters, transfer: Transfer, pixel_size_um: float
) -> list[dict[str, float]]:
    """Residues of every multiple of every stripe vector inside the support of the image.

    Parameters
    ----------
    image : (y, x) ndarray
        Reconstruction, negatives and all.
    pixel_size_um : float
        Of the image.

    Returns
    -------
    list of dict
        ``angle`` and ``multiple`` count from 1; ``contrast`` is epsilon, a share of the local brightness, with its
        standard deviation by chance, ``contrast_error``; ``z`` exceeds t by chance with the probability
        exp(-t^2), as that of stripes that are searched for.
    """
    shape = tuple(n - n % BLOCK for n in image.shape)
    window = fading(shape[0], shape[0] // 4)[:, None] * fading(shape[1], shape[1] // 4)
    faded = image[: shape[0], : shape[1]] * window
    fy, fx = np.fft.fftfreq(shape[0], pixel_size_um), np.fft.rfftfreq(shape[1], pixel_size_um)
    low_pass = np.exp(-(fy[:, None] ** 2 + fx**2) / (COARSE * transfer.cutoff_per_um) ** 2).astype(np.float32)
    coarse = fft.irfft2(fft.rfft2(faded, workers=WORKERS) * low_pass, s=shape, workers=WORKERS)
    weight = coarse / (coarse**2 + (DIM * np.sqrt(np.mean(coarse**2))) ** 2)
    product, itself = faded * weight, fft.fft2(block_sums(coarse * weight, (BLOCK, BLOCK)))
    share = itself / itself[0, 0]
    dy, dx = (np.fft.fftfreq(n // BLOCK, BLOCK * pixel_size_um) / transfer.cutoff_per_um for n in shape)
    offset = np.hypot(dy[:, None], dx)
    around = (offset >= AROUND[0]) & (offset <= AROUND[1])
    if not around.any():  # a field of a few pixels: nothing says what is chance
        return []
    extent_um = np.array(shape) * pixel_size_um
    reach = EDGE * (transfer.cutoff_per_um + parameters.k_max_per_um)
    found = []
    for number, angle in enumerate(parameters.angles, start=1):
        if all(order.amplitude == 0 for order in angle.orders):
            continue
        for multiple in range(1, 2 * len(angle.orders) + 1):
            q = multiple * np.array(angle.k0_per_um)
            if np.hypot(*q) > reach:
                continue
            common = fft.fft2(block_sums(product, (BLOCK, BLOCK), -q * extent_um))
            chance = np.median(np.abs(common - common[0, 0] * share)[around] ** 2) / np.log(2)  # mean of |C|^2
            whole = itself[0, 0].real
            found.append(
                {
                    "angle": number,
                    "multiple": multiple,
                    "contrast": float(2 * np.abs(common[0, 0]) / whole),
                    "contrast_error": float(np.sqrt(2 * chance) / whole),
                    "z": float(np.abs(common[0, 0]) / np.sqrt(chance)),
                }
            )
    return found


def visible(found: list[dict[str, float]]) -> list[dict[str, float]]:
    """The residual stripes that are neither chance nor too faint to matter.

    Of 119 reconstructions of simulated stacks (3 and 5 phases, 100 and 2000 photons) none had any; of the same with
    frames 10 % unequally bright 109 had, with phases wrong by up to 0.5 rad, of 5, 23 of 30 in plenty of light.
    """
    return [one for one in found if one["z"] > LIMIT_Z and one["contrast"] > FAINT]


def in_words(found: Mapping[str, float]) -> str:
    """What one of the `visible` stripes is, for a reader."""
    where = f"stripes of angle {found['angle']}, {found['multiple']} times its first frequency,"
    contrast = f"contrast {found['contrast']:.2f} (limit {FAINT:g}), {found['z']:.1f} standard deviations above noise"
    return f"{where} remain in the image: {contrast}"


def said(found: Sequence[Mapping[str, float]]) -> list[str]:
    """What somebody who looks at the image should know at once of its `visible` stripes: a sentence, or none."""
    found = [one for one in found if one["contrast"] > PLAIN]
    if not found:
        return []
    others = f", and {len(found) - 1} more like them" if len(found) > 1 else ""
    return [
        f"{in_words(max(found, key=lambda one: one['contrast']))}{others}: fine lines along them are no detail; frames"
        " that are lit unequally, in a wrong order, or moved leave them"
    ]
