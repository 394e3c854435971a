"""DBPN, as it was published in SR-CACO-2."""

from __future__ import annotations

from collections.abc import Iterator

from srredsim.checkpoints.counterparts import (
    Counterpart,
    Original,
    Shapes,
    convolution,
    slope,
    transposed_convolution,
)
from srredsim.networks import dbpn


def _settings(shapes: Shapes) -> dict[str, int]:
    shallow, input_channels, *_ = shapes.of_kernel("feat0.conv.weight")
    filters, *_, size = shapes.of_kernel("up1.up_conv1.deconv.weight")
    return {
        "input_channels": input_channels,
        "stages": shapes.count(r"up(\d+)\."),
        "iterations": shapes.of_kernel("output_conv.conv.weight")[1] // filters,
        "shallow": shallow,
        "filters": filters,
        "scale": {size: scale for scale, size in dbpn.KERNELS.items()}.get(size, 0),
    }


def _counterparts(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    keys = {"shallow_1": "feat0", "shallow_2": "feat1"}
    transposed: dict[str, str] = {}
    for stage in range(1, settings["stages"] + 1):
        for way in ("up", "down") if stage < settings["stages"] else ("up",):
            for step in (1, 2, 3):
                kind = transposed if (way == "up") == (step != 2) else keys
                kind[f"{way}_{stage}_{step}"] = f"{way}{stage}.{way}_conv{step}"
            if stage > 2 or (way, stage) == ("down", 2):
                keys[f"{way}_{stage}_squeeze"] = f"{way}{stage}.conv"
    for name, key in (keys | transposed).items():
        if name in transposed:
            yield from transposed_convolution(model.get_layer(name), f"{key}.deconv")
        else:
            yield from convolution(model.get_layer(name), f"{key}.conv")
        yield from slope(model.get_layer(f"{name}_prelu"), f"{key}.act")
    yield from convolution(model.get_layer("reconstruction"), "output_conv.conv")


ORIGINAL = Original("feat0.conv.weight", _settings, _counterparts)
