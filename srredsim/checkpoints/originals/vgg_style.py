"""The discriminator of ESRGAN and EPSR, as it was published."""

from __future__ import annotations

import math
from collections.abc import Iterator

from srredsim.checkpoints.counterparts import (
    Counterpart,
    Original,
    Shapes,
    convolution,
    dense,
    dense_of_image,
    normalisation,
)
from srredsim.errors import InputError


def _settings(shapes: Shapes) -> dict[str, int]:
    filters, input_channels, *_ = shapes.of_kernel("conv0_0.weight")
    levels = shapes.count(r"conv(\d+)_1\.")
    if len(shapes["linear1.weight"]) != 2:
        raise InputError(f"linear1.weight {shapes['linear1.weight']} should have two axes")
    hidden, inputs = shapes["linear1.weight"]
    side = math.isqrt(inputs // shapes.of_kernel(f"conv{levels - 1}_1.weight")[0])
    return {
        "input_channels": input_channels,
        "size": side * 2**levels,
        "filters": filters,
        "levels": levels,
        "hidden": hidden,
    }


def _counterparts(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    for level in range(settings["levels"]):
        for part in (0, 1):
            name, key = f"level_{level}_conv_{part}", f"{level}_{part}"
            yield from convolution(model.get_layer(name), f"conv{key}")
            if level or part:
                yield from normalisation(model.get_layer(f"{name}_normalisation"), f"bn{key}")
    channels = model.get_layer(f"level_{settings['levels'] - 1}_conv_1").filters
    yield from dense_of_image(
        model.get_layer("dense_1"), "linear1", channels, settings["size"] // 2 ** settings["levels"]
    )
    yield from dense(model.get_layer("dense_2"), "linear2")


ORIGINAL = Original("conv0_0.weight", _settings, _counterparts)
