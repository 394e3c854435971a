"""What was made is kept: in memory up to a limit, beyond it on disk, and all of it goes with its data set."""

import gc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest

from srredsim.data.kept import Kept
from srredsim.errors import InputError


@dataclass(frozen=True)
class Made:
    frames: np.ndarray
    name: str


def making(counted):
    def make(index: int) -> Made:
        counted.append(index)
        return Made(np.full((100, 100), index, np.float32), f"number {index}")

    return make


def test_everything_is_made_once_and_what_is_beyond_the_limit_lies_on_disk(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    counted: list[int] = []
    kept = Kept(making(counted), limit=90_000)  # of 40,000 bytes each two stay in memory
    for index in (0, 3, 1, 3, 2, 0, 1, 2):
        assert kept(index).name == f"number {index}"
        assert kept(index).frames.shape == (100, 100)
        assert (kept(index).frames == index).all()
    assert counted == [0, 3, 1, 2]
    assert sorted(path.name for path in tmp_path.glob("*/*")) == ["1_frames.npy", "2_frames.npy"]
    assert kept(2).frames.flags.writeable
    assert type(kept(2).frames) is np.ndarray
    del kept
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_threads_that_ask_at_once_are_given_the_same():
    """A file that another thread has mapped must not be written again."""
    together = Barrier(4)

    def make(index: int) -> Made:
        together.wait()
        return Made(np.full((100, 100), index, np.float32), str(index))

    kept = Kept(make, limit=0)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(kept, [7] * 4))
    assert all(each is found[0] for each in found)
    assert (found[0].frames == 7).all()


def test_a_full_disk_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(InputError, match=f"no space left for images in {tmp_path}.*TMPDIR"):
        Kept(making([]), limit=0)(5)
    assert not list(Path(tmp_path).glob("*/*"))
