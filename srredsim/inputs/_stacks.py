"""What the kinds that are made of raw stacks share: what they are trained and scored on, and how data are refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srredsim.errors import InputError

if TYPE_CHECKING:
    from srredsim.data.pairs import Pairs
    from srredsim.io import Reading
    from srredsim.zoo.models import LoadedModel
    from srredsim.zoo.recipe import Data, Recipe


def refuse_leaves(data: Data) -> None:
    if data.leaves or data.dense:
        name = "leaves" if data.leaves else "dense"
        raise InputError(f"data.{name} is for data.input: widefield with data.normalise: image or noise; leave it out")


def check_constants(recipe: Recipe) -> None:
    """None are needed: each stack is normalised by itself."""


def with_constants(recipe: Recipe) -> Recipe:
    return recipe


def notes(recipe: Recipe) -> list[str]:
    return []


def patterns(data: Data) -> list[str]:
    return [f"{angles} x {phases}" for angles, phases in data.each_pattern]


def scored(
    model: LoadedModel,
    data: str | Path,
    split: str,
    wanted: tuple[int, int] | None,
    options: Mapping[str, Any] | None = None,
) -> dict[str, Pairs]:
    """The pairs of a split, by the pattern of their stacks; see `srredsim.inputs`."""
    from srredsim.data import catalogue

    def opened(angles: int, phases: int) -> Pairs:
        return catalogue.open_split(data, split, angles, phases, None, options).pairs

    several = [wanted] if wanted else model.recipe.data.each_pattern
    if len(several) > 1 and Path(data).is_dir():
        return dict([catalogue.of_one_pattern(data, several, opened, "say with `pattern` which")])
    return {"x".join(map(str, pattern)): opened(*pattern) for pattern in several}


def tested_on(recipe: Recipe) -> str:
    return "simulated"


def compared_with(scale: int) -> tuple[str, ...]:
    return "Wiener", "widefield (Fourier)", "widefield (bicubic)"


def check_reading(taker: str, reading: Reading) -> None:
    """All that can be told is of raw stacks."""


def shown_as(scale: int) -> str:
    return "widefield"


def refuse_array(name: str, words: str) -> None:
    raise InputError(
        f"the model {name} takes {words}, of a raw stack with angles and phases; give a RawStack, as srredsim.io.read"
        " has it"
    )
