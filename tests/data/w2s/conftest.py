"""A raw archive of small fields, of unequal sides."""

import numpy as np
import pytest

Y, X = 6, 8


def write_field(raw, number, y=Y, x=X):
    """Captures, montage and SIM image of three channels, all different."""
    folder = raw / f"Image{number:03d}"
    folder.mkdir(parents=True)
    for channel in range(3):
        rng = np.random.default_rng([number, channel])
        np.save(folder / f"wf_channel{channel}.npy", rng.integers(90, 60000, (400, y, x), np.uint16))
        np.save(folder / f"sim_input_channel{channel}.npy", rng.integers(90, 4000, (3 * y, 5 * x), np.uint16))
        np.save(folder / f"sim_channel{channel}.npy", rng.normal(900 + number, 300, (2 * y, 2 * x)).astype(np.float32))
    return folder


@pytest.fixture
def raw(tmp_path):
    """Fields 001 and 002 to train, 080 to validate, 081 and 120 to test."""
    for number in (1, 2, 80, 81, 120):
        write_field(tmp_path / "raw", number)
    return tmp_path / "raw"
