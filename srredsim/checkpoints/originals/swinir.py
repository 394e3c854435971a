"""SwinIR, as it was published in SR-CACO-2."""

from __future__ import annotations

import math
from collections.abc import Iterator

from srredsim.checkpoints.counterparts import (
    Counterpart,
    Original,
    Shapes,
    convolutions,
    dense,
    layer_normalisations,
    plain,
    upsampling,
)

BLOCK = {"qkv": "attn.qkv", "projection": "attn.proj", "mlp_1": "mlp.fc1", "mlp_2": "mlp.fc2"}


def _settings(shapes: Shapes) -> dict[str, int]:
    filters, input_channels, *_ = shapes.of_kernel("conv_first.weight")
    block = "layers.0.residual_group.blocks.0"
    offsets, heads = shapes[f"{block}.attn.relative_position_bias_table"]
    found = {
        "input_channels": input_channels,
        "groups": shapes.count(r"layers\.(\d+)\."),
        "blocks": shapes.count(r"layers\.0\.residual_group\.blocks\.(\d+)\."),
        "filters": filters,
        "heads": heads,
        "window": (math.isqrt(offsets) + 1) // 2,
        "wider": shapes[f"{block}.mlp.fc1.weight"][0] // filters,
    }
    if "conv_last.weight" in shapes:
        return found | {
            "classical": shapes.of_kernel("conv_before_upsample.0.weight")[0],
            "scale": 2 ** shapes.count(r"upsample\.(\d+)\.weight"),
        }
    return found | {"scale": math.isqrt(shapes.of_kernel("upsample.0.weight")[0])}


def _counterparts(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    keys = {"first": "conv_first", "trunk": "conv_after_body"}
    norms = {"first_norm": "patch_embed.norm", "last_norm": "norm"}
    for group in range(settings["groups"]):
        keys[f"group_{group + 1}_last"] = f"layers.{group}.conv"
        for block in range(settings["blocks"]):
            name, key = f"group_{group + 1}_block_{block + 1}", f"layers.{group}.residual_group.blocks.{block}"
            norms |= {f"{name}_norm_{part}": f"{key}.norm{part}" for part in (1, 2)}
            for here, there in BLOCK.items():
                yield from dense(model.get_layer(f"{name}_{here}"), f"{key}.{there}")
            table = model.get_layer(f"{name}_position_bias").embeddings
            yield plain(table, f"{key}.attn.relative_position_bias_table")
    if settings.get("classical"):
        keys["before_upsampling"] = "conv_before_upsample.0"
        yield from upsampling(model, "upsample", "conv_last")
    else:
        keys["last"] = "upsample.0"
    yield from convolutions(model, keys)
    yield from layer_normalisations(model, norms)


ORIGINAL = Original(
    "conv_first.weight",
    _settings,
    _counterparts,
    dead=r".*(relative_position_index|attn_mask)$",
    untold=("stochastic_depth", "extra_window"),
)
