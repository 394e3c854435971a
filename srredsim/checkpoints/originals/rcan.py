"""RCAN, as it was published."""

from __future__ import annotations

from collections.abc import Iterator

from srredsim.checkpoints.counterparts import Counterpart, Original, Shapes, convolution, ends, upsampling

BLOCK = {"conv_1": "body.0", "conv_2": "body.2", "squeeze": "body.3.conv_du.0", "excite": "body.3.conv_du.2"}


def _settings(shapes: Shapes) -> dict[str, int]:
    settings = ends(shapes, "head.0", "tail.0", "tail.1")
    return settings | {
        "groups": shapes.count(r"body\.(\d+)\.body\."),
        "blocks": shapes.count(r"body\.0\.body\.(\d+)\.body\."),
        "reduction": settings["filters"] // shapes.of_kernel("body.0.body.0.body.3.conv_du.0.weight")[0],
    }


def _counterparts(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    yield from convolution(model.get_layer("first"), "head.0")
    for group in range(settings["groups"]):
        for block in range(settings["blocks"]):
            for name, key in BLOCK.items():
                layer = model.get_layer(f"group_{group + 1}_block_{block + 1}_{name}")
                yield from convolution(layer, f"body.{group}.body.{block}.{key}")
        yield from convolution(model.get_layer(f"group_{group + 1}_last"), f"body.{group}.body.{settings['blocks']}")
    yield from convolution(model.get_layer("trunk"), f"body.{settings['groups']}")
    yield from upsampling(model, "tail.0", "tail.1")


ORIGINAL = Original("head.0.weight", _settings, _counterparts)
