"""GRL, as it was published in SR-CACO-2."""

from __future__ import annotations

from collections.abc import Iterator

from srredsim.checkpoints.counterparts import (
    Counterpart,
    Original,
    Shapes,
    convolutions,
    dense,
    for_each_head,
    layer_normalisations,
    upsampling,
)

BLOCK = {
    "anchor": "attn.anchor.body.0.reduction",
    "projection": "attn.proj",
    "mlp_1": "mlp.fc1",
    "mlp_2": "mlp.fc2",
}
COSINES = {
    "window": "attn.window_attn.attn_transform",
    "gathering": "attn.stripe_attn.attn_transform1",
    "spreading": "attn.stripe_attn.attn_transform2",
}
BESIDE = {"1": "0", "2": "2", "squeeze": "3.attention.1", "excite": "3.attention.3"}


def _settings(shapes: Shapes) -> dict:
    filters, input_channels, *_ = shapes.of_kernel("conv_first.weight")
    block, stages = "layers.0.blocks.0", shapes.count(r"layers\.(\d+)\.")
    return {
        "input_channels": input_channels,
        "stages": [shapes.count(rf"layers\.{stage}\.blocks\.(\d+)\.") for stage in range(stages)],
        "filters": filters,
        "heads": shapes[f"{block}.attn.window_attn.attn_transform.logit_scale"][0],
        "wider": shapes[f"{block}.mlp.fc1.weight"][0] // filters,
        "hidden": shapes[f"{block}.attn.window_attn.attn_transform.cpb_mlp.0.weight"][0],
        "compression": filters // shapes.of_kernel(f"{block}.conv.cab.0.weight")[0],
        "reduction": filters // shapes.of_kernel(f"{block}.conv.cab.3.attention.1.weight")[0],
        "classical": shapes.of_kernel("conv_before_upsample.0.weight")[0],
        "scale": 2 ** shapes.count(r"upsample\.up\.(\d+)\.weight"),
    }


def _counterparts(model, settings: dict) -> Iterator[Counterpart]:
    keys = {"first": "conv_first", "trunk": "conv_after_body"}
    keys["before_upsampling"] = "conv_before_upsample.0"
    norms = {"first_norm": "norm_start", "last_norm": "norm_end"}
    for stage, blocks in enumerate(settings["stages"]):
        keys[f"stage_{stage + 1}_last"] = f"layers.{stage}.conv"
        for block in range(blocks):
            name, key = f"stage_{stage + 1}_block_{block + 1}", f"layers.{stage}.blocks.{block}"
            norms |= {f"{name}_norm_{part}": f"{key}.norm{part}" for part in (1, 2)}
            keys |= {f"{name}_beside_{here}": f"{key}.conv.cab.{there}" for here, there in BESIDE.items()}
            for here, there in BLOCK.items():
                yield from dense(model.get_layer(f"{name}_{here}"), f"{key}.{there}")
            for half, here in enumerate(("near", "far")):
                layer = model.get_layer(f"{name}_{here}")
                rows = slice(half * layer.units, (half + 1) * layer.units)
                yield from dense(layer, f"{key}.attn.qkv.body", outputs=rows, of=2 * layer.units)
            for here, there in COSINES.items():
                yield from _cosine(model, f"{name}_{here}", f"{key}.{there}")
    yield from convolutions(model, keys)
    yield from layer_normalisations(model, norms)
    yield from upsampling(model, "upsample.up", "conv_last")


def _cosine(model, name: str, key: str) -> Iterator[Counterpart]:
    yield for_each_head(model.get_layer(f"{name}_scale").embeddings, f"{key}.logit_scale")
    for layer, place in ((1, 0), (2, 2)):
        yield from dense(model.get_layer(f"{name}_place_{layer}"), f"{key}.cpb_mlp.{place}")


ORIGINAL = Original(
    "conv_first.weight", _settings, _counterparts, dead=r"(table|index|mask)_", untold=("window", "stochastic_depth")
)
