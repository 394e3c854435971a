"""The shipped models score what their results say: measured again, on every field."""

import json

import pytest

from srredsim import inputs, resources
from srredsim.evaluation.evaluate import evaluate
from srredsim.evaluation.sr_caco_2 import cells as sr_caco_2
from srredsim.evaluation.w2s import cells as w2s
from srredsim.zoo import models, recipe

DATA = {name: recipe.load(name).data for name in models.names()}
OF_WIDEFIELD = [name for name, data in DATA.items() if data.name == "w2s_simulated"]
OF_CONFOCAL = [name for name, data in DATA.items() if data.name == "caco2_simulated"]
OF_STACKS = [name for name, data in DATA.items() if inputs.module(data.input).OF_STACKS]


def test_every_model_is_measured_again():
    assert sorted(OF_STACKS + OF_WIDEFIELD + OF_CONFOCAL) == sorted(models.names())


@pytest.mark.slow
@pytest.mark.parametrize("name", OF_STACKS)
def test_scores_can_be_measured_again(name):
    saved = json.loads((resources.entry("models", name) / "results.json").read_text(encoding="utf-8"))
    found = evaluate(name, saved["data"], saved["split"])
    assert found["images"] == saved["images"]
    for group, expected in zip(found["groups"], saved["groups"], strict=True):
        for method, scores in expected["methods"].items():
            assert group["methods"][method]["psnr"]["mean"] == pytest.approx(scores["psnr"]["mean"], abs=0.1)
            assert group["methods"][method]["ncc"]["mean"] == pytest.approx(scores["ncc"]["mean"], abs=0.005)


@pytest.mark.slow
@pytest.mark.parametrize("name", OF_WIDEFIELD)
def test_scores_of_widefield_images_can_be_measured_again(tmp_path, name):
    """Scores of the model and of its input; what BM3D and EPLL make would take half an hour."""
    saved = json.loads((resources.entry("models", name) / "results.json").read_text(encoding="utf-8"))
    bench = w2s.open_benchmark(saved["data"], saved["split"], tmp_path)
    cells = [w2s.Cell(chain, level) for chain in (name, "noisy", "bicubic") for level in (1, 2, 4, 8, 16)]
    found = bench.run([cell for cell in cells if cell.key in saved["cells"]])
    assert found["images"] == saved["images"]
    for key, cell in found["cells"].items():
        assert cell["psnr_fitted"]["mean"] == pytest.approx(saved["cells"][key]["psnr_fitted"]["mean"], abs=0.1)
        assert cell["ssim_fitted"]["mean"] == pytest.approx(saved["cells"][key]["ssim_fitted"]["mean"], abs=0.005)


@pytest.mark.slow
@pytest.mark.parametrize("name", OF_CONFOCAL)
def test_scores_of_confocal_images_can_be_measured_again(tmp_path, name):
    """Scores of the model and of interpolation; what BM3D makes would take minutes."""
    saved = json.loads((resources.entry("models", name) / "results.json").read_text(encoding="utf-8"))
    bench = sr_caco_2.open_benchmark(saved["data"], saved["split"], tmp_path)
    found = bench.run(bench.plan([name, "bicubic"], {cell["scale"] for cell in saved["cells"].values()})[0])
    assert found["images"] == saved["images"]
    for key, cell in found["cells"].items():
        for score, within in (("roi_psnr", 0.05), ("full_psnr", 0.05), ("full_ssim", 0.003)):
            assert cell[score]["mean"] == pytest.approx(saved["cells"][key][score]["mean"], abs=within)
