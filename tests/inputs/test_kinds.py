"""What every kind of input says of itself, and how light it is to ask."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import srredsim
from srredsim import inputs
from srredsim.acquisition import Optics, Pattern
from srredsim.errors import InputError
from srredsim.zoo import recipe

VERBS = (
    *(
        "WORDS",
        "OF_STACKS",
        "WITH_STRIPES",
        "check_data",
        "check",
        "check_constants",
        "sampling",
        "describe",
        "suits",
        "offer",
    ),
    *("examples", "with_constants", "of_pair", "tested_on", "scored", "compared_with", "baselines", "check_reading"),
    *("check_link", "open", "stack_of", "survey", "Planes", "notes", "shown_as", "of_plane"),
    *("INPUT_NAME", "graph", "trial"),
)
PACKAGE = Path(srredsim.__file__).parent


@pytest.mark.parametrize("name", inputs.names())
def test_each_has_all_verbs_and_the_docstring_names_them(name):
    kind = inputs.module(name)
    for verb in VERBS:
        assert hasattr(kind, verb), f"{name} has no {verb}"
        assert f"``{verb}" in inputs.__doc__


def test_asking_for_their_names_loads_no_neural_network():
    script = "import sys; from srredsim import inputs; inputs.module('wiener'); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert not {"keras", "tensorflow", "scipy.optimize"} & set(loaded)


def test_nobody_else_asks_for_the_kind():
    """No condition on the name of a kind outside of its own file, nor on the pattern that one of them has."""
    found = [
        f"{path.name}: {line.strip()}"
        for path in PACKAGE.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"\.input\s*(==|!=|in\b|not in\b)|takes_(wiener|widefield|frames)|pattern (==|!=) \(", line)
    ]
    assert not found


def described(**data):
    return recipe.from_dict({"name": "m", "network": {"name": "edsr"}, "data": data})


@pytest.mark.parametrize("pattern", [{"angles": 1, "phases": 1}, {"patterns": ["1x1"]}])
def test_single_images_are_no_raw_frames(pattern):
    with pytest.raises(InputError, match=r"1 angle x 1 phase is a single image: set data\.input=widefield$"):
        described(input="frames", **pattern)
    assert described(input="widefield", **pattern).data.input == "widefield"
    assert described(input="frames", angles=1, phases=3).data.each_pattern == [(1, 3)]


@pytest.mark.parametrize("scale", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("target", ["average", "sim"])
def test_a_network_of_widefield_images_has_any_scale(scale, target):
    kind, asked = inputs.module("widefield"), described(input="widefield", target=target)
    kind.check(asked, 1, scale)
    with pytest.raises(InputError, match=r"takes 1 channel, this one takes 3; set network\.input_channels=1"):
        kind.check(asked, 3, scale)


def test_which_stacks_each_suits():
    known = Optics(na=1.4, wavelength_em_um=0.52, pixel_size_um=0.08)
    data = described(angles=3, phases=5).data
    suits = {
        (name, pattern.phases, optics.known): inputs.module(name).suits(data, pattern, optics)
        for name in ("frames", "wiener", "widefield")
        for pattern in (Pattern(3, 2), Pattern(3, 3), Pattern(3, 5))
        for optics in (known, Optics())
    }
    wanted = {("frames", 5, True), ("frames", 5, False), ("wiener", 3, True), ("wiener", 5, True)}
    assert {key for key, value in suits.items() if value} == wanted
    assert suits["wiener", 5, True] > suits["frames", 5, True]
