"""Pairs of files: raw stacks or single images with reference images of the same stem."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from srredsim import io
from srredsim.acquisition import OPTICS, frames_from_raw
from srredsim.data.kept import Kept
from srredsim.data.pairs import Pair, Pairs, check_crop, check_sizes, match_widefield
from srredsim.data.stored import digest_of
from srredsim.errors import InputError
from srredsim.io import orders
from srredsim.io.formats import open_source
from srredsim.lost_frames import whole
from srredsim.normalise import SCALINGS, scaling_of

LAYOUT = "train/raw/*.tif with train/truth/*.tif, or raw/*.tif with truth/*.tif; same stem"
HELD_BACK = 10  # so many pairs to train on of which one is held back, where there are none to validate with


class FilePairs(Pairs):
    """An input and a reference image in two files; of files with several t, c or z, each position is a pair.

    A reference comes in units of its own; gain and offset are fitted so that, binned to the grid of the input, it
    agrees with the widefield image in the least-squares sense.
    """

    def __init__(self, inputs: list[Path], truths: list[Path], split: str = ""):
        self.split = split
        references: dict[str, Path] = {}
        for path in truths:
            if (other := references.setdefault(io.stem(path), path)) is not path:
                raise InputError(f"{path.parent} has two truths called {io.stem(path)}: {other.name} and {path.name}")
        lacking = [path.name for path in inputs if io.stem(path) not in references]
        if lacking:
            raise InputError(
                f"{len(lacking)} of {self.words} have no truth of the same name, the first is {lacking[0]}"
            )
        self._kept = Kept(self._read)
        self._files = [*inputs, *(references[io.stem(path)] for path in inputs)]
        self._items: list[tuple[Any, PlanesOfFile, tuple[int, ...]]] = []
        for path in inputs:
            try:
                source, truth = self._open(path), PlanesOfFile(references[io.stem(path)])
            except InputError as problem:
                raise InputError(f"{path}: {problem}") from None
            positions, size = self._shape(source)
            _refuse_unequal(path, positions, size, truth)
            self._items += [(source, truth, position) for position in np.ndindex(*positions)]

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> Pair:
        return self._kept(index)

    def identity(self) -> str:
        """As `Pairs.identity`; the names of the files count, where their folder is does not."""
        stamps = [io.stamp(path) for path in self._files]
        return digest_of(json.dumps([type(self).__name__, self._read_as(), stamps], sort_keys=True))

    @property
    def scale(self) -> int:
        source, truth, _ = self._items[0]
        return truth.size[0] // self._shape(source)[1][0]

    def check(self, scale: int, side: int = 1) -> None:
        """As `Pairs.check`, of every pair; also that pixels are finite, images not constant, and of the same field."""
        for source, truth, _ in self._items:
            size = self._shape(source)[1]
            check_sizes(size, truth.size, scale, self._name(source))
            check_crop(size, side, self._name(source))
        for index in range(len(self)):
            self._read(index)

    words = "the images"  # what the inputs are

    @abstractmethod
    def _read_as(self) -> Any:
        """What was told of how to read them, ready for JSON."""

    @abstractmethod
    def _open(self, path: Path) -> Any:
        """A file of input."""

    @abstractmethod
    def _shape(self, source: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Its numbers of t, c and z, and its pixels (y, x)."""

    @abstractmethod
    def _name(self, source: Any) -> str: ...

    @abstractmethod
    def _read(self, index: int) -> Pair: ...

    def _matched(self, truth: PlanesOfFile, position: tuple[int, ...], frames: np.ndarray) -> np.ndarray:
        try:
            return match_widefield(np.asarray(truth.pixels(position), np.float32), frames)
        except InputError as problem:
            raise InputError(f"{truth.path}: {problem}") from None


class FolderPairs(FilePairs):
    """Raw stacks and what should be made of them.

    Parameters
    ----------
    reading : Reading
        How to read the stacks, with the angles and phases that they have.
    """

    augmentation = "keep_geometry"
    words = "the raw stacks"

    def __init__(
        self,
        raw: list[Path],
        truth: list[Path],
        reading: io.Reading,
        split: str = "",
    ):
        self.pattern, self._reading = (reading.angles, reading.phases), reading
        super().__init__(raw, truth, split)

    def _read_as(self) -> dict[str, Any]:
        return self._reading.values

    def _open(self, path: Path):
        return io.read(path, **asdict(self._reading))

    def _shape(self, source) -> tuple[tuple[int, ...], tuple[int, ...]]:
        shape = source.array.shape
        return tuple(shape[:3]), tuple(shape[-2:])

    def _name(self, source) -> str:
        return str(source.source)

    def _read(self, index: int) -> Pair:
        stack, truth, position = self._items[index]
        try:
            frames = frames_from_raw(whole(stack, position))
            scaling = scaling_of(frames)
        except InputError as problem:
            raise InputError(f"{stack.source}: {problem}") from None
        facts: dict[str, Any] = {"source": str(stack.source)}
        optics = {name: getattr(stack.optics.of_channel(position[1]), name) for name in OPTICS}
        facts = facts if None in optics.values() else facts | {"optics": optics}
        return Pair(frames, self._matched(truth, position, frames), scaling, facts)


