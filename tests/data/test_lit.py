"""Raw frames with the light on them as training input: estimated blindly, cut and turned together."""

import numpy as np
import pytest

from srredsim.data.lit import LitPairs, jittered, lit_pair
from srredsim.data.simulated import Series, SimulatedPairs
from srredsim.errors import InputError
from srredsim.reconstruction.lit import FIXED, PER_FRAME

SERIES = Series(seed=11, count=2, phases=3, size=64, photons=(800.0, 800.0))


@pytest.fixture(scope="module")
def stored():
    return SimulatedPairs(SERIES).lit((3, 3), 10)


def explained(channels, truth) -> float:
    """Correlation of what is different between the frames with light times truth, minus its mean over the frames."""
    count = (channels.shape[-1] - FIXED) // PER_FRAME
    per_frame = channels[..., FIXED:].reshape(*channels.shape[:2], count, PER_FRAME)[:, :, :9]
    four = truth.reshape(len(truth) // 2, 2, -1, 2).transpose(0, 2, 1, 3).reshape(*channels.shape[:2], 1, 4)
    expected, frames = (per_frame[..., 1:] * four).mean(-1), per_frame[..., 0]
    differing = [part - part.mean(-1, keepdims=True) for part in (frames, expected)]
    return float(np.corrcoef(*(part.ravel() for part in differing))[0, 1])


def test_crops_are_turned_with_their_light_and_truth(stored):
    for seed in range(4):  # turned in four ways
        channels, truth = stored.crop(1, np.random.default_rng(seed), 48).normalised()
        assert channels.shape == (48, 48, FIXED + 10 * PER_FRAME)
        right = explained(channels, truth)
        wrong = [explained(channels, other) for other in (truth[::-1], truth[:, ::-1], truth.swapaxes(0, 1))]
        assert right > 0.4 > max(wrong) + 0.1


def test_what_is_stored_is_what_is_estimated(stored):
    made = LitPairs(SimulatedPairs(SERIES), (3, 3), 10)
    np.testing.assert_allclose(stored[0].frames, made[0].frames, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(stored[0].truth, made[0].truth)


def test_jitter_is_as_large_as_it_says(stored):
    one = stored.estimated(1)
    each = [jittered(one, 3, np.random.default_rng(seed)) for seed in range(400)]
    contrast = np.array([other.amplitudes[::3, 0] / one.amplitudes[::3, 0] for other in each])
    assert np.std(np.abs(contrast)) == pytest.approx(0.15, rel=0.15)
    assert np.rad2deg(np.std(np.angle(contrast))) == pytest.approx(5.0, rel=0.15)
    k = np.array([other.waves[::3, 0, :2] / one.waves[::3, 0, :2] for other in each])
    assert np.std(k) == pytest.approx(1e-3, rel=0.15)
    np.testing.assert_allclose(k[..., 0], k[..., 1])  # longer or shorter, not turned
    turned = each[0].amplitudes[:3, 0] / one.amplitudes[:3, 0]
    np.testing.assert_allclose(turned, turned[0])  # all frames of an angle alike


def test_pairs_without_optics_are_refused():
    pair = SimulatedPairs(SERIES)[0]
    pair.facts.pop("optics")
    with pytest.raises(InputError, match="NA, emission wavelength and pixel size"):
        lit_pair(pair, 3, 3)
