"""The README tells what is true: its commands parse, its files exist, its scores are those of the results."""

import json
import re

import pytest
from told import ROOT, arguments_of, commands, text_of

from srredsim import inputs, resources
from srredsim.cli.main import parser
from srredsim.evaluation import tables
from srredsim.evaluation.sr_caco_2 import tables as sr_caco_2_tables
from srredsim.evaluation.w2s import tables as w2s_tables
from srredsim.io import read_image
from srredsim.zoo import models, recipe

SAMPLE = "tubulin_3x5_low_light.tif"
README = text_of("README.md")
COMMANDS = commands("README.md")
FROM_PYTHON = re.search(r"^## From Python\n.*?^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)[1]


@pytest.mark.parametrize("command", [command for command in COMMANDS if arguments_of(command)])
def test_commands_parse(command):
    parsed = parser().parse_args(arguments_of(command))
    if getattr(parsed, "model", None) and "/" not in parsed.model:
        trains = arguments_of(command)[0] == "train"
        assert parsed.model in (resources.entries("models") if trains else models.names())


def test_there_are_commands_of_every_kind():
    used = {arguments_of(command)[0] for command in COMMANDS if arguments_of(command)}
    assert {"train", "predict", "inspect", "export"} <= used


def test_make_targets_and_linked_files_exist():
    makefile = (ROOT / "Makefile").read_text()
    targets = {words[1] for command in COMMANDS if (words := command.split()) and words[0] == "make"}
    assert targets
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        assert link.startswith("http") or (ROOT / link).is_file(), link


def test_the_python_of_the_readme_runs(tmp_path, monkeypatch, capsys):
    """On the shipped sample under the name that the README gives it."""
    (tmp_path / "cells.tif").write_bytes((resources.folder("data") / "sample" / SAMPLE).read_bytes())
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(FROM_PYTHON, names)
    said = capsys.readouterr().out
    assert said.startswith("residual ")
    assert "taking the model red_wiener" in said
    assert {path.name for path in tmp_path.iterdir()} == {"cells.tif", "cells_sim.tif"}
    saved, pixel_size_um = read_image("cells_sim.tif")
    assert (saved[0, 0, 0] == names["image"]).all()
    assert pixel_size_um == pytest.approx(names["image"].pixel_size_um) == 0.04
    for name in ("denoised", "cleaner"):
        assert names[name].shape == names["widefield"].shape
        assert names[name].array.std() < names["widefield"].std()


def results_of(name):
    return json.loads((resources.entry("models", name) / "results.json").read_text(encoding="utf-8"))


def kind(name):
    """Images that a model is of; those of single images say it by the data set that they were trained on."""
    data = recipe.load(name).data
    if inputs.module(data.input).OF_STACKS:
        return "frames"
    return {"w2s_simulated": "widefield", "caco2_simulated": "confocal"}[data.name]


OF_RAW_STACKS, OF_WIDEFIELD, OF_CONFOCAL = (
    [name for name in models.names() if kind(name) == wanted] for wanted in ("frames", "widefield", "confocal")
)
TABLES = {"frames": tables.text, "widefield": w2s_tables.by_level, "confocal": sr_caco_2_tables.by_marker}


def test_the_scores_are_those_of_the_results():
    page = text_of("docs/scores.md")
    assert tables.summary([results_of(name) for name in OF_RAW_STACKS]) in page
    for name in OF_WIDEFIELD:
        assert w2s_tables.by_level(results_of(name)) in page
    assert sr_caco_2_tables.summary([results_of(name) for name in OF_CONFOCAL]) in page
    of_3x5, _, _ = tables.summary([results_of("red_wiener")]).partition("\n\n")
    assert of_3x5 in README


@pytest.mark.parametrize("name", models.names())
def test_the_scores_of_a_card_are_those_of_its_results(name):
    card = (resources.entry("models", name) / "card.md").read_text(encoding="utf-8")
    assert TABLES[kind(name)](results_of(name)) in card


@pytest.mark.parametrize("name", OF_RAW_STACKS)
def test_a_model_that_does_not_beat_its_baseline_is_not_shipped(name):
    takes = recipe.load(name).data.input
    for group in results_of(name)["groups"]:
        assert group["images"] >= 32
        scores = {method: found["psnr"]["mean"] for method, found in group["methods"].items()}
        for baseline in ("widefield (Fourier)", "widefield (bicubic)"):
            assert scores[name] >= scores[baseline] + (2.5 if takes == "bands" else 3)
            assert group["methods"][name]["ncc"]["mean"] > group["methods"][baseline]["ncc"]["mean"]
        if takes == "wiener":
            assert scores[name] >= scores["Wiener"] + (1.5 if group["photons"] <= 100 else 0)
        if takes == "bands":  # whose sum is the Wiener image; so it counts at every level
            assert scores[name] >= scores["Wiener"] + 1
            assert group["methods"][name]["ncc"]["mean"] > group["methods"]["Wiener"]["ncc"]["mean"]


@pytest.mark.parametrize("name", OF_WIDEFIELD)
@pytest.mark.parametrize("level", [1, 2, 4, 8, 16])
def test_a_model_of_widefield_images_that_does_not_beat_bm3d_is_not_shipped(name, level):
    cells, denoises = results_of(name)["cells"], recipe.load(name).data.target == "average"
    for baseline in ("noisy", "vst_bm3d") if denoises else ("bicubic", "vst_bm3d+bicubic"):
        for score, sign in (("psnr_fitted", 1), ("ssim_fitted", 1), ("rmse_fitted", -1)):
            ours, theirs = (cells[f"{chain}@{level}"][score]["mean"] for chain in (name, baseline))
            assert sign * (ours - theirs) > 0, (baseline, score)
        assert cells[f"{name}@{level}"]["images"] >= 24


@pytest.mark.parametrize("name", [name for name in OF_CONFOCAL if name.startswith("confocal_sr")])
def test_a_model_of_confocal_images_that_does_not_beat_bm3d_is_not_shipped(name):
    """In every marker, in regions of interest and on whole images."""
    cells, scale = results_of(name)["cells"], recipe.load(name).network["scale"]
    for marker in ("CELL0", "CELL1", "CELL2"):
        found = cells[f"{name}@{scale}/{marker}"]
        assert found["images"] >= 24
        for baseline in ("bicubic", "vst_bm3d+bicubic"):
            other = cells[f"{baseline}@{scale}/{marker}"]
            for score in ("roi_psnr", "full_psnr"):
                assert found[score]["mean"] > other[score]["mean"], (baseline, marker, score)
            for score in ("roi_ssim", "full_ssim"):
                assert found[score]["mean"] > other[score]["mean"] - 0.001, (baseline, marker, score)


@pytest.mark.parametrize("name", [name for name in OF_CONFOCAL if name.startswith("caco2_")])
def test_a_network_of_sr_caco_2_that_does_not_beat_interpolation_is_not_shipped(name):
    """In the mean of the markers, as the paper has it."""
    cells, markers = results_of(name)["cells"], ("CELL0", "CELL1", "CELL2")
    for score in ("roi_psnr", "full_psnr", "roi_ssim", "full_ssim"):
        ours, theirs = (sum(cells[f"{m}@2/{c}"][score]["mean"] for c in markers) for m in (name, "bicubic"))
        assert ours > theirs
