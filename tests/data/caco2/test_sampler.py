"""Where crops are cut from: weights by hand and by brute force, places as often as they should be, the same field."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import ndimage
from skimage import filters

from srredsim.data.batches import Batches
from srredsim.data.caco2.patches import Asked, Patches
from srredsim.data.caco2.sampler import Sampler, otsu
from srredsim.errors import InputError


def spots(shape=(24, 28)):
    image = np.zeros(shape, np.uint8)
    image[5:12, 6:15] = 40
    image[18, 20:26] = 4
    return image


def inner(weights, side=8):
    """Weights of the centres of crops: rows and columns from half a side on, one less at the end."""
    rows, columns = weights.shape
    part = weights[side // 2 : rows - side // 2, side // 2 : columns - side // 2]
    return part / part.sum()


def test_of_the_region():
    weights = Sampler("roi").weights(spots(), 8)
    assert weights.shape == (16, 20)
    by_hand = np.where(spots() >= 4, 149.4131591, 2.0)
    np.testing.assert_allclose(weights, inner(by_hand), rtol=1e-8)
    assert Sampler("roi").weights(np.zeros((512, 512)), 128).shape == (384, 384)


def slow_distance(region):
    outside = np.argwhere(~region)
    places = np.argwhere(np.ones_like(region))
    nearest = np.sqrt(((places[:, None] - outside[None]) ** 2).sum(-1)).min(1)
    return nearest.reshape(region.shape)


@pytest.mark.parametrize("threshold", [4.0, 20.0])
def test_of_the_distance_to_the_outside(threshold):
    distance = slow_distance(spots() >= threshold)
    np.testing.assert_allclose(Sampler("edt", threshold).weights(spots(), 8), inner(distance + 1), rtol=1e-9)
    both = inner(np.where(spots() >= threshold, np.exp(5) + 1, 2)) * inner(np.exp(distance) + 1)
    np.testing.assert_allclose(Sampler("edt*roi", threshold).weights(spots(), 8), both / both.sum(), rtol=1e-9)


def test_where_all_is_region():
    for kind in ("roi", "edt", "edt*roi"):
        weights = Sampler(kind).weights(np.full((20, 20), 9), 8)
        np.testing.assert_allclose(weights / weights.sum(), 1 / 144)


def test_otsu_is_that_of_scikit_image():
    rng = np.random.default_rng(1)
    image = np.concatenate([rng.normal(40, 8, 900), rng.normal(120, 20, 500)]).clip(0, 255).astype(np.uint8)
    assert otsu(image) == filters.threshold_otsu(image.reshape(28, 50))
    bright = Sampler("edt", "otsu").weights(image.reshape(28, 50), 6)
    fixed = Sampler("edt", filters.threshold_otsu(image)).weights(image.reshape(28, 50), 6)
    np.testing.assert_array_equal(bright, fixed)


@pytest.mark.parametrize(("kind", "last"), [("uniform", 16), ("roi", 15)])
def test_places_are_drawn_as_often_as_their_weight(kind, last):
    """In 24 LR pixels at scale 1, corners 0 to 16 fit; those drawn by their centre end one before."""
    rng, image = np.random.default_rng(2), spots((24, 24))
    sampler = Sampler(kind)
    corners = np.array([sampler.corner(image, 1, 8, rng) for _ in range(2000)])
    assert corners.min() == 0
    assert corners.max() == last
    found = np.bincount(corners @ [last + 1, 1], minlength=(last + 1) ** 2)
    weights = np.full((17, 17), 1 / 289) if kind == "uniform" else sampler.weights(image, 8)
    expected = 2000 * weights.ravel()
    assert np.sum((found - expected) ** 2 / expected) < expected.size + 4 * np.sqrt(2 * expected.size)


class Blocks(Patches):
    """HR that repeats each LR pixel, of coordinates: whoever cuts unlike fields is seen."""

    def __len__(self):
        return 3

    def grey_levels(self, index):
        y, x = np.mgrid[:40, :40]
        low = ((7 * y + 3 * x + index) % 251).astype(np.uint8)
        return low, np.kron(low, np.ones((4, 4), np.uint8))

    def facts(self, index):
        return {"name": str(index)}


def blocks(**sampler):
    return Blocks(Asked(4, ("CELL0",), Sampler(**sampler), "dataset"), 160)


@pytest.mark.parametrize("kind", ["uniform", "roi", "edt", "edt*roi"])
def test_low_and_high_show_the_same_field(kind):
    pairs = blocks(kind=kind)
    for seed in range(20):
        pair = pairs.crop(1, np.random.default_rng(seed), 9)
        assert pair.frames.shape == (9, 9, 1)
        np.testing.assert_array_equal(pair.truth, np.kron(pair.frames[..., 0], np.ones((4, 4))))


def test_as_published_high_lies_up_to_three_pixels_beside_low():
    """The corner is drawn alike; LR begins at the pixel that holds it."""
    offsets = set()
    for seed in range(60):
        loose = blocks(snap=False).crop(1, np.random.default_rng(seed), 9)
        snapped = blocks().crop(1, np.random.default_rng(seed), 9)
        np.testing.assert_array_equal(loose.frames, snapped.frames)
        row, column = Sampler(snap=False).corner(np.zeros((40, 40)), 4, 36, np.random.default_rng(seed))
        high = blocks().grey_levels(1)[1]
        np.testing.assert_array_equal(loose.truth * 255, high[row : row + 36, column : column + 36])
        offsets.add((row % 4, column % 4))
    assert len(offsets) > 12


def test_a_batch_is_of_its_seed_and_step_whoever_asks():
    batches = Batches(blocks(kind="roi"), crop=8, batch=2, seed=5, augmentation="any_turn", angles=1, phases=1)
    alone = [batches[step] for step in range(6)]
    with ThreadPoolExecutor(4) as workers:
        together = list(workers.map(lambda step: batches[step], reversed(range(6))))[::-1]
    for one, other in zip(alone, together, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)
    assert any((alone[0][0] != other[0]).any() for other in alone[1:])


def test_grey_levels_by_data_set_or_by_image():
    pairs = blocks()
    low, high = pairs.grey_levels(2)
    pair = pairs[2]
    np.testing.assert_allclose(pair.normalised()[0][..., 0], low / 255, rtol=1e-6)
    np.testing.assert_allclose(pair.normalised()[1][..., 0], high / 255, rtol=1e-6)
    by_image = Blocks(Asked(4, ("CELL0",), Sampler(), "image"), 160)[2]
    frames, truth = by_image.normalised()
    np.testing.assert_allclose(truth[::4, ::4], frames, atol=1e-6)
    assert np.percentile(frames, 99.9) == pytest.approx(1)
    assert pairs.zscores["zscore"].apply(low)[0, 0] == pytest.approx(low[0, 0] / 255)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"kind": "rio"}, r"no data\.sampler 'rio' \(did you mean 'roi'\?\)"),
        ({"threshold": "ots"}, r"data\.threshold is a number of grey levels, 0 to 255, or otsu; got 'ots'"),
        ({"threshold": -3.0}, r"or otsu; got -3\.0"),
    ],
)
def test_refused(settings, words):
    with pytest.raises(InputError, match=words):
        Sampler(**settings)


def test_the_sampler_looks_at_the_enlarged_image():
    """A spot of one LR pixel is a region of about as many HR pixels as it has."""
    low = np.zeros((12, 12), np.uint8)
    low[6, 6] = 200
    rng = np.random.default_rng(0)
    corners = np.array([Sampler("roi", 100.0).corner(low, 4, 16, rng) for _ in range(300)])
    in_spot = np.mean(np.all(np.abs(corners + 8 - 26) <= 4, axis=1))
    region = ndimage.zoom(low.astype(float), 4, order=1, grid_mode=True, mode="nearest") > 100
    share = 149.4 * region.sum() / (149.4 * region.sum() + 2 * 32 * 32)
    assert in_spot == pytest.approx(share, abs=0.2)
