"""A scientific camera: shot noise, read noise, gain, offset, 16 bits."""

from __future__ import annotations

import numpy as np

SATURATION_ADU = 65535


def expose(photons: np.ndarray, rng: np.random.Generator, *, gain_adu: float, offset_adu: float, read_noise_e: float):
    r"""Recorded image of an expected one.

    .. math:: ADU = \mathrm{round}\left( g \, [\mathrm{Poisson}(\lambda) + N(0, \sigma_r)] + o \right)

    Parameters
    ----------
    photons : ndarray
        Expected photo-electrons per pixel, not negative.
    rng : numpy.random.Generator
    gain_adu, offset_adu : float
        ADU per electron, and ADU without light.
    read_noise_e : float
        Standard deviation of the read noise in electrons.

    Returns
    -------
    ndarray of uint16
        Mean ``gain * photons + offset``, variance ``gain**2 * (photons + read_noise**2) + 1/12``, saturated at 16 bits.
    """
    electrons = rng.poisson(photons).astype(np.float32)
    electrons += np.float32(read_noise_e) * rng.standard_normal(photons.shape, dtype=np.float32)
    return np.clip(np.rint(electrons * gain_adu + offset_adu), 0, SATURATION_ADU).astype(np.uint16)
