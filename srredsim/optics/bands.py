"""The bands of one angle: what its frames are mixed from, and how to tell them apart.

A pattern of B orders shifts B copies of the object's spectrum into the passband, and their mirror images: the bands
0, +1, -1, +2, -2 ... Every frame is the same bands in a mixture that depends on its phase only.
"""

from __future__ import annotations

import numpy as np

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
    phases_rad = np.asarray(phases_rad, float)
    columns = [np.ones(phases_rad.shape, complex)]
    for order, depth in enumerate(modulation_depths, start=1):
        turn = depth / 2 * np.exp(1j * order * phases_rad)
        columns += [turn, turn.conj()]
    return np.stack(columns, axis=-1)


def separation_matrix(phases_rad, orders: int) -> np.ndarray:
    """Pseudo-inverse of the mixing matrix with ``m_b / 2 = 1``: (2 * orders + 1, phases).

    Its row b gives band +b with its contrast still on it, ``m_b / 2 S_b``.

    Raises
    ------
    ValueError
        If too few phases differ: the bands cannot then be told apart.
    """
    matrix = mixing_matrix(phases_rad, (2.0,) * orders)
    if condition_number(phases_rad, orders) > LARGEST_CONDITION:
        raise ValueError(f"{2 * orders + 1} bands need as many different phases; got {np.round(phases_rad, 3)}")
    return np.linalg.pinv(matrix)


def condition_number(phases_rad, orders: int) -> float:
    """1 (for two orders too) when the phases are equally spaced; how much noise may grow when they are not.

    Infinite when there are fewer phases than bands.
    """
    if len(phases_rad) < 2 * orders + 1:
        return np.inf
    return float(np.linalg.cond(mixing_matrix(phases_rad, (2.0,) * orders)))


def separate(frames: np.ndarray, phases_rad, orders: int) -> list[np.ndarray]:
    """Bands 0 to +orders of the frames (phases, y, x) of one angle, on the raw grid and in real space.

    Band 0 is real. Frames are real, so band -b is the complex conjugate of band +b.
    """
    rows = separation_matrix(phases_rad, orders)[[0, *range(1, 2 * orders + 1, 2)]]
    mixture, flat = np.concatenate([rows.real, rows[1:].imag]).astype(np.float32), frames.reshape(len(frames), -1)
    bands = [np.empty(flat.shape[1], np.complex64 if order else np.float32) for order in range(orders + 1)]
    for start in range(0, flat.shape[1], AT_ONCE):
        part = slice(start, start + AT_ONCE)
        zero, *others = mixture @ flat[:, part]
        bands[0][part] = zero
        for band, real, imag in zip(bands[1:], others[:orders], others[orders:], strict=True):
            band[part].real, band[part].imag = real, imag
    return [band.reshape(frames.shape[1:]) for band in bands]
