"""Recipes: what is read, what is refused, and in which words."""

import dataclasses
import re

import pytest
import yaml

from srredsim import resources
from srredsim.errors import InputError
from srredsim.training import runs
from srredsim.zoo import bounds, models, recipe

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
        ({"epochs": 0}, "epochs is at least 1; got 0"),
        ({"epochs": "many"}, "epochs should be int; got 'many'"),
        ({"precision": "bfloat"}, "did you mean 'bfloat16'?"),
        ({"schedule": {"name": "cosin"}}, "did you mean 'cosine'?"),
        ({"optimizer": {"learning_rate": -1}}, "learning_rate is above 0; got -1"),
        ({"data": 3}, "data should be keys and values"),
        ({"network": {"input_channels": 15}}, "network needs a name"),
        ({"initialisation": "pytorch"}, "no initialisation 'pytorch' (did you mean 'torch'?)"),
        (
            {"optimizer": {"l2": 1e-5, "name": "adamw"}},
            "optimizer.l2 goes with adam or sgd; got 1e-05 with adamw",
        ),
        ({"optimizer": {"epsilon": 1e-8, "name": "sgd"}}, "optimizer.epsilon goes with adam or adamw"),
        ({"optimizer": {"restart_each_epoch": 1}}, "optimizer.restart_each_epoch should be bool; got 1"),
        (
            {"optimizer": {"restart_each_epoch": True}, "schedule": {"name": "cosine"}},
            "leave ema out, and the schedule",
        ),
        ({"optimizer": {"restart_each_epoch": True, "ema": 0.9}}, "leave ema out"),
        ({"adversarial": {"kind": "esrgen"}}, "no adversarial.kind 'esrgen' (did you mean 'esrgan'?)"),
        ({"adversarial": {"wieght": 1}}, "no recipe key adversarial.wieght (did you mean 'weight'?)"),
        ({"adversarial": {"weight": 0}}, "adversarial.weight is above 0; got 0.0"),
        ({"adversarial": {"real": "another"}}, "no adversarial.real 'another'"),
        ({"adversarial": {"discriminator": {"size": 64}}}, "adversarial.discriminator needs a name"),
        (
            {"name": "../../evil"},
            "name is that of a folder, as my_model, without / or a dot in front; got '../../evil'",
        ),
        ({"data": {"patterns": ["axb"]}}, "a pattern is angles x phases, as 3x5; got 'axb'"),
        ({"data": {"patterns": ["3x0"]}}, "data.patterns has at least 1 angle and 1 phase, as 3x5; got 3x0"),
        ({"adversarial": {"warm_up_epochs": 3}, "epochs": 3}, "warm_up_epochs=3 leaves none of the 3 epochs"),
    ],
)
def test_mistakes_are_named(tmp_path, change, words):
    with pytest.raises(InputError) as caught:
        recipe.load(written(tmp_path, MINIMAL | change))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", bounds.BOUNDS)
def test_every_number_has_bounds(tmp_path, key):
    """Endless and negative ones are none of a training; the key is named, and the next value is taken."""
    section, _, name = key.rpartition(".")
    usual = {"fine_tuning": {"initial_weights": "srredsim"}, "adversarial": {"metrics": ["psnr"]}}.get(section, {})
    for value in (-1, ".nan", ".inf"):
        change = {section: {name: value}} if section else {name: value}
        path = written(tmp_path, MINIMAL | usual | change)
        path.write_text(path.read_text().replace("'.nan'", ".nan").replace("'.inf'", ".inf"))
        with pytest.raises(InputError, match=rf"^{re.escape(key)} (is |should be int)"):
            recipe.load(path)


def test_every_number_of_a_recipe_is_among_them():
    """But for pairs of numbers, those that have words for their own bounds, and options of readers."""
    found = set()
    for section, of_section in {
        "": recipe.Recipe,
        **{f"{name}.": one for name, one in recipe.SECTIONS.items()},
    }.items():
        for one in dataclasses.fields(of_section):
            if {"int", "float"} & set(str(one.type).split(" | ")):
                found.add(section + one.name)
    assert found - {"data.truth_crop"} == set(bounds.BOUNDS)


def test_a_section_that_is_no_section_is_named(tmp_path):
    with pytest.raises(InputError, match="data should be keys and values"):
        recipe.load(written(tmp_path, MINIMAL), ["data=1"])
    with pytest.raises(InputError, match=r"no recipe key data\.crop: data is a single value"):
        recipe.load(written(tmp_path, MINIMAL), ["data=1", "data.crop=4"])


@pytest.mark.parametrize("text", ["network: [", "", "- a\n- b\n"])
def test_files_that_are_no_recipe(tmp_path, text):
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=r"broken\.yaml"):
        recipe.load(path)


def test_override_without_value():
    with pytest.raises(InputError, match="key=value"):
        recipe.load("srredsim", ["epochs"])


def test_a_section_may_be_absent_switched_on_and_off(tmp_path):
    path = written(tmp_path, MINIMAL)
    plain = recipe.load(path)
    assert plain.adversarial is None
    with_gan = recipe.load(path, ["adversarial.kind=epsr", "adversarial.learning_rate=1e-5"])
    assert (with_gan.adversarial.kind, with_gan.adversarial.learning_rate) == ("epsr", 1e-5)
    for number, saved in enumerate((plain, with_gan)):
        recipe.save(saved, tmp_path / f"{number}.yaml")
        assert recipe.load(tmp_path / f"{number}.yaml") == saved
    assert recipe.load(tmp_path / "0.yaml", ["adversarial.weight=0.5"]).adversarial.weight == 0.5
    assert recipe.load(tmp_path / "1.yaml", ["adversarial=null"]) == plain
    assert runs.differences(plain, with_gan) == ["adversarial"]
    assert runs.differences(with_gan, recipe.load(path, ["adversarial.kind=epsr"])) == ["adversarial.learning_rate"]


@pytest.fixture
def zoo(tmp_path, monkeypatch):
    """A zoo of one model with two variants."""
    folder = tmp_path / "zoo" / "jdsr"
    folder.mkdir(parents=True)
    for name, epochs in (("recipe", 50), ("code", 49), ("paper", 48)):
        (folder / f"{name}.yaml").write_text(f"network: {{name: rrdb}}\nepochs: {epochs}\n", encoding="utf-8")
    monkeypatch.setattr(resources, "folder", lambda kind: tmp_path / "zoo")
    return folder


def test_a_variant_is_a_recipe_beside_that_of_its_model(zoo, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert recipe.load("jdsr").epochs == 50
    for name in ("jdsr/code", zoo / "code", zoo / "code.yaml"):
        loaded = recipe.load(name, ["steps=7"])
        assert (loaded.name, loaded.epochs, loaded.steps) == ("jdsr-code", 49, 7)
    assert runs.start(recipe.load("jdsr/code"), None).parent == runs.HOME / "jdsr-code"
    assert recipe.variants(zoo) == ["code", "paper"]


def test_an_unknown_variant_is_refused_with_the_known_named(zoo):
    with pytest.raises(InputError, match=r"called 'papre' .did you mean 'paper'..; there are: code, paper$"):
        recipe.load("jdsr/papre")
    with pytest.raises(InputError, match="no model called 'jdsl/code'; there are: jdsr"):
        recipe.load("jdsl/code")


def test_a_variant_has_no_weights_of_its_own(zoo):
    (zoo / models.WEIGHTS).touch()
    assert models.find("jdsr") == zoo
    with pytest.raises(InputError, match="jdsr/code is a variant of jdsr, a recipe to train; its weights are in the"):
        models.find("jdsr/code")
