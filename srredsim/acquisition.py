"""What a microscope delivered: the raw frames, the optics that made them, the pattern that lit them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from srredsim.errors import InputError

AXES = "TCZAPYX"  # time, channel, z, angle, phase, y, x
OPTICS = ("na", "wavelength_em_um", "pixel_size_um")  # all that the resolution depends on
Position = tuple[int, int, int]  # t, c, z
IN_WORDS = {  # what is known of the optics: its name and its unit
    "na": ("numerical aperture", ""),
    "wavelength_em_um": ("emission wavelength", " um"),
    "pixel_size_um": ("pixel size", " um"),
    "z_step_um": ("z step", " um"),
    "frame_interval_s": ("frame interval", " s"),
}
SAME = 1e-3  # relative difference of two values that are one, rounded
Value: TypeAlias = float | tuple[float, ...] | None  # of the emission, in all channels or in each


@dataclass(frozen=True)
class Cutoff:
    """Cut-off of the lens as the frames of a channel show it, where the optics do not tell it."""

    per_pixel: float  # cycles per raw pixel
    deviation: float  # standard deviation, as a share of it


@dataclass(frozen=True)
class Optics:
    """What is not known is None: nothing is guessed in silence."""

    na: float | None = None
    wavelength_em_um: float | tuple[float, ...] | None = None  # of the emission, in all channels or in each
    pixel_size_um: float | None = None
    z_step_um: float | None = None
    frame_interval_s: float | None = None  # from one time to the next, of raw stacks: from stack to stack
    cutoffs: tuple[Cutoff, ...] = ()  # estimated, of each channel; used where `OPTICS` are not all known

    def of_channel(self, channel: int) -> Optics:
        """Those of one channel, with its wavelength and cut-off alone."""
        waves, cutoffs = self.wavelength_em_um, self.cutoffs[channel : channel + 1]
        own = replace(self, cutoffs=cutoffs) if cutoffs != self.cutoffs else self
        return replace(own, wavelength_em_um=waves[channel]) if isinstance(waves, tuple) else own

    @property
    def each(self) -> list[Optics]:
        """Those of each channel; a single one where all channels have the same."""
        waves = self.wavelength_em_um
        channels = max(len(waves) if isinstance(waves, tuple) else 1, len(self.cutoffs))
        return [self.of_channel(c) for c in range(channels)]

    @property
    def known(self) -> bool:
        """Whether all that the resolution depends on is there."""
        return None not in [getattr(self, name) for name in OPTICS]

    def finer(self, scale: float) -> Optics:
        """The same of an image of so many pixels a raw pixel."""
        return replace(
            self, pixel_size_um=None if self.pixel_size_um is None else self.pixel_size_um / scale, cutoffs=()
        )

    def given(self, **values: Value) -> Optics:
        """With the values that are not None in place of these."""
        told: dict[str, Any] = {name: value for name, value in values.items() if value is not None}
        return replace(self, **told)

    def overridden(self, given: Mapping[str, Value], whose: str = "the file") -> list[str]:
        """A sentence for each value that is given in place of another."""
        text = []
        for name, value in given.items():
            own, (words, unit) = getattr(self, name), IN_WORDS[name]
            if value is not None and own is not None and not alike(value, own):
                text.append(f"{words} {numbers(value)}{unit} as given; {whose} says {numbers(own)}{unit}")
        return text


def percent(share: float) -> str:
    """Percent that a share is, in two digits at least: ``0.017``, ``4.2``, ``100``."""
    return f"{100 * share:.0f}" if share >= 0.0995 else f"{100 * share:.2g}"


def numbers(value: float | Sequence[float], between: str = ", ") -> str:
    """``0.525``, or ``0.461, 0.525`` of several channels."""
    return between.join(f"{one:g}" for one in np.atleast_1d(value))


def alike(value: float | Sequence[float], other: float | Sequence[float], within: float = SAME) -> bool:
    """Whether the same is said of every channel, but for rounding."""
    one, two = np.atleast_1d(value), np.atleast_1d(other)
    return (one.size == two.size or 1 in (one.size, two.size)) and bool(np.all(np.abs(one / two - 1) <= within))


def counted(angles: int, phases: int) -> str:
    """``3 angles x 5 phases``"""
    return f"{angles} angle{'s' * (angles != 1)} x {phases} phase{'s' * (phases != 1)}"


@dataclass(frozen=True)
class Pattern:
    """Number of angles and phases and, where known, their values.

    ``angles_rad`` has one value an angle; ``phases_rad`` one row an angle, one value a frame, at pixel (0, 0).
    ``kind`` is one of `srredsim.optics.illumination.PATTERNS`, None where nobody has said: frames tell. A hexagonal
    pattern counts as one angle.
    """

    angles: int
    phases: int
    angles_rad: tuple[float, ...] | None = None
    phases_rad: tuple[tuple[float, ...], ...] | None = None
    kind: str | None = None

    def __str__(self) -> str:
        if self.hexagonal:
            return f"one hexagonal pattern in {self.phases} frames"
        return counted(self.angles, self.phases)

    @property
    def hexagonal(self) -> bool | None:
        return None if self.kind is None else self.kind == "hexagonal"

    @property
    def frames(self) -> int:
        return self.angles * self.phases


@dataclass(frozen=True, repr=False)
class RawStack:
    """Raw frames of one acquisition.

    ``array`` has the seven axes of `AXES`; it is an ndarray or anything with ``shape``, ``dtype`` and
    ``array[t, c, z] -> (angles, phases, y, x)`` that reads only what is asked for. NumPy takes a stack as an array of
    all its frames, `raw` gives those of one image.
    """

    array: Any
    pattern: Pattern
    optics: Optics = Optics()
    channel_names: tuple[str, ...] | None = None
    source: Path | None = None
    notes: tuple[str, ...] = field(default=())  # how the file was understood, a sentence each

    def __post_init__(self):
        if len(self.array.shape) != len(AXES):
            raise ValueError(f"a raw stack has the axes {AXES}; got the shape {self.array.shape}")
        if self.array.shape[3:5] != (self.pattern.angles, self.pattern.phases):
            raise ValueError(
                f"the pattern is {self.pattern.angles} x {self.pattern.phases}, the array {self.array.shape[3:5]}"
            )
        waves, channels = self.optics.wavelength_em_um, int(self.array.shape[1])
        if isinstance(waves, tuple) and len(waves) != channels:
            raise InputError(
                f"{len(waves)} emission wavelengths ({numbers(waves)} um) for {channels} channel{'s' * (channels > 1)};"
                " give `wavelength_em_um` once for all channels, or one for each"
            )

    @property
    def sizes(self) -> dict[str, int]:
        return dict(zip(AXES, (int(n) for n in self.array.shape), strict=True))

    def raw(self, t: int = 0, c: int = 0, z: int = 0) -> np.ndarray:
        """One raw stack, (angles, phases, y, x), in the file's own units."""
        return np.asarray(self.array[t, c, z])

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.array.shape)

    @property
    def dtype(self) -> np.dtype:
        return self.array.dtype

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """All frames, with the axes of `AXES`, read into memory."""
        if copy is False:
            raise ValueError("the frames of a raw stack are read: they are always a copy")
        planes = np.array([self.raw(*position) for position in self.positions()], dtype)
        return planes.reshape(self.shape)

    def fingerprint(self) -> str:
        """Digest of the first raw stack of each channel: noise makes it another one of any other frames or order."""
        known = getattr(self.array, "digests", {})  # of a stack that remembers, see srredsim.io.memory
        first = [(0, c, 0) for c in range(self.array.shape[1])]
        every = [known[each] if each in known else digest(self.raw(*each)) for each in first]
        return blake2b(b"".join(every), digest_size=16).hexdigest()

    def __repr__(self) -> str:
        sizes = self.sizes
        several = [f"{axis} {sizes[axis]}" for axis in "TCZ" if sizes[axis] > 1]
        size = f"{self.pattern} of {sizes['Y']} x {sizes['X']} pixels"
        optics = [
            f"{value:g} um a pixel" if name == "pixel_size_um" else f"{name} {numbers(value, '/')}"
            for name, value in vars(self.optics).items()
            if name in IN_WORDS and value is not None
        ]
        source = [self.source.name] if self.source else []
        return f"<RawStack {', '.join([*source, *several, size, str(self.array.dtype), *optics])}>"

    def which(self, position: Sequence[int]) -> str:
        """``t=2, z=0``, as far as there are several."""
        return which(self.array.shape[:3], position)

    def at(self, position: Sequence[int], words: object) -> str:
        """``t=2, z=0: words``, said of one of several images."""
        return at(self.array.shape[:3], position, words)

    def refused(self, position: Sequence[int], why: object) -> str:
        """The same of what cannot be used, and how to do without its channel, if there are others."""
        return refused(self.array.shape[:3], position, why)

    def positions(self) -> Iterator[tuple[int, int, int]]:
        """Every (t, c, z) of the acquisition, z fastest."""
        return np.ndindex(*self.array.shape[:3])


