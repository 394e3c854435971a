"""What the kinds that are made of raw stacks share: a first look at all the frames, and how stacks are refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from srredsim.acquisition import Cutoff, Pattern, Position, RawStack, frames_from_raw
from srredsim.errors import InputError
from srredsim.lost_frames import whole
from srredsim.normalise import Scaling, scaling_of

if TYPE_CHECKING:
    from srredsim.data.pairs import Pairs
    from srredsim.io import Reading
    from srredsim.noise.spectrum import NoiseSpectrum
    from srredsim.reconstruction.planes import Channel
    from srredsim.stripes.parameters import Parameters
    from srredsim.stripes.preprocess import Prepared
    from srredsim.zoo.models import LoadedModel
    from srredsim.zoo.recipe import Data, Recipe


class OtherPattern(InputError):
    """A model does not take stacks of this pattern; another may."""

    def __init__(self, message: str, pattern: Pattern):
        super().__init__(message)
        self.pattern = pattern


@dataclass(frozen=True)
class Survey:
    """What is known of a stack after every frame was read once; small, whatever the stack."""

    scalings: dict[Position, Scaling] = field(default_factory=dict)
    sharpest: tuple[int, ...] = ()  # slice of each channel at the first time
    stripes: tuple[Parameters | InputError, ...] = ()  # of each channel at the first time, or why there are none
    noise: tuple[NoiseSpectrum | None, ...] = ()  # of each channel, where its lens is known
    cutoffs: tuple[Cutoff, ...] = ()  # of each channel, where they were estimated
    channels: tuple[Channel, ...] = ()  # in the mean over time, where the kind of input itself is made with them

    @property
    def made_with(self) -> tuple[Channel, ...]:
        """Stripes at the first time, and lens, of each channel, where the kind of input is made with them."""
        both = zip(self.channels, self.stripes, strict=False)
        return tuple(replace(one, parameters=first) for one, first in both if not isinstance(first, InputError))

    @property
    def remarks(self) -> list[str]:
        """What is to be said of the stripes and lenses that the kind of input is made with."""
        return [note for channel in self.channels for note in channel.notes]


@dataclass(frozen=True)
class Sharpest:
    """The sharpest slice of a channel: its mean over time, and the frames of the first time."""

    stack: RawStack
    channel: int
    z: int
    mean: np.ndarray  # (angles, phases, y, x)
    first: np.ndarray

    def prepared(self) -> Prepared:
        """The mean; a complaint says of which time, if it is one of them that cannot be used."""
        from srredsim.reconstruction.planes import prepared_plane
        from srredsim.stripes.preprocess import prepare

        times = range(self.stack.sizes["T"])
        if len(times) == 1:
            return self.prepared_first()
        try:
            return prepare(self.mean)
        except InputError:
            for t in times:
                prepared_plane(self.stack, (t, self.channel, self.z))
            raise

    def prepared_first(self) -> Prepared:
        from srredsim.reconstruction.planes import prepared_plane

        return prepared_plane(self.stack, (0, self.channel, self.z), self.first)


def surveyed(stack: RawStack, find: Callable[[Sharpest], Parameters | InputError] | None) -> Survey:
    """Scalings of all planes and, with ``find``, the stripes that it finds in the sharpest slice of each channel.

    Every frame is read once; one channel after the other, so that no more than a few of its frames are in memory.

    Raises
    ------
    InputError
        If a plane cannot be used; the message says which one where there are several.
    """
    scalings: dict[Position, Scaling] = {}
    sharpest, stripes = [], []
    for c in range(stack.sizes["C"]):
        one = _read_once(stack, c, scalings, find is not None)
        if one and find:
            sharpest.append(one.z)
            stripes.append(find(one))
    return Survey(scalings, tuple(sharpest), tuple(stripes))


def _read_once(stack: RawStack, c: int, scalings: dict[Position, Scaling], wanted: bool) -> Sharpest | None:
    """Scalings of a channel's planes, added to the others, and its sharpest slice at the first time."""
    from srredsim.reconstruction.planes import sharpness

    times, slices = stack.sizes["T"], stack.sizes["Z"]
    best, first, height = 0, None, -np.inf
    for z in range(slices):
        raw = whole(stack, (0, c, z))
        scalings[0, c, z] = _scaling(stack, raw, (0, c, z))
        if wanted and (new := sharpness(raw) if slices > 1 else 0.0) > height:
            best, first, height = z, raw, new
    mean = first.astype(np.float32) / times if wanted and times > 1 else first
    for t in range(1, times):
        for z in range(slices):
            raw = whole(stack, (t, c, z))
            scalings[t, c, z] = _scaling(stack, raw, (t, c, z))
            if wanted and z == best:
                mean += raw.astype(np.float32) / times
    return Sharpest(stack, c, best, mean, first) if wanted else None


def _scaling(stack: RawStack, raw: np.ndarray, position: Position) -> Scaling:
    """Scaling of one raw stack; a complaint says which one, where there are several."""
    try:
        return scaling_of(frames_from_raw(raw))
    except InputError as problem:
        raise InputError(": ".join(filter(None, (stack.which(position), str(problem))))) from None


def refuse_leaves(data: Data) -> None:
    if data.leaves or data.dense:
        name = "leaves" if data.leaves else "dense"
        raise InputError(f"data.{name} is for data.input: widefield with data.normalise: image or noise; leave it out")


def patterns(data: Data) -> list[str]:
    return [f"{angles} x {phases}" for angles, phases in data.each_pattern]


def scored(model: LoadedModel, data: str | Path, split: str, wanted: tuple[int, int] | None) -> dict[str, Pairs]:
    """The pairs of a split, by the pattern of their stacks; see `srredsim.inputs`."""
    from srredsim.data import catalogue

    several = [wanted] if wanted else model.recipe.data.each_pattern
    names = ["x".join(map(str, pattern)) for pattern in several]
    if len(several) > 1 and Path(data).is_dir():
        named = " and ".join(names)
        raise InputError(f"{model.name} is for stacks of {named}; say with `pattern` which of them {data} holds")
    opened = (catalogue.open_split(data, split, *pattern).pairs for pattern in several)
    return dict(zip(names, opened, strict=True))


def tested_on(recipe: Recipe) -> str:
    return "simulated"


def compared_with(scale: int) -> tuple[str, ...]:
    return "Wiener", "widefield (Fourier)", "widefield (bicubic)"


def check_reading(taker: str, reading: Reading) -> None:
    """All that can be told is of raw stacks."""


def shown_as(scale: int) -> str:
    return "widefield"


def no_link(name: str, words: str) -> InputError:
    return InputError(f"the model {name} takes {words}, not widefield images; it is no part of a chain")


def refuse_array(name: str, words: str) -> None:
    raise InputError(
        f"the model {name} takes {words}, of a raw stack with angles and phases; give a RawStack, as srredsim.io.read"
        " has it"
    )
