"""MemNet, as it was published in W2S and in SR-CACO-2, where its units are applied again and again."""

from __future__ import annotations

from collections.abc import Iterator

from srredsim.checkpoints.counterparts import Counterpart, Original, Shapes, convolution, normalisation

RECURSIVE = "dense_memory_blocks.0.recursive_unit.0.residual_block.2.weight"  # a tensor of SR-CACO-2


def _settings(shapes: Shapes) -> dict[str, int]:
    if RECURSIVE not in shapes:
        filters, input_channels, *_ = shapes.of_kernel("feature_extractor.conv.weight")
        return {
            "input_channels": input_channels,
            "blocks": shapes.count(r"dense_memory\.(\d+)\."),
            "units": shapes.count(r"dense_memory\.0\.recursive_unit\.(\d+)\."),
            "filters": filters,
        }
    filters, input_channels, *_ = shapes.of_kernel("feature_extractor.2.weight")
    gated = shapes.of_kernel("dense_memory_blocks.0.gate_unit.2.weight")[1]
    return {
        "input_channels": input_channels,
        "blocks": shapes.count(r"dense_memory_blocks\.(\d+)\."),
        "units": gated // filters - 1,
        "filters": filters,
        "residuals": shapes.count(r"dense_memory_blocks\.0\.recursive_unit\.(\d+)\."),
        "recursive": True,
        "skip": True,
        "last": shapes.of_kernel("reconstructor.2.weight")[-1],
        "scale": None,
    }


def _counterparts(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    recursive = settings.get("recursive")
    keys = {"extractor": "feature_extractor", "reconstruction": "reconstructor"}
    for block in range(settings["blocks"]):
        there = f"dense_memory_blocks.{block}" if recursive else f"dense_memory.{block}"
        keys[f"block_{block + 1}_gate"] = f"{there}.gate_unit"
        if recursive:
            continue
        for unit in range(settings["units"]):
            for layer in (1, 2):
                key = f"{there}.recursive_unit.{unit}.relu_conv{layer}"
                keys[f"block_{block + 1}_unit_{unit + 1}_conv_{layer}"] = key
    for name, key in keys.items():
        yield from _unit(model, name, *((f"{key}.0", f"{key}.2") if recursive else (f"{key}.bn", f"{key}.conv")))
    if recursive:
        yield from _recursive(model, settings)


def _recursive(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    for block in range(settings["blocks"]):
        for residual in range(settings["residuals"]):
            name = f"block_{block + 1}_unit_1" + (f"_{residual + 1}" if settings["residuals"] > 1 else "")
            key = f"dense_memory_blocks.{block}.recursive_unit.{residual}.residual_block"
            for layer, places in ((1, (0, 2)), (2, (3, 5))):
                yield from _unit(model, f"{name}_conv_{layer}", *(f"{key}.{place}" for place in places))


def _unit(model, name: str, norm: str, key: str) -> Iterator[Counterpart]:
    yield from convolution(model.get_layer(name), key)
    yield from normalisation(model.get_layer(f"{name}_normalisation"), norm)


ORIGINAL = Original(("feature_extractor.conv.weight", "feature_extractor.2.weight"), _settings, _counterparts)
