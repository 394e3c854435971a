"""Light and focus of a time series."""

import numpy as np
import pytest
from scipy import ndimage

from srredsim import api
from srredsim.acquisition import Optics, Pattern, RawStack
from srredsim.inspection.over_time import over_time
from srredsim.simulation.sim import simulate_stack

SAMPLE = simulate_stack(
    5, phases=3, size=96, photons=(2000.0, 2000.0), phantom="filaments", offset_adu=100.0, gain_adu=1.0, haze=0.0
)
OPTICS = Optics(*(getattr(SAMPLE.settings, name) for name in ("na", "wavelength_em_um", "pixel_size_um")))
MEAN = SAMPLE.raw - 100.0  # counts are photons


def series(shares, widths):
    """Frames of so much of the light each, blurred by so many pixels; thinned as photons are."""
    rng = np.random.default_rng(3)
    frames = [
        rng.poisson(np.clip(ndimage.gaussian_filter(MEAN, (0, 0, width, width)) * share, 0, None)) + 100
        for share, width in zip(shares, widths, strict=True)
    ]
    return RawStack(np.stack(frames)[:, None, None].astype(np.uint16), Pattern(3, 3), OPTICS)


def checks_of(stack):
    (channel,) = api.inspect(stack).found["channels"]
    return {check["name"]: check for check in channel["checks"] if "over time" in check["name"]}


@pytest.mark.parametrize(("last", "verdict"), [(0.9, "good"), (0.4, "doubtful"), (0.1, "bad")])
def test_light_that_fades_is_told_and_is_not_taken_for_lost_focus(last, verdict):
    shares = np.linspace(1, last, 4)
    found = checks_of(series(shares, [0] * 4))
    light = found["light over time"]
    assert light["verdict"] == verdict
    assert light["value"] == pytest.approx(100 * (1 - last), abs=3)
    assert (light["advice"] is None) == (verdict == "good")
    assert light["number"].endswith("lost from t=0 to t=3")
    assert found.get("focus over time", {"verdict": "good"})["verdict"] == "good"


@pytest.mark.parametrize(("width", "verdict"), [(1.0, "good"), (2.5, "doubtful"), (8.0, "bad")])
def test_focus_that_is_lost_is_told(width, verdict):
    focus = checks_of(series([1, 1, 1], [0, width, 0]))["focus over time"]
    assert focus["verdict"] == verdict
    assert focus["number"].endswith("the least at t=1")


def test_light_that_comes_back_is_no_bleaching():
    light = checks_of(series([1, 0.2, 0.95], [0] * 3))["light over time"]
    assert light["verdict"] == "doubtful" or light["verdict"] == "bad"
    assert light["advice"].startswith("the light of t=1 comes back later, so that it is no bleaching")


def test_saturation_is_told_of_all_frames():
    """Saturated pixels in a corner of the last time; nothing is said of the others."""
    stack = series([1, 1, 1], [0] * 3)
    top = int(stack.array.max()) + 50
    stack.array[2, 0, 0, 1, 1, :12, :12] = top
    (channel,) = api.inspect(stack).found["channels"]
    (found,) = [check for check in channel["checks"] if check["name"] == "saturation"]
    assert found["number"] == f"144 pixels (0.17 %) at {top} in t=2"
    assert found["value"] == pytest.approx(144 / stack.array[0].size)
    assert found["verdict"] != "good"


def test_one_time_has_none_and_one_that_begins_in_the_dark_is_judged_from_its_light_on():
    assert checks_of(series([1], [0])) == {}
    found = checks_of(series([0, 1, 0.95], [0, 0, 0]))
    assert found["light over time"]["value"] == pytest.approx(5, abs=2)
    assert "from t=1 to t=2" in found["light over time"]["number"]


def test_numbers_are_those_of_the_least_time():
    light, focus = over_time({0: 100.0, 1: 30.0, 2: 90.0}, {0: 2.0, 1: 0.1, 2: 1.0})
    assert (light.value, light.verdict) == (70.0, "doubtful")
    assert (focus.value, focus.verdict) == (0.5, "doubtful")
    assert over_time({0: 1.0}, {0: 1.0}) == []


def test_each_channel_and_plane_has_its_own_light():
    """The second of two channels fades, in all three planes; of the first, the plane that is not looked at."""
    lasting, fading = (np.asarray(series(shares, [0] * 3))[:, 0, 0] for shares in ([1, 1, 1], [1, 0.6, 0.2]))
    blurred = ndimage.gaussian_filter(fading.astype(float), (0, 0, 0, 3, 3)).astype(np.uint16)
    first, second = [blurred, lasting, blurred], [fading, fading, fading]
    array = np.stack([np.stack(planes, axis=1) for planes in (first, second)], axis=1)
    channels = api.inspect(RawStack(array, Pattern(3, 3), OPTICS)).found["channels"]
    lost = [{check["name"]: check["value"] for check in each["checks"]}["light over time"] for each in channels]
    assert lost == [pytest.approx(0, abs=3), pytest.approx(80, abs=3)]
