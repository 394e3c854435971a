"""The forward model: against a closed form, the simulator, and its own adjoint."""

import numpy as np
import pytest

from srredsim.optics.otf import apodisation, otf
from srredsim.optics.sampling import SCALE
from srredsim.optics.transfer import Transfer
from srredsim.reconstruction.forward import Forward, Stripes, stripes_of
from srredsim.simulation import sim
from srredsim.stripes.parameters import Angle, Order, Parameters

TRANSFER = Transfer(5.3, 0.08)


def some_stripes(rng, angles=2, phases=4, orders=2) -> list[Stripes]:
    result = []
    for _ in range(angles):
        k0 = rng.normal(size=2)
        k0 *= 2.3 / np.hypot(*k0)
        amplitudes = rng.uniform(0.2, 0.9, (phases, orders)) * np.exp(1j * rng.uniform(0, 7, (phases, orders)))
        k = np.outer(np.arange(1, orders + 1), k0)
        result.append(Stripes(k, amplitudes, rng.uniform(0.8, 1.2, phases)))
    return result


def true_stripes(settings) -> list[Stripes]:
    """As the simulator has them."""
    orders = np.arange(1, settings.beams)
    return [
        Stripes(np.outer(orders, k), np.array(depths) * np.exp(1j * np.outer(phases_rad, orders)), np.array(light))
        for k, depths, phases_rad, light in zip(
            settings.k0_per_um,
            settings.modulation_depths,
            settings.phases_rad,
            settings.intensities,
            strict=True,
        )
    ]


@pytest.mark.parametrize("shape", [(31, 45), (32, 40), (17, 9)])
@pytest.mark.parametrize("filtered", [False, True])
def test_the_adjoint_is_the_adjoint(shape, filtered):
    rng = np.random.default_rng(3)
    filter_of = (lambda f: 1 / (1 + f)) if filtered else None
    forward = Forward(shape, TRANSFER, some_stripes(rng), dtype=np.float64, filter_of=filter_of)
    image = rng.normal(size=[SCALE * n for n in shape])
    frames = rng.normal(size=(2, 4, *shape))
    there = np.vdot(frames, forward(image))
    assert np.vdot(forward.adjoint(frames), image) == pytest.approx(there, rel=1e-6)


def test_an_even_image_shows_the_stripes_that_lens_and_pixel_let_through():
    shape, pixel_um = (48, 70), TRANSFER.pixel_size_um
    stripes = some_stripes(np.random.default_rng(4))
    frames = Forward(shape, TRANSFER, stripes, dtype=np.float64)(np.full((96, 140), 3.0))
    y, x = (np.arange(n) * pixel_um for n in shape)
    for found, angle in zip(frames, stripes, strict=True):
        expected = np.ones((4, *shape))
        for k, amplitudes in zip(angle.k_per_um, angle.amplitudes.T, strict=True):
            passed = otf(np.hypot(*k), TRANSFER.cutoff_per_um, TRANSFER.damping)
            passed *= np.sinc(k[0] * pixel_um) * np.sinc(k[1] * pixel_um)  # the mean of the wave over the square
            wave = np.exp(2j * np.pi * (k[0] * y[:, None] + k[1] * x))
            expected += passed * np.real(amplitudes[:, None, None] * wave)
        expected *= 3 * angle.intensities[:, None, None]
        inside = (slice(None), slice(8, -8), slice(8, -8))
        np.testing.assert_allclose(found[inside], expected[inside], atol=0.01)


@pytest.mark.parametrize("phases", [3, 5])
def test_frames_are_those_of_the_simulator(phases):
    settings = sim.draw(np.random.default_rng(8), phases=phases, size=(60, 47), haze=0.0, background_photons=0.0)
    shape = tuple(SCALE * n for n in sim.padded_shape(settings))
    y, x = np.mgrid[: shape[0], : shape[1]]
    spots = np.random.default_rng(9).uniform(0, 1, (40, 2)) * shape  # inside the frame and beyond
    obj = sum(np.exp(-((y - row) ** 2 + (x - column) ** 2) / 2 / 1.5**2) for row, column in spots)
    expected, truth = sim.expected(settings, obj)
    transfer = Transfer(settings.cutoff_per_um, settings.pixel_size_um, settings.otf_damping)

    def unapodised(f_per_um):
        factor = apodisation(f_per_um, settings.cutoff_per_um + settings.k_max_per_um, settings.truth_power)
        return factor / np.maximum(factor, 0.01) ** 2  # hardly any light comes from the very rim

    forward = Forward(settings.size, transfer, true_stripes(settings), filter_of=unapodised)
    frames = forward(truth / settings.gain_adu)
    assert frames.dtype == np.float32
    inside = (..., slice(10, -10), slice(10, -10))
    np.testing.assert_allclose(frames[inside], expected[inside], atol=0.01 * expected.max())


def test_even_steps_average_the_stripes_away():
    rng = np.random.default_rng(5)
    even = np.exp(2j * np.pi * np.outer(np.arange(5), [1, 2]) / 5)
    stripes = Stripes(np.array([(1.0, 2.0), (2.0, 4.0)]), [0.5, 0.3j] * even, np.ones(5))
    forward = Forward((20, 31), TRANSFER, [stripes], dtype=np.float64)
    image = rng.random((40, 62))
    np.testing.assert_allclose(forward(image).mean(axis=(0, 1)), forward.unmodulated(image), atol=1e-12)


def test_estimated_stripes_are_those_of_the_frames():
    orders = (
        Order(1, (1.0, 2.0), 0.3, 0.5, 0.01, 9.0, "measured"),
        Order(2, (2.0, 4.0), 0.9, 0.4, 0.01, 9.0, "measured"),
        Order(3, (3.0, 6.0), 0.9, 0.4, 0.01, 1.0, "failed"),
    )
    angle = Angle("measured", (1.0, 2.0), (0.0, 2.1, 4.0), "measured", 0.0, 1.0, orders)
    (stripes,) = stripes_of(Parameters((angle,)), [[1.0, 2.0, 3.0]])
    np.testing.assert_allclose(stripes.k_per_um, [(1, 2), (2, 4)])
    np.testing.assert_allclose(stripes.amplitudes[2], [0.5 * np.exp(4.3j), 0.4 * np.exp(8.9j)])
    np.testing.assert_allclose(stripes.intensities, [1, 2, 3])
