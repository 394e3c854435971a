"""What a network that knows the light is given: against closed forms, and against itself in parts."""

import numpy as np
import pytest

from srredsim.noise.line import NoiseLine
from srredsim.normalise import Scaling
from srredsim.optics.otf import otf
from srredsim.optics.sampling import pixel_transfer
from srredsim.optics.transfer import Transfer
from srredsim.reconstruction import lit as lits
from srredsim.reconstruction.wiener import Regularisation
from srredsim.stripes.parameters import Angle, Damping, Order, Parameters
from srredsim.stripes.preprocess import Prepared

TRANSFER = Transfer(5.3, 0.08)
SHAPE = (11, 14)


def angle(k0, steps, depths=(0.6, 0.3), phases=(0.4, -1.1)) -> Angle:
    orders = tuple(Order(n, (n * k0[0], n * k0[1]), phases[n - 1], depths[n - 1], 0.0, 9.0, "measured") for n in (1, 2))
    return Angle("measured", k0, steps, "measured", 0.0, 1.0, orders)


@pytest.fixture(scope="module")
def known():
    """Estimates of 2 angles x 3 phases, uneven in all, with frames of noise."""
    rng = np.random.default_rng(3)
    angles = angle((1.3, -0.9), (0.0, 2.3, 4.0)), angle((0.2, 1.7), (0.1, 1.9, 4.4), phases=(2.0, 0.3))
    intensities = ((0.9, 1.1, 1.0), (1.2, 0.8, 1.0))
    prepared = Prepared(rng.random((2, 3, *SHAPE), np.float32), (100.0, 104.0), intensities)
    made = rng.random([2 * n for n in SHAPE], np.float32), Regularisation(0.2, 3.0, ""), rng.random(SHAPE, np.float32)
    parameters = Parameters(angles, Damping(0.6, "given"))
    one = lits.lit(prepared, parameters, TRANSFER, made, NoiseLine(2.0, -180.0), Scaling(100.0, 50.0))
    return one, prepared, parameters


def test_light_is_what_the_stripes_say_at_every_output_pixel(known):
    one, prepared, parameters = known
    y, x = (0.08 * ((np.arange(2 * n) - 0.5) / 2) for n in SHAPE)
    for number, light in enumerate(one.light()):
        a, p = divmod(number, 3)
        step = parameters.angles[a].steps_rad[p]
        expected = 1.0
        for order in parameters.angles[a].orders:
            (ky, kx), phase = order.k_per_um, order.phase_rad + order.order * step
            expected = expected + order.modulation_depth * np.cos(2 * np.pi * (ky * y[:, None] + kx * x) + phase)
        np.testing.assert_allclose(light, prepared.intensities[a][p] * expected, atol=2e-5)


def test_frames_are_as_bright_as_recorded_and_noise_is_that_of_their_background(known):
    one, prepared, _ = known
    np.testing.assert_allclose(one.frames[3], prepared.frames[1, 0] * 1.2 / 50.0, rtol=1e-6)
    numbers = dict(zip(lits.NUMBERS, one.numbers, strict=True))
    assert numbers["cutoff_per_pixel"] == pytest.approx(5.3 * 0.08)
    assert (numbers["damping"], numbers["wiener"], numbers["slope"]) == pytest.approx((0.6, 0.2, 3.0))
    assert numbers["noise_gain"] == pytest.approx(2.0 / 50)
    assert numbers["noise_dark"] == pytest.approx((2.0 * 102 - 180) / 50**2)


def test_the_channels_of_a_part_are_a_part_of_the_channels(known):
    one, *_ = known
    whole = one.channels(8)
    assert whole.shape == (*SHAPE, lits.channels_for(8))
    np.testing.assert_allclose(one.crop(3, 5, 6, 7).channels(8), whole[3:9, 5:12] * 1.0, atol=2e-5, rtol=1e-5)


def test_every_channel_stands_where_it_is_said_to(known):
    one, *_ = known
    channels = one.channels()
    np.testing.assert_array_equal(lits.start_of(channels), one.start)
    np.testing.assert_allclose(lits.widefield_of(channels), one.frames.mean(0), rtol=1e-6)
    assert lits.slots_of(channels.shape[-1]) == 6
    of_fourth = channels[..., lits.FIXED + 3 * lits.PER_FRAME :][..., : lits.PER_FRAME]
    np.testing.assert_array_equal(of_fourth[..., 0], one.frames[3])
    np.testing.assert_array_equal(of_fourth[..., 2], one.light()[3, ::2, 1::2])  # above right in its raw pixel
    assert channels[0, 0, len(lits.NUMBERS)] == pytest.approx(0.08 * (5.3 + 2 * np.hypot(0.2, 1.7)), rel=1e-6)


def test_a_measured_lens_has_the_damping_that_comes_nearest():
    frequency = np.linspace(0, 5.3, 60)
    values = otf(frequency, 5.3, 0.45) * np.mean([pixel_transfer(0.08 * frequency * f) for f in (1.0, 0.7)], axis=0)
    assert lits.damping_of(TRANSFER.with_curve(np.stack([frequency, values]))) == pytest.approx(0.45, abs=0.03)
