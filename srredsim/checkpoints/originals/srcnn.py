"""SRCNN, as it was published in SR-CACO-2."""

from __future__ import annotations

from collections.abc import Iterator

from srredsim.checkpoints.counterparts import (
    Counterpart,
    Original,
    Shapes,
    convolutions,
)


def _settings(shapes: Shapes) -> dict[str, int]:
    filters, input_channels, size, _ = shapes.of_kernel("features.0.weight")
    return {
        "input_channels": input_channels,
        "filters": filters,
        "mapped": shapes.of_kernel("map.0.weight")[0],
        "size": size,
        "scale": None,
    }


def _counterparts(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    keys = {"features": "features.0", "map": "map.0", "reconstruction": "reconstruction"}
    yield from convolutions(model, keys)


ORIGINAL = Original("features.0.weight", _settings, _counterparts, untold=("clip", "eight_bit"))
