"""Limits that keep the code readable: short files and functions, few parameters, docstrings that name the thing."""

import ast
from pathlib import Path

import pytest

import srredsim

PACKAGE = Path(srredsim.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted(Path(__file__).parent.rglob("*.py"))
LONGEST_FILE = 400  # lines
LONGEST_FUNCTION = 60  # lines of code: no docstring, no comments, no empty lines
MOST_PARAMETERS = 8  # that a public function may have


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE if path.is_relative_to(PACKAGE) else Path(__file__).parents[1]).as_posix()


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def lines_of_code(function: ast.FunctionDef, lines: list[str]) -> int:
    numbers = set(range(function.lineno, function.end_lineno + 1))
    if ast.get_docstring(function) is not None:
        numbers -= set(range(function.body[0].lineno, function.body[0].end_lineno + 1))
    return sum(bool(text) and not text.startswith("#") for text in (lines[n - 1].strip() for n in numbers))


def parameters(function: ast.FunctionDef) -> list[str]:
    given = function.args
    names = [argument.arg for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return [name for name in names if name not in ("self", "cls")]


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_files_and_functions_are_short(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= LONGEST_FILE
    long = {function.name: lines_of_code(function, lines) for function in functions(path)}
    assert {name: count for name, count in long.items() if count > LONGEST_FUNCTION} == {}


def is_a_recipes(function: ast.FunctionDef, path: Path) -> bool:
    """A network's ``build`` takes the keys of a recipe's ``network``: nobody calls it with a row of numbers."""
    return path.parent.name == "networks" and function.name == "build"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_public_functions_have_few_parameters(path):
    public = [function for function in functions(path) if not function.name.startswith("_")]
    public = [function for function in public if not is_a_recipes(function, path)]
    many = {function.name: len(parameters(function)) for function in public}
    assert {name: count for name, count in many.items() if count > MOST_PARAMETERS} == {}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_public_classes_are_made_of_few_parameters(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    public = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
    made = [(one.name, own) for one in public for own in one.body if getattr(own, "name", "") == "__init__"]
    many = {name: len(parameters(function)) for name, function in made}
    assert {name: count for name, count in many.items() if count > MOST_PARAMETERS} == {}


@pytest.mark.parametrize("path", [*FILES, *TESTS], ids=name_of)
def test_docstrings_begin_with_the_thing_itself(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    documented = [node for node in ast.walk(tree) if isinstance(node, kinds) and ast.get_docstring(node)]
    bare = [node for node in documented if ast.get_docstring(node).startswith("Of ")]
    assert [getattr(node, "name", "the file") for node in bare] == []
