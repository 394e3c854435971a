"""The networks of the SR-CACO-2 benchmark: which tensor of their checkpoints is which weight here."""

from __future__ import annotations

from collections.abc import Iterator

from srredsim.checkpoints.mapping import (
    Counterpart,
    Original,
    Shapes,
    convolution,
    transposed_convolution,
)


def _srcnn_settings(shapes: Shapes) -> dict[str, int]:
    filters, input_channels, size, _ = shapes.of_kernel("features.0.weight")
    return {
        "input_channels": input_channels,
        "filters": filters,
        "mapped": shapes.of_kernel("map.0.weight")[0],
        "size": size,
    }


def _srcnn(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    keys = {"features": "features.0", "map": "map.0", "reconstruction": "reconstruction"}
    yield from _convolutions(model, keys)


def _vdsr_settings(shapes: Shapes) -> dict[str, int]:
    filters, input_channels, *_ = shapes.of_kernel("conv1.0.weight")
    return {"input_channels": input_channels, "depth": 2 + shapes.count(r"trunk\.(\d+)\.conv\."), "filters": filters}


def _vdsr(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    keys = {"conv_1": "conv1.0", "residual": "conv2"}
    keys |= {f"conv_{layer + 2}": f"trunk.{layer}.conv" for layer in range(settings["depth"] - 2)}
    yield from _convolutions(model, keys)


def _drrn_settings(shapes: Shapes) -> dict[str, int]:
    filters, input_channels, *_ = shapes.of_kernel("conv1.1.weight")
    return {"input_channels": input_channels, "filters": filters}


def _drrn(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    keys = {"unit_conv_1": "trunk.residual_unit.1", "unit_conv_2": "trunk.residual_unit.3"}
    yield from _convolutions(model, {"first": "conv1.1", **keys, "residual": "conv2.1"})


def _mslapsrn_settings(shapes: Shapes) -> dict[str, int]:
    filters, input_channels, *_ = shapes.of_kernel("conv1.0.weight")
    return {
        "input_channels": input_channels,
        "convolutions": shapes.count(r"laplacian_pyramid_conv1\.(\d+)\.cl\."),
        "filters": filters,
        "scale": 2 ** (shapes.count(r"laplacian_pyramid_conv(\d+)\.") // 3),
    }


def _mslapsrn(model, settings: dict[str, int]) -> Iterator[Counterpart]:
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


def _convolutions(model, keys: dict[str, str]) -> Iterator[Counterpart]:
    for name, key in keys.items():
        yield from convolution(model.get_layer(name), key)


ORIGINALS = {
    "drrn": Original("conv1.1.weight", _drrn_settings, _drrn),
    "mslapsrn": Original("conv1.0.weight", _mslapsrn_settings, _mslapsrn),
    "srcnn": Original("features.0.weight", _srcnn_settings, _srcnn),
    "vdsr": Original("conv1.0.weight", _vdsr_settings, _vdsr),
}
