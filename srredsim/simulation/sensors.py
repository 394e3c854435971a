"""Cameras as they are: pixels that differ, hot ones, light multiplied before it is read.

`srredsim.simulation.camera` has the even camera.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from srredsim.simulation.camera import SATURATION_ADU

OFFSET_SPREAD_ADU = 2.0  # deviation of the offsets of sCMOS pixels
GAIN_SPREAD = 0.03  # the same of their gains, relative
READ_NOISE_SPREAD = 0.4  # the same of the logarithm of their read noise: some pixels have several times the median
MULTIPLIED_READ_NOISE = 0.05  # read noise behind an EM register, as a share of what it is without
DARK_E = 20.0, 2000.0  # electrons that a hot pixel adds to a frame, drawn log-uniformly


@dataclass(frozen=True)
class Sensor:
    """Maps (y, x) of what each pixel does; the same in all frames."""

    offset_adu: np.ndarray
    gain_adu: np.ndarray  # per electron
    read_noise_e: np.ndarray
    dark_e: np.ndarray  # per frame
    multiplied: bool = False  # by an EM register

    def expose(self, photons: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        r"""Recorded images (..., y, x) uint16 of expected ones in photo-electrons.

        .. math:: ADU = \mathrm{round}\left( g \, [n + N(0, \sigma_r)] + o \right), \quad
                  n \sim \mathrm{Poisson}(\lambda + d) \; \text{or} \; n \sim \Gamma(\mathrm{Poisson}(\lambda + d))

        with gain g, read noise, offset o and dark charge d of each pixel. An EM register multiplies each electron by a
        random factor of exponential distribution: over its mean, n electrons become a Gamma variable of shape n, so
        that the variance of the light is twice that of a Poisson variable.

        References
        ----------
        .. [1] M. Hirsch et al., PLoS ONE 8, e53671 (2013), for EM.
        .. [2] F. Huang et al., Nat. Methods 10, 653 (2013), for sCMOS.
        """
        electrons = rng.poisson(photons + self.dark_e).astype(np.float32)
        if self.multiplied:
            electrons = rng.standard_gamma(electrons, dtype=np.float32)  # of shape 0: 0
        electrons += self.read_noise_e * rng.standard_normal(photons.shape, dtype=np.float32)
        return np.clip(np.rint(electrons * self.gain_adu + self.offset_adu), 0, SATURATION_ADU).astype(np.uint16)


def sensor(
    rng: np.random.Generator,
    shape: tuple[int, int],
    kind: str,
    hot_share: float,
    *,
    gain_adu: float,
    offset_adu: float,
    read_noise_e: float,
) -> Sensor:
    """A camera of one of the `KINDS`, its pixels drawn; so large a share of them is hot."""
    even = np.ones(shape, np.float32)
    maps = {"offset_adu": offset_adu * even, "gain_adu": gain_adu * even, "read_noise_e": read_noise_e * even}
    spread, hot = rng.standard_normal((3, *shape), dtype=np.float32), rng.random(shape)
    if kind == "scmos":
        maps["offset_adu"] += np.float32(OFFSET_SPREAD_ADU) * spread[0]
        maps["gain_adu"] *= np.maximum(1 + np.float32(GAIN_SPREAD) * spread[1], 0.5)
        maps["read_noise_e"] *= np.exp(np.float32(READ_NOISE_SPREAD) * spread[2])
    if kind == "em":
        maps["read_noise_e"] *= np.float32(MULTIPLIED_READ_NOISE)
    dark_e = np.exp(rng.uniform(*np.log(DARK_E), shape)) * (hot < hot_share)
    return Sensor(**maps, dark_e=dark_e.astype(np.float32), multiplied=kind == "em")


KINDS = ("even", "scmos", "em")
