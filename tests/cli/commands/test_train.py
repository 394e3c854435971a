"""`srredsim train`: a run, its resumption, and trainings that cannot start."""

import json
from pathlib import Path

import pytest

from srredsim.training import fit


@pytest.fixture
def recipe_file(tiny_model, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_bytes((tiny_model / "recipe.yaml").read_bytes())
    return path


def test_train_resume_and_predict_with_what_came_of_it(run, recipe_file, stack, here, eagerly):
    status, out, _ = run("train", "--model", recipe_file, "--out", "run", "--gpus", 0, "--set", "optimizer.ema=0.9")
    assert (status, out) == (0, "run\n")
    history = Path("run/history.csv").read_text().splitlines()
    assert len(history) == 2
    status, out, _ = run("train", "--resume", "--out", "run", "--epochs", 2)
    assert (status, out) == (0, "run\n")
    assert Path("run/history.csv").read_text().splitlines()[:2] == history
    assert len(Path("run/history.csv").read_text().splitlines()) == 3
    assert "ema: 0.9" in Path("run/recipe.yaml").read_text()
    status, out, _ = run("predict", stack, "--model", "run", "--out", ".")
    assert (status, len(out.split())) == (0, 2)


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        (["--set", "optimzer.learning_rate=1"], "optimzer"),
        (["--set", "data.bach=1"], "batch"),
        (["--set", "epochs"], "key=value"),
        (["--set", "loss=mean_absolut_error"], "mean_absolut_error"),
        (["--set", "metrics=[pnsr]"], "pnsr"),
        (["--set", "network.name=red_nte"], "red_net"),
        (["--set", "data.angles=4"], "20"),
        (["--data", "simulatd"], "simulated"),
        (["--data", "."], "raw"),
        (["--gpus", "64"], "64"),
    ],
)
def test_a_training_that_cannot_start_writes_nothing(refused, recipe_file, here, extra, expected, files_in):
    assert expected in refused("train", "--model", recipe_file, *extra)
    assert files_in(here) == set()


@pytest.mark.parametrize("begun", [True, False])
def test_an_interrupted_run_says_how_it_goes_on(run, recipe_file, here, monkeypatch, begun):
    def stopped(recipe, out, **_):
        if begun:
            out.mkdir()
            (out / "recipe.yaml").write_text("name: x")
        raise KeyboardInterrupt

    monkeypatch.setattr(fit, "train", stopped)
    status, _, err = run("train", "--model", recipe_file, "--out", "my run")
    assert status == 130
    assert ("to go on where it was: --resume --out 'my run'" in err) == begun
    assert ("nothing was trained yet; the same command begins again" in err) != begun


@pytest.mark.parametrize("key", ["epoch: 3", "data: {bach: 4}", "loss: [", "5"])
def test_a_recipe_with_a_mistake(refused, recipe_file, here, key, files_in):
    recipe_file.write_text(f"network: {{name: red_net}}\n{key}\n", encoding="utf-8")
    refused("train", "--model", recipe_file)
    assert files_in(here) == set()


@pytest.mark.parametrize("model", ["srredsm", "none.yaml", ".", "mine.txt"])
def test_training_a_model_that_is_none(refused, here, model, files_in):
    refused("train", "--model", model)
    assert files_in(here) == set()


def test_the_flags_of_train_are_keys_of_the_recipe(run, recipe_file, here, monkeypatch):
    """--set has the last word; a folder of data is kept by its full path."""
    from srredsim.training import fit

    asked = {}
    monkeypatch.setattr(fit, "train", lambda recipe, **rest: asked.update(recipe=recipe, **rest) or Path("run"))
    Path("my pairs: 1").mkdir()
    flags = ["--data", "my pairs: 1", "--epochs", "7", "--steps", "8", "--batch", "9", "--precision", "bfloat16"]
    flags += ["--seed", "0", "--gpus", "0", "--set", "steps=80", "--set", "optimizer.learning_rate=1e-3"]
    assert run("train", "--model", recipe_file, *flags).status == 0
    recipe = asked.pop("recipe")
    folder = asked.pop("out")
    assert folder.parent == Path("runs/mine")
    assert recipe.name == f"mine-{folder.name}"
    assert asked == {"gpus": 0, "resume": False}
    assert recipe.data.name == str(here / "my pairs: 1")
    assert (recipe.epochs, recipe.steps, recipe.data.batch, recipe.seed) == (7, 80, 9, 0)
    assert (recipe.precision, recipe.optimizer.learning_rate) == ("bfloat16", 1e-3)


@pytest.mark.parametrize("index", [0, 1])
def test_of_several_hosts_the_first_says_what_is_trained(run, recipe_file, here, monkeypatch, index):
    from srredsim.training import fit

    asked = []
    monkeypatch.setattr(fit, "train_together", lambda *given, **rest: asked.append((*given, rest)) or Path("run"))
    told = {"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": index}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(told))
    done = run("train", "--model", recipe_file, "--hosts", 2, "--gpus", 0, "--out", "run", "--epochs", 7)
    ((recipe, hosts, rest),) = asked
    assert (hosts.addresses, hosts.index, rest.pop("gpus")) == (("a:1", "b:1"), index, 0)
    assert done.status == 0
    if index == 0:
        assert (recipe.epochs, rest, done.out) == (7, {"out": Path("run"), "resume": False}, "run\n")
    else:
        assert (recipe, rest, done.out) == (None, {}, "")


