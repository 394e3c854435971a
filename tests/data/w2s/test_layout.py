"""What the description of W2S says, against the published numbers; and what is refused in one that is wrong."""

import pytest
import yaml

from srredsim import resources
from srredsim.data import description
from srredsim.data.w2s.layout import layout
from srredsim.errors import InputError


def test_the_published_numbers():
    w2s = layout()
    assert (w2s.zscore.offset, w2s.zscore.gain) == (154.535390853, 66.02846351802853)
    assert w2s.captures == {1: range(249, 250), 2: range(2), 4: range(4), 8: range(8), 16: range(16), 400: range(400)}
    assert (w2s.levels, w2s.noisy_levels, w2s.reference, w2s.shot) == (
        (1, 2, 4, 8, 16, 400),
        (1, 2, 4, 8, 16),
        400,
        400,
    )
    assert w2s.fields_of == {"train": range(1, 77), "validation": range(77, 81), "test": range(81, 121)}
    assert (w2s.fields, w2s.training) == (range(1, 121), range(1, 81))
    assert (w2s.channels, w2s.size, w2s.scale, w2s.montage) == ((0, 1, 2), 512, 2, (3, 5))
    assert w2s.sim_zscore.apply(7.0) == 7.0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"noise_level": 3}, r"no key noise_level \(did you mean 'noise_levels'\?\); there are: channels"),
        ({"scale": None}, "scale should be int; got None"),
        ({"scale": ...}, "lacks scale"),
        ({"splits": {"train": [9]}}, r"splits\.train should be the first and the last number, as \[1, 76\]; got \[9\]"),
        ({"splits": {"train": [9, 3]}}, r"splits\.train should be the first and the last number; got 9 and 3"),
        ({"noise_levels": {2: [0, 2]}}, r"noise_levels\.2 should be 2 captures, first and last; got 3"),
        ({"noise_levels": {4: [0, 3], 1: [7, 7]}}, "the last one averages all captures, from 0"),
        ({"widefield": {"mean": 1, "std": 0}}, "widefield should be {mean: 154.5, std: 66.03}, std above 0; got"),
        ({"reader": "w2z"}, r"no reader called 'w2z' .did you mean .*; there are: .*pairs, .*w2s_simulated"),
        ({"reader": ...}, "describes no data set: it lacks reader, one of .*pairs, .*w2s_simulated"),
    ],
)
def test_a_wrong_description_is_one_clear_line(tmp_path, change, words):
    content = yaml.safe_load((resources.entry("data", "w2s") / "dataset.yaml").read_text("utf-8")) | change
    content = {key: value for key, value in content.items() if value is not ...}
    (tmp_path / "dataset.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(InputError, match=words) as caught:
        description.of(tmp_path)
    assert str(caught.value).startswith(str(tmp_path / "dataset.yaml"))
    assert "\n" not in str(caught.value)
