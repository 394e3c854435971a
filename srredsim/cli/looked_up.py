"""Defaults and choices as they stand in the package, read from its source.

They stand once, with what they belong to. To import that for one line of help would take a second, and ten where it
starts Keras.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, cast

import srredsim

ROOT = Path(srredsim.__file__).parents[1]


class Choices:
    """Names that a constant of the package has (its keys, if it is a dictionary), looked up when they are needed."""

    def __init__(self, *parts: str):
        self._parts = parts  # names, and places of constants

    def __iter__(self) -> Iterator[str]:
        for part in self._parts:
            yield from constant(part) if ":" in part else (part,)

    def __contains__(self, name: object) -> bool:
        return name in tuple(self)


def constant(place: str) -> Any:
    """Value of ``srredsim.io.wanted:ORDERS``, or of its part in ``srredsim.workflows.simulate:simulate.angles``.

    The part of a function is the default of its argument, that of a dataclass the default of its field. Of a
    dictionary, a tuple of its keys. LookupError, if it is not there or is more than names, numbers and text.
    """
    module, _, path = place.partition(":")
    name, _, part = path.partition(".")
    return _value(module, _part(_named(module, name), part) if part else ast.Name(name))


@cache
def _names(module: str) -> dict[str, ast.stmt | ast.expr]:
    """What the top of a module defines: functions and classes, values of constants, imports from elsewhere."""
    path = ROOT.joinpath(*module.split("."))
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    found: dict[str, ast.stmt | ast.expr] = {}
    for node in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found[node.name] = node
        elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                found[ast.unparse(target)] = node.value
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.asname or alias.name: node for alias in node.names}
    return found


def _named(module: str, name: str) -> ast.stmt | ast.expr:
    try:
        return _names(module)[name]
    except KeyError:
        raise LookupError(f"{module} has no {name}") from None


def _part(node: ast.stmt | ast.expr, name: str) -> ast.expr:
    """Default of an argument of a function, or of a field of a dataclass."""
    found = {}
    if isinstance(node, ast.ClassDef):
        found = {ast.unparse(one.target): one.value for one in node.body if isinstance(one, ast.AnnAssign)}
    elif isinstance(node, ast.FunctionDef):
        known = node.args
        plain = [one.arg for one in (*known.posonlyargs, *known.args)]
        found = dict(zip(reversed(plain), reversed(known.defaults), strict=False))
        found |= {one.arg: default for one, default in zip(known.kwonlyargs, known.kw_defaults, strict=True)}
    if found.get(name) is None:
        raise LookupError(f"there is no default of {name}")
    return found[name]


def _value(module: str, node: ast.expr) -> Any:
    if isinstance(node, ast.Name):
        named = _named(module, node.id)
        if isinstance(named, ast.ImportFrom):
            (name,) = (alias.name for alias in named.names if node.id in (alias.asname, alias.name))
            return constant(f"{named.module}:{name}")
        return _value(module, cast(ast.expr, named))
    if isinstance(node, (ast.Tuple, ast.List)):
        return tuple(value for one in node.elts for value in _elements(module, one))
    if isinstance(node, ast.Dict):
        return tuple(_value(module, key) for key in node.keys if key)
    if isinstance(node, ast.Subscript):
        return _value(module, node.value)[_value(module, node.slice)]
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError):
        raise LookupError(f"{module} computes {ast.unparse(node)}; only what is written down can be told") from None


def _elements(module: str, node: ast.expr) -> tuple:
    """What one element of a tuple adds to it: itself, or all that is behind its star."""
    return _value(module, node.value) if isinstance(node, ast.Starred) else (_value(module, node),)
