"""ENLCN, as it was published in SR-CACO-2."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from srredsim.checkpoints.counterparts import (
    Counterpart,
    Original,
    Shapes,
)
from srredsim.checkpoints.originals._attended import attended, attended_settings


def _settings(shapes: Shapes) -> dict[str, int]:
    features = shapes["body.0.attn_fn.projection_matrix"][0]
    return attended_settings(shapes, "conv_match1") | {"features": features}


def _counterparts(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    parts = {"query": "conv_match1.0", "key": "conv_match2.0", "value": "conv_assembly.0"}
    yield from attended(model, settings, parts)
    for attention in range(settings["blocks"] // settings["between"] + 1):
        kernel = model.get_layer(f"attention_{attention + 1}_projection").kernel
        name = f"body.{attention * (settings['between'] + 1)}.attn_fn.projection_matrix"
        yield Counterpart(name, tuple(kernel.shape[::-1]), kernel, np.transpose)


ORIGINAL = Original("head.0.weight", _settings, _counterparts, dead=r"(sub|add)_mean\.")
