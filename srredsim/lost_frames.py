"""Frames that the camera or a program lost: constant ones, those that are another's copy to the last bit, dark ones.

Nothing afterwards can tell: one of fifteen frames hardly changes the mean, and a network makes an image of it still.
A single stack is refused. Of a series, or of slices, the others are made: see `Bridged`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Any

import numpy as np

from srredsim.acquisition import Position, RawStack, Through, refused, which
from srredsim.errors import WARNING, InputError

SAMPLE = 16  # pixels a side that are compared first
DARK = 0.03  # share of the light of the others below which an angle, or a frame, has none
SAME = 0.7  # correlation of the others from which on there is something to be seen in them
FEWEST = 5  # frames, of which one may be found to be dark
BLOCK = 8  # pixels a side whose mean is looked at: noise is small in it


class LostFrames(InputError):
    """Frames that are no image of anything: what else is known or not has nothing to do with it."""


def lost(raw: np.ndarray) -> str | None:
    """What is wrong with the frames of one raw stack (angles, phases, y, x), and advice, in one line; None: nothing.

    Nothing is said of a single frame, nor where all are constant or the same: no frame is lost, then, but the image or
    the stripes are, and others have words for that.
    """
    found = _found(raw)
    return ": ".join(found) if found else None


def _found(raw: np.ndarray) -> tuple[str, str] | None:
    """What is wrong, and advice."""
    angles, phases, y, x = raw.shape
    frames = raw.reshape(angles * phases, y, x)
    constant = [_constant(frame) for frame in frames]
    if all(constant):
        return None
    wrong = [(n, f"is empty ({float(frames[n].flat[0]):g} everywhere)") for n in np.flatnonzero(constant)]
    wrong += [(n, f"equals frame {first + 1}") for n, first in _copies(frames, constant)]
    if not wrong:
        return _dark(raw)
    if len(wrong) == len(frames) - 1 and not any(constant):
        return None
    n, what = min(wrong)
    others = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
    return f"{_named(n, phases)} {what}{others}", _advice(len(wrong), n % phases + 1, phases)


def _of_several(raw: np.ndarray) -> str:
    """What is wrong with one of several raw stacks; nothing if it is whole. All of it may be empty, or no numbers."""
    if found := _found(raw):
        return found[0]
    if raw.dtype.kind == "f" and (number := int(np.count_nonzero(~np.isfinite(raw)))):
        return f"{number} pixels are NaN or infinite"
    empty = raw.flat[0] if all(_constant(frame) for frame in raw.reshape(-1, *raw.shape[2:])) else None
    return "" if empty is None else f"all frames are empty ({float(empty):g} everywhere)"


def _named(n: int, phases: int) -> str:
    return f"frame {n + 1} (angle {n // phases + 1}, phase {n % phases + 1})"


class Bridged(Through):
    """``array[t, c, z]`` as of a raw stack; where a frame was lost, those of the nearest time, or slice, that is whole.

    What has to do with all times is found as if that had been recorded twice. Its own image is left empty: `lost_at`.
    """

    def __init__(self, array: Any):
        self.array = array
        self.lost: dict[Position, str] = {}  # what is wrong, of what was read

    def __getitem__(self, position: Position) -> np.ndarray:
        raw = np.asarray(self.array[position])
        if not (problem := _of_several(raw)):
            return raw
        for other in self._nearest(position):
            instead = np.asarray(self.array[other])
            if not _of_several(instead):
                self.lost[position] = problem
                return instead
        raise LostFrames(refused(self.shape[:3], position, lost(raw) or problem))  # nothing is whole

    def _nearest(self, position: Position) -> list[Position]:
        t, c, z = position
        times, _, slices = self.shape[:3]
        over_time = sorted(set(range(times)) - {t}, key=lambda other: abs(other - t))
        over_slices = sorted(set(range(slices)) - {z}, key=lambda other: abs(other - z))
        return [(other, c, z) for other in over_time] + [(t, c, other) for other in over_slices]


def bridged(stack: RawStack) -> RawStack:
    """The same stack, of which one of several times or slices may have lost frames."""
    times, _, slices = stack.array.shape[:3]
    if stack.pattern.frames == 1 or times * slices == 1 or _bridge(stack.array):
        return stack
    return replace(stack, array=Bridged(stack.array))


def as_read(array: Any) -> Any:
    """The array of a stack without a bridge over what was lost."""
    return array.array if isinstance(array, Bridged) else array


def lost_at(array: Any, position: Position) -> str:
    """What is wrong with frames that were read of an array of a stack, whose image is left empty; else nothing."""
    bridge = _bridge(array)
    return bridge.lost.get(position, "") if bridge else ""


def all_lost(array: Any) -> dict[Position, str]:
    """The same of all that were read so far."""
    bridge = _bridge(array)
    return dict(bridge.lost) if bridge else {}


def listed(found: Mapping[Position, str]) -> list[dict]:
    """Images that are left empty, and why, ready for JSON."""
    return [{"t": t, "c": c, "z": z, "why": found[t, c, z]} for t, c, z in sorted(found)]


def told(shape: tuple[int, ...], found: Mapping[Position, str]) -> list[str]:
    """A warning, or none, of images of a shape (t, c, z, ...) that are left empty."""
    if not found:
        return []
    first = min(found)
    are = f"this image, and {len(found) - 1} more, are" if len(found) > 1 else "this image is"
    return [f"{WARNING}{which(shape[:3], first)}: {found[first]}: {are} left empty, 0 everywhere"]


def _bridge(array: Any) -> Bridged | None:
    while array is not None and not isinstance(array, Bridged):
        array = getattr(array, "array", None)
    return array


def whole(stack: RawStack, position: tuple[int, ...]) -> np.ndarray:
    """One raw stack, read, with no frame lost: raises LostFrames if one is."""
    raw = stack.raw(*position)
    if _bridge(stack.array) is None and (problem := lost(raw)):
        raise LostFrames(stack.refused(position, problem))
    return raw


def digest_of_plane(image: np.ndarray) -> str:
    """What only copies to the last bit have in common."""
    return blake2b(np.ascontiguousarray(image), digest_size=16).hexdigest()


class SeenPlanes:
    """Planes of plain images, seen one by one: tells of the first that is another's copy to the last bit."""

    def __init__(self) -> None:
        self._seen: dict[str, str] = {}
        self._told = False

    def note(self, digest: str, where: str) -> list[str]:
        """A line, or none, of a plane with this `digest_of_plane`; ``where`` names it."""
        first = self._seen.setdefault(digest, where)
        if first == where or self._told:
            return []
        self._told = True
        return [f"{where} equals {first} to the last bit: a frame was lost there, maybe others too"]


