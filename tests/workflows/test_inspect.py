"""A raw file inspected: what is reported of it, and the picture beside it."""

import pytest

from srredsim import inspection, io
from srredsim.acquisition import Optics
from srredsim.errors import InputError
from srredsim.simulation.sim import simulate_stack
from srredsim.workflows.inspect import inspect_file

SAMPLE = simulate_stack(41, phases=3, photons=(500, 500), size=(72, 64), phantom="filaments")


def test_the_report_is_that_of_the_stack_and_a_picture_is_beside_it(tmp_path):
    path, picture = tmp_path / "cell.tif", tmp_path / "out" / "cell_inspect.png"
    io.write_raw(path, SAMPLE.raw, optics=Optics(SAMPLE.settings.na, None, SAMPLE.settings.pixel_size_um))
    reading = io.Reading(wavelength_em_um=SAMPLE.settings.wavelength_em_um)
    found = inspect_file(path, reading=reading, writing=io.Writing(tmp_path / "out"))
    stack = io.read(path, wavelength_em_um=SAMPLE.settings.wavelength_em_um)
    assert found == {"input": str(path), "picture": str(picture)} | inspection.inspect(stack, io.alternatives(stack))
    assert found["channels"][0]["stripes"] is not None
    assert picture.read_bytes().startswith(b"\x89PNG")
    with pytest.raises(InputError, match="exists already"):
        inspect_file(path, reading=reading, writing=io.Writing(tmp_path / "out"))


def test_optics_of_no_microscope_are_refused_where_they_were_given(tmp_path):
    path = tmp_path / "cell.tif"
    io.write_raw(path, SAMPLE.raw, optics=Optics(SAMPLE.settings.na, 0.6, SAMPLE.settings.pixel_size_um))
    with pytest.raises(InputError, match="no objective"):
        inspect_file(path, reading=io.Reading(na=3.0))
    assert not list(tmp_path.glob("*.png"))
