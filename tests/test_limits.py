"""Limits that keep the code readable: short files and functions, few parameters, docstrings that name the thing."""

import ast
from functools import cache
from pathlib import Path

import srredsim

PACKAGE = Path(srredsim.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted(Path(__file__).parent.rglob("*.py"))
LONGEST_FILE = 400  # lines
LONGEST_FUNCTION = 60  # lines of code: no docstring, no comments, no empty lines
MOST_PARAMETERS = 8  # that a public function may have


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE if path.is_relative_to(PACKAGE) else Path(__file__).parents[1]).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def lines_of_code(function: ast.FunctionDef, lines: list[str]) -> int:
    numbers = set(range(function.lineno, function.end_lineno + 1))
    if ast.get_docstring(function) is not None:
        numbers -= set(range(function.body[0].lineno, function.body[0].end_lineno + 1))
    return sum(bool(text) and not text.startswith("#") for text in (lines[n - 1].strip() for n in numbers))


def parameters(function: ast.FunctionDef) -> list[str]:
    given = function.args
    names = [argument.arg for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return [name for name in names if name not in ("self", "cls")]


def test_files_and_functions_are_short():
    found = {}
    for path in FILES:
        lines = path.read_text(encoding="utf-8").splitlines()
        found |= {name_of(path): len(lines)} if len(lines) > LONGEST_FILE else {}
        long = {f"{name_of(path)} {function.name}": lines_of_code(function, lines) for function in functions(path)}
        found |= {name: count for name, count in long.items() if count > LONGEST_FUNCTION}
    assert found == {}


def is_a_recipes(function: ast.FunctionDef, path: Path) -> bool:
    """A network's ``build`` takes the keys of a recipe's ``network``: nobody calls it with a row of numbers."""
    return path.parent.name == "networks" and function.name == "build"


def with_many(path: Path, named: list[tuple[str, ast.FunctionDef]]) -> dict[str, int]:
    many = {f"{name_of(path)} {name}": len(parameters(function)) for name, function in named}
    return {name: count for name, count in many.items() if count > MOST_PARAMETERS}


def test_public_functions_have_few_parameters():
    found = {}
    for path in FILES:
        public = [function for function in functions(path) if not function.name.startswith("_")]
        found |= with_many(path, [(each.name, each) for each in public if not is_a_recipes(each, path)])
    assert found == {}


def test_public_classes_are_made_of_few_parameters():
    found = {}
    for path in FILES:
        tree = tree_of(path)
        public = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
        made = [(one.name, own) for one in public for own in one.body if getattr(own, "name", "") == "__init__"]
        found |= with_many(path, made)
    assert found == {}


def test_docstrings_begin_with_the_thing_itself():
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    bare = []
    for path in [*FILES, *TESTS]:
        documented = [node for node in ast.walk(tree_of(path)) if isinstance(node, kinds) and ast.get_docstring(node)]
        named = [(name_of(path), getattr(node, "name", "the file"), ast.get_docstring(node)) for node in documented]
        bare += [(path, name) for path, name, text in named if text.startswith("Of ")]
    assert bare == []
