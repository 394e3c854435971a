"""The bands of frames that are lit by one pattern: what they are mixed from, and how to tell them apart.

A pattern of W waves shifts W copies of the object's spectrum into the passband, and their mirror images: the bands
0, +1, -1, +2, -2 ... Every frame is the same bands in a mixture that depends on the phases of the waves only. The waves
of stripes are their orders, whose phases are multiples of one; those of a hexagonal pattern have three directions, and
phases of their own.
"""

from __future__ import annotations

import numpy as np

from srredsim.arrays import Array, namespace, parts, put, put_complex

AT_ONCE = 2**13  # pixels: so few that BLAS leaves the other cores alone
LARGEST_CONDITION = 1e4  # beyond it, two phases are the same for all that float32 frames can tell


def mixing_matrix(phases_rad, modulation_depths=(1.0,)) -> np.ndarray:
    r"""Matrix that turns the bands 0, +1, -1, +2, -2 ... of one angle into its frames.

    .. math:: D_p = S_0 + \sum_b \tfrac{m_b}{2} e^{i b \phi_p} S_{+b} + \tfrac{m_b}{2} e^{-i b \phi_p} S_{-b}

    Parameters
    ----------
    phases_rad : (..., phases) array_like
        Pattern phase of each frame, first order, in radians.
    modulation_depths : (orders,) array_like
        Contrast of each order, the first order first.

    Returns
    -------
    (..., phases, 2 * orders + 1) complex ndarray

    References
    ----------
    .. [1] M. G. L. Gustafsson, J. Microsc. 198, 82 (2000).
    """
    return mixed_waves(harmonics(phases_rad, len(modulation_depths)), modulation_depths)


def harmonics(phases_rad, orders: int) -> np.ndarray:
    """Phases (..., phases, orders) of the orders of stripes whose first order has these: once, twice as much ..."""
    return np.asarray(phases_rad, float)[..., None] * np.arange(1, orders + 1)


def mixed_waves(waves_rad: np.ndarray, modulation_depths) -> np.ndarray:
    """`mixing_matrix` of waves with phases (..., phases, waves) of their own: (..., phases, 2 * waves + 1)."""
    turns = np.asarray(modulation_depths) / 2 * np.exp(1j * waves_rad)
    both = np.stack([turns, turns.conj()], axis=-1).reshape(*turns.shape[:-1], 2 * turns.shape[-1])
    return np.concatenate([np.ones((*turns.shape[:-1], 1)), both], axis=-1)


def separation_matrix(phases_rad, orders: int) -> np.ndarray:
    """Pseudo-inverse of the mixing matrix with ``m_b / 2 = 1``: (2 * orders + 1, phases).

    Its row b gives band +b with its contrast still on it, ``m_b / 2 S_b``.

    Raises
    ------
    ValueError
        If too few phases differ: the bands cannot then be told apart.
    """
    return separated_waves(harmonics(phases_rad, orders))


def separated_waves(waves_rad: np.ndarray) -> np.ndarray:
    """`separation_matrix` of waves with phases (phases, waves) of their own: (2 * waves + 1, phases)."""
    if condition_of_waves(waves_rad) > LARGEST_CONDITION:
        bands = 2 * waves_rad.shape[1] + 1
        raise ValueError(f"{bands} bands need as many different phases; got {np.round(waves_rad[:, 0], 3)}")
    return np.linalg.pinv(mixed_waves(waves_rad, 2.0))


def condition_number(phases_rad, orders: int) -> float:
    """1 (for two orders too) when the phases are equally spaced; how much noise may grow when they are not.

    Infinite when there are fewer phases than bands.
    """
    return condition_of_waves(harmonics(phases_rad, orders))


def condition_of_waves(waves_rad: np.ndarray) -> float:
    """`condition_number` of waves with phases (phases, waves) of their own."""
    phases, waves = waves_rad.shape
    return np.inf if phases < 2 * waves + 1 else float(np.linalg.cond(mixed_waves(waves_rad, 2.0)))


def separate(frames: np.ndarray, phases_rad, orders: int) -> list[np.ndarray]:
    """Bands 0 to +orders of the frames (phases, y, x) of one angle, on the raw grid and in real space.

    Band 0 is real. Frames are real, so band -b is the complex conjugate of band +b.
    """
    return separate_waves(frames, harmonics(phases_rad, orders))


def separate_waves(frames: Array, waves_rad: np.ndarray) -> list[Array]:
    """`separate` of waves with phases (phases, waves) of their own."""
    waves, xp = waves_rad.shape[1], namespace(frames)
    rows = separated_waves(waves_rad)[[0, *range(1, 2 * waves + 1, 2)]]
    mixture, flat = np.concatenate([rows.real, rows[1:].imag]).astype(np.float32), frames.reshape(len(frames), -1)
    mixture = xp.asarray(mixture)
    bands = [xp.empty(flat.shape[1], dtype=xp.complex64 if wave else xp.float32) for wave in range(waves + 1)]
    for part in parts(flat.shape[1], AT_ONCE, xp):
        zero, *others = mixture @ flat[:, part]
        bands[0] = put(bands[0], part, zero)
        for wave in range(1, waves + 1):
            bands[wave] = put_complex(bands[wave], part, others[wave - 1], others[waves + wave - 1])
    return [band.reshape(frames.shape[1:]) for band in bands]
