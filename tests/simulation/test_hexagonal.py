"""Hexagonal patterns: three beams, whose light is never negative, in frames made one by one."""

import numpy as np
import pytest
from scipy import fft

from srredsim.errors import InputError
from srredsim.optics import sampling
from srredsim.optics.illumination import darkest_of_three
from srredsim.optics.otf import otf
from srredsim.simulation import sim

ASKED = {"pattern": "hexagonal", "size": (40, 32), "photons": (500.0, 500.0), "phantom": "filaments"}


@pytest.mark.parametrize(
    "depths", [(2 / 3, 2 / 3, 2 / 3), (0.6, 0.6, 0.51), (0.3, 0.6, 0.5), (0.66, 0.1, 0.66), (0.5, 0.4, 0.0)]
)
def test_the_darkest_light_is_that_of_all_phases(depths):
    a = np.linspace(0, 2 * np.pi, 361)
    one, two = np.meshgrid(a, a)
    first, second, third = depths
    light = 1 + first * np.cos(one) + second * np.cos(two) + third * np.cos(one + two)
    assert darkest_of_three(depths) == pytest.approx(light.min(), abs=2e-3)
    assert darkest_of_three(depths, together=False) == pytest.approx(1 - sum(depths))


def test_three_beams_make_it():
    """Vectors and phases of their pairs add up to nothing; directions are 60 degrees apart, steps 1, 2 and 3."""
    settings = sim.draw(np.random.default_rng(8), **ASKED)
    k, phases_rad = np.array(settings.k0_per_um), np.array(settings.phases_rad)
    np.testing.assert_allclose(k.sum(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(np.exp(1j * phases_rad.sum(axis=0)), 1, atol=1e-9)
    directions = np.sort(np.rad2deg(np.arctan2(*k.T)) % 180)
    np.testing.assert_allclose(np.diff(directions), 60, atol=1.5)
    steps = np.angle(np.exp(1j * np.diff(phases_rad, axis=1))) / (2 * np.pi / 7)
    assert sorted(np.abs(np.rint(np.median(steps, axis=1))).tolist()) == [1, 2, 3]
    assert (settings.at_once, settings.groups, len(settings.intensities)) == (3, 1, 1)


def test_frames_are_the_object_under_the_pattern_through_the_lens():
    frames, _, settings, _ = sim.drawn(5, 0, ASKED | {"haze": 0.0, "background_photons": 0.0})
    obj = sim.object_in_view(np.random.default_rng([5, 0]).spawn(3)[0], settings)
    pixel_um = settings.pixel_size_um
    y, x = (sampling.output_positions_um(n, pixel_um, first_raw_pixel=sim.MARGIN) for n in obj.shape)
    passed = otf(
        sampling.radial_frequency_per_um(obj.shape, pixel_um / 2), settings.cutoff_per_um, settings.otf_damping
    )

    def seen(light):
        return sim.crop(sim.image_of(fft.fft2(obj * light) * passed), settings).real

    scale = settings.photons / np.percentile(seen(1.0), sim.PEAK_PERCENT)
    for number, brightness in enumerate(settings.intensities[0]):
        light = np.ones(obj.shape)
        for (ky, kx), phases_rad, (depth,) in zip(
            settings.k0_per_um, settings.phases_rad, settings.modulation_depths, strict=True
        ):
            light += depth * np.cos(2 * np.pi * (ky * y[:, None] + kx * x) + phases_rad[number])
        assert light.min() > 0
        expected = np.maximum(seen(light), 0) * scale * brightness
        np.testing.assert_allclose(frames[0, number], expected, atol=2e-3 * settings.photons)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"phases": 5, "angles": 2}, "leave out `angles`, `phases` and `beams`"),
        ({"beams": 3}, "leave out `angles`, `phases` and `beams`"),
        ({"modulation_depths": ((0.66,), (0.66,), (0.1,))}, "make light negative"),
        ({"pattern": "square"}, "stripes"),
    ],
)
def test_what_no_such_pattern_has_is_refused(asked, said):
    with pytest.raises(InputError, match=said):
        sim.simulate_stack(1, **ASKED | asked)
