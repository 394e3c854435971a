"""A ``dataset.yaml`` that no data set can have is refused by its key, in one line."""

import pytest
import yaml

from srredsim import resources
from srredsim.data import description
from srredsim.errors import InputError

W2S = yaml.safe_load((resources.entry("data", "w2s") / description.NAME).read_text(encoding="utf-8"))
PAIRS = {"reader": "pairs"}


@pytest.mark.parametrize(
    ("content", "key", "values"),
    [
        (W2S, "noise_levels", [{}, {"a": [0, 1]}, {0: [0, 0]}, {True: [0, 0]}]),
        (W2S, "scale", [0, -2]),
        (W2S, "size", [-1, 0]),
        (W2S, "channels", [[], ["a"], [-1]]),
        (W2S, "montage", [[3], [0, 5], ["a", "b"]]),
        (W2S, "splits", [{}, {"train": [1, 40], "test": [40, 50]}, {"a": [1, 9], "b": [20, 30], "c": [2, 3]}]),
        (PAIRS, "na", [-1, 0, float("nan"), float("inf")]),
        (PAIRS, "pixel_size_um", [0, -0.1, float("nan")]),
        (PAIRS, "wavelength_em_um", [0]),
        (PAIRS, "order", ["XX"]),
        (PAIRS, "splits", [{"train": "/etc"}, {"train": "../.."}, {"train": "a/../../b"}]),
    ],
)
def test_values_that_cannot_be(content, key, values, tmp_path):
    for value in values:
        (tmp_path / description.NAME).write_text(yaml.safe_dump(content | {key: value}), encoding="utf-8")
        with pytest.raises(InputError, match=key) as problem:
            description.of(tmp_path)
        assert "\n" not in str(problem.value)


@pytest.mark.parametrize("content", [W2S, PAIRS | {"na": 1.4, "order": "ZAP", "splits": {"train": "some/where"}}])
def test_what_can_be_is_taken(content, tmp_path):
    (tmp_path / description.NAME).write_text(yaml.safe_dump(content), encoding="utf-8")
    assert "train" in description.of(tmp_path).splits
