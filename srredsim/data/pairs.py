"""Random access to pairs of raw frames and truth, whatever they come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
from scipy import ndimage

from srredsim import io
from srredsim.acquisition import frames_from_raw
from srredsim.errors import InputError
from srredsim.normalise import Scaling, scaling_of

BLUR_PIXELS = 4.0  # raw pixels, several times what the objective blurs


@dataclass(frozen=True)
class Pair:
    """``frames`` (y, x, angles * phases) and ``truth`` (scale * y, scale * x), both in the units of the raw stack.

    ``scaling`` is that of the whole stack; the truth is above background, so only its gain applies to it.
    """

    frames: np.ndarray
    truth: np.ndarray
    scaling: Scaling
    facts: dict = field(default_factory=dict)  # what is known of this pair, such as the photons

    @property
    def scale(self) -> int:
        return self.truth.shape[0] // self.frames.shape[0]

    def crop(self, y: int, x: int, height: int, width: int) -> Pair:
        """The same field in both images; ``y`` to ``width`` in raw pixels."""
        s = self.scale
        return Pair(
            self.frames[y : y + height, x : x + width],
            self.truth[s * y : s * (y + height), s * x : s * (x + width)],
            self.scaling,
            self.facts,
        )

    def centre(self, side: int) -> Pair:
        """The central square of at most ``side`` raw pixels."""
        height, width = (min(side, n) for n in self.frames.shape[:2])
        y, x = (self.frames.shape[0] - height) // 2, (self.frames.shape[1] - width) // 2
        return self.crop(y, x, height, width)

    def normalised(self) -> tuple[np.ndarray, np.ndarray]:
        """What a network is given and what it should answer: (y, x, frames) and (scale*y, scale*x, 1), float32."""
        truth = np.asarray(self.truth, np.float32) / np.float32(self.scaling.gain)
        return self.scaling.apply(self.frames), truth[..., None]


class Pairs(Protocol):
    """Any data set: a length, and a pair for each index."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Pair: ...


@dataclass(frozen=True, eq=False)
class Extended:
    """The pairs of a data set, and others behind them that are made when they are asked for."""

    pairs: Pairs
    others: Pairs

    def __len__(self) -> int:
        return len(self.pairs) + len(self.others)

    def __getitem__(self, index: int) -> Pair:
        own = len(self.pairs)
        return self.pairs[index] if index < own else self.others[index - own]

    def missing(self, indices: Iterable[int]) -> list[int]:
        return self.pairs.missing(self._own(indices)) if hasattr(self.pairs, "missing") else []

    def task(self, missing: int) -> str:
        return self.pairs.task(missing)

    def generate(self, indices: Iterable[int], progress: Callable[[int, int], None] | None = None) -> int:
        return self.pairs.generate(self._own(indices), progress)

    def _own(self, indices: Iterable[int]) -> list[int]:
        return [index for index in indices if index < len(self.pairs)]


class FolderPairs:
    """Raw stacks and reference images of the same stem in two folders.

    A reference comes in units of its own; gain and offset are fitted so that, binned to the raw grid, it agrees with
    the widefield image in the least-squares sense. Of a stack with several t, c or z, each position is a pair.
    """

    def __init__(self, raw: list[Path], truth: list[Path], angles: int, phases: int):
        references = {path.stem: path for path in truth}
        lacking = [path.name for path in raw if path.stem not in references]
        if lacking:
            raise InputError(f"{len(lacking)} raw stacks have no truth of the same name, the first is {lacking[0]}")
        self._items = []
        for path in raw:
            try:
                stack = io.read(path, angles=angles, phases=phases)
                reference, _ = io.read_image(references[path.stem])
            except InputError as problem:
                raise InputError(f"{path}: {problem}") from None
            _check(path, stack.array.shape, reference.shape)
            self._items += [(stack, references[path.stem], position) for position in stack.positions()]

    def __len__(self) -> int:
        return len(self._items)

    @lru_cache(maxsize=256)  # noqa: B019  one data set lives as long as the training
    def __getitem__(self, index: int) -> Pair:
        stack, reference, position = self._items[index]
        frames = frames_from_raw(stack.raw(*position))
        truth = np.asarray(io.read_image(reference)[0][position], np.float32)
        try:
            scaling = scaling_of(frames)
            truth = match_widefield(truth, frames)
        except InputError as problem:
            raise InputError(f"{stack.source}: {problem}") from None
        facts = {"source": str(stack.source)}
        optics = {name: getattr(stack.optics, name) for name in ("na", "wavelength_em_um", "pixel_size_um")}
        return Pair(frames, truth, scaling, facts if None in optics.values() else facts | {"optics": optics})


def match_widefield(truth: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """The truth in the units of the raw frames above background: ``gain * truth + offset`` fits the widefield image.

    Both are blurred first: the truth is the sharper one, which would lower the gain.
    The background of the widefield image is not part of the result: its offset (see `srredsim.normalise`) is removed.
    """
    widefield = np.mean(frames, axis=-1, dtype=np.float64)
    scale = truth.shape[0] // widefield.shape[0]
    binned = truth.reshape(widefield.shape[0], scale, widefield.shape[1], scale).mean(axis=(1, 3), dtype=np.float64)
    widefield, binned = (ndimage.gaussian_filter(image, BLUR_PIXELS) for image in (widefield, binned))
    spread = binned - binned.mean()
    if not np.any(spread) or not np.all(np.isfinite(spread)):
        raise InputError("the reference image is constant or not finite; there is nothing to learn from it")
    gain = np.sum(spread * (widefield - widefield.mean())) / np.sum(spread**2)
    if gain <= 0:
        raise InputError(
            "the reference image does not resemble the widefield image (correlation <= 0); is it the same field?"
        )
    offset = widefield.mean() - gain * binned.mean() - scaling_of(frames).offset
    return (gain * truth + offset).astype(np.float32)


def _check(path: Path, raw_shape: tuple, truth_shape: tuple) -> None:
    (*positions, _, _, y, x), (*truth_positions, height, width) = raw_shape, truth_shape
    if positions != truth_positions:
        raise InputError(f"{path}: {positions} raw stacks (t, c, z) but {truth_positions} reference images")
    if height % y or width % x or height // y != width // x:
        raise InputError(f"{path}: a reference of {height} x {width} is no whole multiple of {y} x {x} raw pixels")
