"""The cut-off from the stripes, against simulated stacks and against the likelihood as it is written in books."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from srredsim.noise.knee import Knee, zeros_of
from srredsim.optics.otf import otf
from srredsim.optics.transfer import Transfer
from srredsim.simulation.sim import simulate_stack
from srredsim.stripes.cutoff import Likelihood, cutoff_of
from srredsim.stripes.estimate import estimate
from srredsim.stripes.preprocess import prepare


def sample(**how):
    return simulate_stack(11, index=4, phases=3, size=96, photons=(200.0, 200.0), phantom="filaments", **how)


@pytest.fixture(scope="module")
def stack():
    return sample(na=1.4, wavelength_em_um=0.6, pixel_size_um=0.07, otf_damping=0.5)


def test_within_six_percent_at_200_photons(stack):
    found = cutoff_of(prepare(stack.raw))
    truth = stack.settings.cutoff_per_um * 0.07
    assert found.per_pixel == pytest.approx(truth, rel=0.06)
    assert abs(np.log(found.per_pixel / truth)) < 3 * found.deviation < 0.12


def test_resampled_frames_have_half_of_it(stack):
    """Their noise ends at 0.25 cycles per pixel, their object before."""
    middle = stack.raw[..., 16:80, 16:80].astype(np.float32)
    zoomed = ndimage.zoom(middle, (1, 1, 2, 2), order=3)
    truth = stack.settings.cutoff_per_um * 0.07 / 2
    assert cutoff_of(prepare(zoomed)).per_pixel == pytest.approx(truth, rel=0.06)


def test_the_likelihood_is_that_of_correlated_gaussian_values(stack):
    """Differences between lenses, with the same object and contrasts, from the covariance matrix of all bands."""
    prepared = prepare(stack.raw)
    zeros = zeros_of(prepared.frames)
    found = estimate(prepared, Transfer(0.33, 1.0))
    of_all = Likelihood(prepared, found, zeros, Knee(np.log(0.33), 0.1))
    chosen = slice(0, 200)
    of_all.bands = [
        replace(each, **{name: getattr(each, name)[chosen] for name in ("seen", "frequency", "pixel", "noise")})
        for each in of_all.bands
    ]
    object_power = np.full(200, 3.0)

    class Given:
        def fitted(self, gain, noise, power, counts, rounds):
            expected = object_power * gain + noise
            return -float(np.sum(counts * (np.log(expected) + power / expected)))

        def __call__(self):
            return object_power

    of_all._object = Given()
    of_all._set_contrasts = lambda *_: None

    def slowly(cutoff, damping):
        total = 0.0
        for n in range(200):
            there = [each for each in of_all.bands if np.isfinite(each.noise[n])]
            contrasts = [of_all._contrasts.get(each.contrast, 1.0) for each in there]
            gains = np.array(
                [
                    c * otf(each.frequency[n], cutoff, damping) * each.pixel[n]
                    for c, each in zip(contrasts, there, strict=True)
                ]
            )
            covariance = object_power[n] * np.outer(gains, gains) + np.diag([each.noise[n] for each in there])
            values = np.array([each.seen[n] for each in there])
            total -= np.log(np.linalg.det(covariance)) + (values.conj() @ np.linalg.solve(covariance, values)).real
        return total

    lenses = [(0.3, 0.6), (0.36, 0.9), (0.33, 0.4)]
    mine, theirs = ([one(*lens) for lens in lenses] for one in (of_all, slowly))
    np.testing.assert_allclose(np.subtract(mine, mine[0]), np.subtract(theirs, theirs[0]), rtol=1e-4, atol=1e-3)
