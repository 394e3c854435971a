"""What the kinds that are made of raw stacks share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srredsim.errors import InputError

if TYPE_CHECKING:
    from srredsim.zoo.recipe import Data


def refuse_leaves(data: Data) -> None:
    if data.leaves:
        raise InputError("data.leaves is for data.input: widefield with data.normalise: image or noise; leave it out")


def patterns(data: Data) -> list[str]:
    return [f"{angles} x {phases}" for angles, phases in data.each_pattern]
