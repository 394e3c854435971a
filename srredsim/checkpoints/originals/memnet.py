"""MemNet, as it was published."""

from __future__ import annotations

from collections.abc import Iterator

from srredsim.checkpoints.counterparts import Counterpart, Original, Shapes, convolution, normalisation


def _settings(shapes: Shapes) -> dict[str, int]:
    filters, input_channels, *_ = shapes.of_kernel("feature_extractor.conv.weight")
    return {
        "input_channels": input_channels,
        "blocks": shapes.count(r"dense_memory\.(\d+)\."),
        "units": shapes.count(r"dense_memory\.0\.recursive_unit\.(\d+)\."),
        "filters": filters,
    }


def _counterparts(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    keys = {"extractor": "feature_extractor", "reconstruction": "reconstructor"}
    for block in range(settings["blocks"]):
        keys[f"block_{block + 1}_gate"] = f"dense_memory.{block}.gate_unit"
        for unit in range(settings["units"]):
            for layer in (1, 2):
                key = f"dense_memory.{block}.recursive_unit.{unit}.relu_conv{layer}"
                keys[f"block_{block + 1}_unit_{unit + 1}_conv_{layer}"] = key
    for name, key in keys.items():
        yield from convolution(model.get_layer(name), f"{key}.conv")
        yield from normalisation(model.get_layer(f"{name}_normalisation"), f"{key}.bn")


ORIGINAL = Original("feature_extractor.conv.weight", _settings, _counterparts)
