"""Whether a run that goes on has the data of the epochs before: scores of other images do not compare with theirs."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

import numpy as np

from srredsim.data.pairs import Pairs
from srredsim.errors import InputError
from srredsim.training.checkpoint import State

TRAINING, VALIDATION, PIXELS = "training", "validation", "validation_pixels"


def data_of(training: Pairs, validation: Pairs, held_back: Iterable[tuple[np.ndarray, ...]]) -> dict[str, str]:
    """What a state keeps of the data: which pairs they are, and what is in those whose scores are compared.

    ``held_back`` are the batches of `srredsim.data.batches.validation_batches`; how large they are does not matter.
    """
    pixels = sha256()
    for frames, truths, weights in held_back:
        for frame, truth in zip(frames[weights > 0], truths[weights > 0], strict=True):
            pixels.update(frame.tobytes() + truth.tobytes())
    return {TRAINING: training.identity(), VALIDATION: validation.identity(), PIXELS: pixels.hexdigest()[:16]}


def go_on(folder: Path, state: State, found: dict[str, str], fine_tunes: bool) -> list[str]:
    """Take the data for those of a state, and say how they differ from those it had: what a user has to know.

    Files that were only copied have other times and the same pixels, and what is computed on another machine may have
    other last digits: images to validate with are others where both their identity and their pixels are. The best
    epoch is then sought anew. A state that does not know its data, of a version before, takes any.

    Raises
    ------
    InputError
        If a fine-tuning would be validated with other images: it is held against its start, whose scores would be lost.
    """
    before, state.data = state.data, dict(found)
    if not before or not state.history:
        return []
    changed = {name for name, value in found.items() if before.get(name) != value}
    lines = []
    if TRAINING in changed:
        lines.append(f"{folder}: the pairs to train on have changed since the epochs before, or were written anew")
    if {VALIDATION, PIXELS} <= changed:
        if fine_tunes:
            raise InputError(
                f"{folder} has its scores, and those of its start, of other images to validate with; put these back, or"
                " fine-tune anew with another `out`"
            )
        state.best = state.best_epoch = None
        lines.append(
            f"{folder}: the images to validate with are not those of the epochs before, whose scores do not compare"
            " with theirs; the best epoch is sought anew, among those that follow"
        )
    return lines
