"""ACT, as it was published in SR-CACO-2."""

from __future__ import annotations

from collections.abc import Iterator

from srredsim.checkpoints.counterparts import (
    Counterpart,
    Original,
    Shapes,
    convolutions,
    dense,
    layer_normalisation,
    upsampling,
)
from srredsim.checkpoints.originals.rcan import BLOCK
from srredsim.networks import act


def _settings(shapes: Shapes) -> dict[str, int]:
    filters, input_channels, *_ = shapes.of_kernel("head.0.weight")
    return {
        "input_channels": input_channels,
        "stages": shapes.count(r"mhsa_block\.(\d+)\."),
        "blocks": shapes.count(r"cnn_branch\.0\.body\.(\d+)\.body\."),
        "filters": filters,
        "reduction": filters // shapes.of_kernel("cnn_branch.0.body.0.body.3.conv_du.0.weight")[0],
        "scale": 2 ** shapes.count(r"tail\.0\.(\d+)\.weight"),
    }


def _counterparts(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    keys = {"first": "head.0", "trunk": "conv_last"}
    keys |= {f"head_{block}_conv_{part}": f"head.{block}.body.{2 * part - 2}" for block in (1, 2) for part in (1, 2)}
    everything = act.order(settings["filters"], halves=2)
    yield from dense(model.get_layer("encoding"), "linear_encoding", everything, everything)
    for stage in range(settings["stages"]):
        name = f"stage_{stage + 1}"
        yield from _tokens(model, name, stage, settings)
        for block in range(settings["blocks"]):
            here, there = f"{name}_block_{block + 1}", f"cnn_branch.{stage}.body.{block}"
            keys |= {f"{here}_{part}": f"{there}.{key}" for part, key in BLOCK.items()}
        keys[f"{name}_last"] = f"cnn_branch.{stage}.body.{settings['blocks']}"
        for block in range(4):
            for part in (1, 2):
                keys[f"{name}_fusion_{block + 1}_{part}"] = f"fusion_block.{stage}.{block}.body.{2 * part - 2}"
        if stage < settings["stages"] - 1:
            keys |= {f"{name}_to_image_{part}": f"fusion_cnn.{stage}.{2 * part - 2}" for part in (1, 2)}
    yield from convolutions(model, keys)
    yield from upsampling(model, "tail.0", "tail.1")


def _tokens(model, name: str, stage: int, settings: dict[str, int]) -> Iterator[Counterpart]:
    """What works on tokens; the original has the channel before the place in a token, see `act.order`."""
    filters = settings["filters"]
    every, half, large = act.order(filters, halves=2), act.order(filters // 2), act.order(filters // 2, wide=2)
    first, cross = f"mhsa_block.{stage}", f"csta_block.{stage}"
    parts = [  # layer, tensor, order of its inputs, and of its outputs; without "norm" a dense layer
        ("self_norm", f"{first}.0.norm", None, every),
        ("self_qkv", f"{first}.0.fn.to_qkv", every, None),
        ("self_projection", f"{first}.0.fn.to_out.0", None, every),
        *_forward("forward_1", f"{first}.1.norm", f"{first}.1.fn.net", (0, 3), every),
        ("large_norm", f"{cross}.0.0", None, large),
        ("large_1", f"{cross}.0.1", large, None),
        ("large_2", f"{cross}.0.3", None, None),
        ("back_norm", f"{cross}.3.0", None, None),
        ("back_1", f"{cross}.3.1", None, None),
        ("back_2", f"{cross}.3.3", None, large),
        *_forward("forward_2", f"{cross}.4.norm", f"{cross}.4.fn.net", (0, 3), every),
    ]
    for number, query, context in ((1, half, None), (2, None, half)):
        here, there = f"cross_{number}", f"{cross}.{number}"
        parts += [
            (f"{here}_norm_1", f"{there}.norm", None, query),
            (f"{here}_norm_2", f"{there}.norm2", None, context),
            (f"{here}_q", f"{there}.fn.to_q", query, None),
            (f"{here}_kv", f"{there}.fn.to_kv", context, None),
            (f"{here}_projection", f"{there}.fn.to_out.0", None, query),
        ]
    if stage < settings["stages"] - 1:
        parts += _forward("to_tokens", f"fusion_mlp.{stage}.0", f"fusion_mlp.{stage}", (1, 3), every)
    for here, there, inputs, outputs in parts:
        layer = model.get_layer(f"{name}_{here}")
        if "norm" in here:
            yield from layer_normalisation(layer, there, outputs)
        else:
            yield from dense(layer, there, inputs, outputs)


def _forward(here: str, norm: str, layers: str, places: tuple[int, int], order) -> list[tuple]:
    return [
        (f"{here}_norm", norm, None, order),
        (f"{here}_1", f"{layers}.{places[0]}", order, None),
        (f"{here}_2", f"{layers}.{places[1]}", None, order),
    ]


ORIGINAL = Original(
    "head.0.weight", _settings, _counterparts, dead=r"((sub|add)_mean|cnn_branch\.4)\.", untold=("heads", "parts")
)
