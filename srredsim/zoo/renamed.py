"""Words that recipes once had for what has another name now: recipes and runs of before are read as they were meant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

INITIALISATIONS = {"w2s_denoiser": "kaiming_clamped"}
LOSSES = {"ssim_loss": "ssim"}  # also before a suffix, as of ssim_loss_over_steps


def current(content: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a recipe with the words of today."""
    content = dict(content)
    initialisation, loss = content.get("initialisation"), content.get("loss")
    if isinstance(initialisation, str):
        content["initialisation"] = INITIALISATIONS.get(initialisation, initialisation)
    if isinstance(loss, str):
        content["loss"] = _loss(loss)
    elif isinstance(loss, Mapping):
        content["loss"] = {_loss(name) if isinstance(name, str) else name: value for name, value in loss.items()}
    return content


def _loss(name: str) -> str:
    before = next((old for old in LOSSES if name == old or name.startswith(f"{old}_over_")), None)
    return name if before is None else LOSSES[before] + name[len(before) :]
