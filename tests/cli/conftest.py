"""What the tests of the command line share: stacks, a zoo of one model, files that no command can use, archives."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile

from srredsim import io, resources
from srredsim.acquisition import Optics
from srredsim.cli.main import main


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty current folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def zoo(tiny_model, monkeypatch):
    """The tiny model is the only one that is shipped, as ``tiny``."""
    monkeypatch.setattr(resources, "SHIPPED", tiny_model.parents[1])
    assert resources.entries("models") == ["tiny"]


@pytest.fixture
def stack(tmp_path):
    """File of a raw stack of 3 angles and 5 phases."""
    path = tmp_path / "stack.tif"
    io.write_raw(path, _raw_stack(), optics=Optics(na=1.4, wavelength_em_um=0.525, pixel_size_um=0.08))
    return path


@pytest.fixture(scope="session")
def raw_stack():
    """Function: such a stack as an array."""
    return _raw_stack


@pytest.fixture(scope="session")
def files_in():
    """Function: everything below a folder, hidden temporary files and folders too."""
    return lambda folder: {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@pytest.fixture(scope="session")
def copy_of():
    """Function: the files of a model in a folder of their own."""

    def copy_of(model: Path, folder: Path) -> Path:
        folder.mkdir()
        for path in model.iterdir():
            (folder / path.name).write_bytes(path.read_bytes())
        return folder

    return copy_of


@pytest.fixture(scope="session")
def process():
    """Function: Python as a process of its own, with these variables of its environment set, or unset by None."""

    def process(*argv, **environment):
        variables = {name: value for name, value in (os.environ | environment).items() if value is not None}
        command = [sys.executable, *map(str, argv)]
        return subprocess.run(command, capture_output=True, text=True, env=variables, check=False)

    return process


# Files that cannot be used


def _raw_stack(angles=3, phases=5, size=(24, 20), seed=5) -> np.ndarray:
    """(angles, phases, y, x) counts with a bright square, so that the widefield image is not constant."""
    raw = np.random.default_rng(seed).poisson(50, (angles, phases, *size))
    raw[..., 5:12, 4:15] += 400
    return raw.astype(np.uint16)


def _tiff(path, array, **settings):
    tifffile.imwrite(path, array, photometric=settings.pop("photometric", "minisblack"), **settings)


def _truncated_tiff(path):
    _tiff(path, _raw_stack().reshape(15, 24, 20))
    path.write_bytes(path.read_bytes()[:-4000])  # pixels of the last frames are lost, too


def _cut_directory(path):
    """The list of pages is at the end of this file, and is missing."""
    _tiff(path, _raw_stack().reshape(15, 24, 20), compression="zlib")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _with_value(value):
    def write(path):
        raw = _raw_stack().reshape(15, 24, 20).astype(np.float32)
        raw[7, 3, 2] = value
        _tiff(path, raw)

    return write


UNREADABLE = {  # name -> (file, how to write it, a word that the message must have)
    "truncated TIFF": ("bad.tif", _truncated_tiff, ""),
    "TIFF cut in the middle": ("bad.tif", _cut_directory, ""),
    "TIFF of 0 bytes": ("bad.tif", lambda path: path.write_bytes(b""), "empty"),
    "TIFF with a header only": ("bad.tif", lambda path: path.write_bytes(b"II*\0\0\0\0\0"), ""),
    "TIFF with a wild offset": ("bad.tif", lambda path: path.write_bytes(b"II*\0\xff\xff\xff\x7f"), ""),
    "text": ("bad.tif", lambda path: path.write_text("hello"), "TIFF"),
    "RGB": ("bad.tif", lambda path: _tiff(path, np.ones((15, 9, 9, 3), np.uint8), photometric="rgb"), "RGB"),
    "14 frames": ("bad.tif", lambda path: _tiff(path, _raw_stack().reshape(15, 24, 20)[:14]), "14"),
    "one frame": ("bad.tif", lambda path: _tiff(path, _raw_stack()[0, 0]), "1"),
    "npy of 0 bytes": ("bad.npy", lambda path: path.write_bytes(b""), "empty"),
    "npy with a header only": ("bad.npy", lambda path: path.write_bytes(b"\x93NUMPY\x01\x00"), ""),
    "truncated npy": (
        "bad.npy",
        lambda path: (np.save(path, _raw_stack()), path.write_bytes(path.read_bytes()[:-9])),
        "",
    ),
    "npy of objects": ("bad.npy", lambda path: np.save(path, np.array([{}, None]), allow_pickle=True), ""),
    "npy of complex numbers": ("bad.npy", lambda path: np.save(path, _raw_stack() * 1j), "complex"),
    "npy without axes": ("bad.npy", lambda path: np.save(path, np.float32(3)), ""),
    "folder with nothing to read": ("bad", lambda path: path.mkdir(), "holds no"),
    "missing file": ("bad.tif", lambda path: None, "does not exist"),
}
UNUSABLE = UNREADABLE | {
    "NaN": ("bad.tif", _with_value(np.nan), "NaN"),
    "infinity": ("bad.tif", _with_value(np.inf), "infinite"),
    "constant image": ("bad.tif", lambda path: _tiff(path, np.full((15, 24, 20), 7, np.uint16)), "constant"),
}


def _written(cases, name, folder):
    """(path of a bad file, a word that the message about it must have)"""
    file, write, word = cases[name]
    write(folder / file)
    return folder / file, word


@pytest.fixture(params=UNREADABLE)
def unreadable(request, tmp_path):
    return _written(UNREADABLE, request.param, tmp_path)


@pytest.fixture(params=UNUSABLE)
def unusable(request, tmp_path):
    """Unreadable, or of pixels of which no image can be made."""
    return _written(UNUSABLE, request.param, tmp_path)


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    """Folder of a W2S archive of two fields, ``raw``, and of what was prepared of it, ``w2s``."""
    home = tmp_path_factory.mktemp("w2s")
    assert main(["simulate", "--w2s", "--out", str(home / "raw"), "--count", "2", "--size", "64", "--seed", "3"]) == 0
    assert main(["prepare", "w2s", "--raw", str(home / "raw"), "--out", str(home / "w2s")]) == 0
    return home
