"""What is known of a raw stack after a first look at all its frames, each read once.

What finds stripes is imported when it is needed: a list of kinds of input is there before SciPy's optimisers are.
"""

from __future__ import annotations

from collections.abc import Callable
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


SIDE = 256  # raw pixels of the middle of the slices that are kept
BESIDE, NEARLY = 4, 0.5  # slices beside the sharpest that are kept, if they have this share of its contrast
FEW_PERCENT, FEW_PLACES = 3.0, 1e-3  # of the field; weight of what is steeper there
SHARPER = 1.05  # times the contrast that is clearly more
BY_CHANCE, DARKEST_PERCENT = 4.0, 2.0  # standard deviations; percentile of the light over which there is some


class Slices:
    """What is kept of the slices of a channel while they are read, one after the other.

    ``sharpest`` is the number of that with the finest contrast, ``frames`` its frames; ``ends`` and `beside` have
    the middles of the first and the last, and of those that are nearly as sharp as the sharpest.
    """

    def __init__(self, number: int):
        self._number, self._height = number, -np.inf
        self.sharpest, self.frames = 0, np.empty(0)
        self.ends: dict[int, np.ndarray] = {}
        self._sharp: list[tuple[float, int, np.ndarray]] = []

    def add(self, z: int, raw: np.ndarray) -> None:
        """Look at the frames (angles, phases, y, x) of slice z."""
        several = self._number > 1
        height = sharpness(raw) if several else 0.0
        if height > self._height:
            self.sharpest, self.frames, self._height = z, raw, height
        if several:
            kept = middle(raw, SIDE).copy()
            self.ends |= {z: kept} if z in (0, self._number - 1) else {}
            self._sharp = sorted([*self._sharp, (height, z, kept)], key=lambda one: -one[0])[: BESIDE + 1]

    def sharper_than(self, raw: np.ndarray) -> bool:
        """Whether the sharpest slice is clearly sharper than the same at another time: the focus has drifted."""
        return self._number > 1 and self._height > SHARPER * sharpness(raw)

    def beside(self, share: float) -> dict[int, np.ndarray]:
        """Those that have so much of the contrast of the sharpest, but for that itself; the sharpest of them first."""
        return {z: kept for height, z, kept in self._sharp if z != self.sharpest and height > share * self._height}


@dataclass(frozen=True)
class Survey:
    """What is known of a stack after every frame was read once; small, whatever the stack."""

    scalings: dict[Position, Scaling] = field(default_factory=dict)
    sharpest: tuple[int, ...] = ()  # slice of each channel at the first time
    stripes: tuple[Parameters | InputError, ...] = ()  # of each channel at the first time, or why there are none
    noise: tuple[NoiseSpectrum | None, ...] = ()  # of each channel, where its lens is known
    cutoffs: tuple[Cutoff, ...] = ()  # of each channel, where they were estimated
    channels: tuple[Channel, ...] = ()  # in the mean over time, where the kind of input itself is made with them
    blurred: tuple[tuple[int, ...], ...] = ()  # times at which the sharpest slice of each channel is less sharp

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
    slices: Slices = field(default_factory=lambda: Slices(1))  # at the first time
    blurred: tuple[int, ...] = ()  # times at which it is less sharp than at the first
    lit: int = 0  # the first time that has half of the light of most

    @classmethod
    def read(cls, stack: RawStack, channel: int, z: int, first: np.ndarray, slices: Slices | None = None) -> Sharpest:
        """That slice, of which the frames of the first time are there already."""
        times, light, slices = stack.sizes["T"], [_light(first)], slices or Slices(1)
        blurred = set[int]()
        mean = first.astype(np.float32) / times if times > 1 else first
        for t in range(1, times):
            raw = whole(stack, (t, channel, z))
            light.append(_light(raw))
            blurred |= {t} if slices.sharper_than(raw) else set()
            mean += raw.astype(np.float32) / times
        lit = int(np.argmax(np.array(light) >= np.median(light) / 2))
        return cls(stack, channel, z, mean, first, slices, tuple(sorted(blurred)), lit)

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
    sharpest, blurred, stripes = [], [], []
    for c in range(stack.sizes["C"]):
        one = _read_once(stack, c, scalings, find is not None)
        if one and find:
            sharpest.append(one.z)
            blurred.append(one.blurred)
            stripes.append(find(one))
    give_back_memory()
    return Survey(scalings, tuple(sharpest), tuple(stripes), blurred=tuple(blurred))


