"""A wrong order of the frames, through the real reader: named, and only when it is one."""

from functools import cache

import numpy as np
import pytest
import tifffile

from srredsim import inspection, io
from srredsim.io.alternatives import EXCHANGED
from srredsim.simulation.sim import simulate_stack

SIZE = 80


@cache
def raw(phases, photons=300.0, seed=21, index=0, z=1):
    """(z, angle, phase, y, x): the same pattern over another object in each z-plane."""
    first = simulate_stack(seed, index=index, phases=phases, photons=(photons,) * 2, size=SIZE)
    names = "na", "wavelength_em_um", "pixel_size_um", "k0_per_um", "phases_rad", "modulation_depths", "otf_damping"
    fixed = {name: getattr(first.settings, name) for name in names}
    planes = [
        simulate_stack(seed, index=index + n, phases=phases, photons=(photons,) * 2, size=SIZE, **fixed).raw
        for n in range(z)
    ]
    return np.stack(planes)


STORED = {  # how (z, angle, phase) are laid out in the file, slowest first
    "PAZ": (0, 1, 2),
    "PZA": (1, 0, 2),
    "ZAP": (2, 1, 0),
}


def order_check(path, frames, stored, **how):
    """The check of a file whose frames lie in this order, read as `how` says."""
    file_frames = frames.transpose(*STORED[stored], 3, 4)
    tifffile.imwrite(path, file_frames.reshape(-1, SIZE, SIZE), photometric="minisblack")
    stack = io.read(path, **how)
    channel = inspection.inspect(stack, io.alternatives(stack))["channels"][0]
    check = channel["checks"][0]
    assert check["name"] == "frame order"
    return check, channel["order_checked"]


@pytest.mark.parametrize(
    ("phases", "z", "stored", "how", "named"),
    [
        (5, 1, "ZAP", {}, '`order="ZAP", angles=3, phases=5`'),
        (5, 1, "PAZ", {"order": "ZAP"}, '`order="PAZ", angles=3, phases=5`'),
        (5, 1, "PAZ", {"angles": 5, "phases": 3}, '`order="PAZ", angles=3, phases=5`'),
        (5, 1, "ZAP", {"angles": 5, "phases": 3}, '`order="ZAP", angles=3, phases=5`'),
        (3, 1, "ZAP", {}, '`order="ZAP", angles=3, phases=3`'),
        (3, 3, "PZA", {"angles": 3, "phases": 3}, '`order="PZA", angles=3, phases=3`'),
        (3, 3, "PAZ", {"order": "PZA", "angles": 3, "phases": 3}, '`order="PAZ", angles=3, phases=3`'),
        (5, 3, "PZA", {"angles": 3, "phases": 5}, '`order="PZA", angles=3, phases=5`'),
        (5, 3, "ZAP", {"angles": 3, "phases": 5}, '`order="ZAP", angles=3, phases=5`'),
    ],
)
def test_the_order_that_fits_is_named(tmp_path, phases, z, stored, how, named):
    check, checked = order_check(tmp_path / "s.tif", raw(phases, z=z), stored, **how)
    assert check["verdict"] == "bad"
    assert named in check["advice"]
    assert checked == named


@pytest.mark.parametrize("photons", [20.0, 200.0, 2000.0])
@pytest.mark.parametrize(("phases", "index"), [(5, 3), (5, 4), (3, 5), (3, 6)])
def test_right_orders_get_no_advice(tmp_path, phases, index, photons):
    check, checked = order_check(tmp_path / "s.tif", raw(phases, photons, index=index), "PAZ")
    assert check["verdict"] in ("good", None)
    assert (check["advice"], checked) == (None, None)


@pytest.mark.parametrize("stored", STORED)
@pytest.mark.parametrize("phases", [3, 5])
def test_a_right_order_of_z_planes_is_good(tmp_path, phases, stored):
    check, _ = order_check(tmp_path / "s.tif", raw(phases, z=3), stored, order=stored, angles=3, phases=phases)
    assert check["verdict"] == "good"


def test_frames_too_dim_to_tell_get_no_advice(tmp_path):
    check, checked = order_check(tmp_path / "s.tif", raw(3, 0.5), "ZAP")
    assert (check["verdict"], check["advice"], checked) == (None, None, None)


def test_an_order_that_the_file_itself_names_wrongly(tmp_path):
    frames = raw(3)[0]
    io.write_raw(tmp_path / "s.tif", frames.swapaxes(0, 1))
    stack = io.read(tmp_path / "s.tif")
    check = inspection.inspect(stack, io.alternatives(stack))["channels"][0]["checks"][0]
    assert check["verdict"] == "bad"
    assert EXCHANGED in check["number"]
    assert "save the file" in check["advice"]


@pytest.mark.parametrize("phases", [3, 5])
@pytest.mark.parametrize(
    ("by", "named"),
    [(1, "the first frames behind the last, by 1 place"), (-1, "the last frames before the first, by 1 p")],
)
def test_frames_that_begin_at_the_wrong_place_are_recognised(tmp_path, phases, by, named):
    moved = np.roll(raw(phases)[0].reshape(-1, SIZE, SIZE), by, axis=0)
    check, _ = order_check(tmp_path / "s.tif", moved.reshape(raw(phases).shape), "PAZ")
    assert check["verdict"] == "bad"
    assert named in check["advice"]


def test_frames_sorted_as_text_are_recognised(tmp_path):
    frames = raw(5)[0].reshape(15, SIZE, SIZE)
    as_text = frames[[number - 1 for number in sorted(range(1, 16), key=str)]]
    check, checked = order_check(tmp_path / "s.tif", as_text.reshape(raw(5).shape), "PAZ")
    assert check["verdict"] == "bad"
    assert checked == "frames in the order of their numbers, not of these as text (1, 10, 11, 12, ...)"


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize("angles", [(1,), (0, 1, 2)])
def test_exchanged_phases_are_recognised(tmp_path, angles, index):
    frames = raw(5, index=index).copy()
    for angle in angles:
        frames[0, angle, [1, 2]] = frames[0, angle, [2, 1]]
    check, checked = order_check(tmp_path / "s.tif", frames, "PAZ")
    assert check["verdict"] == "bad"
    of = "every angle" if len(angles) > 1 else "angle 2"
    assert checked == f"frames 1 and 4, or 2 and 3, of {of} exchanged"
    assert f"save the file with {checked}" in check["advice"]


@pytest.mark.parametrize("phases", [3, 5])
def test_exchanged_frames_of_two_angles_are_recognised(tmp_path, phases):
    frames = raw(phases).copy()
    frames[0, [0, 2], [1, 2]] = frames[0, [2, 0], [2, 1]]
    check, checked = order_check(tmp_path / "s.tif", frames, "PAZ")
    assert check["verdict"] == "bad"
    assert checked == "frames 2 of angle 1 and 3 of angle 3 exchanged"


def test_steps_of_two_fifths_of_a_turn_are_no_wrong_order(tmp_path):
    check, _ = order_check(tmp_path / "s.tif", raw(5)[:, :, [0, 2, 4, 1, 3]], "PAZ")
    assert check["verdict"] == "good"
