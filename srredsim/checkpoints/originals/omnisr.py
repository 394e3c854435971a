"""Omni-SR, as it was published in SR-CACO-2."""

from __future__ import annotations

import math
from collections.abc import Iterator

from srredsim.checkpoints.counterparts import (
    Counterpart,
    Original,
    Shapes,
    convolution,
    convolutions,
    dense,
    depthwise,
    for_each_head,
    layer_normalisations,
    plain,
)

LOCAL = {"1": "0", "squeeze": "4.gate.1", "excite": "4.gate.3", "2": "5"}
ORDER = {  # part of a block -> its place in the sequence
    "window": 2,
    "forward_1": 4,
    "window_channels": 5,
    "forward_2": 6,
    "grid": 8,
    "forward_3": 10,
    "grid_channels": 11,
    "forward_4": 12,
}
GATE = {"1": "conv1", "2": "conv2", "3": "conv3", "4": "conv4", "near": "conv_f"}


def _settings(shapes: Shapes) -> dict[str, int]:
    filters, input_channels, *_ = shapes.of_kernel("input.weight")
    block = "residual_layer.0.residual_layer.0.layer"
    offsets, heads = shapes[f"{block}.2.fn.rel_pos_bias.weight"]
    return {
        "input_channels": input_channels,
        "groups": shapes.count(r"residual_layer\.(\d+)\."),
        "blocks": shapes.count(r"residual_layer\.0\.residual_layer\.(\d+)\.layer\."),
        "filters": filters,
        "heads": heads,
        "window": (math.isqrt(offsets) + 1) // 2,
        "reduction": filters // shapes.of_kernel("residual_layer.0.esa.conv1.weight")[0],
        "scale": math.isqrt(shapes.of_kernel("up.0.weight")[0]),
    }


def _counterparts(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    keys = {"first": "input", "trunk": "output", "last": "up.0"}
    for group in range(settings["groups"]):
        name, key = f"group_{group + 1}", f"residual_layer.{group}"
        keys |= {f"{name}_gate_{here}": f"{key}.esa.{there}" for here, there in GATE.items()}
        keys[f"{name}_last"] = f"{key}.residual_layer.{settings['blocks']}"
        for block in range(settings["blocks"]):
            yield from _block(model, f"{name}_block_{block + 1}", f"{key}.residual_layer.{block}.layer")
    yield from convolutions(model, keys)


def _block(model, name: str, key: str) -> Iterator[Counterpart]:
    layer = model.get_layer
    for here, there in LOCAL.items():
        kind = convolution if here in "12" else dense
        yield from kind(layer(f"{name}_local_{here}"), f"{key}.0.fn.{there}")
    yield from depthwise(layer(f"{name}_local_depthwise"), f"{key}.0.fn.2")
    for part, place in ORDER.items():
        here, there = f"{name}_{part}", f"{key}.{place}.fn"
        yield from layer_normalisations(model, {f"{here}_norm": f"{key}.{place}.norm"})
        if part.startswith("forward"):
            yield from convolutions(model, {f"{here}_1": f"{there}.project_in", f"{here}_2": f"{there}.project_out"})
            yield from depthwise(layer(f"{here}_depthwise"), f"{there}.dwconv")
        elif part.endswith("channels"):
            yield from convolutions(
                model, {f"{here}_qkv": f"{there}.qkv", f"{here}_projection": f"{there}.project_out"}
            )
            yield from depthwise(layer(f"{here}_depthwise"), f"{there}.qkv_dwconv")
            yield for_each_head(layer(f"{here}_temperature").embeddings, f"{there}.temperature")
        else:
            yield from dense(layer(f"{here}_qkv"), f"{there}.to_qkv")
            yield from dense(layer(f"{here}_projection"), f"{there}.to_out.0")
            yield plain(layer(f"{here}_position_bias").embeddings, f"{there}.rel_pos_bias.weight")


ORIGINAL = Original("input.weight", _settings, _counterparts)
