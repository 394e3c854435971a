"""Frames that the camera or a program lost: constant ones, those that are another's copy to the last bit, dark angles.

Nothing afterwards can tell: one of fifteen frames hardly changes the mean, and a network makes an image of it still.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

from srredsim.acquisition import RawStack
from srredsim.errors import InputError

SAMPLE = 16  # pixels a side that are compared first
DARK = 0.03  # share of the light of the other angles below which one has none
SAME = 0.7  # correlation of the other angles from which on there is something to be seen in them
BLOCK = 8  # pixels a side whose mean is looked at: noise is small in it


def lost(raw: np.ndarray) -> str | None:
    """What is wrong with the frames of one raw stack (angles, phases, y, x), in one line; None: nothing.

    Nothing is said of a single frame, nor where all are constant or the same: no frame is lost, then, but the image or
    the stripes are, and others have words for that.
    """
    angles, phases, y, x = raw.shape
    frames = raw.reshape(angles * phases, y, x)
    constant = [_constant(frame) for frame in frames]
    if all(constant):
        return None
    wrong = [(n, f"is empty ({float(frames[n].flat[0]):g} everywhere)") for n in np.flatnonzero(constant)]
    wrong += [(n, f"equals frame {first + 1}") for n, first in _copies(frames, constant)]
    if not wrong:
        return _dark_angle(raw)
    if len(wrong) == len(frames) - 1 and not any(constant):
        return None
    n, what = min(wrong)
    others = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
    number = f"frame {n + 1} (angle {n // phases + 1}, phase {n % phases + 1})"
    return f"{number} {what}{others}: {_advice(len(wrong), n % phases + 1, phases)}"


def whole(stack: RawStack, position: tuple[int, ...]) -> np.ndarray:
    """One raw stack, read, with no frame lost: raises InputError if one is."""
    raw = stack.raw(*position)
    if problem := lost(raw):
        raise InputError(": ".join(filter(None, (stack.which(position), problem))))
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


def _dark_angle(raw: np.ndarray) -> str | None:
    """The angle that shows nothing of what all the others do, of three or more: its laser or shutter failed.

    Made as bright as the others, its noise would be all that is to be seen.
    """
    angles, _, y, x = raw.shape
    if angles < 3 or min(y, x) < 4 * BLOCK:
        return None
    rows, columns = y // BLOCK, x // BLOCK
    field = raw[:, :, : rows * BLOCK, : columns * BLOCK].mean(axis=1, dtype=np.float64)
    blocks = field.reshape(angles, rows, BLOCK, columns, BLOCK).mean(axis=(2, 4)).reshape(angles, -1)
    if not np.isfinite(blocks).all():  # others have words for that
        return None
    together = np.cov(blocks)
    for angle in range(angles):
        others = [each for each in range(angles) if each != angle]
        spread = np.sqrt(np.diag(together)[others])
        between = together[np.ix_(others, others)]
        alike = np.all(between >= SAME * np.outer(spread, spread))
        usual = float(np.mean(between))
        share = float(np.mean(together[angle, others])) / max(usual, 1e-30)
        if alike and abs(share) < DARK and together[angle, angle] < DARK * usual:
            return (
                f"angle {angle + 1} is dark: it has {100 * max(share, 0.0):.1f} % of the light of the others; look for"
                " its laser or shutter, and record the stack again"
            )
    return None


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
