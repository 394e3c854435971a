"""What is known of a raw stack after a first look at all its frames, each read once.

What finds stripes is imported when it is needed: a list of kinds of input is there before SciPy's optimisers are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from srredsim.acquisition import Cutoff, Position, RawStack, frames_from_raw
from srredsim.errors import InputError
from srredsim.io.memory import middle
from srredsim.lost_frames import whole
from srredsim.normalise import Scaling, scaling_of
from srredsim.processes import give_back_memory

if TYPE_CHECKING:
    from srredsim.noise.spectrum import NoiseSpectrum
    from srredsim.reconstruction.planes import Channel
    from srredsim.stripes.parameters import Parameters
    from srredsim.stripes.preprocess import Prepared


END_SIDE = 256  # raw pixels of the middle of the slices at the ends, which are kept


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
    ends: Mapping[int, np.ndarray] = field(default_factory=dict)  # middles of the slices at the ends, at the first time

    @classmethod
    def read(
        cls, stack: RawStack, channel: int, z: int, first: np.ndarray, ends: Mapping[int, np.ndarray] | None = None
    ) -> Sharpest:
        """That slice, of which the frames of the first time are there already."""
        times = stack.sizes["T"]
        mean = first.astype(np.float32) / times if times > 1 else first
        for t in range(1, times):
            mean += whole(stack, (t, channel, z)).astype(np.float32) / times
        return cls(stack, channel, z, mean, first, ends or {})

    @property
    def times(self) -> int:
        return self.stack.sizes["T"]

    def prepared(self, side: int | None = None) -> Prepared:
        """The mean; a complaint says of which time, if it is one of them that cannot be used.

        ``side`` is that of `srredsim.stripes.preprocess.prepare`.
        """
        from srredsim.reconstruction.planes import prepared_plane

        if self.times == 1:
            return self.prepared_first(side)
        try:
            return self._prepared(self.mean, side)
        except InputError:
            for t in range(self.times):
                prepared_plane(self.stack, (t, self.channel, self.z))
            raise

    def prepared_turned(self, side: int | None = None) -> Prepared | None:
        """The mean of stripes turned back to the first time; None if none of them have clearly moved."""
        from srredsim.stripes.turned import turned_mean

        others = (whole(self.stack, (t, self.channel, self.z)) for t in range(1, self.times))
        mean = turned_mean(self.first, others, self.times)
        return None if mean is None else self._prepared(mean, side)

    def _prepared(self, frames: np.ndarray, side: int | None) -> Prepared:
        from srredsim.noise.whitened import spectrum_of
        from srredsim.stripes.preprocess import prepare

        return prepare(frames, side, spectrum_of(self.stack, self.channel))

    def prepared_first(self, side: int | None = None) -> Prepared:
        from srredsim.reconstruction.planes import prepared_plane

        return prepared_plane(self.stack, (0, self.channel, self.z), self.first, side)


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
    give_back_memory()
    return Survey(scalings, tuple(sharpest), tuple(stripes))


def _read_once(stack: RawStack, c: int, scalings: dict[Position, Scaling], wanted: bool) -> Sharpest | None:
    """Scalings of a channel's planes, added to the others, and its sharpest slice at the first time."""
    from srredsim.reconstruction.planes import sharpness

    times, slices = stack.sizes["T"], stack.sizes["Z"]
    best, first, height, ends = 0, None, -np.inf, {}
    for z in range(slices):
        raw = whole(stack, (0, c, z))
        scalings[0, c, z] = _scaling(stack, raw, (0, c, z))
        if wanted and (new := sharpness(raw) if slices > 1 else 0.0) > height:
            best, first, height = z, raw, new
        if wanted and slices > 1 and z in (0, slices - 1):
            ends[z] = middle(raw, END_SIDE).copy()
    mean = first.astype(np.float32) / times if wanted and times > 1 else first
    for t in range(1, times):
        for z in range(slices):
            raw = whole(stack, (t, c, z))
            scalings[t, c, z] = _scaling(stack, raw, (t, c, z))
            if wanted and z == best:
                mean += raw.astype(np.float32) / times
    return Sharpest(stack, c, best, mean, first, ends) if wanted else None


def _scaling(stack: RawStack, raw: np.ndarray, position: Position) -> Scaling:
    """Scaling of one raw stack; a complaint says which one, where there are several."""
    try:
        return scaling_of(frames_from_raw(raw))
    except InputError as problem:
        raise InputError(": ".join(filter(None, (stack.which(position), str(problem))))) from None
