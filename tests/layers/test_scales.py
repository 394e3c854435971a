"""Scales: what is refused, the windows that fit into memory, and the reach through an enlarged image."""

import math
from fractions import Fraction

import pytest

from srredsim.errors import InputError
from srredsim.layers.scales import FACTORS, check_scale, reach_through, window


def test_the_factors_make_the_scale():
    assert all(math.prod(factors) == scale for scale, factors in FACTORS.items())


@pytest.mark.parametrize("scale", [0, -2, 5, 1.5, 2.0, True, "two", None])
def test_a_scale_that_cannot_be_is_refused(scale):
    with pytest.raises(InputError, match=r"^`scale` of some_net is 1, 2, 3, 4 or 8; got "):
        check_scale(scale, "some_net")


def test_a_network_may_have_fewer():
    check_scale(3, "some_net", (2, 3))
    with pytest.raises(InputError, match=r"^`scale` of some_net is 2 or 3; got 4"):
        check_scale(4, "some_net", (2, 3))


def test_a_window_makes_as_many_output_pixels_at_every_scale_above_one():
    assert [window(768, scale) * scale for scale in (2, 3, 4, 8)] == [2 * 768] * 4
    assert window(768, 1) == 768


@pytest.mark.parametrize("scale", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("reach", [1, 2, 7, 26, 50])
def test_reach_through_an_enlarged_image(reach, scale):
    """Pixel by pixel: which input pixels the outermost fine pixels are interpolated between."""
    reached = set()
    for within in range(scale):  # each fine pixel in the block of input pixel 0
        for fine in (within - reach, within + reach):
            place = (Fraction(fine) + Fraction(1, 2)) / scale - Fraction(1, 2)
            reached |= {math.floor(place), math.ceil(place)}
    assert max(map(abs, reached)) == reach_through(reach, scale)
