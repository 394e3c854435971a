"""Cosmic rays: told from what a sample and stripes can be, and an image that does not know of them."""

import numpy as np
import pytest

import srredsim
from srredsim import cosmic_rays, inspection, io
from srredsim.simulation.sim import simulate_stack

SAMPLE = simulate_stack(41, phases=5, photons=(300, 300), size=96, phantom="filaments")
OPTICS = {name: getattr(SAMPLE.settings, name) for name in ("na", "wavelength_em_um", "pixel_size_um")}


def struck(raw, times: float = 3.0):
    """The eighth frame, with a short track of so many times its brightest pixel."""
    result = raw.copy()
    result[1, 2, 40:42, 50:53] += (times * result.max()).astype(raw.dtype)
    return result


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_a_track_in_one_frame_is_found_where_it_is(dtype):
    raw = SAMPLE.raw.astype(dtype)
    assert cosmic_rays.struck(raw) == {}
    (number, places), *others = cosmic_rays.struck(struck(raw)).items()
    assert (number, others) == (7, [])
    track = {(y, x) for y in (40, 41) for x in (50, 51, 52)}
    beside = {(y + dy, x + dx) for y, x in track for dy in (-1, 0, 1) for dx in (-1, 0, 1)}
    assert set(map(tuple, places.tolist())) == beside
    repaired = cosmic_rays.without(struck(raw), {number: places})
    rest = np.ones(raw.shape, bool)
    rest[1, 2, 39:43, 49:54] = False
    np.testing.assert_array_equal(repaired[rest], raw[rest])
    expected = np.median(raw[1, [0, 1, 3, 4]][:, 40, 51])
    assert repaired[1, 2, 40, 51] == (np.rint(expected) if dtype == np.uint16 else expected)


def test_the_image_is_as_without_it_and_it_is_said():
    clean, hit = (srredsim.reconstruct(raw, **OPTICS) for raw in (SAMPLE.raw, struck(SAMPLE.raw)))
    kept = srredsim.reconstruct(struck(SAMPLE.raw), keep_hot_pixels=True, **OPTICS)

    def likeness(image) -> float:
        return np.corrcoef(np.ravel(image), np.ravel(clean))[0, 1]

    assert likeness(hit) > 0.999 > 0.99 > likeness(kept)
    assert [note for note in hit.notes if "cosmic ray" in note and "frame 8 (angle 2, phase 3) at y, x: 4" in note]
    assert not [note for note in (*clean.notes, *kept.notes) if "cosmic" in note]


def test_a_ray_is_found_beside_hot_pixels_that_are_brighter():
    hot = SAMPLE.raw.copy()
    for n, (y, x) in enumerate([(20, 30), (60, 70), (42, 52)]):  # the last touches the track
        hot[..., y, x] = (4 + n) * SAMPLE.raw.max() + np.arange(15).reshape(3, 5)
    clean, hit = (srredsim.reconstruct(raw, **OPTICS) for raw in (SAMPLE.raw, struck(hot, 0.5)))
    assert np.corrcoef(np.ravel(hit), np.ravel(clean))[0, 1] > 0.999
    assert [note for note in hit.notes if "cosmic ray" in note and "frame 8 (angle 2, phase 3)" in note]
    assert [note for note in hit.notes if note.startswith("3 hot pixels (y, x: 20, 30; 42, 52; 60, 70)")]


def test_inspect_names_it(tmp_path):
    np.save(tmp_path / "a.npy", struck(SAMPLE.raw).reshape(15, 96, 96))
    stack = io.read(tmp_path / "a.npy", angles=3, phases=5, **OPTICS)
    checks = {check["name"]: check for check in inspection.inspect(stack)["channels"][0]["checks"]}
    assert checks["cosmic rays"]["verdict"] == "doubtful"
    assert "frame 8 (angle 2, phase 3)" in checks["cosmic rays"]["number"]
    assert "in one frame alone was given the light of the others" in checks["cosmic rays"]["advice"]


def test_bright_spots_bright_angles_and_full_contrast_are_no_rays():
    spot, bright = SAMPLE.raw.astype(np.float32), SAMPLE.raw.astype(np.float32)
    spot[..., 40, 50] += 20 * spot.max()
    bright[1] *= 6
    y, x = np.mgrid[:96, :96]
    phases = 2 * np.pi * np.arange(3)[:, None, None] / 3
    stripes = np.stack([1 + np.cos(0.8 * y + angle * x + phases) for angle in (0.1, 0.5, 0.9)])
    full = np.random.default_rng(2).poisson(100 * stripes)
    for raw in (spot, bright, full, np.random.default_rng(3).poisson(2.0, (3, 3, 96, 96))):
        assert cosmic_rays.struck(raw) == {}


def test_of_angles_of_one_frame_the_others_say_what_is_under_a_ray():
    raw = np.random.default_rng(3).poisson(100, (5, 1, 40, 40)).astype(np.uint16)
    repaired = cosmic_rays.without(raw, {2: np.array([[7, 9]])})
    assert repaired[2, 0, 7, 9] == np.rint(np.median(raw[[0, 1, 3, 4], 0, 7, 9]))
