"""The forward model inside networks, against the NumPy one, and the filters that go with it, against slow sums."""

import numpy as np
import pytest
from keras import ops

from srredsim.layers import sim_forward
from srredsim.optics.otf import otf
from srredsim.optics.sampling import output_positions_um, pixel_transfer
from srredsim.optics.transfer import Transfer
from srredsim.reconstruction.forward import Forward, Stripes

TRANSFER = Transfer(5.3, 0.08)
SHAPE = (21, 30)


@pytest.fixture(scope="module")
def model():
    """A forward model of NumPy, with uneven phases and intensities, and the light of its frames on the whole grid."""
    rng, stripes = np.random.default_rng(4), []
    for _ in range(2):
        k = np.outer([1, 2], 2.3 * np.array([np.cos(a := rng.uniform(0, 7)), np.sin(a)]))
        amplitudes = rng.uniform(0.2, 0.9, (4, 2)) * np.exp(1j * rng.uniform(0, 7, (4, 2)))
        stripes.append(Stripes(k, amplitudes, rng.uniform(0.8, 1.2, 4)))
    forward = Forward(SHAPE, TRANSFER, stripes, dtype=np.float64)
    y, x = (
        output_positions_um(n, TRANSFER.pixel_size_um, first_raw_pixel=side[0])
        for n, side in zip(forward.grid, forward.sides, strict=True)
    )
    waves = [
        each.intensities[p]
        * (
            1
            + sum(
                np.real(a * np.exp(2j * np.pi * (k[0] * y[:, None] + k[1] * x)))
                for k, a in zip(each.k_per_um, row, strict=True)
            )
        )
        for each in stripes
        for p, row in enumerate(each.amplitudes)
    ]
    return forward, np.float32(waves)[None]


def otf_of(forward):
    """That of the NumPy model, on the whole plane."""
    rows, columns = forward.raw_grid
    full = np.zeros((rows, columns), complex)
    full[:, : columns // 2 + 1] = forward.otf
    beyond = np.arange(columns // 2 + 1, columns)
    full[:, beyond] = forward.otf[-np.arange(rows) % rows][:, columns - beyond].conj()
    return np.float32(full.real)[None, None], np.float32(full.imag)[None, None]


def test_frames_are_those_of_the_numpy_model(model):
    forward, light = model
    image = np.random.default_rng(1).random([2 * n for n in SHAPE])
    padded = np.pad(image, [(2 * a, 2 * b) for a, b in forward.sides], mode="symmetric")
    frames = ops.convert_to_numpy(sim_forward.forward(np.float32(padded)[None], light, otf_of(forward)))
    (top, _), (left, _) = forward.sides
    inside = frames[0, :, top : top + SHAPE[0], left : left + SHAPE[1]]
    np.testing.assert_allclose(inside, forward(image).reshape(inside.shape), rtol=1e-5, atol=1e-5)


def test_the_adjoint_is_that_of_the_numpy_model(model):
    forward, light = model
    frames = np.random.default_rng(2).random((2, 4, *SHAPE))
    padded = np.pad(frames, [(0, 0), (0, 0), *forward.sides]).reshape(1, 8, *forward.raw_grid)
    image = ops.convert_to_numpy(sim_forward.adjoint(np.float32(padded), light, otf_of(forward)))[0]
    np.testing.assert_allclose(forward._folded(image.astype(float)), forward.adjoint(frames), rtol=1e-5, atol=1e-5)


def test_lens_and_pixel_are_the_closed_forms():
    """Without the half pixel; at the Nyquist frequency of an even side nothing."""
    cutoff, damping = np.float32([[[[0.37]]], [[[0.42]]]]), np.float32([[[[0.6]]], [[[1.0]]]])
    parts = sim_forward.otf_of(cutoff, damping, np.zeros((2, 1, 11, 8), np.float32))
    real, imaginary = (ops.convert_to_numpy(part)[:, 0] for part in parts)
    fy, fx = np.fft.fftfreq(11)[:, None], np.fft.fftfreq(8)
    turned = (real + 1j * imaginary) * np.exp(-0.5j * np.pi * (fy + fx))
    for got, c, a in zip(turned, (0.37, 0.42), (0.6, 1.0), strict=True):
        expected = otf(np.hypot(fy, fx), c, a) * pixel_transfer(fy) * pixel_transfer(fx) / 4
        expected[:, 4] = 0
        np.testing.assert_allclose(got, expected, atol=2e-7)


def test_what_passes_twice_is_the_mean_response_to_a_wave(model):
    """Correlation of white noise with what forward and adjoint make of it, at each frequency."""
    forward, light = model
    passed = ops.convert_to_numpy(sim_forward.passed_twice(light, otf_of(forward)))[0]
    y, x = np.mgrid[: passed.shape[0], : passed.shape[1]]
    for row, column in [(0, 0), (3, 7), (12, 5), (-9, 14)]:
        phase = 2 * np.pi * (row * y / passed.shape[0] + column * x / passed.shape[1])
        response = 0
        for wave in (np.cos(phase), np.sin(phase)):
            image = np.float32(wave)[None]
            back = sim_forward.adjoint(sim_forward.forward(image, light, otf_of(forward)), light, otf_of(forward))
            response += np.mean(ops.convert_to_numpy(back)[0] * wave)
        assert response == pytest.approx(passed[row, column], rel=1e-4)
