"""What frames have in common, and which order it speaks for."""

import numpy as np
import pytest
from scipy.optimize import nnls

from srredsim.inspection.frame_order import Fit, fit, in_common
from srredsim.simulation.sim import simulate_stack


def products_of(angles, phases, orders):
    """Closed form: cosines of the steps within an angle, nothing between angles."""
    step = 2 * np.pi * np.arange(phases) / phases
    block = sum(s * np.cos(b * (step[:, None] - step)) for b, s in enumerate(orders, start=1))
    return np.kron(np.eye(angles), block)


@pytest.mark.parametrize(("phases", "orders"), [(3, [1.0]), (4, [2.0]), (5, [1.0, 0.4]), (5, [0.2, 1.0])])
def test_blocks_of_cosines_are_explained_wholly(phases, orders):
    found = fit(products_of(3, phases, orders), 3, phases)
    assert found.explained == pytest.approx(1)
    assert found.clear


@pytest.mark.parametrize(("angles", "phases"), [(3, 5), (3, 3), (2, 6)])
def test_torn_blocks_are_not(angles, phases):
    products = products_of(angles, phases, [1.0])
    other = np.arange(angles * phases).reshape(phases, angles).T.ravel()
    torn = fit(products[np.ix_(other, other)], angles, phases)
    assert torn.explained < 0.2
    assert fit(products, angles, phases).clearly_better_than(torn)
    assert not torn.clearly_better_than(fit(products, angles, phases))


@pytest.mark.parametrize(("angles", "phases"), [(3, 5), (2, 3), (4, 4)])
def test_what_is_explained_is_that_of_all_pairs_together(angles, phases):
    """The same as one fit of all pairs of frames to the shapes of all angles, 0 between the angles."""
    rng = np.random.default_rng(5)
    products = products_of(angles, phases, [1.0, 0.5][: (phases - 1) // 2]) + rng.normal(0, 0.5, (angles * phases,) * 2)
    products += products.T
    pairs = np.triu_indices(angles * phases, 1)
    step = 2 * np.pi * np.arange(phases) / phases
    shapes = [
        np.kron(np.diag(np.arange(angles) == angle), np.cos(order * (step[:, None] - step)))[pairs]
        for angle in range(angles)
        for order in range(1, 1 + (phases - 1) // 2)
    ]
    _, rest = nnls(np.stack(shapes, axis=1), products[pairs])
    assert fit(products, angles, phases).explained == pytest.approx(1 - rest**2 / np.sum(products[pairs] ** 2))


def test_frames_that_all_move_together_are_no_stripes():
    when = np.arange(15) - 7.0
    assert fit(np.outer(when, when), 3, 5).explained < 0.1


def test_what_noise_explains_is_nothing_in_words():
    """Less than nothing is no percentage that anybody can read."""
    assert [Fit(explained, 0.5).percent for explained in (-0.03, -0.0, 0.25)] == [0, 0, 25]


def test_noise_is_never_clear():
    rng = np.random.default_rng(12)
    for _ in range(200):
        products = rng.standard_normal((9, 9))
        assert not fit(products + products.T, 3, 3).clear
        products = rng.standard_normal((6, 6))
        assert not fit(products + products.T, 2, 3).clear


@pytest.mark.parametrize(("angles", "phases"), [(1, 15), (7, 2), (15, 1)])
def test_too_few_angles_or_phases_say_nothing(angles, phases):
    n = angles * phases
    assert not fit(np.eye(n) + 1, angles, phases).clear


@pytest.fixture(scope="module")
def frames():
    raw = simulate_stack(13, index=2, photons=(300, 300), size=(64, 72)).raw
    return raw.reshape(15, 64, 72).astype(np.float32)


def test_products_move_with_their_frames(frames):
    order = np.random.default_rng(14).permutation(15)
    np.testing.assert_allclose(in_common(frames[order]), in_common(frames)[np.ix_(order, order)], rtol=2e-3, atol=2e-2)


def test_offset_and_gain_of_a_frame_do_not_matter(frames):
    rng = np.random.default_rng(15)
    gains, offsets = rng.uniform(0.5, 1.5, (2, 15, 1, 1))
    changed = in_common((frames * gains + 1000 * offsets).astype(np.float32))
    assert fit(changed, 3, 5).explained == pytest.approx(fit(in_common(frames), 3, 5).explained, abs=0.02)


def test_products_of_frames_are_blocks(frames):
    products = in_common(frames)
    angle = np.arange(15) // 5
    within = (angle[:, None] == angle) & ~np.eye(15, dtype=bool)
    assert np.abs(products[angle[:, None] != angle]).mean() < 0.5 * np.abs(products[within]).mean()
