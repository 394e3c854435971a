"""EDSR with attention between its blocks, as NLSN and ENLCN were published."""

from __future__ import annotations

from collections.abc import Iterator

from srredsim.checkpoints.counterparts import Counterpart, Shapes, convolutions, upsampling


def attended_settings(shapes: Shapes, query: str) -> dict[str, int]:
    """Settings that the tensors tell; ``query`` is the convolution by which pixels are compared."""
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


def attended(model, settings: dict[str, int], parts: dict[str, str]) -> Iterator[Counterpart]:
    """Everything but what is no convolution; ``parts`` are the names of those of an attention, here and there."""
    keys = {"first": "head.0"}
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
    yield from convolutions(model, keys)
    yield from upsampling(model, "tail.0", "tail.1")
