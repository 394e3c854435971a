"""DFCAN, as it was published in SR-CACO-2."""

from __future__ import annotations

import math
from collections.abc import Iterator

from srredsim.checkpoints.counterparts import (
    Counterpart,
    Original,
    Shapes,
    convolution,
    convolutions,
)

BLOCK = {
    "conv_1": "conv_gelu1",
    "conv_2": "conv_gelu2",
    "frequencies": "conv_relu1",
    "squeeze": "conv_relu2",
    "excite": "conv_sigmoid",
}


def _settings(shapes: Shapes) -> dict[str, int]:
    filters, input_channels, *_ = shapes.of_kernel("input.0.weight")
    return {
        "input_channels": input_channels,
        "groups": shapes.count(r"RGs\.(\d+)\."),
        "blocks": shapes.count(r"RGs\.0\.RCABs\.(\d+)\."),
        "filters": filters,
        "reduction": filters // shapes.of_kernel("RGs.0.RCABs.0.conv_relu2.0.weight")[0],
        "scale": math.isqrt(shapes.of_kernel("conv_gelu.0.weight")[0] // filters),
    }


def _counterparts(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    keys = {"first": "input", "last": "conv_sigmoid"}
    for group in range(settings["groups"]):
        for block in range(settings["blocks"]):
            name, key = f"group_{group + 1}_block_{block + 1}", f"RGs.{group}.RCABs.{block}"
            keys |= {f"{name}_{here}": f"{key}.{there}" for here, there in BLOCK.items()}
    yield from convolutions(model, {name: f"{key}.0" for name, key in keys.items()})
    yield from convolution(model.get_layer("upsampling"), "conv_gelu.0", shuffle=settings["scale"])


ORIGINAL = Original("input.0.weight", _settings, _counterparts)
