"""Models that are none: every command that loads one refuses it in one line and writes nothing."""

import numpy as np
import pytest


def _damage(how):
    def damage(folder):
        weights = folder / "model.weights.h5"
        weights.write_bytes(how(weights.read_bytes()))

    return damage


DAMAGED = {
    "weights cut": _damage(lambda content: content[: len(content) // 2]),
    "weights empty": _damage(lambda content: b""),
    "weights of noise": _damage(lambda content: np.random.default_rng(1).bytes(len(content))),
    "weights missing": lambda folder: (folder / "model.weights.h5").unlink(),
    "weights of a narrower network": lambda folder: _replace(folder, "filters: 4", "filters: 5"),
    "weights of a shallower network": lambda folder: _replace(folder, "depth: 3", "depth: 4"),
    "weights of a deeper network": lambda folder: _replace(folder, "depth: 3", "depth: 2"),
    "recipe missing": lambda folder: (folder / "recipe.yaml").unlink(),
    "recipe empty": lambda folder: (folder / "recipe.yaml").write_text(""),
    "recipe is no YAML": lambda folder: (folder / "recipe.yaml").write_text("network: {name: ["),
    "recipe misspelt": lambda folder: _replace(folder, "epochs:", "epoch:"),
    "recipe of an unknown network": lambda folder: _replace(folder, "red_net", "red_nte"),
    "recipe of an unknown setting": lambda folder: _replace(folder, "depth:", "dept:"),
    "recipe of too few frames": lambda folder: _replace(folder, "input_channels: 15", "input_channels: 9"),
}


def _replace(folder, old, new):
    path = folder / "recipe.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.filterwarnings("error::UserWarning")  # a warning would be a second line
@pytest.mark.parametrize("case", DAMAGED)
@pytest.mark.parametrize("command", ["predict", "evaluate", "export"])
def test_a_damaged_model(refused, tiny_model, stack, here, case, command, files_in, copy_of):
    folder = copy_of(tiny_model, here.parent / "damaged")
    DAMAGED[case](folder)
    before = files_in(folder)
    argv = {
        "predict": [stack, "--model", folder, "--out", "out"],
        "evaluate": ["--model", folder, "--out", "out/results.json"],
        "export": [folder, "--out", "out"],
    }
    refused(command, *argv[command])
    assert files_in(here) == set()
    assert files_in(folder) == before