class ImagePairs(FilePairs):
    """Single images of any microscope and what should be made of them, of any scale.

    Parameters
    ----------
    normalise : {"image", "noise"}
        By percentiles of each image or by its noise, see `srredsim.normalise`.
    """

    def __init__(self, images: list[Path], truth: list[Path], normalise: str, split: str = ""):
        self._normalise, self._scaling_of = normalise, SCALINGS[normalise]
        super().__init__(images, truth, split)

    def _read_as(self) -> str:
        return self._normalise

    def _open(self, path: Path) -> PlanesOfFile:
        return PlanesOfFile(path)

    def _shape(self, source: PlanesOfFile) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return source.positions, source.size

    def _name(self, source: PlanesOfFile) -> str:
        return str(source.path)

    def _read(self, index: int) -> Pair:
        source, truth, position = self._items[index]
        try:
            image = np.asarray(source.pixels(position), np.float32)[..., None]
            scaling = self._scaling_of(image)
        except InputError as problem:
            raise InputError(f"{source.path}: {problem}") from None
        return Pair(image, self._matched(truth, position, image), scaling, {"source": str(source.path)})


class PlanesOfFile:
    """A file of images, of which a plane is read when it is asked for by its (t, c, z)."""

    def __init__(self, path: Path):
        self.path, self._source = path, open_source(path)
        self._numbers = orders.arrange_planes(self._source.letters, self._source.shape)

    @property
    def positions(self) -> tuple[int, ...]:
        """Numbers of t, c and z."""
        return tuple(self._numbers.shape)

    @property
    def size(self) -> tuple[int, ...]:
        """(y, x)"""
        return tuple(self._source.size)

    def pixels(self, position: tuple[int, ...]) -> np.ndarray:
        return self._source.pixels(int(self._numbers[position]))


class Files(NamedTuple):
    """Inputs, truths, and which split they are: where there are none to test with, those to validate with."""

    inputs: list[Path]
    truths: list[Path]
    split: str


def files_of(folder: Path, split: str, homes: Mapping[str, str], missing: str = "") -> Files:
    """The files of a split of a folder with the `LAYOUT`.

    ``folder/<home of the split>/raw`` if there; without those to validate with, every tenth pair to train on is held
    back.

    Raises
    ------
    InputError
        If there is no such folder; ``missing`` says so in better words.
    """
    train, validation, home = (folder / homes.get(name, name) for name in ("train", "validation", split))
    held_apart = (validation / "raw").is_dir()
    used = split if split != "test" or (home / "raw").is_dir() else "validation"
    if not (home / "raw").is_dir() and held_apart:
        home = validation if split == "test" else folder
    divide = not held_apart if split == "train" else not (home / "raw").is_dir()
    if divide:
        home = train if (train / "raw").is_dir() else folder
    for part in ("raw", "truth"):
        if not (home / part).is_dir():
            raise InputError(missing or f"{home} has no folder {part}; wanted {LAYOUT}")
    raw = io.find([home / "raw"])
    if divide:
        held_back = raw[::HELD_BACK] if len(raw) > 1 else raw
        raw = held_back if split != "train" else ([path for path in raw if path not in held_back] or raw)
    return Files(raw, io.find([home / "truth"]), used)


def _refuse_unequal(path: Path, positions: tuple[int, ...], size: tuple[int, ...], truth: PlanesOfFile) -> None:
    """InputError if input and truth have not the same t, c and z, or one is no whole multiple of the other."""
    if positions != truth.positions:
        raise InputError(
            f"{path}: {positions} images (t, c, z), but {truth.positions} reference images in {truth.path}"
        )
    (y, x), (height, width) = size, truth.size
    if height % y or width % x or height // y != width // x:
        raise InputError(f"{truth.path}: {height} x {width} pixels are no whole multiple of the {y} x {x} of {path}")
