import numpy as np
import pytest

from srredsim.errors import InputError
from srredsim.normalise import Scaling, noise_scaling_of, scaling_of

RNG = np.random.default_rng(4)


def stack(offset=100.0, gain=900.0):
    """Frames whose mean runs evenly from offset to offset + gain."""
    ramp = np.linspace(0, 1, 40 * 50).reshape(40, 50, 1)
    modulation = 0.4 * np.cos(np.arange(15) * 2 * np.pi / 5)  # has the mean zero
    return offset + gain * ramp * (1 + modulation)


def test_percentiles_of_the_widefield_become_0_and_1():
    scaling = scaling_of(stack())
    assert scaling.offset == pytest.approx(100 + 900 * 0.01, rel=1e-4)
    assert scaling.offset + scaling.gain == pytest.approx(100 + 900 * 0.999, rel=1e-4)
    widefield = scaling.apply(stack()).mean(axis=-1)
    assert np.percentile(widefield, [1, 99.9]) == pytest.approx([0, 1], abs=1e-5)


def test_one_offset_and_one_gain_for_all_frames():
    """Differences between frames stay what they are, up to the one gain."""
    frames = stack()
    scaling = scaling_of(frames)
    normalised = scaling.apply(frames)
    differences = (frames[..., 1:] - frames[..., :1]) / scaling.gain
    np.testing.assert_allclose(normalised[..., 1:] - normalised[..., :1], differences, atol=2e-6)


@pytest.mark.parametrize(("offset", "gain"), [(500, 1), (0, 20), (-30, 0.001)])
def test_normalised_frames_do_not_depend_on_the_cameras_offset_and_gain(offset, gain):
    plain = scaling_of(stack()).apply(stack())
    other = stack() * gain + offset
    np.testing.assert_allclose(scaling_of(other).apply(other), plain, atol=5e-5)


def test_undo_gain_brings_back_the_units_above_background():
    scaling = Scaling(offset=120.0, gain=350.0)
    frames = RNG.integers(0, 4096, (4, 5, 9), dtype=np.uint16)
    back = scaling.undo_gain(scaling.apply(frames))
    assert back.dtype == np.float32
    np.testing.assert_allclose(back, frames - 120.0, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("dtype", ["uint16", "int32", "float64", ">u2"])
def test_any_type_becomes_float32(dtype):
    frames = stack().astype(dtype)
    assert scaling_of(frames).apply(frames).dtype == np.float32


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("value", "count"), [(np.nan, 1), (np.inf, 3), (-np.inf, 2), (1e300, 4)])
def test_values_that_are_not_finite_are_counted(value, count):
    frames = stack()
    frames[3, :count, 7] = value
    with pytest.raises(InputError, match=f"^{count} pixels are NaN or infinite"):
        scaling_of(frames)


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_a_constant_image_is_refused(dtype):
    with pytest.raises(InputError, match=r"constant \(100 in nearly all pixels\)"):
        scaling_of(np.full((20, 30, 15), 100, dtype))


@pytest.mark.parametrize("std", [3.0, 40.0])
def test_noise_has_the_same_deviation_whatever_it_was(std):
    ramp = np.linspace(200, 500, 160)[:, None] * np.ones(180)  # no structure that the noise could be taken for
    noise = np.random.default_rng(2).normal(0, std, ramp.shape)
    scaling = noise_scaling_of((ramp + noise)[..., None])
    assert np.std(noise) / scaling.gain == pytest.approx(0.1, rel=0.03)
    assert scaling.offset == pytest.approx(np.percentile(ramp + noise, 1))


def test_without_noise_the_range_of_an_image_is_twenty():
    image = stack()[..., :1]
    scaling = noise_scaling_of(image)
    assert np.percentile(scaling.apply(image), [1, 99.9]) == pytest.approx([0, 20], abs=1e-4)


def test_scaling_by_the_noise_does_not_depend_on_the_camera():
    image = np.random.default_rng(3).normal(500, 20, (40, 50, 1))
    plain = noise_scaling_of(image).apply(image)
    np.testing.assert_allclose(noise_scaling_of(image * 3 - 70).apply(image * 3 - 70), plain, atol=1e-4)
