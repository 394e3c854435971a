"""The first images of a data set: of every light level, and the same as in the whole."""

import numpy as np
import pytest

from srredsim.data import catalogue
from srredsim.data.readers import Wanted
from srredsim.data.some import Some


@pytest.mark.parametrize(
    ("split", "count", "expected"),
    [
        ("test", 2, [0, 1, 32, 33, 64, 65, 96, 97]),  # 32 fields at each of four light levels
        ("validation", 2, [0, 1]),
        ("validation", 99, list(range(32))),
    ],
)
def test_the_first_are_those_of_every_light_level(split, count, expected):
    assert catalogue.open_split("simulated", split, 3, 3).pairs.first(count) == expected


def test_the_first_fields_have_all_their_noise_levels():
    fields = catalogue.open_images("w2s_simulated", "test", Wanted()).pairs
    assert fields.first(1) == list(range(len(fields) // 24)) == [0, 1, 2, 3, 4]


def test_only_these_are_made_and_they_are_the_same(monkeypatch, tmp_path):
    monkeypatch.setenv("SRREDSIM_CACHE", str(tmp_path))
    pairs = catalogue.open_split("simulated", "validation", 3, 3).pairs
    some = Some(pairs, [3, 2])
    assert (len(some), some.scale, some.pattern) == (2, pairs.scale, (3, 3))
    assert sorted(some.missing(range(2))) == [0, 1]
    assert some.generate([1]) == 1
    assert (some.missing(range(2)), pairs.missing(range(4))) == ([0], [0, 1, 3])
    np.testing.assert_array_equal(some[1].frames, pairs[2].frames)
    assert some[1].facts["index"] == 2
