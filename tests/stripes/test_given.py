"""What the user knows of the stripes: wrong signs, imprecise vectors, phases, and what cannot be."""

import json

import numpy as np
import pytest

from srredsim import io
from srredsim.acquisition import Optics, Pattern
from srredsim.errors import InputError
from srredsim.optics.transfer import Transfer
from srredsim.simulation.sim import simulate_stack
from srredsim.stripes.estimate import estimate
from srredsim.stripes.given import Known
from srredsim.stripes.preprocess import prepare

UNEVEN = np.deg2rad([0.0, 100.0, 230.0])
PHASES = tuple(tuple((UNEVEN + first).tolist()) for first in (0.4, 1.9, 3.3))
SAMPLE = simulate_stack(41, phases=3, photons=(5000, 5000), size=(128, 112), phantom="filaments", phases_rad=PHASES)
SETTINGS = SAMPLE.settings
TRANSFER = Transfer(SETTINGS.cutoff_per_um, SETTINGS.pixel_size_um)
PREPARED = prepare(SAMPLE.raw)
TRUE_K = np.array(SETTINGS.k0_per_um)


def test_the_sign_of_k_is_put_right():
    given = np.round(TRUE_K * np.array([[1], [-1], [1]]), 1)
    parameters, notes = Known(k0_per_um=given.tolist()).find(PREPARED, TRANSFER)
    found = np.array([angle.k0_per_um for angle in parameters.angles])
    np.testing.assert_allclose(found, TRUE_K, atol=0.03)
    assert [angle.status for angle in parameters.angles] == ["measured"] * 3
    assert [note.split(":")[0] for note in notes if "sign" in note] == ["angle 2"]
    depths = [angle.orders[0].modulation_depth for angle in parameters.angles]
    np.testing.assert_allclose(depths, np.ravel(SETTINGS.modulation_depths), atol=0.15)


@pytest.mark.parametrize("mistaken", [2 * TRUE_K, TRUE_K / 2, TRUE_K[:, ::-1], np.roll(TRUE_K, 1, axis=0)])
def test_vectors_that_the_frames_contradict_are_not_used(mistaken):
    """Those of the second order, of twice the pixel size, (kx, ky), and of the angles in another order."""
    found, notes = Known(k0_per_um=mistaken.tolist()).find(PREPARED, TRANSFER)
    np.testing.assert_allclose([angle.k0_per_um for angle in found.angles], TRUE_K, atol=0.03)
    assert notes == ["warning: the frames have other stripes than the vectors given say; those of the frames were used"]


@pytest.mark.parametrize("phases", [3, 5])
@pytest.mark.parametrize("degrees", [-2.0, 0.7, 1.5])
def test_stripes_turned_since_the_parameters_were_saved_are_followed(phases, degrees):
    """Vectors as in the stack itself; those that were saved had most of the stripes' contrast, and a wrong image."""
    turn = np.deg2rad(degrees)
    asked = {"phases": phases, "photons": (800, 800), "size": 128, "phantom": "filaments"}
    before = simulate_stack(41, **asked)
    k0 = np.array(before.settings.k0_per_um) @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    now = simulate_stack(41, k0_per_um=tuple(map(tuple, k0.tolist())), **asked)
    transfer = Transfer(before.settings.cutoff_per_um, before.settings.pixel_size_um)
    saved = estimate(prepare(before.raw), transfer)
    found, _ = Known(parameters=[saved]).find(prepare(now.raw), transfer)
    free = estimate(prepare(now.raw), transfer)
    step_per_um = 1 / (128 * before.settings.pixel_size_um)
    for angle, other in zip(found.angles, free.angles, strict=True):
        assert angle.status == "measured"
        sign = np.sign(np.dot(angle.k0_per_um, other.k0_per_um))
        assert np.max(np.abs(sign * np.array(angle.k0_per_um) - other.k0_per_um)) < 0.03 * step_per_um
    same, _ = Known(parameters=[saved]).find(prepare(before.raw), transfer)
    assert [angle.k0_per_um for angle in same.angles] == [angle.k0_per_um for angle in saved.angles]


