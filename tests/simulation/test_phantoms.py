import numpy as np
import pytest
from scipy import ndimage

from srredsim.errors import InputError
from srredsim.simulation import phantoms

FIELD = phantoms.Field((300, 420), 0.02)


@pytest.mark.parametrize("kind", phantoms.KINDS)
def test_every_kind_fills_the_field_with_light_that_is_not_negative(kind):
    for seed in range(3):
        image = phantoms.draw(np.random.default_rng(seed), FIELD, kind)
        assert image.shape == FIELD.shape
        assert image.dtype == np.float32
        assert np.all(np.isfinite(image))
        assert image.min() >= 0
        assert image.max() > 0


@pytest.mark.parametrize("kind", phantoms.STRUCTURES)
def test_structures_are_thin_drawn_anew_and_of_many_densities(kind):
    covered = [np.mean(phantoms.STRUCTURES[kind](np.random.default_rng(seed), FIELD) > 0) for seed in range(20)]
    assert len(set(covered)) == 20
    assert min(covered) > 0.002
    assert max(covered) < 0.7
    assert max(covered) > 4 * min(covered)


def test_a_line_is_25_nm_wide():
    field = phantoms.Field((200, 200), 0.002)
    y_um = np.full(50_000, 0.2)
    profile = field.count(np.random.default_rng(0), y_um, np.linspace(0.05, 0.35, y_um.size), 1.0).sum(axis=1)
    at = 0.002 * (np.arange(200) + 0.5)
    spread = np.sqrt(np.average((at - 0.2) ** 2, weights=profile))
    assert 2.355 * spread == pytest.approx(0.026, abs=0.001)


def test_count_puts_y_along_rows_and_leaves_out_what_lies_outside():
    field = phantoms.Field((30, 50), 0.1)
    image = field.count(np.random.default_rng(0), np.array([1.05, -0.5, 1.0]), np.array([4.05, 1.0, 7.0]), 2.5)
    expected = np.zeros((30, 50))
    expected[10, 40] = 2.5
    np.testing.assert_array_equal(image, expected)


def test_vesicles_are_100_to_600_nm_wide():
    """No vesicle alone in its field is wider than 600 nm, scatter of the labels aside."""
    widths_um = []
    for seed in range(12):
        image = phantoms.vesicles(np.random.default_rng(seed), phantoms.Field((900, 900), 0.01))
        islands, _ = ndimage.label(ndimage.binary_dilation(image > 0, iterations=3))
        boxes = ndimage.find_objects(islands)
        sides = [0.01 * (max(b.stop - b.start for b in box) - 6) for box in boxes]
        widths_um.append(np.median(sides))
    assert min(widths_um) > 0.09
    assert max(widths_um) < 0.75


def test_cytosol_has_mean_one_and_is_smooth():
    image = phantoms.cytosol(np.random.default_rng(1), FIELD)
    assert image.mean() == pytest.approx(1.0, abs=1e-4)
    assert image.min() > 0
    assert np.abs(np.diff(image, axis=1)).mean() < 0.1 * image.std()


def test_unknown_kind_names_the_known_ones():
    with pytest.raises(InputError, match=r"filament.*filaments, vesicles, membranes, puncta, mixture"):
        phantoms.draw(np.random.default_rng(0), FIELD, "filament")


def test_puncta_have_no_direction_and_their_fine_structure_is_that_of_random_spots():
    """Beyond the frequencies of the crowding, the power is the same in every direction and (spots 25 nm wide) at every
    frequency that an objective can carry: chance, nothing that a neighbour tells."""
    fy, fx = (np.fft.fftfreq(n, FIELD.pixel_size_um) for n in FIELD.shape)
    f, angle = np.hypot(fy[:, None], fx), np.arctan2(fy[:, None], fx) % np.pi
    power = np.zeros(FIELD.shape)
    for seed in range(30):
        image = phantoms.puncta(np.random.default_rng(seed), FIELD)
        spectrum = np.abs(np.fft.fft2(image)) ** 2
        power += spectrum / spectrum[(f > 2) & (f < 6)].mean()
    ring = (f > 2) & (f < 6)
    wedges = [power[ring & (angle // (np.pi / 6) == wedge)].mean() for wedge in range(6)]
    assert max(wedges) < 1.2 * min(wedges)
    assert power[(f > 2) & (f < 3)].mean() < 2 * power[(f > 5) & (f < 6)].mean()
