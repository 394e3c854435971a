r"""The noise of a pixel as a straight line over its brightness: the one record of noise.

Light is counted, and what is read out adds noise of its own. With a gain of :math:`g` ADU per electron, the variance of
a pixel whose expected value is :math:`I` is

.. math:: v = g I + v_0, \quad v_0 = g^2 \sigma_r^2 + \tfrac{1}{12} - g \, o

with the read noise :math:`\sigma_r` in electrons, the offset :math:`o` in ADU, and what rounding adds. ADU stands for
the unit of the values, whatever it is. Noise alone tells the two numbers of the line, not the three of the camera.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

QUANTISATION = 1.0 / 12.0  # variance of rounding, ADU^2


@dataclass(frozen=True)
class NoiseLine:
    """Variance of a pixel, ``gain_adu * value + variance_at_zero_adu2``, never below ``least_variance_adu2``."""

    gain_adu: float  # per electron; 0 where noise does not grow with the light
    variance_at_zero_adu2: float  # variance of a value of 0, far below the offset of a camera: negative, as a rule
    least_variance_adu2: float = 0.0
    gain_error_adu: float = 0.0  # standard deviation

    def variance(self, value: np.ndarray) -> np.ndarray:
        """ADU^2, of pixels whose expected value is this."""
        return np.maximum(self.gain_adu * value + self.variance_at_zero_adu2, self.least_variance_adu2)

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
        dark = max(self.gain_adu * offset_adu + self.variance_at_zero_adu2 - QUANTISATION, 0.0)
        return float(np.sqrt(dark) / self.gain_adu)

    def offset_adu(self, read_noise_e: float) -> float:
        """ADU of a pixel without light, if the read noise is this: the way back."""
        dark = (self.gain_adu * read_noise_e) ** 2 + QUANTISATION
        return (dark - self.variance_at_zero_adu2) / self.gain_adu

    def report(self) -> dict:
        """Ready for JSON."""
        names = {"variance_at_zero_adu2": "variance_at_zero", "least_variance_adu2": "least_variance"}
        names |= {"gain_error_adu": "gain_error"}
        return {names.get(name, name): value for name, value in asdict(self).items()}
