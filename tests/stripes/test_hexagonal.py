"""Seven frames lit by three directions at once: found, reconstructed and judged as any stripes."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import ndimage

from srredsim.acquisition import Pattern
from srredsim.consistency.compare import consistency
from srredsim.consistency.frame_fit import fit
from srredsim.consistency.splines import View
from srredsim.errors import InputError
from srredsim.noise.line import NoiseLine
from srredsim.normalise import Scaling
from srredsim.optics.otf import apodisation
from srredsim.optics.transfer import Transfer
from srredsim.reconstruction.for_networks import lit_of
from srredsim.reconstruction.forward import Forward, stripes_of
from srredsim.reconstruction.parts import parts
from srredsim.reconstruction.wiener import reconstruct
from srredsim.simulation.sim import Sample, drawn, simulate_stack
from srredsim.stripes.estimate import estimate
from srredsim.stripes.given import Known
from srredsim.stripes.measure import remeasured
from srredsim.stripes.parameters import Parameters
from srredsim.stripes.preprocess import prepare

MICROSCOPE = {"na": 1.4, "wavelength_em_um": 0.525, "pixel_size_um": 0.08, "otf_damping": 0.8, "haze": 0.1}
SIZE = (104, 88)  # unequal: swapped axes would show
ASKED = {"pattern": "hexagonal", "size": SIZE, "phantom": "filaments", **MICROSCOPE}


def transfer_of(settings) -> Transfer:
    return Transfer(settings.cutoff_per_um, settings.pixel_size_um)


@cache
def case(seed: int = 3, photons: float = 800.0) -> tuple[Sample, Parameters, Transfer]:
    sample = simulate_stack(seed, photons=(photons, photons), **ASKED)
    return sample, estimate(prepare(sample.raw), transfer_of(sample.settings)), transfer_of(sample.settings)


def paired(found: Parameters, settings):
    """Each direction that was found, with the number of the true one that is nearest, and the sign of its k."""
    true = np.array(settings.k0_per_um)
    for angle in found.angles:
        apart = [
            (np.hypot(*(sign * np.array(angle.k0_per_um) - k)), n, sign) for n, k in enumerate(true) for sign in (1, -1)
        ]
        _, number, sign = min(apart)
        yield angle, number, sign


def correlation(image, truth) -> float:
    inner = (slice(16, -16),) * 2
    return float(np.corrcoef(image[inner].ravel(), truth[inner].ravel())[0, 1])


def widefield(raw) -> np.ndarray:
    """Mean of the frames on the grid of the truth."""
    return ndimage.zoom(raw.mean(axis=(0, 1)), 2, order=3, grid_mode=True, mode="mirror")


@pytest.mark.parametrize("seed", [3, 5])
def test_vectors_phases_and_contrasts_are_those_of_the_simulation(seed):
    sample, found, _ = case(seed)
    settings = sample.settings
    assert (found.at_once, len(found.groups)) == (3, 1)
    assert {angle.status for angle in found.angles} <= {"measured", "inferred"}
    pairs = list(paired(found, settings))
    assert sorted(number for _, number, _ in pairs) == [0, 1, 2]
    for angle, number, sign in pairs:
        true = np.array(settings.k0_per_um[number])
        assert np.hypot(*(sign * np.array(angle.k0_per_um) - true)) < 0.005 * np.hypot(*true)
        off = np.subtract(settings.phases_rad[number], sign * np.array(angle.phases_rad))
        assert np.std(np.angle(np.exp(1j * (off - off[0])))) < 0.12
        assert angle.orders[0].modulation_depth == pytest.approx(settings.modulation_depths[number][0], abs=0.05)


def test_uneven_steps_are_measured():
    """Each direction has errors of its own: 20 degrees, three times those that are usual."""
    settings = case()[0].settings
    rng = np.random.default_rng(5)
    errors = np.deg2rad(20) * rng.standard_normal((3, 7))
    uneven = (np.array(settings.phases_rad) + errors).tolist()
    known = {"k0_per_um": settings.k0_per_um, "modulation_depths": ((0.3,),) * 3}
    sample = simulate_stack(3, photons=(3000.0, 3000.0), phases_rad=tuple(map(tuple, uneven)), **known, **ASKED)
    found = estimate(prepare(sample.raw), transfer_of(sample.settings))
    for angle, number, sign in paired(found, sample.settings):
        off = np.subtract(sample.settings.phases_rad[number], sign * np.array(angle.phases_rad))
        assert angle.steps_status == "measured"
        assert np.std(np.angle(np.exp(1j * (off - off[0])))) < 0.4 * errors[number].std()


def test_the_image_is_nearer_to_the_truth_and_without_stripes_it_is_not():
    sample, found, transfer = case()
    image, _ = reconstruct(prepare(sample.raw), found, transfer)
    plain = correlation(widefield(sample.raw), sample.truth)
    assert correlation(image, sample.truth) > max(0.985, plain + 0.05)
    unlit = simulate_stack(3, photons=(800.0, 800.0), modulation_depths=((0.0,),) * 3, **ASKED)
    nothing = estimate(prepare(unlit.raw), transfer, hexagonal=True)
    deconvolved, _ = reconstruct(prepare(unlit.raw), nothing, transfer)
    assert nothing.failed
    assert correlation(deconvolved, sample.truth) < correlation(image, sample.truth) - 0.03


def test_the_frames_support_the_image_and_not_one_with_a_spot_too_many():
    sample, found, transfer = case()
    judged = consistency(sample.raw, sample.truth, found, transfer)
    assert judged.summary == pytest.approx(1, abs=0.06)
    assert not judged.unsupported.any()
    assert not judged.missing.any()
    assert len(judged.angles) == 1
    np.testing.assert_allclose(
        judged.angles[0].contrasts,
        [sample.settings.modulation_depths[number][0] for _, number, _ in paired(found, sample.settings)],
        atol=0.06,
    )
    y, x = np.mgrid[: 2 * SIZE[0], : 2 * SIZE[1]]
    spot = np.exp(-((y - 100) ** 2 + (x - 84) ** 2) / 8.0)
    planted = consistency(sample.raw, sample.truth + 0.6 * sample.truth.max() * spot, found, transfer)
    assert planted.unsupported[94:106, 78:90].any()


def test_a_direction_that_was_not_found_is_left_out():
    """Its bands are told apart all the same: the other two are as they were."""
    sample, found, transfer = case()
    first, second, third = found.angles
    lost = replace(second, status="failed", orders=(replace(second.orders[0], status="failed"),))
    two = remeasured(replace(found, angles=(first, lost, third)), prepare(sample.raw).frames, transfer)
    assert [angle.status for angle in two.angles] == ["measured", "failed", "measured"]
    for number in (0, 2):
        one, other = found.angles[number].orders[0], two.angles[number].orders[0]
        assert other.modulation_depth == pytest.approx(one.modulation_depth, abs=1e-3)
    whole, part = (reconstruct(prepare(sample.raw), each, transfer)[0] for each in (found, two))
    assert correlation(widefield(sample.raw), sample.truth) < correlation(part, sample.truth)
    assert correlation(part, sample.truth) < correlation(whole, sample.truth)
    assert len(consistency(sample.raw, sample.truth, two, transfer).angles[0].contrasts) == 2


def test_vectors_that_are_a_little_off_are_put_right_each():
    sample = case()[0]
    found, transfer = true_parameters(sample.settings), transfer_of(sample.settings)
    (right,) = stripes_of(found)
    errors = np.array([[0.010, -0.018], [-0.012, 0.004], [0.006, 0.015]])
    view = View(SIZE, transfer.pixel_size_um)

    def passed(f_per_um):
        factor = apodisation(f_per_um, transfer.cutoff_per_um + found.k_max_per_um)
        return factor / np.maximum(factor, 0.01) ** 2

    wrong = right.with_k_error(errors)
    np.testing.assert_allclose(wrong.k_per_um - right.k_per_um, errors)
    (shown,) = Forward(SIZE, transfer, [wrong], filter_of=passed).parts(sample.truth)
    noise = NoiseLine(sample.settings.gain_adu, 0.0)
    seen = fit(view.of(sample.raw[0]), view.of(shown), view, noise, right.of_vectors)
    np.testing.assert_allclose(seen.k_error_per_um, -errors, atol=0.005)


def test_the_forward_model_makes_the_frames_of_the_simulation():
    """Frames of the truth under the true pattern, without noise."""
    frames, truth, drawn_settings, _ = drawn(
        3, 0, ASKED | {"photons": (1e4, 1e4), "haze": 0.0, "background_photons": 0.0}
    )
    known = true_parameters(drawn_settings)
    transfer = replace(transfer_of(drawn_settings), damping=drawn_settings.otf_damping)
    (stripes,) = stripes_of(known, drawn_settings.intensities)

    def unapodised(f_per_um):
        factor = apodisation(f_per_um, drawn_settings.cutoff_per_um + drawn_settings.k_max_per_um, 0.85)
        return factor / np.maximum(factor, 0.003) ** 2

    made = Forward(SIZE, transfer, [stripes], filter_of=unapodised)(truth / drawn_settings.gain_adu)
    inner = (..., slice(12, -12), slice(12, -12))
    np.testing.assert_allclose(made[inner], frames[inner], atol=0.02 * frames.max())
    assert np.std(made[inner] - frames[inner]) < 0.004 * frames.max()


def true_parameters(settings) -> Parameters:
    """What an estimate without errors would be."""
    found = case()[1]
    angles = []
    for angle, number, sign in paired(found, settings):
        phases_rad = sign * np.array(settings.phases_rad[number])
        k = tuple(sign * one for one in settings.k0_per_um[number])
        depth = settings.modulation_depths[number][0]
        order = replace(angle.orders[0], k_per_um=k, phase_rad=phases_rad[0], modulation_depth=depth)
        angles.append(replace(angle, k0_per_um=k, steps_rad=tuple(phases_rad - phases_rad[0]), orders=(order,)))
    return Parameters(tuple(angles), at_once=3)


@pytest.mark.parametrize(("beams", "photons"), [(2, 1000.0), (3, 100.0)])
def test_seven_phases_of_one_direction_are_stripes(beams, photons):
    optics = {name: value for name, value in MICROSCOPE.items() if name != "haze"}
    sample = simulate_stack(2, angles=1, phases=7, beams=beams, photons=(photons, photons), size=88, **optics)
    found = estimate(prepare(sample.raw), transfer_of(sample.settings))
    assert (found.at_once, [angle.status for angle in found.angles]) == (1, ["measured"])


def test_in_dim_frames_it_is_known_by_its_directions():
    _, found, _ = case(5, 40.0)
    assert found.at_once == 3
    assert all(angle.status != "failed" for angle in found.angles)


def test_noise_has_neither():
    noise = prepare(np.random.default_rng(3).poisson(20, (1, 7, 64, 64)))
    assert estimate(noise, Transfer(5.3, 0.08)).failed
    assert estimate(noise, Transfer(5.3, 0.08), hexagonal=True).failed


def test_known_vectors_of_either_sign_in_any_order_are_held_against_the_frames():
    sample, found, transfer = case()
    first, second, third = (np.array(k) for k in sample.settings.k0_per_um)
    given = [tuple(1.01 * third), tuple(-first), tuple(second)]
    known, notes = Known(k0_per_um=given, hexagonal=True).find(prepare(sample.raw), transfer)
    np.testing.assert_allclose(
        [angle.k0_per_um for angle in known.angles], [angle.k0_per_um for angle in found.angles], atol=2e-3
    )
    assert all("%" in note for note in notes)
    elsewhere = [tuple(1.25 * first), tuple(second), tuple(third)]
    known, notes = Known(k0_per_um=elsewhere, hexagonal=True).find(prepare(sample.raw), transfer)
    assert [angle.k0_per_um for angle in known.angles] == [angle.k0_per_um for angle in found.angles]
    assert len(notes) == 1
    assert "other stripes than the vectors given" in notes[0]
    noise = prepare(np.random.default_rng(3).poisson(20, (1, 7, 64, 64)))
    known, notes = Known(k0_per_um=elsewhere, hexagonal=True).find(noise, transfer)
    assert known.failed
    assert len([note for note in notes if "no stripes near" in note]) == 3


def test_what_is_known_and_cannot_be_is_refused():
    pattern, transfer = Pattern(1, 7, kind="hexagonal"), Transfer(5.3, 0.08)
    with pytest.raises(InputError, match="3 angles: give it once for each"):
        Known(k0_per_um=[(1.0, 2.0)], hexagonal=True).check(pattern, transfer)
    with pytest.raises(InputError, match='pattern="hexagonal"'):
        Known(k0_per_um=[(1.0, 2.0)] * 3).check(Pattern(1, 7), transfer)
    with pytest.raises(InputError, match="leave out `phase_steps`"):
        Known(steps_rad=[tuple(range(7))], hexagonal=True).check(pattern, transfer)


def test_an_estimate_serves_other_frames_of_the_microscope_also_backwards():
    sample, found, transfer = case()
    again, notes = Known([found]).find(prepare(sample.raw), transfer)
    assert notes == []
    for one, other in zip(found.angles, again.angles, strict=True):
        np.testing.assert_allclose(one.phases_rad, other.phases_rad, atol=0.02)
    backwards, notes = Known([found]).find(prepare(sample.raw[:, ::-1]), transfer)
    assert notes == ["the phases run the other way round in this stack; used -k"]
    for one, other in zip(found.angles, backwards.angles, strict=True):
        np.testing.assert_allclose(one.k0_per_um, np.negative(other.k0_per_um))
        assert other.orders[0].modulation_depth == pytest.approx(one.orders[0].modulation_depth, abs=0.1)


def test_each_frame_is_lit_by_three_waves():
    """What networks are given of the light, against the pattern itself."""
    sample, found, transfer = case()
    one = lit_of(sample.raw, transfer, Scaling(0.0, 1000.0))
    assert one.waves.shape == (7, 3, 4)
    for wave, (_, number, sign) in zip(one.waves[2], paired(found, sample.settings), strict=True):
        expected = sign * np.array(sample.settings.k0_per_um[number]) * transfer.pixel_size_um
        np.testing.assert_allclose(wave[:2], expected, rtol=0.01, atol=1e-3)
        phase = sign * sample.settings.phases_rad[number][2]
        assert abs(np.angle(np.exp(1j * (np.arctan2(wave[3], wave[2]) - phase)))) < 0.4


def test_it_has_no_parts_of_single_angles():
    sample, found, transfer = case()
    with pytest.raises(InputError, match="a hexagonal pattern has no parts"):
        parts(prepare(sample.raw), found, transfer)
