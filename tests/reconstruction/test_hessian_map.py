"""The most probable image: derivatives, adjoint and minimum against SciPy, and what does not matter to it."""

import numpy as np
import pytest
from scipy import optimize

from srredsim.optics.transfer import Transfer
from srredsim.reconstruction import hessian_map
from srredsim.reconstruction.forward import Forward, Stripes
from srredsim.reconstruction.hessian_map import Objective, hessian, hessian_adjoint, minimised, most_probable
from srredsim.simulation.sim import simulate_stack
from srredsim.stripes.estimate import estimate
from srredsim.stripes.preprocess import prepare

TRANSFER = Transfer(5.3, 0.08)


def small() -> tuple[Objective, np.ndarray]:
    """A problem of 20 x 16 unknowns in double precision, some of which are held at 0, and where to begin."""
    rng = np.random.default_rng(5)
    waves = np.exp(2j * np.pi * np.arange(3) / 3)
    stripes = [Stripes(np.array([k]), 0.8 * waves[:, None], np.ones(3)) for k in ((2.0, 3.5), (-3.6, 1.1))]
    forward = Forward((10, 8), TRANSFER, stripes, dtype=np.float64)
    image = np.where(rng.random((20, 16)) > 0.85, 30.0, 0.0)
    expected = forward(image)
    light = expected + rng.normal(0, 1.5, expected.shape)
    return Objective(forward, light, 1.0 + 0.1 * np.maximum(expected, 0), 0.05, 0.5), rng.random((20, 16))


def test_second_differences_and_their_adjoint():
    y, x = np.mgrid[:7, :9].astype(float)
    curved = hessian(0.5 * y**2 - 3 * x**2 + 2 * x * y + 5 * x + 1)[:, 1:-1, 1:-1]
    np.testing.assert_allclose(curved, np.broadcast_to([[[1]], [[-6]], [[2 * np.sqrt(2)]]], curved.shape), atol=1e-12)
    rng = np.random.default_rng(1)
    image, other = rng.normal(size=(7, 9)), rng.normal(size=(3, 7, 9))
    assert np.vdot(hessian_adjoint(other), image) == pytest.approx(np.vdot(other, hessian(image)), rel=1e-12)


def test_the_slope_is_that_of_the_objective():
    objective, image = small()
    along = np.random.default_rng(2).normal(size=image.shape)
    for part in (objective.misfit, objective.curvature):
        ahead, behind = part(image + 1e-5 * along)[0], part(image - 1e-5 * along)[0]
        assert np.vdot(part(image)[1], along) == pytest.approx((ahead - behind) / 2e-5, rel=1e-6)


def test_it_is_the_minimum_that_scipy_finds_and_the_objective_never_rises(monkeypatch):
    monkeypatch.setattr(hessian_map, "ENOUGH", 1e-12)
    objective, start = small()

    def both(flat):
        parts = objective.misfit(flat.reshape(start.shape)), objective.curvature(flat.reshape(start.shape))
        return sum(value for value, _ in parts), sum(slope for _, slope in parts).ravel()

    image, values = minimised(objective, start, 3000)
    expected = optimize.minimize(both, start.ravel(), jac=True, bounds=[(0, None)] * start.size, method="L-BFGS-B")
    assert np.all(np.diff(values) <= 0)
    assert values[-1] == pytest.approx(expected.fun, rel=1e-5)
    np.testing.assert_allclose(image, expected.x.reshape(start.shape), atol=0.02 * expected.x.max())
    assert image.min() == 0  # positivity holds something


def test_a_positive_image_that_neither_gain_nor_offset_of_the_values_changes():
    sample = simulate_stack(41, phases=3, photons=(20, 20), size=(64, 56), phantom="filaments", gain_adu=1.0)
    transfer = Transfer(sample.settings.cutoff_per_um, sample.settings.pixel_size_um)
    parameters = estimate(prepare(sample.raw), transfer)
    start = np.maximum(sample.truth, 0) + 1
    one = most_probable(prepare(sample.raw), parameters, transfer, start, 8)
    other = most_probable(prepare(4.0 * sample.raw + 900), parameters, transfer, 4 * start, 8)
    assert one.dtype == np.float32
    assert one.min() >= 0
    assert np.corrcoef(one.ravel(), sample.truth.ravel())[0, 1] > 0.9
    np.testing.assert_allclose(other, 4 * one, atol=0.02 * other.max())
