"""DRRN, as it was published in SR-CACO-2."""

from __future__ import annotations

from collections.abc import Iterator

from srredsim.checkpoints.counterparts import (
    Counterpart,
    Original,
    Shapes,
    convolutions,
)


def _settings(shapes: Shapes) -> dict[str, int]:
    filters, input_channels, *_ = shapes.of_kernel("conv1.1.weight")
    return {"input_channels": input_channels, "filters": filters, "scale": None}


def _counterparts(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    keys = {"unit_conv_1": "trunk.residual_unit.1", "unit_conv_2": "trunk.residual_unit.3"}
    yield from convolutions(model, {"first": "conv1.1", **keys, "residual": "conv2.1"})


ORIGINAL = Original("conv1.1.weight", _settings, _counterparts, untold=("clip", "units"))
