"""Augmentations of a pair, each of which says what it does to the illumination pattern.

Flips and quarter turns change the angles of the illumination (``any_turn``): right for data whose angles are drawn at
random anyway. ``keep_geometry`` leaves angles and the direction of the phase steps as they are: a half turn reverses
the phase steps, so the frames of each angle are read backwards; and with evenly spaced phases the first may be any.
"""

from __future__ import annotations

import numpy as np

from srredsim.data.pairs import Pair

NAMES = ("none", "keep_geometry", "any_turn")


def augment(pair: Pair, rng: np.random.Generator, name: str, angles: int, phases: int) -> Pair:
    """A randomly turned pair; see the module's docstring for the names."""
    if name == "keep_geometry":
        if rng.integers(2):
            pair = half_turn(pair, angles, phases)
        return roll_phases(pair, int(rng.integers(phases)), angles, phases)
    if name == "any_turn":
        if rng.integers(2):
            pair = _both(pair, lambda image: image[::-1])
        turns = int(rng.integers(4))
        return _both(pair, lambda image: np.rot90(image, turns))
    return pair


def half_turn(pair: Pair, angles: int, phases: int) -> Pair:
    """Half a turn, with the phase order reversed: the same angles, the same direction of the phase steps."""
    backwards = -np.arange(phases) % phases
    turned = _both(pair, lambda image: image[::-1, ::-1])
    return _reordered(turned, backwards, angles, phases)


def roll_phases(pair: Pair, by: int, angles: int, phases: int) -> Pair:
    """The sequence of evenly spaced phases begins ``by`` steps later."""
    return _reordered(pair, (np.arange(phases) + by) % phases, angles, phases)


def _reordered(pair: Pair, order: np.ndarray, angles: int, phases: int) -> Pair:
    channels = (np.arange(angles)[:, None] * phases + order).ravel()
    return Pair(pair.frames[..., channels], pair.truth, pair.scaling, pair.facts)


def _both(pair: Pair, turn) -> Pair:
    return Pair(turn(pair.frames), turn(pair.truth), pair.scaling, pair.facts)