def _advice(wrong: int, phase: int, phases: int) -> str:
    if wrong == 1 and phases >= 4:
        return (
            f"record the stack again; or, if the stripes are those of two beams, leave phase {phase} out of every angle"
            f" and reconstruct the other {phases - 1} with their `phase_steps`"
        )
    return "record the stack again, or leave it out"


def _dark(raw: np.ndarray) -> tuple[str, str] | None:
    """The angle, or the frame, that shows nothing of what all others do: its laser or shutter failed.

    Made as bright as the others, its noise would be all that is to be seen. Looked at are means of blocks, in which
    stripes and noise are small.
    """
    angles, phases, y, x = raw.shape
    if angles * phases < FEWEST or min(y, x) < 4 * BLOCK:
        return None
    rows, columns = y // BLOCK, x // BLOCK
    field = raw[..., : rows * BLOCK, : columns * BLOCK].reshape(angles, phases, rows, BLOCK, columns, BLOCK)
    blocks = field.mean(axis=(3, 5), dtype=np.float64).reshape(angles, phases, -1)
    if not np.isfinite(blocks).all():  # others have words for that
        return None
    advice = "look for its laser or shutter, and record the stack again"
    if found := _without_light(blocks.mean(axis=1)):
        angle, share, number = found
        return f"angle {angle + 1} is dark{_light_of(share, number)}", advice
    if found := _without_light(blocks.reshape(angles * phases, -1), FEWEST):
        frame, share, number = found
        return f"{_named(frame, phases)} is dark{_light_of(share, number)}", advice
    return None


def _light_of(share: float, number: int) -> str:
    more = f" (and {number - 1} more)" if number > 1 else ""
    return f"{more}: it has {100 * share:.1f} % of the light of the others"


def _without_light(fields: np.ndarray, fewest: int = 3) -> tuple[int, float, int] | None:
    """Which of several fields (n, values) has nothing of what most show, its share of their light, and how many have.

    The first of them, of less than half.
    """
    number = len(fields)
    if number < fewest:
        return None
    together = np.cov(fields)
    most = np.argsort(-together.sum(axis=0))[: number - number // 2]
    usual = float(np.mean(together[np.ix_(most, most)]))
    share = together[:, most].mean(axis=1) / max(usual, 1e-30)
    dark = (np.abs(share) < DARK) & (np.diag(together) < DARK * usual)
    if not dark.any() or 2 * np.count_nonzero(dark) >= number:
        return None
    others = np.ix_(~dark, ~dark)
    spread = np.sqrt(np.diag(together)[~dark])
    if not np.all(together[others] >= SAME * np.outer(spread, spread)):
        return None
    first = int(np.argmax(dark))
    return first, max(float(share[first]), 0.0), int(np.count_nonzero(dark))


def _constant(frame: np.ndarray) -> bool:
    first = frame.flat[0]
    return bool(np.all(frame[0] == first) and np.all(frame == first))  # most are known by their first row


def _copies(frames: np.ndarray, constant: list[bool]) -> list[tuple[int, int]]:
    """Numbers of frames, and of the first one that each equals."""
    steps = tuple(max(1, n // SAMPLE) for n in frames.shape[1:])
    alike: dict[bytes, list[int]] = {}
    found = []
    for n, frame in enumerate(frames):
        if constant[n]:
            continue
        same = alike.setdefault(frame[:: steps[0], :: steps[1]].tobytes(), [])
        first = next((m for m in same if np.array_equal(frames[m], frame)), None)
        if first is None:
            same.append(n)
        else:
            found.append((n, first))
    return found
