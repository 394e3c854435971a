"""What is written to the terminal: arguments as flags, and columns."""

from pathlib import Path

import pytest

from srredsim.cli import terminal
from srredsim.cli.arguments import Parser
from srredsim.cli.main import parser
from srredsim.cli.values import wave_vector


@pytest.fixture
def running():
    """A command is running that has arguments of every sort."""
    parser = Parser()
    parser.add_argument("inputs", metavar="INPUT")
    parser.add_argument("--pixel-size-um")
    parser.add_argument("--order")
    parser.add_argument("--angles")
    parser.add_argument("--light", nargs="+")
    parser.add_argument("--overwrite", action="store_true")
    parser.add_argument("--no-consistency", dest="consistency", action="store_false")
    parser.add_argument("-k", "--k", dest="k0_per_um", type=wave_vector)
    with terminal.flags_of(parser):
        yield


@pytest.mark.parametrize(
    ("message", "spelled"),
    [
        ("give `pixel_size_um`, please", "give --pixel-size-um, please"),
        ("`order` and `angles`", "--order and --angles"),
        ("`inputs` are files", "INPUT are files"),
        ("`k0_per_um` is `k`", "--k is --k"),
        ('try `order="ZAP", angles=3`', "try --order ZAP --angles 3"),
        ("try `order, angles`", "try --order --angles"),
        ("`light=(0.1, 0.03)` and `light=[1]`", "--light 0.1 0.03 and --light 1"),
        ("`overwrite=True`, `consistency=False`", "--overwrite, --no-consistency"),
        ('`order="a b"`', "--order 'a b'"),
        ("`na` is not asked here, nor `na, order`", "na is not asked here, nor na, order"),
        ("see `srredsim.io.read`", "see srredsim.io.read"),
        ("`a sentence`; a lone ` stays", "a sentence; a lone ` stays"),
        ("`3`, `f(x)`, `order=`, `*order`", "3, f(x), order=, *order"),
    ],
)
def test_arguments_are_spelled_as_flags(running, message, spelled):
    assert terminal.spelled(message) == spelled


def test_without_a_command_they_stay_names():
    assert terminal.spelled("give `order`") == "give order"


def test_everything_that_is_written_is_spelled(running, capsys):
    terminal.say("give `order`", Path("a `order` b"))
    terminal.say_coloured("frames  bad  give `order`")
    terminal.note("give `angles`")
    assert capsys.readouterr() == (
        "give --order\na `order` b\nframes  bad  give --order\n",
        "srredsim: give --angles\n",
    )


@pytest.mark.parametrize(
    ("argv", "message", "spelled"),
    [
        ("predict a.tif", "with their `phase_steps`", "with their --phase-steps (reconstruct)"),
        ("predict a.tif", "reconstruct with `phase_steps`", "reconstruct with --phase-steps"),
        ("reconstruct a.tif", "with their `phase_steps`", "with their --phase-steps"),
        ("analyse kernel --lr a --hr b", "give `accept_incomplete`", "give --accept-incomplete (predict)"),
        ("denoise a.tif", "give `stack=True`, or `stack`", "give --stack (predict), or stack"),
        ("analyse noise a.tif", "give `accept_incomplete`", "give --accept-incomplete"),
        ("train", "`scale` of edsr, `data_range`", "scale of edsr, data_range"),
    ],
)
def test_a_flag_of_another_command_is_called_so(argv, message, spelled):
    with terminal.flags_of(parser().parse_args(argv.split()).parser):
        assert terminal.spelled(message) == spelled


def test_columns():
    rows = [
        {"name": "a", "steps_in_all": 12345, "old": True, "of": None},
        {"name": "bcd", "steps_in_all": 7, "old": 0, "of": "x"},
    ]
    assert terminal.table(rows) == "name  steps in all  old  of\na     12,345        yes  -\nbcd   7             0    x"
