"""Spherical aberration: the OTF against a transform of the pupil, and found again in frames that it has blurred."""

from dataclasses import replace

import numpy as np
import pytest

import srredsim
from srredsim.errors import InputError
from srredsim.optics.aberration import spherical_otf
from srredsim.optics.otf import ideal_otf
from srredsim.optics.transfer import Transfer
from srredsim.simulation import calibrated, sim
from srredsim.simulation.calibration_file import as_text, load
from srredsim.workflows.calibrate import calibrate
from tests.microscopes import known

OPTICS = {"na": 1.4, "wavelength_em_um": 0.525, "pixel_size_um": 0.08}


def by_transform(waves: float) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies along an axis over the cut-off, and the OTF there: the transform of the PSF of a sampled pupil."""
    n, radius = 1024, 250.5
    y = np.arange(n) - n // 2
    rho = np.hypot(y[:, None], y) / radius
    wavefront = np.sqrt(5) * (6 * rho**4 - 6 * rho**2 + 1)
    assert np.sqrt(np.mean(wavefront[rho <= 1] ** 2)) == pytest.approx(1, abs=0.01)
    field = np.fft.fft2(np.fft.ifftshift((rho <= 1) * np.exp(2j * np.pi * waves * wavefront)))
    found = np.fft.ifft2(np.abs(field) ** 2).real[0, : n // 2]
    return np.arange(n // 2) / (2 * radius), found / found[0]


@pytest.mark.parametrize("waves", [0.0, 0.05, 0.12, 0.19])
def test_it_is_the_autocorrelation_of_the_pupil(waves):
    frequency, expected = by_transform(waves)
    np.testing.assert_allclose(spherical_otf(frequency, waves), np.maximum(expected, 0), atol=0.006)


def test_without_any_it_is_the_ideal_one():
    v = np.linspace(0, 1.1, 300)
    np.testing.assert_allclose(spherical_otf(v, 0.0), ideal_otf(v), atol=2e-4)
    lens = Transfer(5.33, 0.08, damping=0.8, spherical_waves=0.1)
    np.testing.assert_allclose(
        lens.lens(v[60:260] * 5.33, np.zeros(1))[:, 0], (spherical_otf(v, 0.1) * 0.8**v)[60:260], atol=0.01
    )


def simulated(waves: float, phases: int, damping: float = 0.9, photons: float = 400.0):
    asked = {"size": 128, "phases": phases, "photons": (photons, photons), "phantom": "filaments", "haze": 0.0}
    return sim.simulate_stack(31, otf_damping=damping, spherical_waves=waves, **asked, **OPTICS)


@pytest.mark.parametrize("phases", [3, 5])
@pytest.mark.parametrize("waves", [0.0, 0.06, 0.14])
def test_it_is_found_in_the_frames(waves, phases):
    sample = simulated(waves, phases)
    image = srredsim.reconstruct(sample.raw, **OPTICS)
    (channel,) = image.found["channels"]
    assert channel["otf"]["spherical_waves"] == pytest.approx(waves, abs=0.015)
    assert channel["otf"]["measured_damping"] == pytest.approx(0.9, abs=0.12)
    assert bool([note for note in channel["notes"] if "spherical aberration" in note]) == (waves > 0)


def test_an_aberrated_lens_is_no_reason_for_a_worse_image(tmp_path):
    """Taken for a lens without, its middle frequencies had been missed, and taken for out-of-focus light."""
    sample = simulated(0.14, 3)
    image = srredsim.reconstruct(sample.raw, method="wiener", **OPTICS)
    plain = srredsim.reconstruct(sample.raw, method="wiener", otf_damping=0.9, **OPTICS)
    ours, theirs = (np.corrcoef(each.array.ravel(), sample.truth.ravel())[0, 1] for each in (image, plain))
    assert ours > 0.97
    assert ours > theirs + 0.02
    image.save_parameters(tmp_path / "stripes.yaml")
    again = srredsim.reconstruct(sample.raw, method="wiener", parameters=tmp_path / "stripes.yaml", **OPTICS)
    before, after = (each.found["channels"][0]["otf"]["spherical_waves"] for each in (image, again))
    assert before == after > 0.1
    np.testing.assert_allclose(again.array, image.array, atol=2e-3 * np.ptp(image.array))


def test_in_little_light_it_is_told_from_light_out_of_focus():
    """Taken for a lens without, what is missing at middle frequencies had been haze of 90 %, and taken away."""
    sample = simulated(0.14, 5, photons=25.0)
    image = srredsim.reconstruct(sample.raw, **OPTICS)
    (channel,) = image.found["channels"]
    assert channel["otf"]["spherical_waves"] == pytest.approx(0.14, abs=0.03)
    assert channel["out_of_focus"]["share"] == 0


@pytest.mark.parametrize("photons", [5000.0, 30000.0])
def test_in_plenty_of_light_all_else_that_bands_differ_by_does_not_hide_it(photons):
    """The borders of the field, for one, are many times the noise then."""
    image = srredsim.reconstruct(simulated(0.14, 3, photons=photons).raw, **OPTICS)
    assert image.found["channels"][0]["otf"]["spherical_waves"] == pytest.approx(0.14, abs=0.01)


def test_frames_in_a_wrong_order_tell_no_aberration():
    """Bands that are mixtures of others differ by much more than noise, and nothing is to be learnt of the lens."""
    raw = simulated(0.0, 5).raw
    mixed = raw.reshape(5, 3, *raw.shape[2:]).swapaxes(0, 1)
    (channel,) = srredsim.reconstruct(np.ascontiguousarray(mixed), **OPTICS).found["channels"]
    assert channel["otf"]["spherical_waves"] == 0


def test_a_microscope_keeps_its_aberration(tmp_path):
    """Stacks that are simulated by its file have it, and nothing else of them is another."""
    raw = simulated(0.14, 3).raw
    found = calibrate([("bright", lambda: srredsim.read(raw, **OPTICS))]).microscope
    assert found.spherical_waves == pytest.approx(0.14, abs=0.015)
    (tmp_path / "microscope.yaml").write_text(as_text(found))
    again = load(tmp_path / "microscope.yaml")
    assert again.spherical_waves == pytest.approx(found.spherical_waves, abs=1e-6)
    asked = {"seed": 3, "size": 96, "photons": (900.0, 900.0)}
    own = calibrated.simulate_stack(again, **asked)
    without = calibrated.simulate_stack(replace(again, spherical_waves=0.0), **asked)
    assert own.settings == replace(without.settings, spherical_waves=again.spherical_waves)
    measured = srredsim.reconstruct(own.raw, **OPTICS).found["channels"][0]["otf"]["spherical_waves"]
    assert measured == pytest.approx(0.14, abs=0.02)
    with pytest.raises(InputError, match=r"`spherical_waves` should be a number of waves from 0 to 0\.2; got 0\.3"):
        replace(again, spherical_waves=0.3)


def test_a_file_from_before_aberrations_were_known_is_read(tmp_path):
    text = as_text(known())
    older = "".join(line for line in text.splitlines(keepends=True) if "spherical" not in line)
    assert older != text
    (tmp_path / "microscope.yaml").write_text(older)
    assert as_text(load(tmp_path / "microscope.yaml")) == text
