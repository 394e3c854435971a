"""RIDNet, as it was published."""

from __future__ import annotations

from collections.abc import Iterator

from srredsim.checkpoints.counterparts import Counterpart, Original, Shapes, convolutions

BLOCK = {
    "near_1": "r1.body1.0",
    "near_2": "r1.body1.2",
    "far_1": "r1.body2.0",
    "far_2": "r1.body2.2",
    "merge": "r1.body3.0",
    "residual_1": "r2.body.0",
    "residual_2": "r2.body.2",
    "enhanced_1": "r3.body.0",
    "enhanced_2": "r3.body.2",
    "enhanced_3": "r3.body.4",
    "attention_1": "ca.c1.body.0",
    "attention_2": "ca.c2.body.0",
}


def _settings(shapes: Shapes) -> dict[str, int]:
    filters, input_channels, *_ = shapes.of_kernel("head.body.0.weight")
    return {
        "input_channels": input_channels,
        "blocks": shapes.count(r"b(\d+)\."),
        "filters": filters,
        "reduction": filters // shapes.of_kernel("b1.ca.c1.body.0.weight")[0],
    }


def _counterparts(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    keys = {"subtract_mean": "sub_mean", "head": "head.body.0", "tail": "tail", "add_mean": "add_mean"}
    for block in range(1, settings["blocks"] + 1):
        keys |= {f"block_{block}_{name}": f"b{block}.{key}" for name, key in BLOCK.items()}
    yield from convolutions(model, keys)


ORIGINAL = Original("head.body.0.weight", _settings, _counterparts)
