"""Images of one widefield image against it: closed forms, units, what sound ones come to, and what is named."""

import numpy as np
import pytest
from scipy import ndimage

from srredsim.acquisition import Optics
from srredsim.consistency import widefield as compared
from srredsim.consistency.widefield import Agreement, Agreements, agreement, cutoff_of
from srredsim.noise.whiteness import only_rounding
from srredsim.reconstruction.upscale import bicubic_upscale

SIZE = 128


def texture(seed, size=SIZE, blur=2.0):
    """Smooth noise of deviation 1."""
    image = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal((size, size)), blur, mode="wrap")
    return image / image.std()


def recorded(light, seed, noise=1.0):
    return light + noise * np.random.default_rng([seed, 1]).standard_normal(light.shape)


def test_of_the_light_itself_nothing_is_left_but_noise():
    found = [agreement(recorded(10 * texture(seed), seed), 10 * texture(seed)) for seed in range(6)]
    assert np.mean([each.residual for each in found]) == pytest.approx(1, abs=0.1)
    assert all(each.white and not each.disagrees and each.unexplained < 0.02 for each in found)


def test_a_sharper_image_of_twice_the_pixels_is_blurred_as_the_input_is():
    """The object, seen through a lens and binned: the rings measure the lens."""
    for seed in range(4):
        sharp = texture(seed, 2 * SIZE, 2.0)
        light = ndimage.gaussian_filter(sharp, 2.5, mode="wrap").reshape(SIZE, 2, SIZE, 2).mean(axis=(1, 3))
        found = agreement(recorded(20 * light, seed), sharp)
        assert found.residual < 2
        assert found.unexplained < 0.01


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_what_was_invented_is_told_by_its_share(share):
    r"""S + G of the same spectrum, independent: T = S/(S + G), and S G/(S + G) of S is left: the share G/(S + G)."""
    found = []
    for seed in range(6):
        light, invented = texture(seed), texture(seed + 100)
        image = np.sqrt(1 - share) * light + np.sqrt(share) * invented
        found.append(agreement(recorded(10 * light, seed), image))
    assert np.mean([each.unexplained for each in found]) == pytest.approx(share, abs=0.04)
    assert all(each.disagrees for each in found)


def test_what_is_missing_is_told_too():
    light = texture(3)
    found = agreement(recorded(10 * light, 3), np.where(np.arange(SIZE) < 64, light, 0))
    assert found.disagrees
    assert 0.2 < found.unexplained < 0.6


def test_units_do_not_matter():
    light = 10 * texture(2)
    noisy, image = recorded(light, 2), light + texture(7)
    one = agreement(noisy, image)
    for unit in (1e-20, 1e-4, 1e15):
        other = agreement(unit * (noisy + 3), 2000 / unit * (image - 5))
        for key, value in one.report().items():
            assert other.report()[key] == pytest.approx(value, rel=0.01, abs=1e-4), (unit, key)


def test_windows_of_a_large_image_say_what_the_whole_one_says(monkeypatch):
    light = texture(5, 256)
    noisy, image = recorded(10 * light, 5), light + 0.5 * texture(8, 256)
    whole = agreement(noisy, image)
    monkeypatch.setattr(compared, "SIDE", 128)
    parts = agreement(noisy, image)
    assert parts.residual == pytest.approx(whole.residual, rel=0.15)
    assert parts.unexplained == pytest.approx(whole.unexplained, rel=0.15)


def test_noise_without_structure_is_not_compared():
    noisy = np.random.default_rng(1).standard_normal((SIZE, SIZE))
    assert agreement(noisy, 0 * noisy).report() == {"whiteness": pytest.approx(1, abs=0.4)} | dict.fromkeys(
        ("residual", "unexplained")
    )


def test_what_is_too_small_is_not_judged():
    assert agreement(np.random.default_rng(1).random((40, 200)), np.zeros((80, 400))) == Agreement(None)


@pytest.mark.parametrize("size", [72, 96, 128, 200])
def test_noise_of_a_camera_is_never_called_coloured(size):
    """A hundred images of each size, of Poisson noise, dim and bright."""
    for seed in range(100):
        light = np.exp(texture(seed, size)) * 10 ** (seed % 4)
        noisy = np.random.default_rng([seed, 2]).poisson(light) + 1.5 * np.random.default_rng(seed).standard_normal(
            light.shape
        )
        assert agreement(noisy, light).white, seed


COLOURS = {
    "smoothed": lambda image: ndimage.gaussian_filter(image, 0.7),
    "enlarged": lambda image: bicubic_upscale(image[:64, :64]),
    "enlarged and rounded": lambda image: np.round(bicubic_upscale(image[:64, :64])),
}


@pytest.mark.parametrize("name", COLOURS)
@pytest.mark.parametrize("photons", [10, 100, 1000])
def test_filtered_and_enlarged_images_are_not_compared_but_named(name, photons):
    light = photons * np.exp(0.5 * texture(4))
    noisy = np.random.default_rng(4).poisson(light) * 4.0 + 100
    found = agreement(COLOURS[name](noisy), light)
    assert not found.white
    assert found.residual is None


def test_rounding_is_told_from_the_noise_of_a_camera():
    light = np.random.default_rng(1).poisson(np.full((96, 96), 0.5)).astype(float)
    assert not only_rounding(light)
    assert only_rounding(np.round(100 * ndimage.gaussian_filter(light, 3)))
    assert not only_rounding(100 * ndimage.gaussian_filter(light, 3))


def test_the_cut_off_of_a_lens_is_in_cycles_per_pixel():
    assert cutoff_of(Optics(1.4, 0.56, 0.08)) == pytest.approx(2 * 1.4 / 0.56 * 0.08)
    assert cutoff_of(Optics(1.4, (0.56, 0.7), 0.08), 1) == pytest.approx(2 * 1.4 / 0.7 * 0.08)
    assert cutoff_of(Optics(1.4, None, 0.08)) is None


SOUND = Agreement(0.97, True, 0.8, 0.001)
COLOURED = Agreement(0.07, False)


def test_a_line_says_how_many_planes_disagree_and_the_worst_of_them():
    planes = Agreements("mine")
    for z, found in enumerate([SOUND, Agreement(1.0, True, 3.1, 0.08), Agreement(1.1, True, 6.24, 0.31), SOUND]):
        planes.add((0, 0, z), found)
    (line,) = planes.notes()
    assert "disagrees with its input (2 of 4 planes)" in line
    assert "misses 31 % of the input's structure, 6.2 times the power of the noise" in line
    assert planes.report()[2] == {"t": 0, "c": 0, "z": 2, "whiteness": 1.1, "residual": 6.24, "unexplained": 0.31}


def test_coloured_noise_is_named_unless_the_model_has_learned_it():
    for knows in (False, True):
        planes = Agreements("mine", knows, {(0, 0, 0): COLOURED})
        assert [("mine was trained" in line, "7 % of the power" in line) for line in planes.notes()] == (
            [] if knows else [(True, True)]
        )
    assert Agreements("mine", False, {(0, 0, 0): SOUND}).notes() == []
