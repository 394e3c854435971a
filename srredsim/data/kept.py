"""What was made of the images of a data set, kept as long as the data set: in memory while it is small, then on disk.

Images of one's own may have any size, and crops of all of them are asked for in any order. So those beyond the limit
are written to a temporary folder, uncompressed, and mapped into memory: the system keeps of them what fits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any, Generic, TypeVar

import numpy as np

from srredsim import io
from srredsim.errors import InputError

LIMIT_BYTES = 2**30

Made = TypeVar("Made")  # a dataclass with arrays


class Kept(Generic[Made]):
    """``kept(index)`` is ``make(index)``, made once; up to ``limit`` bytes of arrays stay in memory."""

    def __init__(self, make: Callable[[int], Made], limit: int = LIMIT_BYTES):
        self._make, self._free = make, limit
        self._made: dict[int, Made] = {}
        self._folder: TemporaryDirectory | None = None  # which goes with this object
        self._keeping = Lock()

    def __call__(self, index: int) -> Made:
        if index not in self._made:
            made = self._make(index)
            with self._keeping:  # of threads that have made it at the same time, one keeps it
                if index not in self._made:
                    self._made[index] = self._kept(index, made)
        return self._made[index]

    def _kept(self, index: int, made: Any) -> Made:
        arrays = {one.name: value for one in fields(made) if isinstance(value := getattr(made, one.name), np.ndarray)}
        size = sum(array.nbytes for array in arrays.values())
        if size > self._free:
            return replace(made, **{name: self._mapped(f"{index}_{name}", one) for name, one in arrays.items()})
        self._free -= size
        return made

    def _mapped(self, name: str, array: np.ndarray) -> np.ndarray:
        if self._folder is None:
            self._folder = TemporaryDirectory(prefix="srredsim-", ignore_cleanup_errors=True)
        path = Path(self._folder.name) / f"{name}.npy"
        try:
            np.save(path, array)
        except OSError as problem:
            if not io.no_space(problem):
                raise
            raise InputError(
                f"no space left for images in {path.parent}; free some, or let TMPDIR name another"
            ) from None
        return np.load(path, mmap_mode="c").view(np.ndarray)  # may be written to, as what is in memory
