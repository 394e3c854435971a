"""What is made once, on all cores, and kept on disk; and what is there already, which answers the same questions."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from srredsim import io
from srredsim.errors import InputError
from srredsim.processes import cores, on_cores

SUM = np.dtype("<u4")  # a checksum; 0: nothing is there yet
CHUNK = 8  # samples that a process makes at a time
Progress = Callable[[int, int], None]  # done, total


def digest_of(described: str, sources: Iterable[str | Path] = ()) -> str:
    """Digest of what a series is made of and of the source that makes it: what other source made is never read."""
    digest = hashlib.sha256(described.encode())
    for source in sources:
        digest.update(Path(source).read_bytes())
    return digest.hexdigest()[:16]


class Ready:
    """Everything is there already: nothing has to be made."""

    def missing(self, indices: Iterable[int]) -> list[int]:
        """Those that `generate` would make."""
        return []

    def task(self, missing: int) -> str:
        """What `generate` will do to make so many, in words."""
        return f"making {missing} images once"

    def generate(self, indices: Iterable[int], progress: Progress | None = None) -> int:
        """Make what is missing, on all cores; returns how many were made."""
        return 0


class Samples:
    """Arrays of every sample of a series, on disk: those of one kind in one file, each sample with a checksum.

    The files have their full size at once (sparse where the file system can). They are written as files are, not
    through a memory map, so that a full disk is an error that can be told.

    Parameters
    ----------
    folder : path
        Made if need be.
    count : int
        Samples of the series.
    **kinds : (dtype, shape)
        Of one sample, by the name of the file in which an underscore stands for the dot.
    """

    def __init__(self, folder: Path, count: int, **kinds: tuple[Any, tuple[int, ...]]):
        self._folder = folder
        self._paths = [folder / name.replace("_", ".") for name in kinds]
        self._sums = folder / "checksums.u32"
        with _no_space_in(folder):
            folder.mkdir(parents=True, exist_ok=True)
            _mapped(self._sums, SUM, (count,))
            parts = zip(self._paths, kinds.values(), strict=True)
            self._arrays = [_mapped(path, kind, (count, *shape)) for path, (kind, shape) in parts]
        self._seen = np.zeros(count, bool)  # by this process, and found whole

    @property
    def nbytes(self) -> int:
        """Bytes of one sample."""
        return sum(array[0].nbytes for array in self._arrays)

    def has(self, index: int) -> bool:
        """Whether a sample is there as it was written; each is read through once.

        Not through the memory map: where nothing was written, that may take space, which a full disk has not.
        """
        if not self._seen[index] and any(total := _read(self._sums, SUM.itemsize, index)):
            sample = (
                _read(path, array[0].nbytes, index) for path, array in zip(self._paths, self._arrays, strict=True)
            )
            self._seen[index] = np.frombuffer(total, SUM) == _checksum(sample)
        return bool(self._seen[index])

    def __getitem__(self, index: int) -> list[np.ndarray]:
        return [array[index] for array in self._arrays]

    def __setitem__(self, index: int, sample: Sequence[np.ndarray]) -> None:
        stored = [np.ascontiguousarray(one, array.dtype) for one, array in zip(sample, self._arrays, strict=True)]
        for one, array in zip(stored, self._arrays, strict=True):
            if one.shape != array.shape[1:]:
                raise ValueError(f"a sample here is {array.shape[1:]}, not {one.shape}")
        total = np.array(_checksum(one.data for one in stored), SUM)
        with _no_space_in(self._folder):  # the checksum last: an interrupted sample is made again
            for path, one in zip([*self._paths, self._sums], [*stored, total], strict=True):
                with path.open("r+b") as file:
                    file.seek(index * one.nbytes)
                    file.write(one.data)


class StoredSeries(Ready):
    """Something made of every sample of a series, kept on disk; a subclass says in `make` what."""

    series: Any  # a frozen dataclass
    folder: Path
    samples: Samples
    making = "making {} images once"

    def task(self, missing: int) -> str:
        return f"{self.making.format(missing)} ({self.samples.nbytes * missing / 1e6:.0f} MB in {self.folder})"

    def identity(self) -> str:
        """Digest of what the series is made of, and of the source that makes it, by which its folder is called."""
        return self.folder.name

    def make(self, index: int) -> Sequence[np.ndarray]:
        raise TypeError(f"{type(self).__name__} does not say what is stored")

    def store(self, index: int) -> None:
        try:
            made = self.make(index)
        except InputError as problem:
            raise InputError(f"simulated stack {index} of seed {self.series.seed}: {problem}") from None
        self.samples[index] = made

    def stored(self, index: int) -> list[np.ndarray]:
        """What was made of a sample; made now if it is not there, or damaged."""
        if not self.samples.has(index):
            self.store(index)
        return self.samples[index]

    def missing(self, indices: Iterable[int]) -> list[int]:
        return [int(i) for i in sorted(set(indices)) if not self.samples.has(i)]

    def generate(self, indices: Iterable[int], progress: Progress | None = None) -> int:
        """Make what is missing, on all cores; returns how many were made."""
        todo, done = self.missing(indices), 0
        processes = min(cores(), -(-len(todo) // CHUNK))
        chunk = CHUNK if processes > 1 else 1

        def tick(more: int) -> None:
            nonlocal done
            done += more
            if progress:
                progress(done, len(todo))

        store = partial(_store, type(self), self.series) if processes > 1 else partial(_stored, self)
        on_cores(store, [todo[start : start + chunk] for start in range(0, len(todo), chunk)], processes, tick)
        return done


def _store(kind: Callable[[Any], StoredSeries], series: Any, indices: list[int]) -> int:
    return _stored(kind(series), indices)


def _stored(pairs: StoredSeries, indices: list[int]) -> int:
    for index in indices:
        pairs.store(index)
    return len(indices)


def _checksum(sample: Iterable[bytes | memoryview]) -> int:
    """Never 0."""
    total = 0
    for one in sample:
        total = zlib.crc32(one, total)
    return total or 1


def _read(path: Path, size: int, index: int) -> bytes:
    with path.open("rb") as file:
        file.seek(index * size)
        return file.read(size)


def _mapped(path: Path, dtype: Any, shape: tuple[int, ...]) -> np.memmap:
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    with path.open("ab") as file:
        if file.tell() != size:
            file.truncate(size)
    return np.memmap(path, dtype, "r", shape=shape)


@contextmanager
def _no_space_in(folder: Path) -> Iterator[None]:
    """A full disk in words that say what to do about it."""
    try:
        yield
    except OSError as error:
        if not io.no_space(error):
            raise
        raise InputError(
            f"no space left on the disk for {folder}; free some, or let SRREDSIM_CACHE name another folder"
        ) from None
