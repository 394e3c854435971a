"""The shipped models score what their results say: measured again, on every field."""

import json

import pytest

from srredsim import models, resources
from srredsim.evaluation.benchmark import evaluate


@pytest.mark.slow
@pytest.mark.parametrize("name", models.names())
def test_scores_can_be_measured_again(name):
    saved = json.loads((resources.entry("models", name) / "results.json").read_text(encoding="utf-8"))
    found = evaluate(name, saved["data"], saved["split"])
    assert found["images"] == saved["images"]
    for group, expected in zip(found["groups"], saved["groups"], strict=True):
        for method, scores in expected["methods"].items():
            assert group["methods"][method]["psnr"]["mean"] == pytest.approx(scores["psnr"]["mean"], abs=0.1)
            assert group["methods"][method]["ncc"]["mean"] == pytest.approx(scores["ncc"]["mean"], abs=0.005)