def test_parameters_of_another_microscope_are_not_used():
    """Stripes a fifth coarser: those of the frames, and a word."""
    asked = {"phases": 3, "photons": (800, 800), "size": 128, "phantom": "filaments"}
    before = simulate_stack(41, **asked)
    now = simulate_stack(41, k0_per_um=tuple((0.8 * ky, 0.8 * kx) for ky, kx in before.settings.k0_per_um), **asked)
    transfer = Transfer(before.settings.cutoff_per_um, before.settings.pixel_size_um)
    saved, free = (estimate(prepare(sample.raw), transfer) for sample in (before, now))
    found, notes = Known(parameters=[saved]).find(prepare(now.raw), transfer)
    assert notes == ["warning: the frames have other stripes than the parameters say; those of the frames were used"]
    for angle, other in zip(found.angles, free.angles, strict=True):
        np.testing.assert_allclose(angle.k0_per_um, other.k0_per_um, atol=1e-3)
    noise = prepare(np.random.default_rng(3).poisson(60, (3, 3, 128, 128)))
    assert Known(parameters=[saved]).find(noise, transfer)[1] == []


def test_nothing_is_confirmed_by_noise():
    noise = prepare(np.random.default_rng(3).poisson(60, (3, 3, 128, 112)))
    parameters, _ = Known(k0_per_um=TRUE_K.tolist()).find(noise, TRANSFER)
    assert [angle.status for angle in parameters.angles] == ["assumed"] * 3
    np.testing.assert_allclose([angle.k0_per_um for angle in parameters.angles], TRUE_K)
    assert parameters.failed  # no contrast to make an image with


@pytest.mark.parametrize("with_k", [False, True])
def test_known_phases_are_kept_and_confirmed(with_k):
    known = Known(k0_per_um=TRUE_K.tolist() if with_k else None, steps_rad=[UNEVEN.tolist()] * 3)
    parameters, notes = known.find(PREPARED, TRANSFER)
    assert notes == []
    for angle, k, depths in zip(parameters.angles, TRUE_K, SETTINGS.modulation_depths, strict=True):
        np.testing.assert_allclose(angle.steps_rad, UNEVEN)
        assert (angle.status, angle.steps_status) == ("measured", "measured")
        np.testing.assert_allclose(angle.k0_per_um, k, atol=0.03)  # the phases say which sign it has
        assert angle.orders[0].modulation_depth == pytest.approx(depths[0], abs=0.15)


def test_wrong_phases_are_used_but_said_to_be_wrong():
    steps = np.deg2rad([0.0, 130.0, 230.0]).tolist()
    parameters, notes = Known(steps_rad=[steps] * 3).find(PREPARED, TRANSFER)
    assert len([note for note in notes if "the frames have phases of" in note]) == 3
    assert {angle.steps_status for angle in parameters.angles} == {"assumed"}


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (Known(k0_per_um=[(3.0, 1.0)] * 2), "3 angles"),
        (Known(k0_per_um=[(30.0, 1.0)] * 3), r"2 f_c"),
        (Known(k0_per_um=[(0.0, 0.0)] * 3), "of 0 f_c"),
        (Known(steps_rad=[(0.0, 1.0)] * 3), "2 values"),
        (Known(steps_rad=[(0.0, 1.0, 1.0)] * 3), "fewer than 3 different"),
        (Known(steps_rad=[(0.0, 1.0, 2.0)] * 2), "2 times"),
    ],
)
def test_what_cannot_be_is_refused(known, said):
    with pytest.raises(InputError, match=said):
        known.check(Pattern(3, 3), TRANSFER)


def test_on_the_command_line(tmp_path, run, refused):
    optics = Optics(SETTINGS.na, SETTINGS.wavelength_em_um, SETTINGS.pixel_size_um)
    io.write_raw(tmp_path / "stack.tif", SAMPLE.raw, optics=optics)
    (y, x), polar = -TRUE_K[0], TRUE_K[1]
    degrees, spacing_um = np.rad2deg(np.arctan2(*polar)), 1 / np.hypot(*polar)
    flags = ["--k", f"{y:.2f},{x:.2f}", "--k", f"{degrees:.1f}@{spacing_um:.4f}"]
    flags += ["--k", "{:.2f},{:.2f}".format(*TRUE_K[2]), "--phase-steps", "0,100,230"]
    status, out, err = run("reconstruct", tmp_path / "stack.tif", *flags)
    assert status == 0, err
    (channel,) = json.loads((tmp_path / "stack_wiener.json").read_text())["channels"]
    np.testing.assert_allclose([angle["k0_per_um"] for angle in channel["angles"]], TRUE_K, atol=0.03)
    assert any("sign of k is wrong" in note for note in channel["notes"])
    assert "sign of k is wrong" in out
    assert "KY,KX" in refused("reconstruct", tmp_path / "stack.tif", "--k", "3.1")
