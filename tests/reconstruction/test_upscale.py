"""Up-scaling against closed forms: a sine stays a sine at the right place, a mean stays a mean."""

import numpy as np
import pytest

from srredsim.reconstruction.upscale import bicubic_upscale, fourier_upscale, widefield_of


@pytest.mark.parametrize(("upscale", "tolerance"), [(fourier_upscale, 1e-5), (bicubic_upscale, 0.02)])
@pytest.mark.parametrize("scale", [2, 3])
def test_a_cosine_lands_centre_aligned(upscale, tolerance, scale):
    """Cosines that are even about the borders continue smoothly into their mirror image."""
    y, x = np.mgrid[:24, :40]
    fine_y, fine_x = (np.mgrid[: scale * 24, : scale * 40] + 0.5) / scale - 0.5

    def wave(rows, columns):
        return 3 + np.cos(np.pi * 5 * (rows + 0.5) / 24) * np.cos(np.pi * 7 * (columns + 0.5) / 40)

    np.testing.assert_allclose(upscale(wave(y, x), scale), wave(fine_y, fine_x), atol=tolerance)


def test_a_half_pixel_shift_or_a_swapped_axis_would_show():
    image = np.zeros((21, 34))
    image[8:10, 20:24] = 1.0
    for upscale in (fourier_upscale, bicubic_upscale):
        large = upscale(image)
        assert large.shape == (42, 68)
        weights = np.clip(large, 0, None)
        centre = [np.sum(weights * place) / weights.sum() for place in np.mgrid[:42, :68]]
        np.testing.assert_allclose(centre, [2 * 8.5 + 0.5, 2 * 21.5 + 0.5], atol=0.15)


def test_widefield_is_the_mean_of_the_frames():
    frames = np.random.default_rng(1).integers(0, 65535, (5, 6, 15), dtype=np.uint16)
    np.testing.assert_allclose(widefield_of(frames), frames.astype(float).mean(-1), rtol=1e-6)
