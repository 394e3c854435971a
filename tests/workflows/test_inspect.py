"""A raw file inspected: what is reported of it, and the picture beside it."""

import numpy as np
import pytest
import tifffile

from srredsim import inspection, io
from srredsim.acquisition import Optics
from srredsim.errors import InputError
from srredsim.io import memory
from srredsim.simulation.sim import simulate_stack
from srredsim.workflows.inspect import inspect_file
from srredsim.workflows.reconstruct_file import reconstruct_file

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


@pytest.mark.parametrize("scale", [1e30, 1e-42])
def test_pixels_of_no_use_are_refused_before_anything_is_made_of_them(tmp_path, scale):
    """Also where the optics are not known, and the first look is at the cut-off in the middle of the field."""
    np.save(tmp_path / "cell.npy", (SAMPLE.raw * scale).astype(np.float32))
    with pytest.raises(InputError, match=r"the largest pixel of frame 1 is .*, wanted between"):
        inspect_file(tmp_path / "cell.npy")


SLICES = 4


def slices_in_order(path, order):
    """A TIFF of several slices, of which only those who know the order can tell the frames; other noise in each."""
    stack = np.stack([SAMPLE.raw + np.uint16(z) for z in range(SLICES)])  # z, a, p, y, x
    letters = {"PAZ": (0, 1, 2), "PZA": (1, 0, 2)}[order]
    tifffile.imwrite(path, stack.transpose(*letters, 3, 4).reshape(-1, *SAMPLE.raw.shape[2:]), compression="zlib")
    return {"angles": 3, "phases": 3}


def montages(path, _):
    """A plane a raw stack: rows of angles, columns of phases."""
    tiled = SAMPLE.raw.swapaxes(1, 2).reshape(3 * 72, 3 * 64)
    np.save(path.with_suffix(".npy"), np.stack([tiled + np.uint16(z) for z in range(SLICES)]))
    return {"angles": 3, "phases": 3, "order": "tiled"}


@pytest.mark.parametrize(("limit", "most"), [(memory.LIMIT_BYTES, 1), (0, 2)])
@pytest.mark.parametrize(
    ("write", "order", "planes"),
    [(slices_in_order, "PAZ", 9 * SLICES), (slices_in_order, "PZA", 9 * SLICES), (montages, "", SLICES)],
)
def test_each_plane_is_read_once_or_twice_where_memory_is_short(
    write, order, planes, limit, most, counted, tmp_path, monkeypatch
):
    reads, opened = counted
    path = tmp_path / ("a.npy" if write is montages else "a.tif")
    reading = io.Reading(na=1.4, wavelength_em_um=0.52, pixel_size_um=0.08, **write(path, order))
    plain = io.read(path, **{name: value for name, value in vars(reading).items() if value is not None})
    expected = inspection.inspect(plain, io.alternatives(plain))
    reads.clear()
    opened.clear()
    monkeypatch.setattr(memory, "LIMIT_BYTES", limit)
    found = inspect_file(path, reading=reading)
    assert {name: found[name] for name in expected} == expected
    assert (found["channels"][0]["order_checked"] is not None) == (order == "PZA")
    assert len(reads) == planes
    assert max(reads.values()) <= most
    if write is slices_in_order:  # the test sees what it should
        assert max(reads.values()) == most
    assert opened["file"] == 1


def test_the_middle_of_a_large_field_is_that_of_the_whole_field(tmp_path, monkeypatch):
    """Fields larger than what is looked at: the same report, whether middles come from memory or not."""
    from srredsim.inspection import fits
    from srredsim.workflows import inspect as workflow

    path = tmp_path / "a.tif"
    counts = slices_in_order(path, "PZA")
    stack = io.read(path, na=1.4, wavelength_em_um=0.52, pixel_size_um=0.08, **counts)
    monkeypatch.setattr(workflow, "SIDE", 48)
    monkeypatch.setattr(fits.middle, "__defaults__", (48,))
    expected = inspection.inspect(stack, io.alternatives(stack))
    assert expected["channels"][0]["pixels_checked"] == [48, 48]
    assert workflow.inspect(stack) == expected


def test_python_callers_learn_what_is_written_in_one_way_only(tmp_path):
    np.save(tmp_path / "a.npy", SAMPLE.raw)
    writing = io.Writing(tmp_path, format="ome-tiff", dtype="uint16")
    assert inspect_file(tmp_path / "a.npy", writing=writing)["picture"] == str(tmp_path / "a_inspect.png")
    with pytest.raises(InputError, match="written as float32: leave out `dtype`"):
        reconstruct_file(tmp_path / "a.npy", writing=writing)
