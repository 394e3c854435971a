"""Random access to pairs of an input and its truth, whatever they come from."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy import ndimage

from srredsim.data.stored import Progress, Ready, digest_of
from srredsim.errors import InputError
from srredsim.normalise import Scaling, scaling_of

BLUR_PIXELS = 4.0  # input pixels, several times what the objective blurs


@dataclass(frozen=True)
class Pair:
    """``frames`` (y, x, channels) and ``truth`` (scale * y, scale * x), both in the units of the input.

    ``scaling`` is that of the whole input; the truth is above background, so only its gain applies to it.
    """

    frames: np.ndarray
    truth: np.ndarray
    scaling: Scaling
    facts: dict = field(default_factory=dict)  # what is known of this pair: its source, the photons, the optics ...

    @property
    def scale(self) -> int:
        return self.truth.shape[0] // self.frames.shape[0]

    def crop(self, y: int, x: int, height: int, width: int) -> Pair:
        """The same field in both images; ``y`` to ``width`` in pixels of the input."""
        s = self.scale
        return Pair(
            self.frames[y : y + height, x : x + width],
            self.truth[s * y : s * (y + height), s * x : s * (x + width)],
            self.scaling,
            self.facts,
        )

    def centre(self, side: int) -> Pair:
        """The central square of at most ``side`` pixels of the input."""
        height, width = (min(side, n) for n in self.frames.shape[:2])
        y, x = (self.frames.shape[0] - height) // 2, (self.frames.shape[1] - width) // 2
        return self.crop(y, x, height, width)

    def normalised(self) -> tuple[np.ndarray, np.ndarray]:
        """What a network is given and what it should answer: (y, x, channels) and (scale*y, scale*x, 1), float32."""
        truth = np.asarray(self.truth, np.float32) / np.float32(self.scaling.gain)
        return self.scaling.apply(self.frames), truth[..., None]


class Pairs(Ready, ABC):
    """Any data set: a length, and a pair for each index; a reader says the rest where it differs from what is here.

    Attributes
    ----------
    augmentation : str
        That is right for these pairs, see `srredsim.data.augment`.
    pattern : (angles, phases) or None
        Angles and phases of the raw stacks that are the input; None where it is a single image.
    split : str
        Which split these pairs are; empty: the one that was asked for.
    zscores : mapping of str to Scaling
        Constants of the whole data set, by the key of the recipe that keeps them (``zscore``, ``sim_zscore``).
    beside : tuple of str
        Names of `srredsim.evaluation.methods.BASELINES` with which images are compared besides the usual ones.
    """

    augmentation: str = "any_turn"
    beside: tuple[str, ...] = ()
    pattern: tuple[int, int] | None = None
    split: str = ""
    zscores: Mapping[str, Scaling] = {}

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def __getitem__(self, index: int) -> Pair: ...

    @property
    def scale(self) -> int:
        """Pixels of the truth per pixel of the input."""
        return self[0].scale

    def identity(self) -> str:
        """Digest that no other pairs share: of files by their sizes and times, of a series by what makes it.

        Here by every pixel of every pair.
        """
        digest = hashlib.sha256()
        for index in range(len(self)):
            pair = self[index]
            digest.update(f"{pair.scaling} {json.dumps(pair.facts, sort_keys=True, default=str)}".encode())
            for image in (pair.frames, pair.truth):
                digest.update(f"{image.dtype} {image.shape}".encode() + np.ascontiguousarray(image).tobytes())
        return digest.hexdigest()[:16]

    def check(self, scale: int, side: int = 1) -> None:
        """Pairs are of ``scale``, and crops of ``side`` pixels fit into them. Here the first one speaks for all.

        Raises
        ------
        InputError
            Before anything is trained or written; it names the file.
        """
        if len(self):
            check(self[0], scale, side)

    def first(self, count: int) -> list[int]:
        """Indices of the first so many images; where each field is there at several levels, of every level."""
        return list(range(min(count, len(self))))

    def crop(self, index: int, rng: np.random.Generator, side: int) -> Pair:
        """A square of a pair to train on: here any, each with the same probability."""
        return random_crop(self[index], rng, side)

    def reconstructed(self, pattern: tuple[int, int], kind: str = "wiener") -> Pairs:
        """The same with Wiener images of the frames, of so many angles and phases, as the input; or their ``bands``."""
        from srredsim.data.reconstructed import Reconstructed  # whose pairs these are

        return Reconstructed(self, *pattern, kind)

    def lit(self, pattern: tuple[int, int], slots: int) -> Pairs:
        """The same with the light on each frame in the input, see `srredsim.reconstruction.lit`."""
        from srredsim.data.lit import LitPairs  # whose pairs these are

        return LitPairs(self, pattern, slots)


class Over(Pairs):
    """Pairs that are made of the ``pairs`` of another data set, or among them: what is not said here is as there."""

    pairs: Pairs

    def __len__(self) -> int:
        return len(self.pairs)

    @property
    def scale(self) -> int:
        return self.pairs.scale

    @property
    def zscores(self) -> Mapping[str, Scaling]:
        return self.pairs.zscores

    def check(self, scale: int, side: int = 1) -> None:
        self.pairs.check(scale, side)

    def missing(self, indices: Iterable[int]) -> list[int]:
        return self.pairs.missing(indices)

    def task(self, missing: int) -> str:
        return self.pairs.task(missing)

    def generate(self, indices: Iterable[int], progress: Progress | None = None) -> int:
        return self.pairs.generate(indices, progress)


@dataclass(frozen=True, eq=False)
class Extended(Over):
    """The pairs of a data set, and others behind them."""

    pairs: Pairs
    others: Pairs

    def __len__(self) -> int:
        return len(self.pairs) + len(self.others)

    def __getitem__(self, index: int) -> Pair:
        own = len(self.pairs)
        return self.pairs[index] if index < own else self.others[index - own]

    def identity(self) -> str:
        return digest_of(f"{self.pairs.identity()}, {self.others.identity()}")

    def check(self, scale: int, side: int = 1) -> None:
        self.pairs.check(scale, side)
        self.others.check(scale, side)

    def crop(self, index: int, rng: np.random.Generator, side: int) -> Pair:
        own = len(self.pairs)
        return self.pairs.crop(index, rng, side) if index < own else self.others.crop(index - own, rng, side)

    def missing(self, indices: Iterable[int]) -> list[int]:
        own, others = self._split(indices)
        return self.pairs.missing(own) + [len(self.pairs) + index for index in self.others.missing(others)]

    def task(self, missing: int) -> str:
        """That of both, each of which counts what is missing of it."""
        parts = ((pairs, pairs.missing(range(len(pairs)))) for pairs in (self.pairs, self.others))
        return ", ".join(pairs.task(len(lost)) for pairs, lost in parts if lost) or self.pairs.task(missing)

    def generate(self, indices: Iterable[int], progress: Progress | None = None) -> int:
        own, others = self._split(indices)
        return self.pairs.generate(own, progress) + self.others.generate(others, progress)

    def _split(self, indices: Iterable[int]) -> tuple[list[int], list[int]]:
        """The indices of the pairs, and those of the others as these count them."""
        wanted, own = list(indices), len(self.pairs)
        return [i for i in wanted if i < own], [i - own for i in wanted if i >= own]


def random_crop(pair: Pair, rng: np.random.Generator, side: int) -> Pair:
    """A square of ``side`` pixels of the input and the same field of the truth."""
    check_crop(pair.frames.shape[:2], side)
    y, x = (int(rng.integers(n - side + 1)) for n in pair.frames.shape[:2])
    return pair.crop(y, x, side, side)


def check(pair: Pair, scale: int, side: int = 1) -> None:
    """InputError if a pair is not of this scale, or too small for a crop; it names the file, if there is one."""
    check_sizes(pair.frames.shape[:2], pair.truth.shape, scale, source_of(pair))
    check_crop(pair.frames.shape[:2], side, source_of(pair))


def check_sizes(size: tuple[int, ...], truth: tuple[int, ...], scale: int, source: str = "") -> None:
    """InputError if the truth has not ``scale`` times the pixels of the input."""
    wanted = tuple(scale * n for n in size)
    if tuple(truth) == wanted:
        return
    ratios = {truth[n] / size[n] for n in (0, 1)}
    whole = len(ratios) == 1 and truth[0] % size[0] == 0
    fits = f"; to train on it, set network.scale={ratios.pop():g}" if whole else ""
    raise InputError(
        f"{_before(source)}the input has {_times(size)} pixels, its truth {_times(truth)}; this network has scale"
        f" {scale}, for which the truth would be {_times(wanted)}{fits}"
    )


def check_crop(size: tuple[int, ...], side: int, source: str = "") -> None:
    if min(size) < side:
        raise InputError(
            f"{_before(source)}a crop of {side} pixels does not fit in {_times(size)} pixels; set data.crop lower,"
            " or data.truth_crop where the recipe has it"
        )


def check_squares(size: int, times: int, scale: int, side: int, source: str) -> None:
    """As `check`, of inputs of ``size`` pixels a side, ``times`` as many along the truth, without looking at one."""
    check_sizes((size,) * 2, (times * size,) * 2, scale, source)
    check_crop((size,) * 2, side, source)


def source_of(pair: Pair) -> str:
    """The file of a pair, or what else it goes by; nothing if it has no name."""
    return str(pair.facts.get("source") or pair.facts.get("name") or "")


def match_widefield(truth: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """The truth in the units of the input above background: ``gain * truth + offset`` fits the widefield image.

    Both are blurred first: the truth is the sharper one, which would lower the gain.
    The background of the widefield image is not part of the result: its offset (see `srredsim.normalise`) is removed.
    """
    if not np.ptp(truth) > 0 or not np.isfinite(truth).all():  # blurred, rounding would be a structure
        raise InputError("the reference image is constant or not finite; there is nothing to learn from it")
    widefield = np.mean(frames, axis=-1, dtype=np.float64)
    scale = truth.shape[0] // widefield.shape[0]
    binned = truth.reshape(widefield.shape[0], scale, widefield.shape[1], scale).mean(axis=(1, 3), dtype=np.float64)
    widefield, binned = (ndimage.gaussian_filter(image, BLUR_PIXELS) for image in (widefield, binned))
    spread = binned - binned.mean()
    gain = np.sum(spread * (widefield - widefield.mean())) / np.sum(spread**2)
    if gain <= 0:
        raise InputError(
            "the reference image does not resemble the widefield image (correlation <= 0); is it the same field?"
        )
    offset = widefield.mean() - gain * binned.mean() - scaling_of(frames).offset
    return (gain * truth + offset).astype(np.float32)


def _before(source: str) -> str:
    return f"{source}: " if source else ""


def _times(size: tuple[int, ...]) -> str:
    return " x ".join(map(str, size))
