"""VDSR, as it was published in SR-CACO-2."""

from __future__ import annotations

from collections.abc import Iterator

from srredsim.checkpoints.counterparts import (
    Counterpart,
    Original,
    Shapes,
    convolutions,
)


def _settings(shapes: Shapes) -> dict[str, int]:
    filters, input_channels, *_ = shapes.of_kernel("conv1.0.weight")
    depth = 2 + shapes.count(r"trunk\.(\d+)\.conv\.")
    return {"input_channels": input_channels, "depth": depth, "filters": filters, "scale": None}


def _counterparts(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    keys = {"conv_1": "conv1.0", "residual": "conv2"}
    keys |= {f"conv_{layer + 2}": f"trunk.{layer}.conv" for layer in range(settings["depth"] - 2)}
    yield from convolutions(model, keys)


ORIGINAL = Original("conv1.0.weight", _settings, _counterparts, untold=("clip",))
