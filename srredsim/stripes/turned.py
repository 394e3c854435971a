r"""The mean over time of raw frames whose stripes drift, turned back to where they are at the first time.

Frames p of an angle whose phases are even steps have as their Fourier transform along p the bands

.. math:: B_n(r) = \sum_p I_p(r) \, e^{-2 \pi i n p / P},

and stripes whose phase moves by :math:`\delta` turn band n by :math:`n \delta`, whatever their vector, which nobody
knows yet: the argument of :math:`\sum_r B_n(r, t) B_n^*(r, 0)` says by how much. A mean of frames as they are would
wash the stripes out. A sample that moves turns its bands a little, too: such a mean is for frames whose stripes are
lost otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from srredsim.io.memory import middle
from srredsim.optics.bands import separate
from srredsim.stripes.phase_steps import even_steps

SIDE = 256  # raw pixels of the middle of the field, which say it
BLOCKS = 8  # along an axis, that are asked one by one
MOVED_RAD, CERTAIN = 0.15, 5.0  # that hardly matter; and so many standard deviations that are clear


def turned_mean(first: np.ndarray, others: Iterable[np.ndarray], times: int) -> np.ndarray | None:
    """The mean (angles, phases, y, x) with the phases of the first time; None if no stripes have clearly moved.

    Parameters
    ----------
    first : (angles, phases, y, x) ndarray
        Raw stack of the first time.
    others : iterable of ndarray
        Those of the other times, as many as make ``times`` with it.
    """
    there, mean, moved = _bands(first), first.astype(np.float32) / times, False
    for raw in others:
        frames = raw.astype(np.float32) / times
        for angle, turn in enumerate(turns(_bands(raw), there)):
            if np.any(turn):
                frames[angle], moved = turned(frames[angle], turn), True
        mean += frames
    return mean if moved else None


def turns(bands: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Angles (angles, orders) in radians by which bands have turned since the first time; 0 where that is not clear.

    Parameters
    ----------
    bands, first : (angles, orders, y, x) ndarray
        Orders 1, 2 and so on, of even steps.
    """
    rows, columns = (n // BLOCKS for n in bands.shape[-2:])
    if not rows or not columns:
        return np.zeros(bands.shape[:2])
    kept = (bands * first.conj())[..., : BLOCKS * rows, : BLOCKS * columns]
    common = kept.reshape(*bands.shape[:2], BLOCKS, rows, BLOCKS, columns).sum(axis=(3, 5), dtype=complex)
    whole = common.sum(axis=(2, 3))
    turn = np.angle(whole)
    across = (common * np.exp(-1j * turn)[..., None, None]).imag  # 0 in each block, were there no noise
    error = np.sqrt(np.sum(across**2, axis=(2, 3)))
    sure = np.abs(whole) > CERTAIN * error
    return np.where(sure & (np.abs(turn) > MOVED_RAD + CERTAIN * error / np.maximum(np.abs(whole), 1e-30)), turn, 0.0)


def turned(frames: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """Frames (phases, y, x) of one angle with each band turned back by ``turn`` (orders)."""
    phases = len(frames)
    lag = np.subtract.outer(np.arange(phases), np.arange(phases)) * (2 * np.pi / phases)
    mixed = np.eye(phases)
    for order, angle in enumerate(turn, start=1):
        mixed += 2 / phases * (np.cos(order * lag - angle) - np.cos(order * lag))
    return np.tensordot(mixed.astype(np.float32), frames, axes=1)


def _bands(raw: np.ndarray) -> np.ndarray:
    """Bands (angles, orders, y, x) complex64 of even steps, in the middle of the field."""
    steps, orders = even_steps(raw.shape[1]), (raw.shape[1] - 1) // 2
    frames = middle(raw, SIDE).astype(np.float32)
    return np.stack([np.stack(separate(angle, steps, orders)[1:]) for angle in frames])
