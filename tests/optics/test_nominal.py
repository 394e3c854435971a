"""Reports of stacks whose pixel size is not known: everything in pixels, and back."""

import pytest

from srredsim.optics import nominal

REPORT = {
    "channels": [{"k_max_per_um": 4.0, "orders": [{"k_per_um": [3.0, -1.0], "line_spacing_um": 0.325}]}],
    "frc_um": None,
    "z": 5.0,
}


def test_lengths_and_frequencies_become_those_of_pixels():
    found = nominal.in_pixels(REPORT)
    (channel,) = found["channels"]
    assert channel["k_max_per_pixel"] == pytest.approx(4.0 * nominal.PIXEL_UM)
    assert channel["orders"][0]["line_spacing_pixels"] == pytest.approx(0.325 / nominal.PIXEL_UM)
    assert channel["orders"][0]["k_per_pixel"][1] == pytest.approx(-nominal.PIXEL_UM)
    assert (found["frc_pixels"], found["z"]) == (None, 5.0)


def test_and_back():
    found = nominal.in_um(nominal.in_pixels(REPORT))
    assert found["channels"][0]["orders"][0]["line_spacing_um"] == pytest.approx(0.325)
    assert list(found) == list(REPORT)


def test_words_have_the_unit():
    assert nominal.length({"line_spacing_um": 0.2031}, "line_spacing", 1) == "203.1 nm"
    assert nominal.length({"line_spacing_pixels": 3.125}, "line_spacing") == "3.12 pixels"
    assert nominal.frequency({"cutoff_per_um": None}, "cutoff") is None
