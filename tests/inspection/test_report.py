import json

import numpy as np
import pytest

from srredsim import inspection, io
from srredsim.acquisition import Optics, Pattern, RawStack


def stack_of(array, **more):
    array = np.asarray(array)
    return RawStack(array, Pattern(*array.shape[3:5]), **more)


def test_means_belong_to_their_channel_angle_and_frame():
    array = np.zeros((2, 2, 3, 3, 5, 4, 6))
    for t, c, z, a, p in np.ndindex(array.shape[:5]):
        array[t, c, z, a, p] = 1000 * c + 100 * a + 10 * p + t + z  # t + z is 1.5 in the mean
    report = inspection.inspect(stack_of(array))
    expected = [[[1000 * c + 100 * a + 10 * p + 1.5 for p in range(5)] for a in range(3)] for c in range(2)]
    assert report["frame_means"] == expected
    assert report["angle_means"] == [[1000 * c + 100 * a + 21.5 for a in range(3)] for c in range(2)]
    assert (report["lowest"], report["highest"]) == (0, 1243)


def test_pixels_that_are_not_finite_are_counted_and_left_out():
    array = np.full((1, 1, 1, 3, 5, 4, 6), 10.0)
    array[..., 1, 2, 0, :3] = np.nan
    array[..., 2, 0, 3, 3] = np.inf
    array[..., 0, 0, 0, 0] = 34
    report = inspection.inspect(stack_of(array))
    assert report["non_finite_pixels"] == 4
    assert (report["lowest"], report["highest"]) == (10, 34)
    assert report["frame_means"][0][1][2] == 10
    assert report["frame_means"][0][0][0] == 11
    assert "4 pixels NaN or infinite" in " ".join(inspection.lines(report))


def test_nothing_finite_at_all():
    report = inspection.inspect(stack_of(np.full((1, 1, 1, 3, 5, 4, 6), np.nan)))
    assert report["lowest"] is None
    json.dumps(report, allow_nan=False)
    assert "no pixel is finite" in inspection.lines(report)


@pytest.mark.parametrize(("top", "saturated"), [(4095, 7), (65535, 7), (4094, 0), (4096, 0)])
def test_saturated_pixels_have_the_cameras_highest_value(top, saturated):
    array = np.full((2, 1, 1, 3, 5, 4, 6), 50, np.uint16)
    array[0, ..., 0, 0, 0, :3] = top
    array[1, ..., 2, 4, 1:3, :2] = top
    report = inspection.inspect(stack_of(array))
    assert report["saturated_pixels"] == saturated


def test_pixels_below_a_later_maximum_are_not_saturated():
    array = np.full((2, 1, 1, 3, 5, 4, 6), 50, np.uint16)
    array[0, ..., 0] = 4095
    array[1, ..., 0, 0, 0, 0] = 65535
    assert inspection.inspect(stack_of(array))["saturated_pixels"] == 1


def test_a_constant_image():
    report = inspection.inspect(stack_of(np.full((1, 1, 1, 3, 5, 4, 6), 7, np.uint16)))
    assert report["constant"]
    assert "constant" in " ".join(inspection.lines(report))


def test_report_of_a_file_says_how_it_was_understood(tmp_path):
    np.save(tmp_path / "s.npy", np.arange(30 * 20, dtype=np.uint16).reshape(30, 4, 5))
    report = inspection.inspect(io.read(tmp_path / "s.npy", pixel_size_um=0.08))
    again = json.loads(json.dumps(report, allow_nan=False))
    assert again == report
    assert report["sizes"] == {"T": 1, "C": 1, "Z": 2, "A": 3, "P": 5, "Y": 4, "X": 5}
    text = inspection.lines(report)
    assert text[0] == "3 angles x 5 phases of 4 x 5 pixels, uint16"
    assert "30 frames along the file read as 3 angles x 5 phases, guessed" in " ".join(text)
    assert "pixel size 0.08 um" in text
    assert "not known: numerical aperture, emission wavelength, z step, frame interval" in text
    assert "values from 0 to 599" in text


def test_lines_name_channels_and_times():
    array = np.full((4, 2, 1, 3, 5, 4, 5), 0.00123)
    stack = stack_of(array, channel_names=("actin", "tubulin"), optics=Optics(na=1.4))
    text = inspection.lines(inspection.inspect(stack))
    assert "4 times, 2 channels" in text
    assert "channels actin, tubulin" in text
    assert "channel 2, angle 3: mean of each frame 0.00123 0.00123 0.00123 0.00123 0.00123" in text
