"""Tiles cover the image once, and no kept pixel lacks context."""

import numpy as np
import pytest
from scipy import ndimage

from srredsim import tiling

CASES = [(1, 8, 0), (64, 16, 3), (65, 16, 3), (97, 10, 7), (97, 97, 7), (200, 31, 44), (2048, 680, 44), (300, 1, 5)]


@pytest.mark.parametrize(("length", "tile", "halo"), CASES)
def test_every_pixel_is_kept_once_and_has_its_context(length, tile, halo):
    kept = np.zeros(length, int)
    for window, inside, place in tiling.spans(length, tile, halo):
        assert window.start >= 0
        assert window.stop <= length
        assert window.stop - window.start <= tile + 2 * halo
        assert (window.start + inside.start, window.start + inside.stop) == (place.start, place.stop)
        assert place.start - window.start >= halo or window.start == 0
        assert window.stop - place.stop >= halo or window.stop == length
        kept[place] += 1
    assert np.all(kept == 1)


@pytest.mark.parametrize(("length", "tile", "halo"), CASES)
def test_windows_have_one_size_and_places_are_alike(length, tile, halo):
    spans = tiling.spans(length, tile, halo)
    assert len({window.stop - window.start for window, _, _ in spans}) == 1
    inner = [place.stop - place.start for _, _, place in spans[1:-1]]
    assert not inner or max(inner) - min(inner) <= 2


def test_fewest_tiles():
    assert len(tiling.spans(2048, 680, 44)) == 3  # 2048 - 88 < 3 * 680
    assert len(tiling.spans(768, 680, 44)) == 1
    assert len(tiling.spans(769, 680, 44)) == 2


def test_a_filter_with_zero_padding_is_the_same_in_tiles():
    rng = np.random.default_rng(3)
    image, kernel = rng.random((61, 83)), rng.random((7, 5))  # unequal sides: y and x must not be swapped
    whole = ndimage.convolve(image, kernel, mode="constant")
    tiled = np.full_like(image, np.nan)
    for tile in tiling.tiles(image.shape, 20, halo=3):
        tiled[tile.place] = ndimage.convolve(image[tile.window], kernel, mode="constant")[tile.kept]
    np.testing.assert_allclose(tiled, whole, rtol=1e-12)


def test_too_small_a_halo_is_noticed():
    image = np.random.default_rng(3).random((61, 83))
    whole = ndimage.uniform_filter(image, 7, mode="constant")
    tile = tiling.tiles(image.shape, 20, halo=2)[0]
    part = ndimage.uniform_filter(image[tile.window], 7, mode="constant")[tile.kept]
    assert np.abs(part - whole[tile.place]).max() > 1e-3


def test_magnified():
    assert tiling.magnified((slice(3, 5), slice(0, 7)), 2) == (slice(6, 10), slice(0, 14))


def test_refuses_nonsense():
    with pytest.raises(ValueError, match="at least 1 pixel"):
        tiling.spans(10, 0, 3)


@pytest.mark.parametrize(("length", "tile", "halo"), [*CASES, (301, 64, 5), (1023, 100, 9)])
def test_aligned_windows_begin_at_multiples(length, tile, halo):
    kept = np.zeros(length, int)
    for window, inside, place in tiling.spans(length, tile, halo, alignment=2):
        assert window.start % 2 == 0
        assert 0 <= window.start < window.stop <= length
        assert (window.start + inside.start, window.start + inside.stop) == (place.start, place.stop)
        assert place.start - window.start >= halo or window.start == 0
        assert window.stop - place.stop >= halo or window.stop == length
        assert window.stop - window.start <= tile + 2 * halo + 2
        kept[place] += 1
    assert np.all(kept == 1)