def test_several_hosts_of_which_nobody_tells(refused, recipe_file, here, monkeypatch):
    for name in ("TF_CONFIG", "SLURM_PROCID"):
        monkeypatch.delenv(name, raising=False)
    assert "neither SLURM nor TF_CONFIG" in refused("train", "--model", recipe_file, "--hosts", 2)
    assert not Path("runs").exists()


def test_a_lost_host_has_an_exit_status_of_its_own(run, recipe_file, here, monkeypatch):
    from srredsim.errors import HostLost
    from srredsim.training import fit

    def lost(*_, **__):
        raise HostLost("host 2 has ended; start again with `resume`")

    monkeypatch.setattr(fit, "train", lost)
    assert run("train", "--model", recipe_file) == (3, "", "srredsim: host 2 has ended; start again with --resume\n")


@pytest.mark.parametrize(
    ("flags", "name"),
    [
        (["--out", "tuned"], "mine-tuned"),
        (["--out", "mine_two"], "mine_two"),
        (["--out", "mine"], "mine-mine"),
        (["--out", "tuned", "--name", "cells"], "cells"),
        (["--out", "tuned", "--name", "cells", "--set", "name=others"], "others"),
    ],
)
def test_a_run_has_a_name_of_its_own(run, recipe_file, here, monkeypatch, flags, name):
    from srredsim.training import fit

    asked = []
    monkeypatch.setattr(fit, "train", lambda recipe, **rest: asked.append(recipe) or Path("run"))
    assert run("train", "--model", recipe_file, *flags).status == 0
    assert asked[0].name == name


@pytest.mark.parametrize("name", ["tiny", "Wiener", "widefield"])
@pytest.mark.parametrize("flag", ["--name", "--set"])
def test_a_name_that_others_have(refused, recipe_file, zoo, here, name, flag):
    given = f"name={name}" if flag == "--set" else name
    assert f"{name} is the name of" in refused("train", "--model", recipe_file, "--out", "run", flag, given)
    assert not Path("run").exists()


# Fine-tuning


@pytest.fixture
def pairs(here):
    from srredsim.workflows.simulate import simulate

    simulate("pairs", count=3, seed=4, size=32)
    return here / "pairs"


def test_a_fine_tuned_model_has_a_name_of_its_own_everywhere(run, zoo, pairs, stack, eagerly):
    tuned = run("train", "--fine-tune", "tiny", "--data", "pairs", "--out", "cells", "--epochs", 1, "--steps", 1)
    assert tuned[:2] == (0, "cells\n")
    assert "tiny as it was" in tuned.err
    assert run("train", "--out", "cells", "--resume").status == 2
    assert (
        run("predict", stack, "--model", "cells", "--out", ".", "--no-consistency").out.split()[0]
        == "stack_tiny-cells.tif"
    )
    scored = json.loads(run("evaluate", "--model", "cells", "--data", "pairs", "--json").out)
    assert next(iter(scored["groups"][0]["methods"])) == "tiny-cells"
    assert run("export", "cells", "--out", "served", "--format", "keras").out == "served/tiny-cells.keras\n"


def test_a_fine_tuning_is_what_the_flags_say(run, zoo, pairs, monkeypatch):
    from srredsim.training import fit

    asked = []
    monkeypatch.setattr(fit, "train", lambda recipe, **rest: asked.append((recipe, rest["out"])) or Path("run"))
    assert run("train", "--fine-tune", "tiny", "--data", "pairs", "--epochs", 5, "--batch", 3).status == 0
    ((recipe, folder),) = asked
    assert (recipe.initial_weights, recipe.data.name) == ("tiny", str(pairs))
    assert (recipe.epochs, recipe.data.batch, recipe.name) == (5, 3, f"tiny-{folder.name}")
    assert folder.parent == Path("runs/tiny")


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ([], "--data is missing"),
        (["--data", "."], "has no folder raw"),
        (["--data", "simulatd"], "simulated"),
        (["--data", "pairs", "--model", "tiny"], "not allowed with"),
        (["--data", "pairs", "--set", "data.crop=64"], "0001.tif: a crop of 64 pixels does not fit in 32 x 32"),
    ],
)
def test_a_fine_tuning_that_cannot_start(refused, zoo, pairs, extra, expected):
    assert expected in refused("train", "--fine-tune", "tiny", *extra)
    assert not Path("runs").exists()


def test_fine_tuning_a_model_without_weights(refused, recipe_file, pairs):
    assert "has no weights yet" in refused("train", "--fine-tune", recipe_file.parent / "mine.yaml", "--data", "pairs")


def test_a_name_that_no_file_can_bear(refused, recipe_file, here):
    assert "--name: should be letters" in refused("train", "--model", recipe_file, "--name", "../mine")


def test_a_folder_with_other_files_is_refused(refused, recipe_file, here):
    Path("mine").mkdir()
    Path("mine/model.keras").write_text("precious")
    assert "mine holds other files, as model.keras" in refused("train", "--model", recipe_file, "--out", "mine")
    assert Path("mine/model.keras").read_text() == "precious"
