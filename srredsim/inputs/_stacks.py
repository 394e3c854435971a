"""What the kinds that are made of raw stacks share: a first look at all the frames, and how stacks are refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from srredsim.acquisition import Pattern, RawStack, frames_from_raw
from srredsim.errors import InputError
from srredsim.lost_frames import whole
from srredsim.normalise import Scaling, scaling_of

if TYPE_CHECKING:
    from srredsim.stripes.parameters import Parameters
    from srredsim.stripes.preprocess import Prepared
    from srredsim.zoo.recipe import Data

Position = tuple[int, int, int]  # t, c, z


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
    channels: tuple[Any, ...] = ()  # what was found in each

    @property
    def stripes(self) -> list[Parameters | InputError]:
        """Stripes of each channel at its first time, or why there are none."""
        return [getattr(found, "first", found) for found in self.channels]

    @property
    def needed_stripes(self) -> list[Parameters]:
        """Those that the kind of input itself is made of."""
        return [found.first for found in self.channels if hasattr(found, "first")]


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


def surveyed(stack: RawStack, find: Callable[[Sharpest], Any] | None) -> Survey:
    """Scalings of all planes and, with ``find``, what it finds in the sharpest slice of each channel.

    Every frame is read once; one channel after the other, so that no more than a few of its frames are in memory.

    Raises
    ------
    InputError
        If a plane cannot be used; the message says which one where there are several.
    """
    scalings: dict[Position, Scaling] = {}
    sharpest, channels = [], []
    for c in range(stack.sizes["C"]):
        one = _read_once(stack, c, scalings, find is not None)
        if one and find:
            sharpest.append(one.z)
            channels.append(find(one))
    return Survey(scalings, tuple(sharpest), tuple(channels))


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
    if data.leaves:
        raise InputError("data.leaves is for data.input: widefield with data.normalise: image or noise; leave it out")


def patterns(data: Data) -> list[str]:
    return [f"{angles} x {phases}" for angles, phases in data.each_pattern]


def refuse_array(name: str, words: str) -> None:
    raise InputError(
        f"the model {name} takes {words}, of a raw stack with angles and phases; give a RawStack, as srredsim.io.read"
        " has it"
    )
