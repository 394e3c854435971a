"""ProSR, as it was published in SR-CACO-2."""

from __future__ import annotations

from collections.abc import Iterator

from srredsim.checkpoints.counterparts import (
    Counterpart,
    Original,
    Shapes,
    convolution,
    convolutions,
)


def _settings(shapes: Shapes) -> dict[str, int]:
    levels = shapes.count(r"pyramid_residual_(\d+)\.")
    filters, input_channels, *_ = shapes.of_kernel(f"init_conv_{levels}.conv.1.weight")
    return {
        "input_channels": input_channels,
        "units": [
            shapes.count(rf"pyramid_residual_{level}\.residual_denseblock_(\d+)\.") for level in range(1, levels + 1)
        ],
        "layers_per_unit": shapes.count(r"pyramid_residual_1\.residual_denseblock_1\.dense_block\.denselayer(\d+)\."),
        "filters": filters,
        "growth": shapes.of_kernel(
            "pyramid_residual_1.residual_denseblock_1.dense_block.denselayer1.conv_2.conv.1.weight"
        )[0],
        "scale": 2**levels,
    }


def _counterparts(model, settings: dict) -> Iterator[Counterpart]:
    levels = settings["scale"].bit_length() - 1
    keys = {f"first_{levels}": f"init_conv_{levels}.conv.1"}
    for level, units in zip(range(1, levels + 1), settings["units"], strict=False):
        here, there = f"level_{level}", f"pyramid_residual_{level}"
        if level > 1:
            keys[f"{here}_compression"] = f"{there}.compression_{level - 1}.conv1"
        for unit in range(1, units + 1):
            block = f"{there}.residual_denseblock_{unit}"
            for layer in range(1, settings["layers_per_unit"] + 1):
                name, key = f"{here}_unit_{unit}_layer_{layer}", f"{block}.dense_block.denselayer{layer}"
                keys |= {f"{name}_squeeze": f"{key}.conv_1", f"{name}_conv": f"{key}.conv_2.conv.1"}
            keys[f"{here}_unit_{unit}_fusion"] = f"{block}.comp.conv1"
        keys[f"{here}_last"] = f"{there}.final_conv.final_conv.conv.1"
        if level == levels or settings.get("all_levels"):
            keys[f"{here}_image"] = f"reconst_{level}.final_conv.conv.1"
        up = model.get_layer(f"{here}_up")
        yield from convolution(up, f"{there}_residual_upsampler.m.0.conv.1", shuffle=2)
    yield from convolutions(model, keys)


def _dead(shapes: Shapes) -> str:
    """What belongs to smaller scales: their beginning, never reached, and their image, which is another output."""
    levels = shapes.count(r"pyramid_residual_(\d+)\.")
    smaller = "|".join(str(level) for level in range(1, levels))
    return rf"(init_conv|reconst)_({smaller})\." if smaller else r"(?!)"


ORIGINAL = Original(
    "pyramid_residual_1.residual_denseblock_1.comp.conv1.weight", _settings, _counterparts, dead=_dead, untold=("clip",)
)
