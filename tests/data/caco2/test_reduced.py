"""LR computed from HR: which pixels it is of, its noise, and that a training is given it when it asks for it."""

import numpy as np
import pytest
import yaml

from srredsim.data import catalogue
from srredsim.data.caco2.reduced import reduced
from srredsim.data.readers import Wanted
from srredsim.errors import InputError


def cubic(t):
    t = abs(t)
    return 1.25 * t**3 - 2.25 * t**2 + 1 if t <= 1 else -0.75 * (t**3 - 5 * t**2 + 8 * t - 4) if t < 2 else 0.0


def slow_reduced(line, scale):
    found = []
    for output in range(len(line) // scale):
        place = (output + 0.5) * scale - 0.5
        near = range(int(np.floor(place)) - 1, int(np.floor(place)) + 3)
        found.append(sum(cubic(pixel - place) * line[min(max(pixel, 0), len(line) - 1)] for pixel in near))
    return np.array(found)


@pytest.mark.parametrize("scale", [2, 4, 8])
def test_without_noise_it_is_cubic_between_the_four_middle_pixels_of_each_block(scale):
    high = np.random.default_rng(1).integers(0, 256, (32, 48), dtype=np.uint8)
    expected = np.apply_along_axis(slow_reduced, 0, high.astype(float), scale)
    expected = np.apply_along_axis(slow_reduced, 1, expected, scale)
    found = reduced(high, scale, 0, sigma=0.0)
    assert found.shape == (32 // scale, 48 // scale)
    np.testing.assert_array_equal(found, np.trunc(np.clip(expected + 1e-7, 0, 255)))


def test_noise_where_there_is_something():
    high = np.full((200, 200), 120, np.uint8)
    high[:, :100] = 6
    low = reduced(high, 2, 3, sigma=5.0)
    assert (low[:, :48] == 6).all()
    lit = low[:, 52:].astype(float)
    assert lit.std() == pytest.approx(np.hypot(5.0, 12**-0.5), rel=0.03)
    assert lit.mean() == pytest.approx(119.5, abs=0.3)  # fractions are cut off
    np.testing.assert_array_equal(low, reduced(high, 2, 3, sigma=5.0))
    assert (low != reduced(high, 2, 4, sigma=5.0)).any()


def test_a_training_asks_for_it(tmp_path):
    split = {"seed": 5, "count": 2, "size": 64, "fields": "train"}
    (tmp_path / "dataset.yaml").write_text(yaml.safe_dump({"reader": "caco2_simulated", "splits": {"train": split}}))

    def opened(**options):
        wanted = Wanted(normalise="dataset", options={"scale": 4, "cell": "CELL2"} | options)
        return catalogue.open_images(tmp_path, "train", wanted).pairs

    pairs = opened(low="reduced", low_sigma=2.0)
    for index in (0, 1):
        high = opened().grey_levels(index)[1]
        pair = pairs[index]
        np.testing.assert_allclose(255 * pair.frames[..., 0], reduced(high, 4, index, 2.0), rtol=1e-6)
        np.testing.assert_allclose(255 * pair.truth, high, rtol=1e-6)
        np.testing.assert_array_equal(opened(low="scanned")[index].frames, opened()[index].frames)
    for options, words in (
        ({"low": "simulated"}, r"data\.low"),
        ({"low_sigma": 3.0}, r"set data\.low=reduced, or leave it out"),
        ({"low": "reduced", "low_sigma": -1.0}, r"data\.low_sigma is a number of grey levels, 0 or more; got -1"),
    ):
        with pytest.raises(InputError, match=words):
            opened(**options)
