"""Members of a package: found by file or by function, unknown names refused with the nearest."""

import sys

import pytest

from srredsim import networks
from srredsim.errors import InputError
from srredsim.members import Functions, Members


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A function: writes the files of a package, and gives its name and its path."""

    def make(name, **files):
        folder = tmp_path / name
        folder.mkdir()
        for file, text in {"__init__": "", **files}.items():
            (folder / f"{file}.py").write_text(text)
        monkeypatch.syspath_prepend(tmp_path)
        for module in [module for module in sys.modules if module.partition(".")[0] == name]:
            monkeypatch.delitem(sys.modules, module)
        return name, [str(folder)]

    return make


def test_a_file_is_a_member_unless_its_name_begins_with_an_underscore(package):
    members = Members("thing", *package("things_a", red="COLOUR = 1", green="COLOUR = 2", _shared=""))
    assert members.names() == ["green", "red"]
    assert members.module("red").COLOUR == 1
    with pytest.raises(InputError, match=r"no thing called 'gren' .did you mean 'green'..; there are: green, red"):
        members.module("gren")
    with pytest.raises(InputError, match="no thing called '_shared'"):
        members.module("_shared")


def test_what_a_file_leaves_out_is_there(package):
    """Each has its own, and what is not left out stays, also if it is None or False."""
    things = package("things_c", red="COLOUR = None", green="SIZE = 2\ndef paint(): return 3")
    members = Members("thing", *things, {"COLOUR": "none", "SIZE": 1, "paint": lambda: 0})
    red, green = map(members.module, ("red", "green"))
    assert (red.COLOUR, red.SIZE, red.paint()) == (None, 1, 0)
    assert (green.COLOUR, green.SIZE, green.paint()) == ("none", 2, 3)


def of_two(function):
    return function.__code__.co_varnames[:2] == ("a", "b")


def test_a_function_is_found_where_it_is_defined(package):
    one = "def plus(a, b): return a + b\ndef _minus(a, b): return a - b\ndef single(a): return a\n"
    other = "from things_b.one import plus\ndef times(a, b): return a * b\n"
    functions = Functions("sum", *package("things_b", one=one, other=other), of_two)
    assert functions.names() == ["plus", "times"]
    assert functions.get("times")(2, 3) == 6
    with pytest.raises(InputError, match=r"no sum called 'tims' .did you mean 'times'..; there are: plus, times"):
        functions.get("tims")


def test_two_functions_of_one_name_are_refused(package):
    functions = Functions("sum", *package("things_c", one="def plus(a, b): ...", two="def plus(a, b): ..."), of_two)
    with pytest.raises(ValueError, match=r"two functions are sum plus, in things_c\.one and things_c\.two"):
        functions.names()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"depth": 0}, r"network\.depth is at least 1; got 0"),
        ({"filters": "many"}, r"network\.filters should be int; got 'many'"),
        ({"filters": -3}, r"no network red_net can be built of depth=2, filters=-3: .*filters"),
    ],
)
def test_settings_that_no_network_can_have_are_named(settings, words):
    with pytest.raises(InputError, match=words):
        networks.build("red_net", **{"depth": 2} | settings)
