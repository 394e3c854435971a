"""docs/notebook.ipynb shows what the package does today: its cells are those of the tool, they run, and are small."""

import ast
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

import srredsim

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "docs" / "notebook.ipynb"


@pytest.fixture(scope="module")
def cells():
    return json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]


@pytest.fixture(scope="module")
def code(cells):
    """Texts of the code cells."""
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def test_it_was_made_of_the_cells_of_the_tool(cells):
    spec = importlib.util.spec_from_file_location("notebook", ROOT / "tools" / "notebook.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert [(cell["cell_type"], "".join(cell["source"])) for cell in cells] == tool.cells()


def test_it_is_executed_without_an_error_and_small(cells):
    assert NOTEBOOK.stat().st_size < 1_000_000
    executed = [cell for cell in cells if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in executed] == list(range(1, len(executed) + 1))
    kinds = {kind for cell in executed for output in cell["outputs"] for kind in output.get("data", {})}
    assert {"text/plain", "text/html", "image/png", "image/jpeg"} <= kinds
    assert {output["output_type"] for cell in executed for output in cell["outputs"]} <= {"execute_result", "stream"}
    assert not any(str(path) in NOTEBOOK.read_text(encoding="utf-8") for path in (ROOT, Path.home()))


def test_only_public_names_are_used(code):
    used = {
        node.attr
        for text in code
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "srredsim"
    }
    assert used <= {*srredsim.__all__, "resources"}
    assert set(srredsim.__all__) - {"denoise"} <= used


def test_its_code_runs(code, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for text in code:
        exec(text, names)
    assert [path.name for path in tmp_path.iterdir()] == ["tubulin_sim.tif"]
    said = capsys.readouterr().out
    assert "taking the model red_wiener" in said
    assert "(3, 5, 192, 192) -> (384, 384) True" in said
    truth, larger = (np.asarray(names[name], float).ravel() for name in ("truth", "larger"))
    assert np.corrcoef(truth, larger)[0, 1] > 0.85
