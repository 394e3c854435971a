r"""Transfer function of a lens for light from above and below its focus: what haze is made of.

Light of a point at the depth z leaves the pupil with a phase, and the transfer function is the autocorrelation of that
pupil, over the lens-shaped area A(v) that two discs share which are displaced by 2 v of their radius:

.. math::

    \varphi(\rho) = \frac{2 \pi z}{\lambda} \sqrt{n^2 - NA^2 \rho^2} + 2 \pi W(\rho), \quad
    H(v, z) = \frac{1}{\pi} \int_{A(v)} \cos[\varphi(|\rho + v|) - \varphi(|\rho - v|)] \, d^2 \rho

W is the spherical aberration of the lens, see `srredsim.optics.aberration`. H is real, 1 at zero frequency, as no light
is lost, and in focus and without W the ideal one.

References
----------
.. [1] P. A. Stokseth, J. Opt. Soc. Am. 59, 1314 (1969).
.. [2] J. W. Goodman, Introduction to Fourier Optics, section 6.4.4.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.interpolate import CubicSpline

from srredsim.errors import InputError
from srredsim.optics.aberration import wavefront
from srredsim.optics.otf import cutoff_per_um

SAMPLES = 192  # values of the radial transfer function up to the cut-off; in between, a spline
NODES = 96  # of the quadrature, along either side of a quarter of the area
IMMERSION = 1.518  # refractive index of oil


def defocused_otf(
    frequency_per_um: np.ndarray,
    depth_um: float,
    na: float,
    wavelength_em_um: float,
    refractive_index: float = IMMERSION,
    spherical_waves: float = 0.0,
) -> np.ndarray:
    """Values at the frequencies, of any shape; negative where contrast is reversed.

    Parameters
    ----------
    frequency_per_um : array_like
        Length of the frequency vector in cycles/um.
    depth_um : float
        Distance from the focus, above or below; with an aberration it matters which, as its sign says.
    spherical_waves : float
        Spherical aberration, root mean square in wavelengths.

    Raises
    ------
    InputError
        If no lens has such an aperture in such a medium.
    """
    if not 0 < na < refractive_index:
        raise InputError(f"`na` is above 0 and below the refractive index, {refractive_index:g}; got {na:g}")
    relative = np.asarray(frequency_per_um) / cutoff_per_um(na, wavelength_em_um)
    waves = depth_um / wavelength_em_um
    table = np.linspace(0.0, 1.0, SAMPLES + 1)
    nodes, weights = np.polynomial.legendre.leggauss(NODES)

    def phase_rad(square: np.ndarray) -> np.ndarray:
        defocus = waves * np.sqrt(refractive_index**2 - na**2 * np.minimum(square, 1.0))
        return 2 * np.pi * (defocus + spherical_waves * wavefront(square))

    values = [_overlap(v, phase_rad, (nodes + 1) / 2, weights / 2) for v in table]
    return np.where(relative < 1.0, CubicSpline(table, values)(np.minimum(relative, 1.0)), 0.0)


def _overlap(v: float, phase_rad: Callable[[np.ndarray], np.ndarray], nodes: np.ndarray, weights: np.ndarray) -> float:
    """The integral at one frequency: four times that over the quarter of the area with positive coordinates."""
    # x = (1 - v) sin t: the height of the area has a root at its tip, which this takes away
    x, along = (1 - v) * np.sin(np.pi / 2 * nodes), (1 - v) * np.pi / 2 * np.cos(np.pi / 2 * nodes) * weights
    height = np.sqrt(np.maximum(1 - (x + v) ** 2, 0.0))
    y = height[:, None] * nodes
    near, far = ((x + shift)[:, None] ** 2 + y**2 for shift in (-v, v))
    difference = phase_rad(near) - phase_rad(far)
    return float(4 / np.pi * np.sum((along * height)[:, None] * weights * np.cos(difference)))
