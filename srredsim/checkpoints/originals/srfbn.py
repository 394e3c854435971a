"""SRFBN, as it was published."""

from __future__ import annotations

from collections.abc import Iterator

from srredsim.checkpoints.counterparts import Counterpart, Original, Shapes, convolution, slope, transposed_convolution
from srredsim.errors import InputError
from srredsim.networks.srfbn import KERNELS


def _settings(shapes: Shapes) -> dict[str, int]:
    side = shapes.of_kernel("out.0.weight")[-1]
    scales = {kernel: scale for scale, kernel in KERNELS.items()}
    if side not in scales:
        raise InputError(f"out.0.weight has {side} x {side} pixels; of srfbn it has {', '.join(map(str, scales))}")
    return {
        "scale": scales[side],
        "input_channels": shapes.of_kernel("conv_in.0.weight")[1],
        "groups": shapes.count(r"block\.upBlocks\.(\d+)\."),
        "filters": shapes.of_kernel("feat_in.0.weight")[0],
    }


def _counterparts(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    keys = {"shallow_1": "conv_in", "shallow_2": "feat_in"}
    keys |= {"compress_in": "block.compress_in", "compress_out": "block.compress_out"}
    transposed = {"reconstruction_up": "out"}
    for group in range(settings["groups"]):
        transposed[f"group_{group + 1}_up"] = f"block.upBlocks.{group}"
        keys[f"group_{group + 1}_down"] = f"block.downBlocks.{group}"
    for group in range(settings["groups"] - 1):
        keys |= {f"group_{group + 2}_before_{way}": f"block.{way}tranBlocks.{group}" for way in ("up", "down")}
    for name, key in (keys | transposed).items():
        of_kind = transposed_convolution if name in transposed else convolution
        yield from of_kind(model.get_layer(name), f"{key}.0")
        yield from slope(model.get_layer(f"{name}_prelu"), f"{key}.1")
    yield from convolution(model.get_layer("reconstruction"), "conv_out.0")


ORIGINAL = Original("conv_in.0.weight", _settings, _counterparts, dead=r"(sub|add)_mean\.", untold=("steps",))
