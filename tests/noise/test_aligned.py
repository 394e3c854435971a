"""Angles of a sample that has moved between them, against frames that have not."""

from dataclasses import replace

import numpy as np
import pytest

from srredsim.acquisition import Optics, Pattern, RawStack
from srredsim.noise.aligned import places_of
from srredsim.noise.whitened import remarks, whitened
from srredsim.optics.transfer import transfers_of
from srredsim.reconstruction.planes import planes
from srredsim.simulation.sim import simulate_stack

ASKED = {"size": 96, "phantom": "filaments", "na": 1.4, "wavelength_em_um": 0.525, "pixel_size_um": 0.07}
CUTOFF = 2 * 1.4 / 0.525 * 0.07
BY = [(0, 0), (2, -1), (-2, 1)]  # whole pixels (y, x) of each angle, none in the mean


def sample(photons: float, phases: int = 3):
    return simulate_stack(5, phases=phases, photons=(photons, photons), **ASKED)


def moved(raw: np.ndarray) -> np.ndarray:
    return np.stack([np.roll(angle, by, (-2, -1)) for angle, by in zip(raw, BY, strict=True)])


@pytest.mark.parametrize("photons", [20.0, 1000.0])
@pytest.mark.parametrize("phases", [3, 5])
def test_a_sample_that_stays_is_left_where_it_is(photons, phases):
    assert places_of(sample(photons, phases).raw, CUTOFF) is None


@pytest.mark.parametrize("photons", [50.0, 1000.0])
def test_angles_are_brought_back_to_where_they_were(photons):
    raw = sample(photons).raw
    places = places_of(moved(raw), CUTOFF)
    np.testing.assert_allclose(places.pixels, BY, atol=0.15)
    assert places.farthest_pixels == pytest.approx(np.hypot(4, 2), abs=0.15)
    exact = replace(places, pixels=np.array(BY, float)).aligned(moved(raw))
    inside = (..., slice(8, -8), slice(8, -8))
    np.testing.assert_allclose(exact[inside], raw[inside], atol=0.02 * np.ptp(raw))
    assert np.std((exact - raw)[inside]) < 0.05 * np.std(raw[inside])


def test_the_image_is_that_of_a_sample_that_stays():
    made = sample(1000.0)
    optics = Optics(*(ASKED[name] for name in ("na", "wavelength_em_um", "pixel_size_um")))
    likeness = []
    for raw in (made.raw, moved(made.raw)):
        stack = whitened(RawStack(raw[None, None, None], Pattern(3, 3), optics))
        (plane,) = planes(stack, transfers_of(stack))
        inside = (slice(16, -16), slice(16, -16))
        likeness.append(np.corrcoef(plane.image[inside].ravel(), made.truth[inside].ravel())[0, 1])
        said = remarks(stack)
    assert likeness[1] > likeness[0] - 0.01
    assert "pixels apart" in said[0]


@pytest.mark.parametrize("photons", [50.0, 1000.0])
def test_what_moves_by_itself_does_not_take_the_field_with_it(photons):
    """A bright spot that goes four pixels from angle to angle; brought together by it, all else would be blurred."""
    raw = sample(photons).raw.astype(float)
    y, x = (np.arange(n) for n in raw.shape[2:])
    for angle, frames in enumerate(raw):
        spot = np.exp(-((y[:, None] - 40 - 4 * angle) ** 2 + (x - 60) ** 2) / (2 * 3.0**2))
        frames += 4 * (np.percentile(raw, 99) - raw.min()) * spot
    places = places_of(raw, CUTOFF)
    assert not places.most
    assert places.farthest_pixels == pytest.approx(8, abs=0.5)
    assert places.aligned(raw) is raw
    stack = RawStack(raw[None, None, None].astype(np.float32), Pattern(3, 3), Optics(1.4, 0.525, 0.07))
    white = whitened(stack)
    white.raw()
    (words,) = [line for line in remarks(white) if "moved" in line]
    assert words.startswith("warning: something bright moved by up to 8")
    assert places_of(moved(sample(photons).raw), CUTOFF).most


def test_a_small_sample_that_drifts_outvotes_an_empty_field_with_a_pattern_of_the_camera():
    """What is the camera's own stays where it is, in most of the field."""
    raw = sample(1000.0).raw.astype(float)
    y, x = (np.arange(n) - 48.0 for n in raw.shape[2:])
    raw = moved(np.where(np.hypot(y[:, None], x) < 14, raw, raw.min()))
    pattern, noise = (np.random.default_rng(len(size)).standard_normal(size) for size in (raw.shape[2:], raw.shape))
    places = places_of(raw + 4 * pattern + 3 * noise, CUTOFF)
    assert places.most
    np.testing.assert_allclose(places.pixels, BY, atol=0.15)