def _read_once(stack: RawStack, c: int, scalings: dict[Position, Scaling], wanted: bool) -> Sharpest | None:
    """Scalings of a channel's planes, added to the others, and its sharpest slice at the first time."""
    times, number = stack.sizes["T"], stack.sizes["Z"]
    seen = Slices(number)
    for z in range(number):
        raw = whole(stack, (0, c, z))
        scalings[0, c, z] = _scaling(stack, raw, (0, c, z))
        if wanted:
            seen.add(z, raw)
    first, blurred = seen.frames, set[int]()
    mean = first.astype(np.float32) / times if wanted and times > 1 else first
    for t in range(1, times):
        for z in range(number):
            raw = whole(stack, (t, c, z))
            scalings[t, c, z] = _scaling(stack, raw, (t, c, z))
            if wanted and z == seen.sharpest:
                mean += raw.astype(np.float32) / times
                blurred |= {t} if seen.sharper_than(raw) else set()
    return Sharpest(stack, c, seen.sharpest, mean, first, seen, tuple(sorted(blurred))) if wanted else None


def _scaling(stack: RawStack, raw: np.ndarray, position: Position) -> Scaling:
    """Scaling of one raw stack; a complaint says which one, where there are several."""
    try:
        return scaling_of(frames_from_raw(raw))
    except InputError as problem:
        raise InputError(stack.refused(position, problem)) from None


def sharpness(raw: np.ndarray) -> float:
    """Contrast between neighbours that angles have in common, as a share of the light; 0 where there is noise alone.

    Noise is another one in each half of the angles (angles, phases, y, x): what it adds to the product of both is
    chance, and `BY_CHANCE` of its standard deviations are taken away. Of a single angle it is told by what phases
    differ in, of which stripes are a part. A few places count as much as what is `FEW_PERCENT` less steep: a bright
    particle is no sharper than a sample. Where there is no more than a few places, they decide.
    """
    halves = [half.mean(axis=(0, 1), dtype=np.float64) for half in (raw[::2], raw[1::2]) if len(half)]
    light = np.mean(halves, axis=0)
    steps = [_steps(half) for half in halves]
    if not steps[0].size:  # a single row
        return 0.0
    noise = _noise_of_mean(raw[0]) if len(raw) == 1 else 0.0
    steepest = np.percentile(np.abs(np.mean(steps, axis=0)), 100 - FEW_PERCENT)
    limited = [np.clip(each, -steepest, steepest) for each in steps]
    over = max(float(light.mean() - np.percentile(light, DARKEST_PERCENT)), 1e-12)
    return (_common(limited, noise) + FEW_PLACES * _common(steps, noise)) / over


def _common(steps: list[np.ndarray], noise: float) -> float:
    """What two images have in common beyond chance; of one, what it has beyond noise of such a variance."""
    common = float(np.mean(steps[0] * steps[-1])) - noise
    scatter = float(np.std(steps[0]) * np.std(steps[-1])) if len(steps) > 1 else np.sqrt(2) * noise
    return float(np.sqrt(max(common - BY_CHANCE * scatter / np.sqrt(steps[0].size), 0.0)))


def _noise_of_mean(frames: np.ndarray) -> float:
    """Variance of the noise in the steps of the mean of frames (phases, y, x), and of the stripes, if there are any."""
    number = len(frames)
    if number < 2:
        return 0.0
    total = squares = np.float64(0)
    for frame in frames:  # one at a time: many are large
        steps = _steps(frame.astype(np.float64))
        total, squares = total + steps, squares + steps**2
    return float(np.mean(squares - total**2 / number)) / (number - 1) / number


def _light(raw: np.ndarray) -> float:
    """Over what is dark in the first frame."""
    return float(raw.mean(dtype=np.float64) - np.percentile(raw[0, 0], DARKEST_PERCENT))


def _steps(image: np.ndarray) -> np.ndarray:
    """From each pair of rows to the next."""
    paired = (image[: len(image) // 2 * 2 : 2] + image[1::2]) if min(image.shape) > 3 else image
    return np.diff(paired, axis=0)
