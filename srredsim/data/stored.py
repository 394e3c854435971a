"""What is made once, on all cores, and kept on disk; and what is there already, which answers the same questions."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

CHUNK = 8  # samples that a process makes at a time
Progress = Callable[[int, int], None]  # done, total


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


class StoredSeries(Ready):
    """Something made of every sample of a series, kept on disk; a subclass says in `store` what.

    ``_done`` has a 1 for each sample that is there.
    """

    series: Any  # a frozen dataclass
    _done: np.ndarray

    def store(self, index: int) -> None:
        raise TypeError(f"{type(self).__name__} does not say what is stored")

    def missing(self, indices: Iterable[int]) -> list[int]:
        return [int(i) for i in sorted(set(indices)) if not self._done[i]]

    def generate(self, indices: Iterable[int], progress: Progress | None = None) -> int:
        """Make what is missing, on all cores; returns how many were made."""
        todo = self.missing(indices)
        chunks = [todo[start : start + CHUNK] for start in range(0, len(todo), CHUNK)]
        workers, done = min(os.cpu_count() or 1, len(chunks)), 0

        def tick(more: int) -> None:
            nonlocal done
            done += more
            if progress:
                progress(done, len(todo))

        if workers <= 1:
            for index in todo:
                self.store(index)
                tick(1)
            return done
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            for future in as_completed([pool.submit(_store, type(self), self.series, chunk) for chunk in chunks]):
                tick(future.result())
        return done


def _store(kind: type[StoredSeries], series: Any, indices: list[int]) -> int:
    pairs = kind(series)
    for index in indices:
        pairs.store(index)
    return len(indices)


def array_on_disk(path: Path, dtype: type, shape: tuple[int, ...]) -> np.memmap:
    """A file of the full size, without its content yet (sparse where the file system can)."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    with open(path, "ab") as file:
        if file.tell() != size:
            file.truncate(size)
    return np.memmap(path, dtype, "r+", shape=shape)
