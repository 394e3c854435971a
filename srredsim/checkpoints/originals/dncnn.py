"""DnCNN, as it was published."""

from __future__ import annotations

from collections.abc import Iterator

from srredsim.checkpoints.counterparts import Counterpart, Original, Shapes, convolution, normalisation


def _settings(shapes: Shapes) -> dict[str, int]:
    filters, input_channels, *_ = shapes.of_kernel("dncnn.0.weight")
    depth = sum(len(shape) == 4 for shape in shapes.values())
    return {"input_channels": input_channels, "depth": depth, "filters": filters}


def _counterparts(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    """A sequence: convolution 0, then from 2 on convolution, normalisation, ReLU; the last convolution alone."""
    convolutions = [layer for layer in model.layers if type(layer).__name__ == "Conv2D"]
    normalisations = [layer for layer in model.layers if type(layer).__name__ == "BatchNormalization"]
    for number, layer in enumerate(convolutions):
        yield from convolution(layer, f"dncnn.{3 * number - 1 if number else 0}")
    for number, layer in enumerate(normalisations, start=1):
        yield from normalisation(layer, f"dncnn.{3 * number}")


ORIGINAL = Original("dncnn.0.weight", _settings, _counterparts)
