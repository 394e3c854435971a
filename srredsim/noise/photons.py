r"""Photons counted by a camera, parted at random.

Every photon of a frame goes to one of two images with a fixed probability. Two images of fewer photons come of it, as
if recorded one after the other: independent Poisson variables both, with nothing but the object in common. The read
noise, which belongs to the camera, is parted so that it is independent, too,

.. math:: A = \mathrm{Binomial}(n, p) + p (e - n) + \eta, \quad B = e - A, \quad
          \mathrm{var}\, \eta = p (1 - p) \sigma_r^2,

with e the recorded electrons and n the nearest whole number: A has the mean :math:`p \lambda` and the variance
:math:`p (\lambda + \sigma_r^2)`, B the rest, and their covariance is 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from srredsim.errors import InputError, not_finite
from srredsim.noise.camera import noise_of_frames
from srredsim.noise.line import QUANTISATION, NoiseLine, step_of
from srredsim.optics.transfer import Transfer

USUAL_READ_NOISE_E = 1.5  # read noise of scientific CMOS cameras
SATURATION_ADU = 65535


@dataclass(frozen=True)
class Counting:
    """How electrons became ADU; ``estimated`` names what was not given, ``assumed`` what no frame can tell."""

    gain_adu: float  # per electron
    offset_adu: float
    read_noise_e: float
    estimated: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    rounding_adu2: float = QUANTISATION  # variance of rounding

    def electrons(self, raw: np.ndarray) -> np.ndarray:
        return (np.asarray(raw, np.float32) - np.float32(self.offset_adu)) / np.float32(self.gain_adu)

    @property
    def line(self) -> NoiseLine:
        """Noise of its pixels.

        Raises
        ------
        InputError
            If no camera has such values.
        """
        if not self.gain_adu > 0 or self.read_noise_e < 0:
            raise InputError(
                "a camera has a gain above 0 and a read noise of 0 or more;"
                f" got {self.gain_adu:g} and {self.read_noise_e:g}"
            )
        dark = (self.gain_adu * self.read_noise_e) ** 2 + self.rounding_adu2
        return NoiseLine(self.gain_adu, dark - self.gain_adu * self.offset_adu, dark)

    @property
    def dark_variance(self) -> float:
        """Electrons squared, of a pixel without light: read noise and rounding."""
        return self.read_noise_e**2 + self.rounding_adu2 / self.gain_adu**2


def counting_of(
    raw: np.ndarray,
    transfer: Transfer,
    gain_adu: float | None = None,
    offset_adu: float | None = None,
    read_noise_e: float | None = None,
) -> Counting:
    """The camera of frames (..., y, x): what is given, and the rest from the photon transfer relation.

    Noise tells the gain and one combination of offset and read noise. Where neither is given, the read noise is
    assumed to be the usual one; an error of it moves the offset by a few ADU.

    Raises
    ------
    InputError
        If a pixel is not finite, the offset is above the frames, or the noise does not grow with the light, as that of
        a camera does.
    """
    if offset_adu is not None and not offset_adu < (mean := float(np.mean(raw, dtype=np.float64))):
        raise InputError(
            f"`offset_adu` is what the camera records without light; {offset_adu:g} is not below the mean of the"
            f" frames, {mean:.4g}"
        )
    if gain_adu is not None and offset_adu is not None and read_noise_e is not None:
        return Counting(gain_adu, offset_adu, read_noise_e, rounding_adu2=step_of(np.asarray(raw)) ** 2 * QUANTISATION)
    _check_finite(raw)
    line = noise_of_frames(np.asarray(raw), transfer.cutoff_per_pixel)
    estimated, assumed = [], []
    if gain_adu is None:
        if not line.gain_adu > 0:
            raise InputError(
                "the noise does not grow with the light, as a camera's does: were the frames filtered or rescaled?"
                " give `gain_adu`, `offset_adu` and `read_noise_e`"
            )
        gain_adu = line.gain_adu
        estimated.append("gain_adu")
    else:  # the line through the noise at the mean of all pixels, with the slope that was given
        level = float(np.mean(raw, dtype=np.float64))
        at_zero = float(line.variance(np.array(level))) - gain_adu * level
        line = NoiseLine(gain_adu, at_zero, rounding_adu2=line.rounding_adu2)
    if offset_adu is None:
        if read_noise_e is None:
            read_noise_e = USUAL_READ_NOISE_E
            assumed.append("read_noise_e")
        offset_adu = line.offset_adu(read_noise_e)
        estimated.append("offset_adu")
    elif read_noise_e is None:
        read_noise_e = line.read_noise_e(offset_adu)
        estimated.append("read_noise_e")
    known = float(gain_adu), float(offset_adu), float(read_noise_e)
    return Counting(*known, tuple(estimated), tuple(assumed), line.rounding_adu2)


def part(raw: np.ndarray, counting: Counting, share: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Electrons of two independent exposures with `share` and 1 - `share` of the light, float32.

    Raises
    ------
    InputError
        If the share is not between 0 and 1, or a pixel is not finite.
    """
    if not 0 < share < 1:
        raise InputError(f"a share of the light lies between 0 and 1; got {share:g}")
    _check_finite(raw)
    electrons = counting.electrons(raw)
    whole = np.rint(electrons)
    photons = np.maximum(whole, 0)
    taken = rng.binomial(photons.astype(np.int64), share).astype(np.float32)
    taken += np.float32(share) * (electrons - photons)
    # a count below 0 was taken as 0, which is more than the light: the read noise gives it back
    variance = np.maximum(counting.dark_variance + np.minimum(whole, 0), 0)
    taken += np.sqrt(np.float32(share * (1 - share)) * variance) * rng.standard_normal(raw.shape, dtype=np.float32)
    return taken, electrons - taken


def recorded(electrons: np.ndarray, counting: Counting, share: float, rng: np.random.Generator) -> np.ndarray:
    r"""A part as the camera would have recorded it: with a whole read noise, rounded to ADU, uint16.

    Mean :math:`g p \lambda + o`, variance :math:`g^2 (p \lambda + \sigma_r^2) + 1/12`. Of values in other steps than
    ADU, float32, rounded to these steps.
    """
    lacking = counting.read_noise_e**2 - share * counting.dark_variance
    noise = rng.standard_normal(electrons.shape, dtype=np.float32) * np.float32(np.sqrt(max(lacking, 0.0)))
    values = (electrons + noise) * np.float32(counting.gain_adu) + np.float32(counting.offset_adu)
    if counting.rounding_adu2 == QUANTISATION:
        return np.clip(np.rint(values), 0, SATURATION_ADU).astype(np.uint16)
    step = np.float32(np.sqrt(counting.rounding_adu2 / QUANTISATION))
    return np.rint(values / step) * step


def _check_finite(raw: np.ndarray) -> None:
    bad = np.size(raw) - int(np.count_nonzero(np.isfinite(raw)))
    if bad:
        raise InputError(not_finite(bad))
