"""`srredsim evaluate`: scores, written and printed."""

import json
from pathlib import Path

import pytest


@pytest.fixture
def pairs(tmp_path):
    """A user's folder of two pairs."""
    from srredsim.workflows.simulate import simulate

    simulate(tmp_path / "pairs", count=2, seed=4, size=32)
    return tmp_path / "pairs"


def test_evaluate_writes_results(run, tiny_model, pairs, here, files_in):
    status, out, err = run("evaluate", "--model", tiny_model, "--data", pairs)
    assert status == 0
    assert err.startswith(f"srredsim: {pairs} has no split test; these are the scores of its split validation")
    assert out.startswith("| split ")
    assert out.splitlines()[-2:] == ["results.json", "results_each_image.csv"]
    assert files_in(here) == {"results.json", "results_each_image.csv"}
    rows = Path("results_each_image.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0].startswith("pattern,image,method,psnr")
    assert len(rows) == 1 + len(json.loads(Path("results.json").read_text())["groups"][0]["methods"])
    status, printed, _ = run("evaluate", "--model", tiny_model, "--data", pairs, "--json", "--out", "again.json")
    assert status == 0
    assert json.loads(printed)["split"] == "validation"
    assert json.loads(printed) == json.loads(Path("again.json").read_text(encoding="utf-8"))


def test_evaluate_says_nothing_of_a_split_that_is_there(run, tiny_model, pairs, here):
    (pairs / "test").mkdir()
    for part in ("raw", "truth"):
        (pairs / part).rename(pairs / "test" / part)
    status, out, err = run("evaluate", "--model", tiny_model, "--data", pairs)
    assert (status, err) == (0, "")
    assert "split" not in out
    assert json.loads(Path("results.json").read_text(encoding="utf-8"))["split"] == "test"


def test_evaluate_goes_on_where_it_was(run, tiny_model, pairs, here):
    asked = ("evaluate", "--model", tiny_model, "--data", pairs, "--work", "kept")
    assert run(*asked).status == 0
    kept = json.loads(Path("kept/results.json").read_text(encoding="utf-8"))
    kept["cells"]["widefield (bicubic)@3x5"]["levels"][0]["scores"]["psnr"]["mean"] = (
        77.25  # would be computed otherwise
    )
    Path("kept/results.json").write_text(json.dumps(kept), encoding="utf-8")
    status, out, _ = run(*asked, "--out", "again.json")
    assert status == 0
    assert "77.25" in out


def test_evaluate_overwrites_only_when_told(run, refused, tiny_model, pairs, here):
    Path("results.json").write_text("mine")
    assert "exists" in refused("evaluate", "--model", tiny_model, "--data", pairs)
    assert Path("results.json").read_text() == "mine"
    Path("results.json").rename("results_each_image.csv")
    assert "results_each_image.csv exists" in refused("evaluate", "--model", tiny_model, "--data", pairs)
    assert not Path("results.json").exists()
    assert run("evaluate", "--model", tiny_model, "--data", pairs, "--overwrite").status == 0


@pytest.mark.parametrize("extra", [["--data", "simulatd"], ["--data", "."], ["--split", "tset"]])
def test_evaluating_on_data_that_are_none(refused, tiny_model, here, extra, files_in):
    refused("evaluate", "--model", tiny_model, "--out", "deep/results.json", *extra)
    assert files_in(here) == set()


def test_the_first_images_of_each_light_level(run, tiny_model, here):
    """A small run is no part of a larger one in the same folder, whose scores are computed anew."""
    asked = "evaluate", "--model", tiny_model, "--control", "0", "--work", "kept", "--overwrite"
    scored = {}
    for count in (1, 2):
        assert run(*asked, "--count", count).status == 0
        result = json.loads(Path("results.json").read_text(encoding="utf-8"))
        assert [(group["photons"], group["images"]) for group in result["groups"]] == [
            (photons, count) for photons in (20, 100, 500, 2000)
        ]
        assert (result["images"], result["split"]) == (4 * count, "test")
        scored[count] = result["groups"][0]["methods"]["Wiener"]["psnr"]
    assert scored[1]["std"] == 0 < scored[2]["std"]


def test_the_first_images_of_a_folder(run, tiny_model, pairs, here):
    assert run("evaluate", "--model", tiny_model, "--data", pairs, "--count", 1).status == 0
    whole = run("evaluate", "--model", tiny_model, "--data", pairs, "--count", 9, "--out", "whole.json")
    assert whole.status == 0
    first, every = (json.loads(Path(name).read_text(encoding="utf-8")) for name in ("results.json", "whole.json"))
    assert first["images"] == 1 <= every["images"]


@pytest.mark.parametrize("work", [(), ("--work", "kept")])
def test_an_interruption_says_what_is_kept(run, tiny_model, pairs, here, monkeypatch, work):
    from srredsim.evaluation import evaluate

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(evaluate, "score", stop)
    status, _, err = run("evaluate", "--model", tiny_model, "--data", pairs, *work)
    told = "kept keeps the scores of each method" if work else "nothing is kept; with --work, the scores"
    assert (status, told in err) == (130, True)