class Through:
    """Array of a raw stack, seen through what a subclass does to ``array[t, c, z]``; shape and type stay."""

    array: Any

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    @property
    def dtype(self) -> np.dtype:
        return self.array.dtype


def digest(raw: np.ndarray) -> bytes:
    """What tells one raw stack from all others."""
    found = blake2b(f"{raw.dtype.str} {raw.shape}".encode(), digest_size=16)
    found.update(np.ascontiguousarray(raw))
    return found.digest()


def which(shape: Sequence[int], position: Sequence[int]) -> str:
    """``t=2, z=0``: the position in (t, c, z), as far as there are several."""
    return ", ".join(f"{axis}={i}" for axis, n, i in zip("tcz", shape, position, strict=True) if n > 1)


def at(shape: Sequence[int], position: Sequence[int], words: object) -> str:
    """``t=2, z=0: words``, said of one of several images."""
    return ": ".join(filter(None, (which(shape, position), str(words))))


def refused(shape: Sequence[int], position: Sequence[int], why: object) -> str:
    """The same of what cannot be used, and how to do without its channel, if there are others."""
    without = "; `only` takes other channels of the file alone" if shape[1] > 1 else ""
    return f"{at(shape, position, why)}{without}"


def frames_from_raw(raw: np.ndarray) -> np.ndarray:
    """(angles, phases, y, x) -> (y, x, frames), angle first: the input of a network."""
    angles, phases, y, x = raw.shape
    return np.moveaxis(raw.reshape(angles * phases, y, x), 0, -1)


def raw_from_frames(frames: np.ndarray, angles: int, phases: int) -> np.ndarray:
    """The way back: (y, x, frames) -> (angles, phases, y, x)."""
    return np.moveaxis(frames, -1, 0).reshape(angles, phases, *frames.shape[:2])
