"""RRDB, the network of ESRGAN and EPSR, as it was published."""

from __future__ import annotations

import math
from collections.abc import Iterator

from srredsim.checkpoints.counterparts import Counterpart, Original, Shapes, convolution


def _settings(shapes: Shapes) -> dict[str, int]:
    filters, input_channels, *_ = shapes.of_kernel("conv_first.weight")
    return {
        "input_channels": input_channels,
        "output_channels": shapes.of_kernel("tail.1.weight")[0],
        "blocks": shapes.count(r"RRDB_trunk\.(\d+)\."),
        "filters": filters,
        "growth": shapes.of_kernel("RRDB_trunk.0.RDB1.conv1.weight")[0],
        "scale": math.isqrt(shapes.of_kernel("tail.0.0.weight")[0] // filters),
    }


def _counterparts(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    yield from convolution(model.get_layer("first"), "conv_first")
    for block in range(settings["blocks"]):
        for part in (1, 2, 3):
            for layer in range(1, 6):
                here = model.get_layer(f"block_{block + 1}_dense_{part}_conv_{layer}")
                yield from convolution(here, f"RRDB_trunk.{block}.RDB{part}.conv{layer}")
    yield from convolution(model.get_layer("trunk"), "trunk_conv")
    yield from convolution(model.get_layer("upsampling"), "tail.0.0", shuffle=settings["scale"])
    yield from convolution(model.get_layer("last"), "tail.1")


ORIGINAL = Original("conv_first.weight", _settings, _counterparts, dead=r"(upconv[1-4]|HRconv|conv_last)\.")
