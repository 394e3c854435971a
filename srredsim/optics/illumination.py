"""Structured illumination: stripes of one or two harmonics, and hexagonal patterns.

With two beams the pattern is ``1 + m_1 cos(2 pi k.r + phi)``, with three ``1 + m_1 cos(2 pi k.r + phi)
+ m_2 cos(2 (2 pi k.r + phi))``: k is always the vector of the FIRST order, and the finest stripes are those of
``(beams - 1) k``. Positions are in um from the centre of raw pixel (0, 0), y down.

Three beams from three directions make a hexagonal pattern: each pair of them stripes of its own, all at once,
``1 + sum_d m_d cos(2 pi k_d.r + phi_d)``. Their vectors add up to nothing, and so do their phases.
"""

from __future__ import annotations

import numpy as np

from srredsim.errors import InputError

PATTERNS = ("stripes", "hexagonal")
DIRECTIONS = 3  # of a hexagonal pattern, at once
HEXAGONAL_FRAMES = 7  # from which its bands can be told apart: 0, and two of each direction
HEXAGONAL_STEPS = (1, 2, 3)  # of its directions, in sevenths of a period from frame to frame


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


def darkest_of_three(modulation_depths, together: bool = True) -> float:
    r"""Minimum of ``1 + sum_d m_d cos(a_d)`` over the phases of three directions.

    Where the phases add up to nothing, it is :math:`1 - \tfrac12 (\tfrac{m_1 m_2}{m_3} + \tfrac{m_2 m_3}{m_1} +
    \tfrac{m_3 m_1}{m_2})` as long as the three :math:`1 / m` make a triangle; else the weakest is bright where the
    other two are dark. ``together`` False: the phases are any.
    """
    weak, middle, strong = sorted(modulation_depths)
    if not together:
        return 1.0 - weak - middle - strong
    if weak > 0 and 1 / weak < 1 / middle + 1 / strong:
        return 1.0 - (weak * middle / strong + middle * strong / weak + strong * weak / middle) / 2
    return 1.0 - middle - strong + weak
