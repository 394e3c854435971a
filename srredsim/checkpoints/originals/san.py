"""SAN, as it was published."""

from __future__ import annotations

from collections.abc import Iterator

from srredsim.checkpoints.counterparts import Counterpart, Original, Shapes, convolutions, ends, upsampling


def _settings(shapes: Shapes) -> dict[str, int]:
    settings = ends(shapes, "head.0", "tail.0", "tail.1")
    return settings | {
        "groups": shapes.count(r"RG\.(\d+)\.rcab\."),
        "blocks": shapes.count(r"RG\.0\.rcab\.(\d+)\."),
        "reduction": settings["filters"] // shapes.of_kernel("RG.0.soca.conv_du.0.weight")[0],
        "inner": shapes.of_kernel("non_local.non_local.theta.weight")[0],
    }


def _counterparts(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    parts = {"query": "theta", "key": "phi.0", "value": "g.0", "output": "W"}
    keys = {f"non_local_{part}": f"non_local.non_local.{key}" for part, key in parts.items()} | {"first": "head.0"}
    for group in range(settings["groups"]):
        here, there = f"group_{group + 1}", f"RG.{group}"
        for block in range(settings["blocks"]):
            for layer, place in ((1, 0), (2, 2)):
                keys[f"{here}_block_{block + 1}_conv_{layer}"] = f"{there}.rcab.{block}.conv_first.{place}"
        keys |= {f"{here}_squeeze": f"{there}.soca.conv_du.0", f"{here}_excite": f"{there}.soca.conv_du.2"}
        keys[f"{here}_last"] = f"{there}.conv_last"
    yield from convolutions(model, keys)
    yield Counterpart("gamma", (1,), model.get_layer("gamma").kernel, lambda gamma: gamma.reshape(1, 1))
    yield from upsampling(model, "tail.0", "tail.1")


ORIGINAL = Original("head.0.weight", _settings, _counterparts, dead=r"(RG\.\d+\.gamma$|conv_last\.|non_local\.soca\.)")
