r"""The noise of a pixel as a straight line over its brightness: the one record of noise.

Light is counted, and what is read out adds noise of its own. With a gain of :math:`g` ADU per electron, the variance of
a pixel whose expected value is :math:`I` is

.. math:: v = g I + v_0, \quad v_0 = g^2 \sigma_r^2 + \tfrac{1}{12} - g \, o

with the read noise :math:`\sigma_r` in electrons, the offset :math:`o` in ADU, and what rounding adds. ADU stands for
the unit of the values, whatever it is: of counts that were divided by 65535, say, rounding adds the less. Noise alone
tells the two numbers of the line, not the three of the camera.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from srredsim.arrays import Array, namespace

QUANTISATION = 1.0 / 12.0  # variance of rounding, in squared steps between values
FINEST_STEP = 2.0**-22  # of the range: numbers that lie closer were not rounded to steps
SAMPLE = 1 << 16  # values among which the smallest step is looked for


@dataclass(frozen=True)
class NoiseLine:
    """Variance of a pixel, ``gain_adu * value + variance_at_zero_adu2``, never below ``least_variance_adu2``."""

    gain_adu: float  # per electron; 0 where noise does not grow with the light
    variance_at_zero_adu2: float  # variance of a value of 0, far below the offset of a camera: negative, as a rule
    least_variance_adu2: float = 0.0
    gain_error_adu: float = 0.0  # standard deviation
    rounding_adu2: float = QUANTISATION  # variance of rounding, part of that of a pixel without light

    def variance(self, value: Array) -> Array:
        """ADU^2, of pixels whose expected value is this."""
        return namespace(value).maximum(self.gain_adu * value + self.variance_at_zero_adu2, self.least_variance_adu2)

    def std(self, value) -> np.ndarray:
        """ADU, of pixels whose expected value is this."""
        return np.sqrt(self.variance(np.asarray(value, float)))

    @property
    def coefficients(self) -> tuple[float, float]:
        """a and b of the variance ``a x + b``."""
        return self.gain_adu, self.variance_at_zero_adu2

    def rescaled(self, low: float, high: float) -> NoiseLine:
        """Noise of the values brought from ``low ... high`` to 0 ... 1."""
        wide = high - low
        return NoiseLine(
            self.gain_adu / wide,
            (self.variance_at_zero_adu2 + self.gain_adu * low) / wide**2,
            self.least_variance_adu2 / wide**2,
            self.gain_error_adu / wide,
            self.rounding_adu2 / wide**2,
        )

    def stabilised(self, values_adu: np.ndarray) -> np.ndarray:
        r"""Values whose noise has a standard deviation of 1, whatever the light (generalised Anscombe).

        .. math:: x = \tfrac{2}{g} \sqrt{g I + \tfrac{3}{8} g^2 + v_0}

        Where the noise does not depend on the light (g = 0) they are divided by its standard deviation.
        """
        g, v_0 = self.gain_adu, self.variance_at_zero_adu2
        if g <= 0:
            return values_adu / np.float32(np.sqrt(max(v_0, 1e-30)))
        inside = np.maximum(np.float32(g) * values_adu + np.float32(0.375 * g * g + v_0), 0.0)
        return np.sqrt(inside) * np.float32(2.0 / g)

    def read_noise_e(self, offset_adu: float) -> float:
        """Electrons; the offset, which no frame tells, is the value of a pixel without light."""
        dark = max(self.gain_adu * offset_adu + self.variance_at_zero_adu2 - self.rounding_adu2, 0.0)
        return float(np.sqrt(dark) / self.gain_adu)

    def offset_adu(self, read_noise_e: float) -> float:
        """ADU of a pixel without light, if the read noise is this: the way back."""
        dark = (self.gain_adu * read_noise_e) ** 2 + self.rounding_adu2
        return (dark - self.variance_at_zero_adu2) / self.gain_adu

    def report(self) -> dict:
        """The line, ready for JSON."""
        names = {"variance_at_zero_adu2": "variance_at_zero", "least_variance_adu2": "least_variance"}
        names |= {"gain_error_adu": "gain_error"}
        return {names.get(name, name): value for name, value in asdict(self).items() if name != "rounding_adu2"}


def step_of(values: np.ndarray) -> float:
    """Step between the values of pixels: 1 of whole numbers; of others the smallest difference between two of them.

    Of numbers that were not rounded, `FINEST_STEP` of their range; of values that are all the same, 1.
    """
    if values.dtype.kind in "ui":
        return 1.0
    sample = values.ravel()[:: max(1, values.size // SAMPLE) | 1].astype(np.float64)
    different = np.unique(sample[np.isfinite(sample)])
    if len(different) < 2:
        return 1.0
    return float(max(np.diff(different).min(), FINEST_STEP * (different[-1] - different[0])))
