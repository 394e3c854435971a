"""Richardson-Lucy: no negative light, all of the light, frames that become more likely, and an image that is better."""

import numpy as np
import pytest
from scipy import stats

from srredsim.optics.transfer import Transfer
from srredsim.reconstruction.forward import Forward, stripes_of
from srredsim.reconstruction.richardson_lucy import richardson_lucy
from srredsim.reconstruction.wiener import reconstruct
from srredsim.simulation.sim import simulate_stack
from srredsim.stripes.estimate import estimate
from srredsim.stripes.preprocess import Prepared, prepare

SAMPLE = simulate_stack(41, phases=3, photons=(60, 60), size=(96, 80), phantom="filaments", otf_damping=0.75)
TRANSFER = Transfer(SAMPLE.settings.cutoff_per_um, SAMPLE.settings.pixel_size_um)
PREPARED = prepare(SAMPLE.raw)
PARAMETERS = estimate(PREPARED, TRANSFER)
WIENER, _ = reconstruct(PREPARED, PARAMETERS, TRANSFER)


def ncc(image):
    return np.corrcoef(image.ravel(), SAMPLE.truth.ravel())[0, 1]


def test_a_positive_image_nearer_to_the_truth():
    image = richardson_lucy(PREPARED, PARAMETERS, TRANSFER, WIENER)
    assert image.dtype == np.float32
    assert image.min() >= 0
    assert ncc(image) > ncc(np.maximum(WIENER, 0)) + 0.002 > ncc(WIENER) + 0.002
    gain = np.polyfit(image.ravel(), SAMPLE.truth.ravel(), 1)[0]
    assert gain == pytest.approx(1, abs=0.15)  # the units of the truth


def test_updates_keep_the_light_and_make_the_frames_more_likely():
    rng = np.random.default_rng(2)
    forward = Forward((96, 80), TRANSFER, stripes_of(PARAMETERS), dtype=np.float64)
    expected = np.maximum(forward(np.maximum(SAMPLE.truth, 0).astype(float)), 0) + 0.1
    counts = rng.poisson(expected).astype(np.float32)
    prepared = Prepared(counts, (0.0,) * 3, ((1.0,) * 3,) * 3)
    before = -np.inf
    for iterations in (1, 2, 4):
        image = richardson_lucy(prepared, PARAMETERS, TRANSFER, WIENER, iterations)
        model = np.maximum(forward(image.astype(float)), 1e-3)
        assert model.sum() == pytest.approx(counts.sum(), rel=2e-3)
        likelihood = stats.poisson.logpmf(counts, model).sum()
        assert likelihood > before
        before = likelihood


def test_iterations_belong_to_it(tmp_path, run, refused):
    refused("reconstruct", tmp_path, "--iterations", 4)
    np.save(tmp_path / "stack.npy", SAMPLE.raw)
    assert "--method richardson-lucy" in refused("reconstruct", tmp_path / "stack.npy", "--iterations", 4)
    optics = ["--na", SAMPLE.settings.na, "--wavelength-em-um", SAMPLE.settings.wavelength_em_um]
    optics += ["--pixel-size-um", SAMPLE.settings.pixel_size_um]
    assert run("reconstruct", tmp_path / "stack.npy", "--method", "richardson-lucy", *optics).status == 0
    assert sorted(path.name for path in tmp_path.glob("stack_*")) == [
        "stack_richardson_lucy.json",
        "stack_richardson_lucy.tif",
    ]
