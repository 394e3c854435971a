"""NLSN, as it was published in SR-CACO-2."""

from __future__ import annotations

from collections.abc import Iterator

from srredsim.checkpoints.counterparts import (
    Counterpart,
    Original,
    Shapes,
)
from srredsim.checkpoints.originals._attended import attended, attended_settings


def _settings(shapes: Shapes) -> dict[str, int]:
    return attended_settings(shapes, "conv_match")


def _counterparts(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    yield from attended(model, settings, {"match": "conv_match.0", "value": "conv_assembly.0"})


ORIGINAL = Original(
    "head.0.weight", _settings, _counterparts, dead=r"(sub|add)_mean\.", untold=("hashes", "chunk", "seed")
)
