"""Structured illumination: stripes of one or two harmonics.

With two beams the pattern is ``1 + m_1 cos(2 pi k.r + phi)``, with three ``1 + m_1 cos(2 pi k.r + phi)
+ m_2 cos(2 (2 pi k.r + phi))``: k is always the vector of the FIRST order, and the finest stripes are those of
``(beams - 1) k``. Positions are in um from the centre of raw pixel (0, 0), y down.
"""

from __future__ import annotations

import numpy as np

from srredsim.errors import InputError


def check_phases(phases: int, beams: int = 2) -> None:
    """Raises InputError if an angle has too few phases for the bands of so many beams to be told apart."""
    fewest = 2 * beams - 1
    if phases < fewest:
        raise InputError(f"the stripes of {beams} beams need at least {fewest} phases in each angle; got {phases}")


def wave_vectors_per_um(angles_rad, lengths_per_um) -> np.ndarray:
    """First-order vectors (angles, 2) as (ky, kx) in cycles/um; an angle is counted from x towards y."""
    angles_rad = np.asarray(angles_rad)
    return np.stack([np.sin(angles_rad), np.cos(angles_rad)], axis=-1) * np.asarray(lengths_per_um)[..., None]


def carrier(y_um: np.ndarray, x_um: np.ndarray, k_per_um) -> np.ndarray:
    """``exp(2 pi i k.r)`` on the grid of the positions y (rows) and x (columns), complex64."""
    ky, kx = k_per_um
    rows, columns = np.exp(2j * np.pi * ky * y_um), np.exp(2j * np.pi * kx * x_um)
    return rows.astype(np.complex64)[:, None] * columns.astype(np.complex64)


def pattern(y_um: np.ndarray, x_um: np.ndarray, k_per_um, phase_rad: float, modulation_depths) -> np.ndarray:
    """Illumination at every point of the grid, mean 1; one modulation depth an order, the first order first."""
    ky, kx = k_per_um
    argument = 2 * np.pi * (ky * y_um[:, None] + kx * x_um[None, :]) + phase_rad
    return 1.0 + sum(m * np.cos(order * argument) for order, m in enumerate(modulation_depths, start=1))


def darkest(modulation_depths) -> float:
    r"""Minimum of a pattern of one or two orders; light cannot be negative, so this must not be.

    With :math:`c` the cosine of the first order, :math:`1 + m_1 c + m_2 (2 c^2 - 1)` is smallest at
    :math:`c = -m_1 / 4 m_2` if that is a cosine, otherwise at :math:`c = -1`.
    """
    m1, m2 = (*modulation_depths, 0.0)[:2]
    c = -1.0 if m1 >= 4.0 * m2 else -m1 / (4.0 * m2)
    return 1.0 + m1 * c + m2 * (2.0 * c * c - 1.0)
