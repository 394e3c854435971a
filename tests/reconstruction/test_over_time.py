"""Time series whose stripes drift: they are those of the first time, and images do not suffer."""

from dataclasses import replace

import numpy as np
import pytest

from srredsim.acquisition import Optics, Pattern, RawStack
from srredsim.optics.transfer import transfer_of
from srredsim.reconstruction.over_time import frames_of
from srredsim.reconstruction.planes import SEARCHED_FIELD, found_of, planes
from srredsim.reconstruction.survey import Sharpest
from srredsim.simulation import sim
from srredsim.simulation.camera import expose
from srredsim.stripes.turned import turned_mean

TIMES = 8


def series(phases: int, drift_rad: float, photons: float = 300.0):
    """The same field, under stripes that move by so much from a time to the next: its truth, and the stack."""
    asked = {"photons": (photons, photons), "size": 96, "phantom": "filaments"}
    _, _, settings, _ = sim.drawn(41, 0, asked | {"phases": phases})
    obj = sim.object_in_view(np.random.default_rng([41, 0]).spawn(3)[0], settings)
    camera = {name: getattr(settings, name) for name in ("gain_adu", "offset_adu", "read_noise_e")}
    raw = []
    for t in range(TIMES):
        phases_rad = np.array(settings.phases_rad) + t * drift_rad
        there = replace(settings, phases_rad=tuple(map(tuple, phases_rad.tolist())))
        frames, truth = sim.expected(there, obj)
        raw.append(expose(frames, np.random.default_rng(t), **camera))
    optics = Optics(settings.na, settings.wavelength_em_um, settings.pixel_size_um)
    return truth, RawStack(np.stack(raw)[:, None, None], Pattern(3, phases), optics)


def likeness(image, truth) -> float:
    return float(np.corrcoef(image.ravel(), truth.ravel())[0, 1])


@pytest.mark.parametrize("phases", [3, 5])
def test_stripes_that_go_round_are_found_and_images_are_as_of_those_that_stay(phases):
    truth, drifting = series(phases, 2 * np.pi / TIMES)
    _, still = series(phases, 0.0)
    mean = Sharpest.read(drifting, 0, 0, drifting.raw(0, 0, 0)).prepared().frames
    assert np.std(mean - mean.mean(axis=1, keepdims=True)) < 0.1 * np.std(mean)  # no stripes are left in it
    expected = [likeness(each.image, truth) for each in planes(still, [transfer_of(still.optics)])]
    made = list(planes(drifting, [transfer_of(drifting.optics)]))
    assert all(angle.status == "measured" for each in made for angle in each.parameters.angles)
    for one, other in zip(made, expected, strict=True):
        assert likeness(one.image, truth) > other - 0.005


def test_stripes_that_stay_are_those_of_the_mean():
    _, stack = series(3, 0.0, photons=40.0)
    slice_, transfer = Sharpest.read(stack, 0, 0, stack.raw(0, 0, 0)), transfer_of(stack.optics)
    found = found_of(slice_, transfer)
    assert all(angle.status == "measured" for angle in found.parameters.angles)
    np.testing.assert_array_equal(
        frames_of(slice_, found.parameters, transfer, SEARCHED_FIELD).frames, slice_.prepared().frames
    )


def test_dim_stripes_that_drift_are_found_in_the_mean_turned_back():
    """A time alone is too dim for those of every angle to be found in it."""
    _, stack = series(5, 2 * np.pi / TIMES, photons=12.0)
    transfer = transfer_of(stack.optics)
    alone = RawStack(stack.array[:1], stack.pattern, stack.optics)

    def measured(of: RawStack) -> int:
        found = found_of(Sharpest.read(of, 0, 0, of.raw(0, 0, 0)), transfer)
        return sum(angle.status == "measured" for angle in found.parameters.angles)

    assert measured(alone) < 3 == measured(stack)


@pytest.mark.parametrize(("phases", "orders"), [(3, 1), (4, 1), (5, 2), (7, 3)])
def test_bands_are_turned_back_each_by_its_own(phases, orders):
    """Stripes of even steps without noise: the mean is the first time itself."""
    rng = np.random.default_rng(phases)
    y, x = np.mgrid[:40, :48]
    light, steps = 1 + rng.random((40, 48)), 2 * np.pi * np.arange(phases) / phases

    def frames(moved_rad) -> np.ndarray:
        waves = [
            0.4 * np.cos(0.9 * (n + 1) * y + 0.5 * x + (n + 1) * steps[:, None, None] + moved_rad[n])
            for n in range(orders)
        ]
        return (light * (1 + sum(waves)))[None].astype(np.float32)

    first = frames(np.zeros(orders))
    others = [frames(rng.uniform(-np.pi, np.pi, orders)) for _ in range(3)]
    np.testing.assert_allclose(turned_mean(first, others, 4), first, atol=0.02)
    assert turned_mean(first, [first, first], 3) is None
