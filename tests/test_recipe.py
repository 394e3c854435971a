"""Recipes: what is read, what is refused, and in which words."""

import pytest
import yaml

from srredsim import recipe
from srredsim.errors import InputError

MINIMAL = {"name": "mine", "network": {"name": "red_net", "input_channels": 15}}


def written(folder, content):
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def test_overrides_reach_nested_keys_with_their_types(tmp_path):
    path = written(tmp_path, MINIMAL)
    loaded = recipe.load(path, ["data.batch=4", "optimizer.learning_rate=1e-3", "network.filters=32", "epochs=7"])
    assert (loaded.data.batch, loaded.optimizer.learning_rate, loaded.epochs) == (4, 0.001, 7)
    assert loaded.network == {"name": "red_net", "input_channels": 15, "filters": 32}


def test_saved_recipe_reads_back_equal(tmp_path):
    path = written(tmp_path, MINIMAL | {"metrics": ["ncc"], "optimizer": {"ema": 0.99}})
    loaded = recipe.load(path)
    recipe.save(loaded, tmp_path / "again.yaml", "two\nlines")
    assert recipe.load(tmp_path / "again.yaml") == loaded
    assert (tmp_path / "again.yaml").read_text().startswith("# two\n# lines\n")


def test_name_comes_from_the_folder_when_left_out(tmp_path):
    (tmp_path / "tubulin").mkdir()
    (tmp_path / "tubulin" / "recipe.yaml").write_text("network: {name: red_net}\n")
    assert recipe.load(tmp_path / "tubulin").name == "tubulin"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"epoch": 3}, "no recipe key epoch (did you mean 'epochs'?)"),
        ({"data": {"bach": 3}}, "no recipe key data.bach (did you mean 'batch'?)"),
        ({"epochs": 0}, "epochs must be at least 1; got 0"),
        ({"epochs": "many"}, "epochs should be int; got 'many'"),
        ({"precision": "bfloat"}, "did you mean 'bfloat16'?"),
        ({"schedule": {"name": "cosin"}}, "did you mean 'cosine'?"),
        ({"optimizer": {"learning_rate": -1}}, "learning_rate must be above 0"),
        ({"data": 3}, "data should be keys and values"),
        ({"network": {"input_channels": 15}}, "network needs a name"),
    ],
)
def test_mistakes_are_named(tmp_path, change, words):
    with pytest.raises(InputError) as caught:
        recipe.load(written(tmp_path, MINIMAL | change))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["network: [", "", "- a\n- b\n"])
def test_files_that_are_no_recipe(tmp_path, text):
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=r"broken\.yaml"):
        recipe.load(path)


def test_override_without_value():
    with pytest.raises(InputError, match="key=value"):
        recipe.load("srredsim", ["epochs"])
