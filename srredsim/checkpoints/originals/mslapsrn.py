"""MS-LapSRN, as it was published in SR-CACO-2."""

from __future__ import annotations

from collections.abc import Iterator

from srredsim.checkpoints.counterparts import (
    Counterpart,
    Original,
    Shapes,
    convolution,
    transposed_convolution,
)


def _settings(shapes: Shapes) -> dict[str, int]:
    filters, input_channels, *_ = shapes.of_kernel("conv1.0.weight")
    return {
        "input_channels": input_channels,
        "convolutions": shapes.count(r"laplacian_pyramid_conv1\.(\d+)\.cl\."),
        "filters": filters,
        "scale": 2 ** (shapes.count(r"laplacian_pyramid_conv(\d+)\.") // 3),
    }


def _counterparts(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    yield from convolution(model.get_layer("first"), "conv1.0")
    for level in range(settings["scale"].bit_length() - 1):
        name, key = f"level_{level + 1}", "laplacian_pyramid_conv{}"
        features, image, residual = (key.format(3 * level + part) for part in (1, 2, 3))
        for layer in range(settings["convolutions"]):
            yield from convolution(model.get_layer(f"{name}_conv_{layer + 1}"), f"{features}.{layer}.cl.0")
        up = model.get_layer(f"{name}_features_up")
        yield from transposed_convolution(up, f"{features}.{settings['convolutions']}")
        yield from transposed_convolution(model.get_layer(f"{name}_image_up"), image)
        yield from convolution(model.get_layer(f"{name}_residual"), residual)


ORIGINAL = Original("conv1.0.weight", _settings, _counterparts)
