"""Formats that join by a file of their own: a file of another kind, and a folder that is one image."""

import importlib
import json
import shutil
import sys

import numpy as np
import pytest
import tifffile

from srredsim import inspection, io
from srredsim.errors import InputError
from srredsim.io import formats
from srredsim.simulation.sim import simulate_stack

OF_A_FILE = '''
"""A header of text, then the pixels."""
import json
import numpy as np
from srredsim.acquisition import Optics
from srredsim.io.source import BarePlanes, Source

MAGIC, SUFFIXES, NAME = b"DUMMY ", (".dum",), "a dummy"


def open_source(path, pixel_size_um=None):
    with open(path, "rb") as file:
        header = file.readline()
    said = json.loads(header[len(MAGIC):])
    *shape, y, x = said["shape"]
    optics = Optics(said["na"], said["wavelength_em_um"], pixel_size_um or said["pixel_size_um"])
    planes = BarePlanes(path, np.dtype("uint16"), len(header), (y, x))
    return Source(said["letters"], tuple(shape), (y, x), np.dtype("uint16"), planes, optics)
'''
OF_A_FOLDER = '''
"""A folder with a marker, a file for each plane."""
import numpy as np
from srredsim.io.source import Source

MAGIC, SUFFIXES, NAME = b"", (), "a folder of planes"


def claims(folder):
    return (folder / "planes.txt").is_file()


def open_source(path, pixel_size_um=None):
    count = int((path / "planes.txt").read_text())
    first = np.load(path / "0.npy")
    return Source("I", (count,), first.shape, first.dtype, lambda number: np.load(path / f"{number}.npy"))
'''


@pytest.fixture
def more_formats(tmp_path):
    package = tmp_path / "more_formats"
    package.mkdir()
    (package / "dummy.py").write_text(OF_A_FILE, encoding="utf-8")
    (package / "of_planes.py").write_text(OF_A_FOLDER, encoding="utf-8")
    formats.__path__.append(str(package))
    importlib.invalidate_caches()
    yield
    formats.__path__.remove(str(package))
    for name in ("dummy", "of_planes"):
        sys.modules.pop(f"srredsim.io.formats.{name}", None)


@pytest.fixture(scope="module")
def sample():
    return simulate_stack(3, index=1, phases=5, size=64, photons=(300.0, 300.0))


@pytest.fixture
def files(more_formats, sample, tmp_path):
    """The same stack in both formats, in one folder with others."""
    home = tmp_path / "data"
    home.mkdir()
    said = {name: getattr(sample.settings, name) for name in ("na", "wavelength_em_um", "pixel_size_um")}
    said |= {"letters": "AP", "shape": sample.raw.shape}
    raw = sample.raw.astype("uint16")
    (home / "one.dum").write_bytes(b"DUMMY " + json.dumps(said).encode() + b"\n" + raw.tobytes())
    (home / "two.planes").mkdir()
    (home / "two.planes" / "planes.txt").write_text("15")
    for number, plane in enumerate(raw.reshape(15, *raw.shape[2:])):
        np.save(home / "two.planes" / f"{number}.npy", plane)
    (home / "just_a_folder").mkdir()
    return home / "one.dum", home / "two.planes"


def test_they_are_found_and_read(files, sample):
    assert io.find([files[0].parent]) == list(files)  # neither the files in the folder nor the other folder
    assert io.find([files[1]]) == [files[1]]
    for path in files:
        np.testing.assert_array_equal(io.read(path).raw(), sample.raw)
    assert io.read(files[0]).optics.na == sample.settings.na
    with pytest.raises(InputError, match=r"holds no .*\*\.dum, .*\*\.npy, .*\*\.tif, \*\.tiff file"):
        io.find([files[0].parent / "just_a_folder"])


def test_they_are_inspected_and_predicted(files, sample, tiny_model):
    from srredsim.workflows.predict import predict_file
    from srredsim.zoo import models

    model, images = models.load(tiny_model, "float32"), []
    for path in files:
        assert inspection.inspect(io.read(path, pixel_size_um=0.08))["channels"]
        report = predict_file(path, model)
        assert report["paths"][0] == str(path.parent / f"{path.stem}_tiny.tif")
        images.append(tifffile.imread(report["paths"][0]))
    np.testing.assert_array_equal(*images)
    assert len(predict_file(files[0], model, writing=io.Writing(overwrite=True))["paths"]) == 4  # optics: compared


def test_the_command_line_takes_them(files, capsys):
    from srredsim.cli.main import main

    assert main(["inspect", str(files[0].parent)]) == 0  # the folder with both
    said = capsys.readouterr().out
    for path in files:
        assert str(path) in said
        assert (path.parent / f"{path.stem}_inspect.png").is_file()


def test_a_folder_that_is_no_image(more_formats, tmp_path):
    with pytest.raises(InputError, match="Is a directory"):
        io.read(tmp_path)
    shutil.rmtree(tmp_path / "more_formats")


def test_what_is_in_no_format_names_them_all(more_formats, tmp_path):
    (tmp_path / "a.tif").write_bytes(b"something else")
    with pytest.raises(InputError, match=r"neither a TIFF, .*a \.npy file, .*a dummy.*; in Fiji"):
        io.read(tmp_path / "a.tif")
