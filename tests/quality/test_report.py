"""Sentences about the stripes: with several channels, each says of which it is."""

import numpy as np
import pytest

import srredsim
from srredsim.quality.report import (
    ALL_MEASURED,
    MISREAD,
    TWO_BEAMS,
    WRONG_ORDER,
    judged,
    lines,
    of_channels,
    overall,
    said,
    warnings,
)
from srredsim.simulation.sim import simulate_stack


def channel(number, verdict, status="failed", left=(), rsp=0.95):
    quality = {
        "rsp": rsp,
        "artefacts": [{"angle": 2, "multiple": 1, "contrast": contrast, "z": 9.0} for contrast in left],
    }
    return {"channel": number, "verdict": verdict, "angles": [{"status": status}] * 3, "notes": [], "quality": quality}


def test_channels_are_named_where_they_differ():
    assert of_channels([]) == ""
    assert of_channels(["found"]) == of_channels(["found", "found"]) == "found"
    assert of_channels(["found", "lost"]) == "channel 1: found; channel 2: lost"
    assert overall([channel(0, "found"), channel(1, "lost")]) == "channel 1: found; channel 2: lost"


def test_warnings_name_the_channel():
    one, other = channel(0, ALL_MEASURED, "measured"), channel(1, "lost")
    assert warnings([one]) == []
    assert warnings([one, other]) == ["warning: channel 2: lost"]
    assert warnings([channel(0, "lost")]) == ["warning: lost"]
    noted = channel(1, ALL_MEASURED, "measured") | {"notes": ["warning: blurred", "as given"]}
    assert warnings([one, noted]) == ["warning: channel 2: blurred"]


def test_an_image_unlike_its_widefield_image_is_warned_of():
    assert warnings([channel(0, ALL_MEASURED, rsp=0.6)]) == []
    (line,) = warnings([channel(0, ALL_MEASURED, rsp=0.45)])
    assert line.startswith("warning: blurred, the image does not agree with the widefield image (correlation 0.45)")


def test_stripes_that_are_left_are_a_warning_of_the_strongest():
    (line,) = warnings([channel(0, ALL_MEASURED, left=(0.15, 0.3, 0.2, 0.07))])
    assert line.startswith(
        "warning: stripes of angle 2, 1 times its first frequency, remain in the image: contrast 0.30"
    )
    assert "and 2 more like them" in line


def test_two_beams_with_five_phases_are_no_fault():
    """A second order that nothing has made is neither used nor missed; of three beams it is."""
    asked = {"phases": 5, "size": 96, "phantom": "filaments", "photons": (800.0, 800.0)}
    optics = {"na": 1.4, "wavelength_em_um": 0.525, "pixel_size_um": 0.08}
    vectors = tuple(
        (1.45 * np.sin(a), 1.45 * np.cos(a)) for a in np.deg2rad((17, 77, 137))
    )  # order 2 inside the cut-off
    asked |= optics | {"k0_per_um": vectors}
    two, three = (
        srredsim.reconstruct(simulate_stack(5, modulation_depths=((m1, m2),) * 3, **asked).raw, **optics).found
        for m1, m2 in ((0.8, 1e-6), (0.5, 0.4))
    )
    for found, status, verdict in ((two, "failed", TWO_BEAMS), (three, "measured", ALL_MEASURED)):
        (channel,) = found["channels"]
        assert [angle["orders"][1]["status"] for angle in channel["angles"]] == [status] * 3
        assert channel["verdict"] == verdict
        assert warnings([channel]) == []
    assert two["channels"][0]["k_max_per_um"] == pytest.approx(1.45, rel=0.01)
    assert three["channels"][0]["k_max_per_um"] == pytest.approx(2.9, rel=0.01)


def test_one_line_says_whether_all_is_well():
    assert said([]) == []
    assert said([ALL_MEASURED]) == [ALL_MEASURED]
    assert said([ALL_MEASURED, "lost"]) == [f"warning: channel 1: {ALL_MEASURED}; channel 2: lost"]


def test_what_is_doubtful_is_a_note_of_the_image_in_python_too():
    even = simulate_stack(3, index=1, size=64, phases=3, photons=(100.0, 100.0), modulation_depths=((1e-6,),) * 3)
    optics = {name: getattr(even.settings, name) for name in ("na", "wavelength_em_um", "pixel_size_um")}
    for image in (srredsim.reconstruct(even.raw, **optics), srredsim.predict(even.raw, **optics)):
        (note,) = [note for note in image.notes if note.startswith("warning: no stripes were found in any angle")]
        assert note.endswith("; `parameters` takes the stripes of another stack that shows them")


def test_of_frames_in_another_order_nothing_is_noted_that_was_measured_in_them():
    (found,) = judged([channel(0, "lost") | {"notes": ["the lens has a spherical aberration"]}], [WRONG_ORDER])[
        "channels"
    ]
    assert (found["verdict"], found["notes"]) == (MISREAD, [])


def test_halves_that_agree_as_far_as_stripes_go_have_no_resolution():
    sample = simulate_stack(5, size=128, phases=3, photons=(100.0, 100.0))
    optics = {name: getattr(sample.settings, name) for name in ("na", "wavelength_em_um", "pixel_size_um")}
    found = srredsim.reconstruct(sample.raw, split_photons=True, **optics).found
    quality = found["channels"][0]["quality"]
    assert f"resolution {1000 * quality['frc_um']:.0f} nm (FRC 1/7 of halves of the photons)" in lines(found)
    for name in ("frc_um", "frc_pixels"):
        quality |= {name: None}
        assert [line for line in lines(found) if line.startswith("no limit of resolution: halves of the photons")]
        del quality[name]
