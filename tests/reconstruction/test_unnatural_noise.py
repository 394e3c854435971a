"""Frames whose noise is not a camera's give the stripes and the image that those of the camera give."""

import numpy as np
import pytest

from srredsim.acquisition import Optics, Pattern, RawStack
from srredsim.optics.sampling import bin_pixels
from srredsim.reconstruction.upscale import fourier_upscale
from srredsim.simulation import artefacts
from srredsim.simulation.sim import simulate_stack
from srredsim.workflows.judge import compare
from srredsim.workflows.reconstruct import reconstruct

ASKED = {"phases": 3, "size": 96, "photons": (200.0, 200.0)}
SEED = 1
DONE = {
    "zoomed": (artefacts.zoomed, 2),
    "zoomed and binned": (artefacts.zoomed_and_binned, 1),
    "smoothed": (lambda raw: artefacts.smoothed(raw, 0.8), 1),
    "median": (artefacts.median_filtered, 1),
}


def stack_of(raw: np.ndarray, settings, factor: int = 1) -> RawStack:
    optics = Optics(
        pixel_size_um=settings.pixel_size_um / factor, na=settings.na, wavelength_em_um=settings.wavelength_em_um
    )
    return RawStack(raw[None, None, None], Pattern(*raw.shape[:2]), optics)


def likeness(image: np.ndarray, truth: np.ndarray) -> float:
    """Correlation, away from the border."""
    image, truth = (each[16:-16, 16:-16].ravel() for each in (image, truth))
    return float(np.corrcoef(image, truth)[0, 1])


def off(found, k_per_um) -> float:
    """Share of k by which a vector of either sign is off."""
    ky, kx = found
    return float(min(np.hypot(*np.subtract((s * ky, s * kx), k_per_um)) for s in (1, -1)) / np.hypot(*k_per_um))


@pytest.mark.parametrize("done", DONE)
def test_stripes_and_image_are_those_of_the_cameras_frames(done):
    """Before noise had a spectrum: contrasts of .4 to .9 of the true ones, images up to .3 below widefield."""
    change, factor = DONE[done]
    sample = simulate_stack(SEED, **ASKED)
    raw = np.rint(change(sample.raw)).astype(np.uint16)
    stack = stack_of(raw, sample.settings, factor)
    found = reconstruct(stack)
    image, widefield = found.images[0, 0, 0], fourier_upscale(raw.mean(axis=(0, 1), dtype=np.float32))
    if factor > 1:
        image, widefield = bin_pixels(image, factor), bin_pixels(widefield, factor)
    assert likeness(image, sample.truth) > max(0.05 + likeness(widefield, sample.truth), 0.93)
    for angle, k0, depths in zip(
        found.channels[0].parameters.angles,
        sample.settings.k0_per_um,
        sample.settings.modulation_depths,
        strict=True,
    ):
        assert angle.status == "measured"
        assert off(angle.k0_per_um, k0) < 0.005
        assert angle.orders[0].modulation_depth == pytest.approx(depths[0], rel=0.2)
    assert [note for note in found.notes if "not a camera's" in note]
    assert reconstruct(stack_of(sample.raw, sample.settings)).notes == ()


def test_frames_without_noise_give_no_grating():
    sample = artefacts.noise_free(SEED, **ASKED)
    found = reconstruct(stack_of(sample.raw, sample.settings))
    assert likeness(found.images[0, 0, 0], sample.truth) > 0.97
    assert "weaker" in found.notes[0]


@pytest.mark.parametrize("done", ["zoomed and binned", "smoothed"])
def test_the_truth_is_consistent_with_frames_of_coloured_noise(done):
    sample = simulate_stack(SEED, **ASKED)
    raw = np.rint(DONE[done][0](sample.raw)).astype(np.uint16)
    row = compare(stack_of(raw, sample.settings), sample.truth[None, None, None]).report["planes"][0]
    assert row["residual"] == pytest.approx(1.0, abs=0.05)
    assert row["unsupported_fraction"] == row["missing_fraction"] == 0
