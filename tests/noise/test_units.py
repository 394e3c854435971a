"""The unit of the pixels says nothing about a specimen: every number that has none is the same in all units."""

from functools import cache

import numpy as np
import pytest

import srredsim
from srredsim.noise.camera import noise_of_frames
from srredsim.noise.line import QUANTISATION, step_of
from srredsim.noise.photons import counting_of, part, recorded
from srredsim.optics.transfer import transfer_of
from srredsim.simulation.sim import simulate_stack

MICROSCOPE = {"na": 1.4, "wavelength_em_um": 0.525, "pixel_size_um": 0.07}
UNITS = [(1, 0), (1 / 65535, 0), (1e-6, 0), (1e6, 0), (1e-3, -0.1), (1e6, -1e8), (1e-6, 1e-4), (1.0, 500.0)]


@cache
def frames():
    light = {"photons": (60.0, 60.0), "phantom": "filaments", "gain_adu": 0.5, "read_noise_e": 1.0}
    return simulate_stack(8, size=(64, 56), angles=3, phases=5, **light, **MICROSCOPE).raw


def in_unit(scale, offset):
    return (frames() * scale + offset).astype(np.float32)


@cache
def as_recorded():
    return found_in(frames(), srredsim.reconstruct(frames(), **MICROSCOPE).array)


def found_in(raw, image):
    judged = srredsim.compare_with_frames(image, raw, **MICROSCOPE).found["planes"][0]
    checks = srredsim.inspect(raw, **MICROSCOPE).checks
    return judged, checks


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize(("scale", "offset"), UNITS[1:7:4])
def test_percentages_are_the_same_in_all_units(scale, offset):
    raw = in_unit(scale, offset)
    judged, checks = found_in(raw, srredsim.reconstruct(raw, **MICROSCOPE).array)
    expected, expected_checks = as_recorded()
    for name in ("residual", "structure", "unsupported_fraction", "missing_fraction", "damping_factor", "rsp"):
        assert judged[name] == pytest.approx(expected[name], rel=0.01, abs=2e-3), name
    assert judged["gain_adu"] == pytest.approx(scale * expected["gain_adu"], rel=0.01)
    for check, wanted in zip(checks, expected_checks, strict=True):
        assert (check["name"], check["verdict"]) == (wanted["name"], wanted["verdict"])
        if wanted["value"] is not None:
            assert check["value"] == pytest.approx(wanted["value"], rel=0.02, abs=0.02), check["name"]


@pytest.mark.parametrize(("scale", "offset"), UNITS)
def test_the_line_of_noise_goes_with_the_unit(scale, offset):
    """Exposed dark, where rounding is most of the noise: its floor goes with the unit, too."""
    rng = np.random.default_rng(1)
    raw = np.rint(rng.normal(100, 0.3, (9, 64, 64))).astype(np.uint16)
    one, other = noise_of_frames(raw), noise_of_frames((raw * scale + offset).astype(np.float32))
    level = float(raw.mean())
    assert other.variance(scale * level + offset) == pytest.approx(scale**2 * one.variance(level), rel=0.02)
    assert other.rounding_adu2 == pytest.approx(scale**2 * QUANTISATION, rel=0.01)


def test_whole_numbers_are_what_a_camera_gives_in_any_type():
    raw = frames()
    for kind in (np.uint16, np.int32, np.float32, np.float64):
        assert noise_of_frames(raw.astype(kind)) == noise_of_frames(raw)


def test_the_step_between_values():
    rng = np.random.default_rng(0)
    counts = rng.poisson(40, (3, 200, 200))
    assert step_of(counts) == step_of(counts.astype(np.uint16) * 8) == 1.0
    assert step_of(counts.astype(np.float32)) == 1.0
    assert step_of(counts / 3 - 7) == pytest.approx(1 / 3)
    assert step_of(np.full((4, 4), 0.3)) == step_of(np.full((4, 4), np.nan)) == 1.0
    smooth = rng.random((200, 200))
    assert step_of(smooth) < 1e-6


def test_photons_are_parted_alike_in_all_units():
    transfer = transfer_of(srredsim.read(frames(), **MICROSCOPE).optics)
    scale = 1 / 65535
    one, other = counting_of(frames(), transfer), counting_of(in_unit(scale, 0), transfer)
    assert other.gain_adu == pytest.approx(scale * one.gain_adu, rel=0.01)
    assert other.offset_adu == pytest.approx(scale * one.offset_adu, rel=0.01)
    assert other.dark_variance == pytest.approx(one.dark_variance, rel=0.01)
    parts = [
        part(raw, counting, 0.2, np.random.default_rng(2))
        for raw, counting in ((frames(), one), (in_unit(scale, 0), other))
    ]
    dim, dim_scaled = (
        recorded(taken, counting, 0.2, np.random.default_rng(3))
        for (taken, _), counting in zip(parts, (one, other), strict=True)
    )
    assert (dim.dtype, dim_scaled.dtype) == (np.uint16, np.float32)
    assert step_of(dim_scaled) == pytest.approx(scale, rel=0.01)
    assert np.mean(dim_scaled) / scale == pytest.approx(np.mean(dim.astype(float)), rel=0.01)
    assert np.var(dim_scaled / scale) == pytest.approx(np.var(dim.astype(float)), rel=0.02)


@pytest.mark.parametrize(("scale", "offset"), UNITS[1:])
def test_the_image_of_a_network_goes_with_the_unit(scale, offset, tiny_model):
    expected = srredsim.predict(frames(), model=tiny_model).array
    image = srredsim.predict(in_unit(scale, offset), model=tiny_model).array
    np.testing.assert_allclose(image / scale, expected, atol=2e-3 * np.abs(expected).max())
