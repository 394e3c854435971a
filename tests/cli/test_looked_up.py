"""Defaults and choices as the help tells them, against those of the imported package."""

import importlib
import inspect
import re

import pytest

from srredsim.cli import commands
from srredsim.cli.arguments import Parser
from srredsim.cli.looked_up import Choices, constant
from srredsim.cli.main import files_of


def modules(package=commands):
    for module in files_of(package).values():
        yield from modules(module) if module.KIND else [module]


EVERY = pytest.mark.parametrize(
    "module", list(modules()), ids=lambda module: getattr(module, "__name__", "benchmark").rsplit("commands.")[-1]
)


def actions(module):
    sub = Parser(prog="command")
    sub.defaults_of = module.DEFAULTS
    module.add_arguments(sub)
    return sub, sub._actions


def imported(place):
    module, _, name = place.partition(":")
    found = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def defaults(module, name):
    """Defaults of the argument of this name, in the functions and dataclasses of the command that have it."""
    found = [inspect.signature(imported(place)).parameters.get(name) for place in module.DEFAULTS]
    return [parameter.default for parameter in found if parameter]


def typed(value):
    values = value if isinstance(value, (tuple, list)) else [value]
    return " ".join(f"{one:g}" if isinstance(one, float) else str(one) for one in values)


@EVERY
def test_the_help_tells_what_the_package_does(module):
    sub, found = actions(module)
    expected = {}
    for action in found:
        text = action.help or ""
        if "{default}" in text:
            (value,) = defaults(module, action.dest) if action.default is None else [action.default]
            text = text.replace("{default}", typed(value))
        if "{choices}" in text:
            text = text.replace("{choices}", ", ".join(action.choices))
        expected[action.dest] = re.sub(r"\{([\w.]+:[\w.]+)\}", lambda place: typed(imported(place[1])), text)
    sub.format_help()
    assert {action.dest: action.help or "" for action in found} == expected


@EVERY
def test_what_is_left_out_is_not_passed_on(module):
    """A default stands here only if no function of the package has one for this argument."""
    for action in actions(module)[1]:
        own = action.default is not None and action.nargs != 0 and action.default != "==SUPPRESS=="
        assert not (own and defaults(module, action.dest)), action.dest


def test_choices_are_those_of_the_package():
    from srredsim.io.wanted import ORDERS
    from srredsim.zoo.precision import POLICIES

    choices = Choices("auto", "srredsim.zoo.precision:POLICIES", "srredsim.io.wanted:ORDERS")
    assert list(choices) == ["auto", *POLICIES, *ORDERS]
    assert "float32" in choices
    assert "int8" not in choices


def test_what_is_written_down_can_be_told(tmp_path, monkeypatch):
    source = """
        from other import LEFT as RIGHT
        SIZE: int = 5
        NAMES = ("a", *RIGHT, SIZE)
        def f(first, second=-2.5, /, third=NAMES[1], *, fourth, fifth=None): pass
        class Record:
            size: int = SIZE
            count: int
        COMPUTED = len(NAMES)
    """
    (tmp_path / "one.py").write_text(inspect.cleandoc(source), encoding="utf-8")
    (tmp_path / "other.py").write_text("LEFT = {'b': 1, 'c': int}", encoding="utf-8")
    monkeypatch.setattr("srredsim.cli.looked_up.ROOT", tmp_path)
    assert constant("one:NAMES") == ("a", "b", "c", 5)
    assert constant("one:f.second") == -2.5
    assert constant("one:f.third") == "b"
    assert constant("one:Record.size") == 5
    assert constant("one:f.fifth") is None
    for place in ("one:f.first", "one:f.fourth", "one:Record.count", "one:NONE", "one:COMPUTED"):
        with pytest.raises(LookupError):
            constant(place)
