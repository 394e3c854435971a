"""Light from out of focus, on simulated stacks with two other objects above and below the focus."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import fft

from srredsim.acquisition import Optics, Pattern, RawStack
from srredsim.noise.spectrum import NoiseSpectrum
from srredsim.optics.defocus import defocused_otf
from srredsim.optics.sampling import radial_frequency_per_um
from srredsim.optics.transfer import Transfer
from srredsim.reconstruction.attenuation import kept, kept_of_order
from srredsim.reconstruction.richardson_lucy import richardson_lucy
from srredsim.reconstruction.upscale import fourier_upscale
from srredsim.reconstruction.wiener import Regularisation, reconstruct
from srredsim.simulation import real, sim
from srredsim.simulation.camera import expose
from srredsim.simulation.imperfections import Imperfections
from srredsim.stripes.estimate import estimate
from srredsim.stripes.haze import NONE, Haze, haze_of
from srredsim.stripes.parameters import Angle, Damping, Order, Parameters
from srredsim.stripes.preprocess import Prepared, prepare
from srredsim.workflows import reconstruct as workflow

DEPTHS_UM = (0.6, -1.2)


@cache
def hazy(index: int, in_focus: float, photons: float, phases: int = 5):
    """Frames and truth; of all light, `in_focus` comes from the focus, the rest in equal parts from two depths."""
    of_object, of_settings, of_camera, *of_others = np.random.default_rng([5, index]).spawn(5)
    settings = sim.draw(of_settings, 3, phases, size=112, photons=(photons, photons), haze=0.0, otf_damping=0.75)
    obj = sim.object_in_view(of_object, settings)
    frames, truth = sim.expected(settings, obj)
    f_per_um = radial_frequency_per_um(obj.shape, settings.pixel_size_um / 2)
    light = (frames - settings.background_photons).mean()
    for rng, depth_um in zip(of_others, DEPTHS_UM, strict=True):
        other = sim.object_in_view(rng, replace(settings, phantom="filaments"))
        passed = defocused_otf(f_per_um, depth_um, settings.na, settings.wavelength_em_um)
        blurred = sim.crop(sim.image_of(fft.fft2(other) * passed).real, settings)
        frames = frames + blurred * light / blurred.mean() * (1 - in_focus) / in_focus / len(DEPTHS_UM)
    camera = {name: getattr(settings, name) for name in ("gain_adu", "offset_adu", "read_noise_e")}
    raw = expose(np.maximum(frames, 0), of_camera, **camera)
    return prepare(raw), truth, Transfer(settings.cutoff_per_um, settings.pixel_size_um, settings.otf_damping)


@cache
def stripes_and_haze(*case):
    prepared, _, transfer = hazy(*case)
    parameters = estimate(prepared, transfer)
    return parameters, haze_of(prepared.frames, parameters, transfer)


def test_frames_without_an_object_tell_nothing():
    """Where all is noise, contrasts are a quotient of two numbers near 0, of any size."""
    prepared, _, transfer = hazy(*THICK[1][0])
    parameters, _ = stripes_and_haze(*THICK[1][0])
    for seed in range(6):
        noise = np.random.default_rng(seed).normal(0, 1, prepared.frames.shape).astype(np.float32)
        with np.errstate(all="raise", under="ignore"):
            assert haze_of(noise, parameters, transfer).share == 0.0


def score(case, attenuation) -> float:
    """NCC of the Wiener image with the truth."""
    prepared, truth, transfer = hazy(*case)
    image, _ = reconstruct(prepared, stripes_and_haze(*case)[0], transfer, attenuation=attenuation)
    return np.corrcoef(image.ravel(), truth.ravel())[0, 1]


THIN = [(0, 1.0, 60.0), (1, 1.0, 800.0), (2, 1.0, 200.0, 3)]
THICK = [((0, 0.5, 60.0), 0.02), ((1, 0.5, 800.0), 0.0), ((3, 0.3, 200.0), 0.06)]  # and least gain in NCC


@pytest.mark.parametrize("case", THIN)
def test_a_thin_sample_loses_nothing(case):
    """Nor its brightness: what band 0 counts less is what the stripes have lit, too."""
    prepared, truth, transfer = hazy(*case)
    parameters, haze = stripes_and_haze(*case)
    assert haze.share == 0.0
    images = [reconstruct(prepared, parameters, transfer, attenuation=each)[0] for each in (0.0, haze)]
    before, now = (np.corrcoef(image.ravel(), truth.ravel())[0, 1] for image in images)
    assert now > before - 0.003
    assert np.polyfit(*(image.ravel() for image in images), 1)[0] == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("damping", [0.55, 1.0])
def test_a_wrong_lens_is_not_haze_and_hides_none(damping):
    """Both take from the other bands what band 0 shows of coarse structures; the sides of a ring tell them apart."""
    for case in (THIN[0], THIN[1], THICK[2][0]):
        wrong = replace(stripes_and_haze(*case)[0], damping=Damping(damping, "given"))
        prepared, _, transfer = hazy(*case)
        found = haze_of(prepared.frames, wrong, transfer)
        assert found.share > 0.5 if case in dict(THICK) else found.share == 0.0


@pytest.mark.parametrize(("case", "gain"), THICK)
def test_a_thick_sample_gains_as_much_as_the_best_fixed_attenuation_gives(case, gain):
    haze = stripes_and_haze(*case)[1]
    assert haze.share > 0.1
    automatic, fixed = score(case, haze), [score(case, each) for each in (0.0, 0.9, 0.99, 0.999)]
    assert automatic > fixed[0] + gain
    assert automatic > max(fixed) - 0.01


def test_haze_is_a_share_that_falls_with_frequency():
    """Its power over that of what is in focus falls as a Gaussian."""
    over_focus = 3.0 * np.exp(-np.array([0.0, 0.5, 2.0]))
    found = Haze(0.75, 0.1)
    np.testing.assert_allclose(found.at(np.array([0.0, 0.1, 0.2])), over_focus / (1 + over_focus))
    assert not NONE.at(np.array([0.0, 0.3])).any()


def striped(*orders: tuple[float, float]) -> Parameters:
    """One angle along x: frequency in units of the cut-off and contrast of each order."""
    found = [Order(n, (0.0, k * 5.0), 0.3, m, 0.0, 9.0, "measured") for n, (k, m) in enumerate(orders, start=1)]
    return Parameters((Angle("measured", (0.0, 2.0), (0.0, 1.0, 2.0), "measured", 0.0, 1.0, tuple(found)),))


@pytest.mark.parametrize("haze", [Haze(0.5, 0.1), NONE])
@pytest.mark.parametrize("power", [30.0, 1e5])
def test_band_0_counts_as_its_errors_and_those_of_the_others_say(haze, power):
    """By hand, of white bands 0: directly along circles of frequencies."""
    transfer, v = Transfer(5.0, 0.08), np.array([0.02, 0.1, 0.3])
    white = np.full((64, 64), np.sqrt(power), complex)
    prior = Regularisation(0.2, 2.0, "")
    share = kept(haze, white, 1.0, transfer, striped((0.4, 0.5), (0.8, 0.3)), prior)

    def passed(fy, fx):
        return np.mean([float(transfer(np.array([y]), np.array([x]))[0, 0]) ** 2 for y, x in zip(fy, fx, strict=True)])

    turns = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    for at in v:
        fy, fx = 5.0 * at * np.sin(turns), 5.0 * at * np.cos(turns)
        beside = sum(2 * (m / 2) ** 2 * passed(fy, fx + 5.0 * k) for k, m in ((0.4, 0.5), (0.8, 0.3)))
        h = max(float(haze.at(np.array(at))), 0.03 * np.exp(-(at**2) / (2 * 0.3**2)))
        focus = 1 - h
        prior = min(focus, 0.3) * 0.2**2 * max(at, 0.1) ** 2
        least = max(focus * (0.1 + 5 / 9**2) * beside, prior) / h / passed(fy, fx)
        expected = max(1 / (1 + h * (power - 1)), min(1.0, least))
        assert share(np.zeros(1), np.array([at]))[0, 0] == pytest.approx(expected, rel=0.05)


def test_the_first_order_of_three_beams_counts_as_its_own_haze_leaves_it():
    """By hand, of a white band; where the second order has no contrast, as of two beams, it counts whole."""
    transfer, haze, v = Transfer(5.0, 0.08), Haze(0.8, 0.2), np.array([0.02, 0.2, 0.6, 0.9])
    first, second = striped((0.4, 0.5), (0.8, 0.3)).angles[0].orders
    for power in (1.5, 3.0, 1e4):
        band = np.full((64, 64), np.sqrt(power), complex)
        counted = kept_of_order(haze, first, (first, second), band, 1.0, transfer)(np.zeros(1), v)[0]
        expected = np.maximum(1 / (1 + haze.at(v) * (power - 1)), 0.3)
        np.testing.assert_allclose(counted, expected, rtol=0.02)
    usual = first, (first, second), band, 1.0, transfer
    assert kept_of_order(haze, second, *usual[1:]) is None
    assert kept_of_order(0.9, *usual) is None
    assert kept_of_order(haze, first, (first, replace(second, modulation_depth=0.0)), *usual[2:]) is None


def test_what_an_order_counts_is_left_out_of_both_sums():
    """An image of stripes and a dense object without haze stays what it is, but for noise."""
    case = THIN[1]
    prepared, _, transfer = hazy(*case)
    parameters, _ = stripes_and_haze(*case)
    images = [reconstruct(prepared, parameters, transfer, attenuation=each)[0] for each in (NONE, Haze(0.5, 0.2))]
    assert np.corrcoef(*(image.ravel() for image in images))[0, 1] > 0.999
    assert np.polyfit(*(image.ravel() for image in images), 1)[0] == pytest.approx(1, abs=0.02)


def test_what_is_given_is_taken_off_and_where_no_stripes_are_nothing():
    transfer, white, v = Transfer(5.0, 0.08), np.full((64, 64), 10.0, complex), np.array([0.0, 0.1, 0.3])
    stripes, prior = striped((0.4, 0.5)), Regularisation(0.2, 2.0, "")
    given = kept(0.9, white, 1.0, transfer, stripes, prior)(np.zeros(1), v)[0]
    np.testing.assert_allclose(given, 1 - 0.9 * np.exp(-(v**2) / (2 * 0.3**2)), rtol=0.02)
    assert kept(0.0, white, 1.0, transfer, stripes, prior) is None
    assert kept(Haze(0.5, 0.1), white, 1.0, transfer, striped((0.4, 0.0)), prior) is None


@pytest.mark.parametrize("attenuation", [0.99, Haze(0.9, 0.1)])
def test_what_is_everywhere_the_same_stays_the_same_towards_the_border(attenuation):
    """An even object under stripes: also where it is the modulated bands that show it, its image is even."""
    transfer, parameters = Transfer(5.0, 0.08), striped((0.4, 0.8), (0.8, 0.5))
    (angle,) = parameters.angles
    x_um, steps = 0.08 * np.arange(96), np.arange(5) * 2 * np.pi / 5
    light = np.ones((5, 1, 96))
    for order in angle.orders:
        passed = float(transfer(np.array([0.0]), np.array([order.k_per_um[1]]))[0, 0])
        wave = 2 * np.pi * order.k_per_um[1] * x_um + order.phase_rad + order.order * steps[:, None]
        light[:, 0] += order.modulation_depth * passed * np.cos(wave)
    frames = np.broadcast_to(100 * light, (5, 96, 96)).astype(np.float32)
    prepared = Prepared(frames[None], (0.0,), ((1.0,) * 5,))
    parameters = replace(parameters, angles=(replace(angle, steps_rad=tuple(steps)),))
    image, _ = reconstruct(prepared, parameters, transfer, 0.05, attenuation)
    np.testing.assert_allclose(image[4:-4, 4:-4], image[96, 96], rtol=0.1)


def test_richardson_lucy_leaves_out_what_its_start_leaves_out():
    case = THICK[2][0]
    prepared, truth, transfer = hazy(*case)
    parameters, haze = stripes_and_haze(*case)
    start, _ = reconstruct(prepared, parameters, transfer, attenuation=haze)
    with_haze, without = (
        np.corrcoef(richardson_lucy(prepared, parameters, transfer, start, 3, each).ravel(), truth.ravel())[0, 1]
        for each in (0.0, haze)
    )
    assert without > with_haze + 0.02


def test_what_a_median_takes_from_stripes_is_not_haze():
    """In a tissue where nothing is dark: taken for haze, it cost 0.13, and the image was behind widefield."""
    wanted = Imperfections(damped=0.5, fine_pixels=0.2, specimens=0.5, smoothed=1)
    sample = real.simulate_stack(9001, wanted, index=4, phases=3, size=128, photons=(1000.0, 1000.0))
    assert sample.flaws.colour == "median"
    names = "pixel_size_um", "na", "wavelength_em_um"
    stack = RawStack(
        sample.raw[None, None, None],
        Pattern(3, 3),
        Optics(**{name: getattr(sample.settings, name) for name in names}),
    )
    image = workflow.reconstruct(stack).images[0, 0, 0]
    widefield = fourier_upscale(sample.raw.mean(axis=(0, 1), dtype=np.float32))
    likeness, before = (np.corrcoef(each.ravel(), sample.truth.ravel())[0, 1] for each in (image, widefield))
    assert likeness > before + 0.03


@pytest.mark.parametrize("power", [0.9, 0.1])
def test_stripes_that_a_filter_left_hardly_anything_of_tell_no_haze(power):
    case = THICK[2][0]
    prepared, _, transfer = hazy(*case)
    parameters, told = stripes_and_haze(*case)
    cutoff = transfer.cutoff_per_pixel
    noise = NoiseSpectrum(cutoff, 200.0, (0.0, 0.1 * cutoff, cutoff), (1.0, power, power))
    assert haze_of(prepared.frames, parameters, transfer, noise) == (told if power > 0.5 else NONE)
