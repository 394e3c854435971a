"""EDSR, as it was published."""

from __future__ import annotations

from collections.abc import Iterator

from srredsim.checkpoints.counterparts import Counterpart, Original, Shapes, convolution, ends, upsampling


def _settings(shapes: Shapes) -> dict[str, int]:
    return ends(shapes, "head.0", "tail.0", "tail.1") | {"blocks": shapes.count(r"body\.(\d+)\.body\.")}


def _counterparts(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    yield from convolution(model.get_layer("first"), "head.0")
    for block in range(settings["blocks"]):
        for layer, place in ((1, 0), (2, 2)):
            yield from convolution(model.get_layer(f"block_{block + 1}_conv_{layer}"), f"body.{block}.body.{place}")
    yield from convolution(model.get_layer("trunk"), f"body.{settings['blocks']}")
    yield from upsampling(model, "tail.0", "tail.1")


ORIGINAL = Original("head.0.weight", _settings, _counterparts)
