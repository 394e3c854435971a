"""Values that no microscope has: refused, with what was likely meant."""

import pytest

from srredsim.errors import InputError
from srredsim.optics import plausible

TAKEN = [
    ("na", 0.05),
    ("na", 1.7),
    ("wavelength_em_um", 0.3),
    ("wavelength_em_um", 1.2),
    ("pixel_size_um", 0.0065),
    ("pixel_size_um", 6.5),
]
MEANT = [  # what came, and what was likely meant
    ("na", 14, "1.4?"),
    ("na", 142, "1.42?"),
    ("na", 95, "0.95?"),
    ("wavelength_em_um", 525, "0.525?"),
    ("wavelength_em_um", 5250, "0.525?"),
    ("wavelength_em_um", 0.000525, "0.525?"),
    ("wavelength_em_um", 5.25e-7, "0.525?"),
    ("pixel_size_um", 80, "0.08?"),
    ("pixel_size_um", 6500, "6.5?"),
    ("pixel_size_um", 0.00008, "0.08?"),
    ("pixel_size_um", 8e-8, "0.08?"),
]


@pytest.mark.parametrize(("name", "value"), TAKEN)
def test_what_microscopes_have_is_taken(name, value):
    assert plausible.check(name, value) == value


@pytest.mark.parametrize(("name", "value", "meant"), MEANT)
def test_another_unit_or_a_lost_decimal_point_is_recognised(name, value, meant):
    with pytest.raises(InputError) as problem:
        plausible.check(name, value)
    assert str(problem.value).endswith(f", {meant}")
    assert f"`{name}`" in str(problem.value)
    assert plausible.check(name, float(meant.rstrip("?"))) > 0  # what is proposed would be taken


@pytest.mark.parametrize(("name", "value"), [("na", 3.0), ("wavelength_em_um", 30.0), ("pixel_size_um", 2e6)])
def test_nothing_is_proposed_where_nothing_is_likely(name, value):
    with pytest.raises(InputError) as problem:
        plausible.check(name, value)
    assert "?" not in str(problem.value)
