"""Scripts that no test runs, in tools/ and benchmarks/: what they import from the package is there."""

import ast
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted(
    path.relative_to(ROOT).as_posix() for part in ("tools", "benchmarks") for path in (ROOT / part).glob("*.py")
)


@pytest.mark.parametrize("script", SCRIPTS)
def test_what_a_script_imports_is_there(script):
    nodes = ast.walk(ast.parse((ROOT / script).read_text(encoding="utf-8")))
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module.partition(".")[0] == "srredsim":
            module = importlib.import_module(node.module)
            for alias in node.names:
                if not hasattr(module, alias.name):
                    importlib.import_module(f"{node.module}.{alias.name}")


def test_there_are_scripts_of_both_kinds():
    assert {script.partition("/")[0] for script in SCRIPTS} == {"tools", "benchmarks"}
