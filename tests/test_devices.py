"""What is computed with JAX is what NumPy computes: on the processor, which stands in for a GPU here."""

import dataclasses

import numpy as np
import pytest

import srredsim
from srredsim import devices
from srredsim.arrays import HOST, Device
from srredsim.errors import InputError
from srredsim.optics.transfer import Transfer
from srredsim.reconstruction.planes import reconstruct_on
from srredsim.simulation.sim import simulate_stack
from srredsim.stripes.estimate import estimate
from srredsim.stripes.haze import Haze
from srredsim.stripes.preprocess import prepare

jax = pytest.importorskip("jax", reason="of the extra test")
SAME = 1e-5  # of the maximum


@pytest.fixture(scope="module")
def on_jax() -> Device:
    return devices.on_jax(jax.devices("cpu")[0], "gpu: none, JAX on the processor")
