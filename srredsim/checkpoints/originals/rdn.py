"""RDN, as it was published."""

from __future__ import annotations

from collections.abc import Iterator

from srredsim.checkpoints.counterparts import Counterpart, Original, Shapes, convolutions, ends, upsampling


def _settings(shapes: Shapes) -> dict[str, int]:
    return ends(shapes, "sfe1", "upscale", "output") | {
        "blocks": shapes.count(r"rdbs\.(\d+)\."),
        "layers_per_block": shapes.count(r"rdbs\.0\.layers\.(\d+)\."),
        "growth": shapes.of_kernel("rdbs.0.layers.0.conv.weight")[0],
    }


def _counterparts(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    keys = {"first": "sfe1", "second": "sfe2", "fusion": "gff.0", "trunk": "gff.1"}
    for block in range(settings["blocks"]):
        for layer in range(settings["layers_per_block"]):
            keys[f"block_{block + 1}_conv_{layer + 1}"] = f"rdbs.{block}.layers.{layer}.conv"
        keys[f"block_{block + 1}_fusion"] = f"rdbs.{block}.lff"
    yield from convolutions(model, keys)
    yield from upsampling(model, "upscale", "output")


ORIGINAL = Original("sfe1.weight", _settings, _counterparts)
