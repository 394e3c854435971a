"""`srredsim models`: the zoo in columns."""

import json

from srredsim import resources


def test_models_lists_the_zoo(run, zoo):
    status, out, err = run("models")
    assert (status, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == ["name", "tiny"]
    status, out, _ = run("models", "--json")
    (row,) = json.loads(out)["models"]
    assert (status, row["name"], row["network"], row["input"]) == (0, "tiny", "red_net", "raw frames")
    assert row["patterns"] == ["3 x 5"]


def test_models_lists_the_variants_of_a_model_with_weights_as_recipes_to_train(
    run, tmp_path, tiny_model, monkeypatch, copy_of
):
    folder = tmp_path / "models" / "tiny"
    folder.parent.mkdir()
    copy_of(tiny_model, folder)
    (folder / "paper.yaml").write_bytes((folder / "recipe.yaml").read_bytes())
    monkeypatch.setattr(resources, "SHIPPED", tmp_path)
    trained, untrained = run("models").out.split("\n\n")
    assert [line.split()[0] for line in trained.splitlines()] == ["name", "tiny"]
    assert [line.split()[0] for line in untrained.splitlines()] == ["without", "name", "tiny/paper"]


def test_models_shows_the_scores_beside_those_of_the_best_baseline(run, tmp_path, tiny_model, monkeypatch, copy_of):
    folder = tmp_path / "models" / "tiny"
    folder.parent.mkdir()
    copy_of(tiny_model, folder)
    methods = {"tiny": 30.04, "widefield (Fourier)": 21.2, "widefield (bicubic)": 20.0}
    groups = [
        {
            "pattern": "3x5",
            "photons": level,
            "methods": {name: {"psnr": {"mean": psnr + level / 20}} for name, psnr in methods.items()},
        }
        for level in (20.0, 100.0)
    ]
    (folder / "results.json").write_text(json.dumps({"model": "tiny", "groups": groups}), encoding="utf-8")
    monkeypatch.setattr(resources, "SHIPPED", tmp_path)
    out = run("models").out
    assert out.rstrip().endswith(
        "(of the best baseline): 31.0 (22.2) 3x5 at 20 photons, 35.0 (26.2) 3x5 at 100 photons"
    )


def test_models_without_a_zoo(run, tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    monkeypatch.setattr(resources, "SHIPPED", tmp_path)
    assert run("models").out == "there are no models\n"
