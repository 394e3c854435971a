"""The networks of the SR-CACO-2 benchmark: which tensor of their checkpoints is which weight here."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

import numpy as np

from srredsim.checkpoints.mapping import (
    RCAN_BLOCK,
    Counterpart,
    Original,
    Shapes,
    convolution,
    dense,
    plain,
    slope,
    transposed_convolution,
)
from srredsim.networks import act, dbpn


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


def _prosr_settings(shapes: Shapes) -> dict[str, int]:
    levels = shapes.count(r"pyramid_residual_(\d+)\.")
    filters, input_channels, *_ = shapes.of_kernel(f"init_conv_{levels}.conv.1.weight")
    return {
        "input_channels": input_channels,
        "layers_per_unit": shapes.count(r"pyramid_residual_1\.residual_denseblock_1\.dense_block\.denselayer(\d+)\."),
        "filters": filters,
        "growth": shapes.of_kernel(
            "pyramid_residual_1.residual_denseblock_1.dense_block.denselayer1.conv_2.conv.1.weight"
        )[0],
        "scale": 2**levels,
    }


def _prosr(model, settings: dict) -> Iterator[Counterpart]:
    levels = settings["scale"].bit_length() - 1
    keys = {f"first_{levels}": f"init_conv_{levels}.conv.1"}
    for level, units in zip(range(1, levels + 1), settings["units"], strict=False):
        here, there = f"level_{level}", f"pyramid_residual_{level}"
        if level > 1:
            keys[f"{here}_compression"] = f"{there}.compression_{level - 1}.conv1"
        for unit in range(1, units + 1):
            block = f"{there}.residual_denseblock_{unit}"
            for layer in range(1, settings["layers_per_unit"] + 1):
                name, key = f"{here}_unit_{unit}_layer_{layer}", f"{block}.dense_block.denselayer{layer}"
                keys |= {f"{name}_squeeze": f"{key}.conv_1", f"{name}_conv": f"{key}.conv_2.conv.1"}
            keys[f"{here}_unit_{unit}_fusion"] = f"{block}.comp.conv1"
        keys[f"{here}_last"] = f"{there}.final_conv.final_conv.conv.1"
        if level == levels or settings["all_levels"]:
            keys[f"{here}_image"] = f"reconst_{level}.final_conv.conv.1"
        up = model.get_layer(f"{here}_up")
        yield from convolution(up, f"{there}_residual_upsampler.m.0.conv.1", shuffle=2)
    yield from _convolutions(model, keys)


def _dbpn_settings(shapes: Shapes) -> dict[str, int]:
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


def _dbpn(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    keys = {"shallow_1": "feat0", "shallow_2": "feat1"}
    transposed = {}
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


DFCAN_BLOCK = {
    "conv_1": "conv_gelu1",
    "conv_2": "conv_gelu2",
    "frequencies": "conv_relu1",
    "squeeze": "conv_relu2",
    "excite": "conv_sigmoid",
}


def _dfcan_settings(shapes: Shapes) -> dict[str, int]:
    filters, input_channels, *_ = shapes.of_kernel("input.0.weight")
    return {
        "input_channels": input_channels,
        "groups": shapes.count(r"RGs\.(\d+)\."),
        "blocks": shapes.count(r"RGs\.0\.RCABs\.(\d+)\."),
        "filters": filters,
        "reduction": filters // shapes.of_kernel("RGs.0.RCABs.0.conv_relu2.0.weight")[0],
        "scale": math.isqrt(shapes.of_kernel("conv_gelu.0.weight")[0] // filters),
    }


def _dfcan(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    keys = {"first": "input", "last": "conv_sigmoid"}
    for group in range(settings["groups"]):
        for block in range(settings["blocks"]):
            name, key = f"group_{group + 1}_block_{block + 1}", f"RGs.{group}.RCABs.{block}"
            keys |= {f"{name}_{here}": f"{key}.{there}" for here, there in DFCAN_BLOCK.items()}
    yield from _convolutions(model, {name: f"{key}.0" for name, key in keys.items()})
    yield from convolution(model.get_layer("upsampling"), "conv_gelu.0", shuffle=settings["scale"])


SWINIR_BLOCK = {"qkv": "attn.qkv", "projection": "attn.proj", "mlp_1": "mlp.fc1", "mlp_2": "mlp.fc2"}


def _swinir_settings(shapes: Shapes) -> dict[str, int]:
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


def _swinir(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    keys = {"first": "conv_first", "trunk": "conv_after_body"}
    norms = {"first_norm": "patch_embed.norm", "last_norm": "norm"}
    for group in range(settings["groups"]):
        keys[f"group_{group + 1}_last"] = f"layers.{group}.conv"
        for block in range(settings["blocks"]):
            name, key = f"group_{group + 1}_block_{block + 1}", f"layers.{group}.residual_group.blocks.{block}"
            norms |= {f"{name}_norm_{part}": f"{key}.norm{part}" for part in (1, 2)}
            for here, there in SWINIR_BLOCK.items():
                yield from dense(model.get_layer(f"{name}_{here}"), f"{key}.{there}")
            table = model.get_layer(f"{name}_position_bias").embeddings
            yield plain(table, f"{key}.attn.relative_position_bias_table")
    if settings["classical"]:
        keys |= {"before_upsampling": "conv_before_upsample.0", "last": "conv_last"}
        yield from _doublings(model, settings["scale"], "upsample")
    else:
        keys["last"] = "upsample.0"
    yield from _convolutions(model, keys)
    yield from _layer_normalisations(model, norms)


def _attended_settings(shapes: Shapes, query: str) -> dict[str, int]:
    """Of EDSR with attention between its blocks; ``query`` is the convolution by which pixels are compared."""
    filters, input_channels, *_ = shapes.of_kernel("head.0.weight")
    blocks = shapes.count(r"body\.(\d+)\.body\.")
    attentions = shapes.count(rf"body\.(\d+)\.{query}\.")
    return {
        "input_channels": input_channels,
        "blocks": blocks,
        "between": blocks // max(attentions - 1, 1),
        "filters": filters,
        "inner": shapes.of_kernel(f"body.0.{query}.0.weight")[0],
        "scale": 2 ** shapes.count(r"tail\.0\.(\d+)\.weight"),
    }


def _attended(model, settings: dict[str, int], parts: dict[str, str]) -> Iterator[Counterpart]:
    keys = {"first": "head.0", "last": "tail.1"}
    place = attention = 0
    for block in range(settings["blocks"] + 1):
        if block % settings["between"] == 0:
            attention += 1
            keys |= {f"attention_{attention}_{here}": f"body.{place}.{there}" for here, there in parts.items()}
            place += 1
        if block < settings["blocks"]:
            keys |= {f"block_{block + 1}_conv_{layer}": f"body.{place}.body.{2 * layer - 2}" for layer in (1, 2)}
        else:
            keys["trunk"] = f"body.{place}"
        place += 1
    yield from _convolutions(model, keys)
    yield from _doublings(model, settings["scale"], "tail.0")


def _nlsn_settings(shapes: Shapes) -> dict[str, int]:
    return _attended_settings(shapes, "conv_match")


def _nlsn(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    yield from _attended(model, settings, {"match": "conv_match.0", "value": "conv_assembly.0"})


def _enlcn_settings(shapes: Shapes) -> dict[str, int]:
    features = shapes["body.0.attn_fn.projection_matrix"][0]
    return _attended_settings(shapes, "conv_match1") | {"features": features}


def _enlcn(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    parts = {"query": "conv_match1.0", "key": "conv_match2.0", "value": "conv_assembly.0"}
    yield from _attended(model, settings, parts)
    for attention in range(settings["blocks"] // settings["between"] + 1):
        kernel = model.get_layer(f"attention_{attention + 1}_projection").kernel
        name = f"body.{attention * (settings['between'] + 1)}.attn_fn.projection_matrix"
        yield Counterpart(name, tuple(kernel.shape[::-1]), kernel, np.transpose)


OMNISR_LOCAL = {"1": "0", "squeeze": "4.gate.1", "excite": "4.gate.3", "2": "5"}
OMNISR_ORDER = {  # part of a block -> its place in the sequence
    "window": 2,
    "forward_1": 4,
    "window_channels": 5,
    "forward_2": 6,
    "grid": 8,
    "forward_3": 10,
    "grid_channels": 11,
    "forward_4": 12,
}
OMNISR_GATE = {"1": "conv1", "2": "conv2", "3": "conv3", "4": "conv4", "near": "conv_f"}


def _omnisr_settings(shapes: Shapes) -> dict[str, int]:
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


def _omnisr(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    keys = {"first": "input", "trunk": "output", "last": "up.0"}
    for group in range(settings["groups"]):
        name, key = f"group_{group + 1}", f"residual_layer.{group}"
        keys |= {f"{name}_gate_{here}": f"{key}.esa.{there}" for here, there in OMNISR_GATE.items()}
        keys[f"{name}_last"] = f"{key}.residual_layer.{settings['blocks']}"
        for block in range(settings["blocks"]):
            yield from _omnisr_block(model, f"{name}_block_{block + 1}", f"{key}.residual_layer.{block}.layer")
    yield from _convolutions(model, keys)


def _omnisr_block(model, name: str, key: str) -> Iterator[Counterpart]:
    layer = model.get_layer
    for here, there in OMNISR_LOCAL.items():
        kind = convolution if here in "12" else dense
        yield from kind(layer(f"{name}_local_{here}"), f"{key}.0.fn.{there}")
    yield from depthwise(layer(f"{name}_local_depthwise"), f"{key}.0.fn.2")
    for part, place in OMNISR_ORDER.items():
        here, there = f"{name}_{part}", f"{key}.{place}.fn"
        yield from _layer_normalisations(model, {f"{here}_norm": f"{key}.{place}.norm"})
        if part.startswith("forward"):
            yield from _convolutions(model, {f"{here}_1": f"{there}.project_in", f"{here}_2": f"{there}.project_out"})
            yield from depthwise(layer(f"{here}_depthwise"), f"{there}.dwconv")
        elif part.endswith("channels"):
            yield from _convolutions(
                model, {f"{here}_qkv": f"{there}.qkv", f"{here}_projection": f"{there}.project_out"}
            )
            yield from depthwise(layer(f"{here}_depthwise"), f"{there}.qkv_dwconv")
            yield from _for_each_head(layer(f"{here}_temperature").embeddings, f"{there}.temperature")
        else:
            yield from dense(layer(f"{here}_qkv"), f"{there}.to_qkv")
            yield from dense(layer(f"{here}_projection"), f"{there}.to_out.0")
            yield plain(layer(f"{here}_position_bias").embeddings, f"{there}.rel_pos_bias.weight")


def depthwise(layer, key: str) -> Iterator[Counterpart]:
    """(channels, 1, y, x) -> (y, x, channels, 1), and the bias."""
    height, width, channels, _ = layer.kernel.shape
    shape = (channels, 1, height, width)
    yield Counterpart(f"{key}.weight", shape, layer.kernel, lambda kernel: kernel.transpose(2, 3, 0, 1))
    if layer.use_bias:
        yield plain(layer.bias, f"{key}.bias")


def _act_settings(shapes: Shapes) -> dict[str, int]:
    filters, input_channels, *_ = shapes.of_kernel("head.0.weight")
    return {
        "input_channels": input_channels,
        "stages": shapes.count(r"mhsa_block\.(\d+)\."),
        "blocks": shapes.count(r"cnn_branch\.0\.body\.(\d+)\.body\."),
        "filters": filters,
        "reduction": filters // shapes.of_kernel("cnn_branch.0.body.0.body.3.conv_du.0.weight")[0],
        "scale": 2 ** shapes.count(r"tail\.0\.(\d+)\.weight"),
    }


def _act(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    keys = {"first": "head.0", "trunk": "conv_last", "last": "tail.1"}
    keys |= {f"head_{block}_conv_{part}": f"head.{block}.body.{2 * part - 2}" for block in (1, 2) for part in (1, 2)}
    everything = act.order(settings["filters"], halves=2)
    yield from dense(model.get_layer("encoding"), "linear_encoding", everything, everything)
    for stage in range(settings["stages"]):
        name = f"stage_{stage + 1}"
        yield from _act_tokens(model, name, stage, settings)
        for block in range(settings["blocks"]):
            here, there = f"{name}_block_{block + 1}", f"cnn_branch.{stage}.body.{block}"
            keys |= {f"{here}_{part}": f"{there}.{key}" for part, key in RCAN_BLOCK.items()}
        keys[f"{name}_last"] = f"cnn_branch.{stage}.body.{settings['blocks']}"
        for block in range(4):
            for part in (1, 2):
                keys[f"{name}_fusion_{block + 1}_{part}"] = f"fusion_block.{stage}.{block}.body.{2 * part - 2}"
        if stage < settings["stages"] - 1:
            keys |= {f"{name}_to_image_{part}": f"fusion_cnn.{stage}.{2 * part - 2}" for part in (1, 2)}
    yield from _convolutions(model, keys)
    yield from _doublings(model, settings["scale"], "tail.0")


def _act_tokens(model, name: str, stage: int, settings: dict[str, int]) -> Iterator[Counterpart]:
    """What works on tokens; the original has the channel before the place in a token, see `act.order`."""
    filters = settings["filters"]
    every, half, large = act.order(filters, halves=2), act.order(filters // 2), act.order(filters // 2, wide=2)
    first, cross = f"mhsa_block.{stage}", f"csta_block.{stage}"
    parts = [  # layer, tensor, order of its inputs, and of its outputs; without "norm" a dense layer
        ("self_norm", f"{first}.0.norm", None, every),
        ("self_qkv", f"{first}.0.fn.to_qkv", every, None),
        ("self_projection", f"{first}.0.fn.to_out.0", None, every),
        *_act_forward("forward_1", f"{first}.1.norm", f"{first}.1.fn.net", (0, 3), every),
        ("large_norm", f"{cross}.0.0", None, large),
        ("large_1", f"{cross}.0.1", large, None),
        ("large_2", f"{cross}.0.3", None, None),
        ("back_norm", f"{cross}.3.0", None, None),
        ("back_1", f"{cross}.3.1", None, None),
        ("back_2", f"{cross}.3.3", None, large),
        *_act_forward("forward_2", f"{cross}.4.norm", f"{cross}.4.fn.net", (0, 3), every),
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
        parts += _act_forward("to_tokens", f"fusion_mlp.{stage}.0", f"fusion_mlp.{stage}", (1, 3), every)
    for here, there, inputs, outputs in parts:
        layer = model.get_layer(f"{name}_{here}")
        if "norm" in here:
            yield from _layer_normalisation(layer, there, outputs)
        else:
            yield from dense(layer, there, inputs, outputs)


def _act_forward(here: str, norm: str, layers: str, places: tuple[int, int], order) -> list[tuple]:
    return [
        (f"{here}_norm", norm, None, order),
        (f"{here}_1", f"{layers}.{places[0]}", order, None),
        (f"{here}_2", f"{layers}.{places[1]}", None, order),
    ]


GRL_BLOCK = {
    "qkv": "attn.qkv.body",
    "anchor": "attn.anchor.body.0.reduction",
    "projection": "attn.proj",
    "mlp_1": "mlp.fc1",
    "mlp_2": "mlp.fc2",
}
GRL_COSINES = {
    "window": "attn.window_attn.attn_transform",
    "gathering": "attn.stripe_attn.attn_transform1",
    "spreading": "attn.stripe_attn.attn_transform2",
}
GRL_BESIDE = {"1": "0", "2": "2", "squeeze": "3.attention.1", "excite": "3.attention.3"}


def _grl_settings(shapes: Shapes) -> dict:
    filters, input_channels, *_ = shapes.of_kernel("conv_first.weight")
    block, stages = "layers.0.blocks.0", shapes.count(r"layers\.(\d+)\.")
    return {
        "input_channels": input_channels,
        "stages": tuple(shapes.count(rf"layers\.{stage}\.blocks\.(\d+)\.") for stage in range(stages)),
        "filters": filters,
        "heads": shapes[f"{block}.attn.window_attn.attn_transform.logit_scale"][0],
        "wider": shapes[f"{block}.mlp.fc1.weight"][0] // filters,
        "hidden": shapes[f"{block}.attn.window_attn.attn_transform.cpb_mlp.0.weight"][0],
        "compression": filters // shapes.of_kernel(f"{block}.conv.cab.0.weight")[0],
        "reduction": filters // shapes.of_kernel(f"{block}.conv.cab.3.attention.1.weight")[0],
        "classical": shapes.of_kernel("conv_before_upsample.0.weight")[0],
        "scale": 2 ** shapes.count(r"upsample\.up\.(\d+)\.weight"),
    }


def _grl(model, settings: dict) -> Iterator[Counterpart]:
    keys = {"first": "conv_first", "trunk": "conv_after_body", "last": "conv_last"}
    keys["before_upsampling"] = "conv_before_upsample.0"
    norms = {"first_norm": "norm_start", "last_norm": "norm_end"}
    for stage, blocks in enumerate(settings["stages"]):
        keys[f"stage_{stage + 1}_last"] = f"layers.{stage}.conv"
        for block in range(blocks):
            name, key = f"stage_{stage + 1}_block_{block + 1}", f"layers.{stage}.blocks.{block}"
            norms |= {f"{name}_norm_{part}": f"{key}.norm{part}" for part in (1, 2)}
            keys |= {f"{name}_beside_{here}": f"{key}.conv.cab.{there}" for here, there in GRL_BESIDE.items()}
            for here, there in GRL_BLOCK.items():
                yield from dense(model.get_layer(f"{name}_{here}"), f"{key}.{there}")
            for here, there in GRL_COSINES.items():
                yield from _grl_cosine(model, f"{name}_{here}", f"{key}.{there}")
    yield from _convolutions(model, keys)
    yield from _layer_normalisations(model, norms)
    yield from _doublings(model, settings["scale"], "upsample.up")


def _grl_cosine(model, name: str, key: str) -> Iterator[Counterpart]:
    yield from _for_each_head(model.get_layer(f"{name}_scale").embeddings, f"{key}.logit_scale")
    for layer, place in ((1, 0), (2, 2)):
        yield from dense(model.get_layer(f"{name}_place_{layer}"), f"{key}.cpb_mlp.{place}")


def _for_each_head(numbers, name: str) -> Iterator[Counterpart]:
    """(heads, 1, 1) -> (heads, 1)"""
    yield Counterpart(name, (numbers.shape[0], 1, 1), numbers, lambda values: values[..., 0])


def _layer_normalisations(model, keys: dict[str, str]) -> Iterator[Counterpart]:
    for name, key in keys.items():
        yield from _layer_normalisation(model.get_layer(name), key)


def _layer_normalisation(layer, key: str, order=None) -> Iterator[Counterpart]:
    for weight, name in ((layer.gamma, "weight"), (layer.beta, "bias")):
        yield Counterpart(f"{key}.{name}", tuple(weight.shape), weight, partial(_ordered, order))


def _ordered(order, values: np.ndarray) -> np.ndarray:
    return values if order is None else values[order]


def _doublings(model, scale: int, key: str) -> Iterator[Counterpart]:
    """Convolutions before pixel shuffles by two, at every second place of a sequence."""
    for step in range(scale.bit_length() - 1):
        yield from convolution(model.get_layer(f"upsampling_{step + 1}"), f"{key}.{2 * step}", shuffle=2)


def _convolutions(model, keys: dict[str, str]) -> Iterator[Counterpart]:
    for name, key in keys.items():
        yield from convolution(model.get_layer(name), key)


ORIGINALS = {
    "act": Original("head.0.weight", _act_settings, _act, dead=r"((sub|add)_mean|cnn_branch\.4)\."),
    "dbpn": Original("feat0.conv.weight", _dbpn_settings, _dbpn),
    "dfcan": Original("input.0.weight", _dfcan_settings, _dfcan),
    "drrn": Original("conv1.1.weight", _drrn_settings, _drrn),
    "enlcn": Original("head.0.weight", _enlcn_settings, _enlcn, dead=r"(sub|add)_mean\."),
    "grl": Original("conv_first.weight", _grl_settings, _grl, dead=r"(table|index|mask)_"),
    "nlsn": Original("head.0.weight", _nlsn_settings, _nlsn, dead=r"(sub|add)_mean\."),
    "mslapsrn": Original("conv1.0.weight", _mslapsrn_settings, _mslapsrn),
    "prosr": Original("pyramid_residual_1.residual_denseblock_1.comp.conv1.weight", _prosr_settings, _prosr),
    "omnisr": Original("input.weight", _omnisr_settings, _omnisr),
    "srcnn": Original("features.0.weight", _srcnn_settings, _srcnn),
    "swinir": Original("conv_first.weight", _swinir_settings, _swinir, dead=r".*(relative_position_index|attn_mask)$"),
    "vdsr": Original("conv1.0.weight", _vdsr_settings, _vdsr),
}
