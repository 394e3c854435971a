"""Optics against frames: right ones are never doubted, those that are 1.3 times off are."""

from dataclasses import replace

import numpy as np
import pytest

from srredsim.inspection.verdicts import other_optics
from srredsim.optics.transfer import Transfer
from srredsim.simulation.sim import simulate_stack
from srredsim.stripes.contradiction import contradicted, contradiction
from srredsim.stripes.estimate import estimate
from srredsim.stripes.given import Known
from srredsim.stripes.parameters import Damping
from srredsim.stripes.preprocess import prepare

OPTICS = {"na": 1.4, "wavelength_em_um": 0.6, "pixel_size_um": 0.07}


@pytest.fixture(scope="module")
def prepared():
    sample = simulate_stack(3, index=5, phases=3, size=96, photons=(300.0, 300.0), phantom="filaments", **OPTICS)
    return prepare(sample.raw)


@pytest.mark.parametrize(("factor", "doubted"), [(1.0, False), (1.3, True), (1 / 1.3, True)])
def test_a_pixel_size_that_is_wrong_by_a_factor(prepared, factor, doubted):
    """2 x 1.4 / 0.6 = 4.667 cycles/um are 0.327 cycles/pixel; pixels of 0.091 um would make that 0.425."""
    transfer = Transfer(2 * 1.4 / 0.6, 0.07 * factor)
    said = contradiction(prepared, estimate(prepared, transfer), transfer)
    assert bool(said) == doubted
    if said:
        assert f"not at {0.3267 * factor:.3f}" in said
        assert float(said.split(" at ")[1].split()[0]) == pytest.approx(0.3267, rel=0.06)


@pytest.mark.parametrize(("given", "doubted"), [(0.75, False), (0.45, True), (1.0, True)])
def test_a_damping_of_the_lens_that_is_wrong(given, doubted):
    sample = simulate_stack(77, phases=5, size=128, photons=(400.0, 400.0), otf_damping=0.7)
    known = Known(dampings=[Damping(given, "given")])
    transfer = Transfer(sample.settings.cutoff_per_um, sample.settings.pixel_size_um)
    found, _ = known.find(prepare(sample.raw), transfer)
    assert found.damping.value == given
    said = contradicted(found.damping)
    assert bool(said) == doubted
    if doubted:
        assert float(said.split("damping of ")[1].split()[0]) == pytest.approx(0.7, abs=0.05)
        assert f"used {given:.2f} as given" in said


@pytest.mark.parametrize(("sharper", "doubted"), [(1.0, False), (1.5, True)])
def test_frames_sharper_than_any_lens_makes_them(sharper, doubted):
    """Sharpened by a filter that is `sharper` at the cut-off: a damping of 0.9 * 1.5 = 1.35."""
    sample = simulate_stack(77, phases=5, size=128, photons=(2000.0, 2000.0), otf_damping=0.9)
    transfer = Transfer(sample.settings.cutoff_per_um, sample.settings.pixel_size_um)
    f = np.hypot(np.fft.fftfreq(128)[:, None], np.fft.rfftfreq(128)) / transfer.cutoff_per_pixel
    frames = np.fft.irfft2(np.fft.rfft2(sample.raw) * sharper ** np.minimum(f, 1.0), s=(128, 128))
    found = estimate(prepare(frames.astype(np.float32)), transfer)
    said = contradicted(found.damping)
    assert bool(said) == doubted
    if doubted:
        assert float(said.split("damping ")[1].split()[0]) == pytest.approx(1.35, abs=0.1)
        assert "sharpened or deconvolved" in " ".join(said.split())


def test_one_angle_contradicts_nothing(prepared):
    one = prepare(prepared.frames[:1])
    transfer = Transfer(4.667, 0.1)
    assert contradiction(one, estimate(one, transfer), transfer) == ""


def test_a_lens_with_aberrations_is_not_taken_for_one_of_a_lower_cut_off(prepared):
    """Twice as far blurred as the lens does it: what is fine is lost, but not the stripes that were finer."""
    transfer = Transfer(2 * 1.4 / 0.6, 0.07)
    found = estimate(prepared, transfer)
    fy, fx = (np.fft.fftfreq(n) for n in prepared.frames.shape[2:])
    blur = np.exp(-np.square(np.hypot(fy[:, None], fx) / 0.1))
    rng = np.random.default_rng(2)
    blurred = np.fft.ifft2(np.fft.fft2(prepared.frames) * blur).real + rng.normal(0, 3.0, prepared.frames.shape)
    said = contradiction(replace(prepared, frames=blurred.astype(np.float32)), found, transfer)
    assert "aberrations" in said
    assert "pixel_size_um" not in said


def test_a_smooth_sample_is_not_taken_for_another_lens():
    """Frames of even waves of light, ten pixels and more long, and noise: no stripes, nothing fine, right optics."""
    rng = np.random.default_rng(4)
    fy, fx = (np.fft.fftfreq(96) for _ in "yx")
    smooth = np.exp(-np.square(np.hypot(fy[:, None], fx) / 0.03))
    layer = np.fft.ifft2(np.fft.fft2(rng.standard_normal((96, 96))) * smooth).real
    light = 500 + 200 * layer / np.abs(layer).max()
    prepared = prepare(rng.poisson(light, (3, 3, 96, 96)).astype(np.float32))
    transfer = Transfer(2 * 1.4 / 0.6, 0.07)
    found = estimate(prepared, transfer)
    assert found.failed
    said = contradiction(prepared, found, transfer)
    assert "nothing finer" in said
    assert "without structure" in said
    assert "lens that cuts off" not in said
    assert "pixel_size_um" in other_optics(said).advice
