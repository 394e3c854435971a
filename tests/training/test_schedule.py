"""Learning rates against the numbers that the schedules promise."""

import numpy as np
import pytest

from srredsim.training.schedule import learning_rate
from srredsim.zoo import recipe


def rates(schedule: dict, steps) -> np.ndarray:
    wanted = recipe.from_dict(
        {
            "name": "x",
            "network": {"name": "red_net"},
            "optimizer": {"learning_rate": 0.01},
            "schedule": schedule,
            "epochs": 10,
            "steps": 100,
        }
    )
    scheduled = learning_rate(wanted)
    return np.array([float(scheduled(step)) for step in steps])


def test_cosine_falls_from_the_peak_to_its_fraction():
    found = rates({"name": "cosine", "warmup_steps": 200, "final_fraction": 0.1}, [0, 99, 200, 600, 1000])
    np.testing.assert_allclose(found, [0.01 / 200, 0.005, 0.01, 0.0055, 0.001], rtol=1e-5)


def test_steps_halve_and_constant_stays():
    found = rates({"name": "step", "step_epochs": 3, "step_factor": 0.5}, [0, 299, 300, 899])
    np.testing.assert_allclose(found, [0.01, 0.01, 0.005, 0.0025], rtol=1e-5)
    assert rates({"name": "constant"}, [0, 999]) == pytest.approx([0.01, 0.01])


def test_steps_counted_in_those_of_the_optimiser_end_at_the_least():
    """The published schedule of SR-CACO-2: halved every 30 iterations, down to a hundredth."""
    schedule = {"name": "step", "step_every": 30, "step_factor": 0.5, "least": 1e-4}
    found = rates(schedule, [0, 29, 30, 59, 60, 150, 180, 209, 210, 900])
    expected = [0.01, 0.01, 0.005, 0.005, 0.0025, 0.0003125, 0.00015625, 0.00015625, 1e-4, 1e-4]
    np.testing.assert_allclose(found, expected, rtol=1e-5)
