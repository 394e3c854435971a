r"""How many updates of Richardson-Lucy an image bears: as many as make frames likelier that it was not made of.

Every frame I, whose noise has the variance v, is parted as photons would be by a mirror that lets a share p through,

.. math:: I_1 = p I + \sqrt{p (1 - p) v} \, \xi, \quad I_2 = I - I_1, \quad \mathrm{cov}(I_1, I_2) = 0,

with :math:`\xi` normal and of variance 1. Updates fit an image to :math:`I_1 / p`; as long as they show structure it
predicts :math:`I_2 / (1 - p)` better and better, and worse as soon as they show noise. Looked at is the brightest part
of the field.

References
----------
.. [1] J. Batson and L. Royer, Proc. Mach. Learn. Res. 97, 524 (2019): noise that is independent cannot be predicted.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
from scipy import ndimage

from srredsim.noise.camera import noise_of_frames
from srredsim.optics.transfer import Transfer
from srredsim.reconstruction.forward import Forward, stripes_of
from srredsim.reconstruction.richardson_lucy import out_of_focus, updates
from srredsim.reconstruction.wiener import reconstruct
from srredsim.stripes.haze import Haze
from srredsim.stripes.parameters import Parameters, seen_from
from srredsim.stripes.preprocess import Prepared

SIDE = 128  # raw pixels of what is looked at
KEPT = 0.8  # p
MOST = 40  # updates
PATIENCE = 4  # of them without getting better, after which no better one is expected
FAINTEST = 1e-3  # of the mean variance


def updates_by_noise(
    prepared: Prepared,
    parameters: Parameters,
    transfer: Transfer,
    wiener: float | None = None,
    attenuation: float | Haze = 0.0,
) -> int:
    """Number of updates after which held-out light is predicted best: 1 to `MOST`, the same whenever it is asked for.

    Parameters
    ----------
    wiener, attenuation :
        As of `srredsim.reconstruction.wiener.reconstruct`, which makes the image that is begun with.
    """
    field, corner = _brightest(prepared)
    parameters = seen_from(parameters, corner * transfer.pixel_size_um)
    how = parameters, transfer
    whole, _ = reconstruct(field, *how, wiener, attenuation)
    forward = Forward(field.frames.shape[2:], parameters.lens(transfer), stripes_of(parameters))
    dark = out_of_focus(field, forward, parameters, transfer, whole, attenuation)
    variance = noise_of_frames(field.frames, transfer.cutoff_per_pixel).variance(forward(np.maximum(whole, 0)) + dark)
    variance = np.maximum(variance, FAINTEST * variance.mean()).astype(np.float32)
    chance = np.random.default_rng(0).standard_normal(variance.shape, np.float32)
    one = KEPT * field.frames + np.sqrt(KEPT * (1 - KEPT) * variance) * chance
    other = (field.frames - one) / np.float32(1 - KEPT)
    seen = replace(field, frames=one / np.float32(KEPT))
    start, _ = reconstruct(seen, *how, wiener, attenuation)
    best, least = 1, np.inf
    for number, image in enumerate(islice(updates(seen, *how, start, attenuation), MOST + 1)):
        missed = float(np.mean((other - dark - forward(image)) ** 2 / variance, dtype=float))
        if number and missed < least:
            best, least = number, missed
        if number - best >= PATIENCE:
            break
    return best


def _brightest(prepared: Prepared) -> tuple[Prepared, np.ndarray]:
    """The part with most light, and where (y, x) it begins, in raw pixels."""
    shape = prepared.frames.shape[2:]
    light = ndimage.uniform_filter(prepared.frames.mean(axis=(0, 1), dtype=np.float32), SIDE, mode="constant")
    peak = np.unravel_index(np.argmax(light), shape)
    starts = [int(np.clip(at - SIDE // 2, 0, max(0, n - SIDE))) for at, n in zip(peak, shape, strict=True)]
    part = tuple(slice(start, start + SIDE) for start in starts)
    return replace(prepared, frames=np.ascontiguousarray(prepared.frames[:, :, *part])), np.array(starts)
