"""A model of one microscope, given a stack of another: said in one line."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from srredsim.acquisition import Optics
from srredsim.errors import InputError
from srredsim.stripes.parameters import Angle, Parameters
from srredsim.zoo import own_microscope
from tests.microscopes import known

OPTICS = Optics(na=1.42, wavelength_em_um=0.525, pixel_size_um=0.08)


def model(microscope=None):
    options = {"microscope": microscope.as_dict()} if microscope else {}
    return SimpleNamespace(name="mine", recipe=SimpleNamespace(data=SimpleNamespace(options=options)))


def found(*factors, status="measured"):
    angles = zip(known().angles, factors, strict=True)
    return Parameters(
        tuple(
            Angle(status, tuple(by * k for k in angle.k0_per_um), (0.0, 2.1, 4.2), "assumed", 0.0, 1.0, ())
            for angle, by in angles
        )
    )


def said(optics=OPTICS, stripes=found(1.0, 1.001, 1.0), of=known()):  # noqa: B008
    return own_microscope.doubts(model(of), SimpleNamespace(optics=optics), [stripes])


def test_its_own_stacks_are_no_matter():
    assert said() == []
    assert said(Optics()) == []
    assert said(stripes=InputError("too dark")) == []
    assert said(stripes=found(1.0, 1.1, 1.0, status="failed")) == []
    assert said(replace(OPTICS, wavelength_em_um=(0.461, 0.525))) == []


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ({"stripes": found(1.0, 1.0, 1.05)}, "the stripes of angle 3 are 5.0 % of k away from those of its stacks"),
        ({"stripes": found(1.0, -1.0, 1.0)}, "the phases of angle 2 run the other way round than in its stacks"),
        ({"optics": replace(OPTICS, pixel_size_um=0.1)}, "pixel size 0.1 um, not 0.08 um as in its stacks"),
        ({"optics": replace(OPTICS, wavelength_em_um=0.6)}, "emission wavelength 0.6 um, not 0.525 um"),
    ],
)
def test_another_microscope_is_told(case, words):
    (line,) = said(**case)
    assert line.startswith("warning: mine was trained for another microscope: ")
    assert words in line


def test_a_model_of_all_microscopes_is_silent():
    assert said(replace(OPTICS, pixel_size_um=0.1), of=None) == []
    assert own_microscope.finding(model(), SimpleNamespace(), None) is None
