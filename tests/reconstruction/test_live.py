"""The live path against the full one, which adds up its bands in real space and weighs them anew at each time."""

import numpy as np
import pytest

from srredsim.acquisition import Optics, Pattern, RawStack
from srredsim.errors import InputError
from srredsim.optics.transfer import Transfer, transfer_of
from srredsim.reconstruction.live import Live
from srredsim.reconstruction.live_planes import live_planes
from srredsim.reconstruction.wiener import reconstruct
from srredsim.simulation.sim import simulate_stack
from srredsim.stripes.estimate import estimate
from srredsim.stripes.haze import Haze
from srredsim.stripes.preprocess import prepare
from srredsim.workflows.reconstruct import Method
from srredsim.workflows.reconstruct import reconstruct as workflow

EVEN = {
    "phases_rad": tuple(tuple(first + 2 * np.pi * np.arange(5) / 5) for first in (0.3, 2.1, 4.4)),
    "intensities": ((1.0,) * 5,) * 3,
}
SAMPLE = simulate_stack(41, phases=5, photons=(3000, 3000), size=(73, 84), phantom="filaments", **EVEN)
OPTICS = Optics(SAMPLE.settings.na, SAMPLE.settings.wavelength_em_um, SAMPLE.settings.pixel_size_um)
TRANSFER = transfer_of(OPTICS)


@pytest.fixture(scope="module")
def first():
    prepared = prepare(SAMPLE.raw)
    parameters = estimate(prepared, TRANSFER)
    return prepared, parameters, Live(prepared, parameters, TRANSFER)


def test_the_first_time_is_as_the_full_path_has_it(first):
    prepared, parameters, live = first
    image, found = live(prepared)
    expected, regularisation = reconstruct(prepared, parameters, TRANSFER)
    np.testing.assert_allclose(image, expected, atol=5e-4 * expected.max())
    assert live.regularisation == regularisation
    np.testing.assert_allclose(phases(found), phases(parameters), atol=1e-5)


def test_so_it_is_where_haze_is_taken_away(first):
    """What goes on beyond the border then are the stripes of each band."""
    prepared, parameters, plain = first
    haze = Haze(0.8, 0.1)
    image, _ = Live(prepared, parameters, TRANSFER, attenuation=haze)(prepared)
    expected, _ = reconstruct(prepared, parameters, TRANSFER, attenuation=haze)
    np.testing.assert_allclose(image, expected, atol=1.5e-3 * expected.max())
    assert np.abs(image - plain(prepared)[0]).max() > 0.05 * expected.max()


def test_stripes_that_have_moved_give_the_same_image(first):
    """The frames of each angle one after the other, but another one first: all phases are a step further."""
    prepared, parameters, live = first
    moved = prepare(np.roll(SAMPLE.raw, -1, axis=1))
    image, found = live(moved)
    expected, _ = live(prepared)
    orders = np.array([order.order for angle in found.angles for order in angle.orders])
    step = np.angle(np.exp(1j * (phases(found) - phases(parameters) - orders * 2 * np.pi / 5)))
    assert np.max(np.abs(step)) < 0.03
    np.testing.assert_allclose(image, expected, atol=0.02 * expected.max())
    with_old_phases, _ = reconstruct(moved, parameters, TRANSFER)
    assert np.abs(with_old_phases - expected).max() > 0.2 * expected.max()  # what refitting is for


def test_three_directions_at_once():
    """A hexagonal pattern: its frames a step on turn the three phases by one, two and three sevenths of a turn."""
    sample = simulate_stack(3, photons=(3000, 3000), pattern="hexagonal", size=(72, 80), phantom="filaments", haze=0.0)
    prepared = prepare(sample.raw)
    transfer = Transfer(sample.settings.cutoff_per_um, sample.settings.pixel_size_um)
    parameters = estimate(prepared, transfer)
    live = Live(prepared, parameters, transfer)
    image, _ = live(prepared)
    expected, _ = reconstruct(prepared, parameters, transfer)
    np.testing.assert_allclose(image, expected, atol=5e-4 * expected.max())
    moved, found = live(prepare(np.roll(sample.raw, -1, axis=1)))
    turned = np.angle(np.exp(1j * (phases(found) - phases(parameters)))) * 7 / (2 * np.pi)
    np.testing.assert_allclose(sorted(np.abs(turned)), [1, 2, 3], atol=0.1)
    np.testing.assert_allclose(moved, image, atol=0.05 * image.max())


def test_times_come_in_their_order():
    times = np.stack([SAMPLE.raw, SAMPLE.raw // 2, SAMPLE.raw // 4, SAMPLE.raw])[:, None, None]
    made = list(live_planes(RawStack(times, Pattern(3, 5), OPTICS), [TRANSFER]))
    assert [plane.position for plane in made] == [(t, 0, 0) for t in range(4)]
    bright = [float(plane.image.mean()) for plane in made]
    np.testing.assert_allclose(np.divide(bright, bright[0]), [1, 0.5, 0.25, 1], rtol=0.05)
    np.testing.assert_array_equal(made[0].image, made[3].image)


def test_what_has_slices_or_goes_on_after_the_filter_is_refused():
    slices = RawStack(np.stack([SAMPLE.raw] * 2)[None, None], Pattern(3, 5), OPTICS)
    with pytest.raises(InputError, match="`live` is for time series of one slice, this stack has 2"):
        workflow(slices, method=Method(live=True))
    with pytest.raises(InputError, match='`live` is for `method="wiener"`; got "map"'):
        Method("map", live=True)


def phases(parameters) -> np.ndarray:
    return np.array([order.phase_rad for angle in parameters.angles for order in angle.orders])


def test_a_series_that_begins_in_the_dark_begins_with_the_first_time_that_shows_stripes():
    """A lamp that warms up: noise alone, then light; the images are those of a series without its beginning."""
    dark = np.random.default_rng(3).normal(SAMPLE.raw.min(), 3.0, SAMPLE.raw.shape).round().astype(SAMPLE.raw.dtype)
    stack = RawStack(np.stack([dark, SAMPLE.raw, SAMPLE.raw])[:, None, None], Pattern(3, 5), OPTICS)
    later = RawStack(np.stack([SAMPLE.raw])[:, None, None], Pattern(3, 5), OPTICS)
    *_, last = live_planes(stack, [TRANSFER])
    (alone,) = live_planes(later, [TRANSFER])
    np.testing.assert_allclose(last.image, alone.image, atol=1e-5 * alone.image.max())
    assert "live: the stripes, the lens and the noise are those of t=1" in last.notes
