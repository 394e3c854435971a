"""Optical transfer functions of a fluorescence microscope, 1 at zero frequency, 0 from the cut-off on."""

from __future__ import annotations

import numpy as np

from srredsim.optics.aberration import spherical_otf


def cutoff_per_um(na: float, wavelength_em_um: float) -> float:
    """Widefield cut-off frequency ``2 NA / wavelength`` in cycles/um."""
    return 2.0 * na / wavelength_em_um


def ideal_otf(relative_frequency):
    r"""Incoherent OTF of a circular pupil in focus.

    .. math:: H(v) = \tfrac{2}{\pi} \left( \arccos v - v \sqrt{1 - v^2} \right), \quad H(v \ge 1) = 0

    Parameters
    ----------
    relative_frequency : array_like
        Frequency as a fraction of the cut-off, 0 or more.

    References
    ----------
    .. [1] J. W. Goodman, Introduction to Fourier Optics, section 6.3.
    """
    v = np.minimum(relative_frequency, 1.0)
    return 2.0 / np.pi * (np.arccos(v) - v * np.sqrt(1.0 - v * v))


def otf(frequency_per_um, cutoff_per_um: float, damping: float = 1.0, spherical_waves: float = 0.0):
    r"""OTF of a real objective: that of its pupil times :math:`a^v`, which leaves the cut-off where it is.

    Parameters
    ----------
    frequency_per_um : array_like
        Length of the frequency vector in cycles/um.
    cutoff_per_um : float
        Widefield cut-off in cycles/um.
    damping : float
        :math:`a`, above 0 and up to 1; 1 is the ideal OTF.
    spherical_waves : float
        Spherical aberration of the pupil, see `srredsim.optics.aberration`; 0 is the ideal one.
    """
    v = np.asarray(frequency_per_um) / cutoff_per_um
    pupil = spherical_otf(v, spherical_waves) if spherical_waves else ideal_otf(v)
    return pupil * damping**v


def apodisation(frequency_per_um, cutoff_per_um: float, power: float = 0.85):
    """Transfer function of a good SIM image: the ideal OTF of the extended cut-off, flattened by a power."""
    return ideal_otf(np.asarray(frequency_per_um) / cutoff_per_um) ** power
