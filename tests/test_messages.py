"""Messages name an argument as Python has it, between backticks; flags are the business of the command line alone."""

import ast
import re
from fnmatch import fnmatch
from functools import partial
from pathlib import Path

import pytest

import srredsim

PACKAGE = Path(srredsim.__file__).parent
ALLOWED = (  # files whose strings may hold flags
    "zoo/precision.py",  # those of nvidia-smi
    "evaluation/*/__init__.py",  # arguments of the command of a benchmark
    "serving/tf_serving.py",  # those of docker and of TensorFlow Serving
    "workflows/on_slurm.py",  # those of a worker of dask
)
FILES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


def texts(tree: ast.Module) -> list[tuple[int, str]]:
    """(line, text) of every string that is no docstring, those within f-strings too."""
    described = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    first = [node.body[0] for node in ast.walk(tree) if isinstance(node, described) and node.body]
    docstrings = {id(node.value) for node in first if isinstance(node, ast.Expr)}
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings
    ]


def flags(source: str) -> list[str]:
    found = [
        (line, match[0]) for line, text in texts(ast.parse(source)) for match in re.finditer("--[a-z][a-z-]*", text)
    ]
    return [f"line {line}: {flag}" for line, flag in found]


@pytest.mark.parametrize(
    "name", [name for name in FILES if not name.startswith("cli/") and not any(map(partial(fnmatch, name), ALLOWED))]
)
def test_no_flag_is_named_outside_the_command_line(name):
    found = flags((PACKAGE / name).read_text(encoding="utf-8"))
    assert not found, f"{name} speaks of flags ({'; '.join(found)}): write `name`, cli/terminal.py makes a flag of it"


def test_the_exceptions_are_some():
    for pattern in ALLOWED:
        assert any(flags(path.read_text(encoding="utf-8")) for path in PACKAGE.glob(pattern)), pattern


def test_the_rule_notices_a_breach():
    source = '"""Takes --na."""\n\ndef f(x):\n    """As --k."""\n    raise ValueError(f"{x}: give --na")\n'
    assert flags(source) == ["line 5: --na"]
