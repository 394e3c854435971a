"""Two angles of one direction: questioned by whoever finds the stripes."""

import numpy as np
import pytest

from srredsim.inspection import verdicts
from srredsim.quality.report import verdict
from srredsim.simulation.sim import simulate_stack
from srredsim.stripes.parameters import Angle, Order, Parameters


def stripes(*degrees: float, status: str = "measured") -> Parameters:
    angles = []
    for direction in np.deg2rad(degrees):
        k = (4 * np.sin(direction), 4 * np.cos(direction))
        order = Order(1, k, 0.3, 0.8, 0.01, 30.0, "measured")
        angles.append(Angle(status, k, (0.0, 2.1, 4.2), "measured", 1e-9, 1.0, (order,)))
    return Parameters(tuple(angles))


@pytest.mark.parametrize("degrees", [(10, 70, 130), (-170, 70, 130), (0, 36, 72, 108, 144), (179, 60, 120), (42,)])
def test_angles_that_differ_are_not_questioned(degrees):
    assert stripes(*degrees).alike == ""


@pytest.mark.parametrize(
    ("degrees", "which"),
    [((10, 12, 130), "1 and 2"), ((10, 70, -170), "1 and 3"), ((60, 179.5, 1), "2 and 3"), ((60, -1, 181), "2 and 3")],
)
def test_angles_of_one_direction_are_named_also_where_it_turns_over(degrees, which):
    parameters = stripes(*degrees)
    assert parameters.alike.startswith(f"angles {which} have the same direction, ")
    assert parameters.alike.count("angles") == 1
    assert parameters.alike in verdict(parameters)
    check = verdicts.stripes(parameters)
    assert check.verdict == "bad"
    assert parameters.alike in check.number
    assert "the pattern turns" in check.advice


def test_what_was_not_measured_is_not_questioned():
    assert stripes(10, 10, 10, status="inferred").alike == ""


def test_commands_say_it(run, tmp_path):
    """The second angle is the first once more, in other light."""
    sample = simulate_stack(21, index=0, phases=3, photons=(500.0, 500.0), size=96)
    raw = sample.raw.astype(float)
    raw[1] = np.random.default_rng(0).poisson(raw[0])
    optics = {name: getattr(sample.settings, name) for name in ("na", "wavelength_em_um", "pixel_size_um")}
    np.save(tmp_path / "s.npy", raw)
    flags = [word for name, value in optics.items() for word in (f"--{name.replace('_', '-')}", value)]
    words = "angles 1 and 2 have the same direction"
    status, _, err = run("reconstruct", tmp_path / "s.npy", *flags)
    assert status == 0, err
    assert words in err
    _, out, _ = run("inspect", tmp_path / "s.npy", *flags)
    assert words in out
