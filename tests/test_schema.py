"""Keys and values that become a dataclass, and in which words they are refused."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from srredsim import schema
from srredsim.errors import InputError


@dataclass(frozen=True)
class Lens:
    na: float
    name: str = "plain"


@dataclass(frozen=True)
class Microscope:
    lens: Lens
    lamp: Lens | None = None
    count: int = 1
    sizes: tuple = ()
    more: dict = field(default_factory=dict)


def built(**content):
    return schema.build(Microscope, content, "microscope", sections={"lens": Lens, "lamp": Lens})


def test_each_key_has_its_type():
    made = built(lens={"na": "1e-1"}, count=3.0, sizes=[1, 2], lamp=None)
    assert made == Microscope(Lens(0.1), None, 3, (1, 2))
    assert built(lens={"na": 1}, lamp={"na": 2}).lamp == Lens(2.0)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({}, "the microscope lacks lens"),
        ({"lens": {}}, r"the microscope lacks lens\.na"),
        ({"lens": {"na": "high"}}, r"lens\.na should be float; got 'high'"),
        (
            {"lens": {"na": 1, "nmae": 2}},
            r"no microscope key lens\.nmae \(did you mean 'name'\?\); there are: na, name",
        ),
        ({"lens": 3}, r"lens should be keys and values \(na, name\); got 3"),
        ({"lens": {"na": 1}, "count": True}, "count should be int; got True"),
        ({"lens": {"na": 1}, "sizes": 4}, "sizes should be tuple; got 4"),
        ({"lens": None}, "lens should be keys and values"),
    ],
)
def test_mistakes_are_named(content, words):
    with pytest.raises(InputError, match=words):
        built(**content)
