"""What JAX computes is what NumPy computes. JAX on the processor stands in for a GPU."""

from types import SimpleNamespace

import numpy as np
import pytest

import srredsim
from srredsim import devices
from srredsim.arrays import HOST, Device
from srredsim.consistency.compare import consistency
from srredsim.errors import InputError
from srredsim.optics.transfer import transfer_of
from srredsim.stripes.estimate import estimate
from srredsim.stripes.preprocess import prepare
from srredsim.workflows.reconstruct import Method

SAME = 1e-5  # of the maximum


@pytest.fixture(scope="module")
def on_jax() -> Device:
    import jax

    return devices.on_jax(jax.devices("cpu")[0], "gpu: the processor")


@pytest.fixture(scope="module")
def sample():
    return srredsim.simulate(seed=5, size=(70, 81), phases=3, photons=(300, 300), na=1.4, pixel_size_um=0.08)


def test_jax_makes_the_image_of_numpy(on_jax, sample, monkeypatch):
    """From the verb on: what the report says of the device, and that its image is an array of NumPy again."""
    import jax

    stack, _ = sample
    host = srredsim.reconstruct(stack, device="cpu")
    computed = []
    transform = jax.numpy.fft.irfftn
    monkeypatch.setattr(jax.numpy.fft, "irfftn", lambda *all, **how: computed.append(1) or transform(*all, **how))
    monkeypatch.setattr(devices, "gpus", lambda: [SimpleNamespace(device_kind="the processor")])
    monkeypatch.setattr(devices, "on_jax", lambda where, name: Device(name, on_jax.xp, on_jax.computing))
    image = srredsim.reconstruct(stack, device="gpu")
    assert computed
    assert (host.found["device"], image.found["device"]) == ("cpu", "gpu: the processor")
    assert isinstance(image.array, np.ndarray)
    assert np.abs(image.array - host.array).max() <= SAME * host.array.max()
    assert image.array.flags.writeable


@pytest.mark.slow
def test_jax_makes_the_maps_of_numpy(on_jax, sample):
    """An image with errors, so that something is flagged. It takes long to compile."""
    stack, truth = sample
    raw, transfer = stack.raw(), transfer_of(stack.optics)
    parameters = estimate(prepare(raw), transfer)
    image = np.array(truth.array, np.float32)
    image[40:60, 50:110] += 0.5 * image.max()
    host, found = (consistency(raw, image, parameters, transfer, device=where) for where in (HOST, on_jax))
    assert host.unsupported.any()
    for name in ("residual", "score"):
        wanted, got = getattr(host, name), getattr(found, name)
        assert np.nanmax(np.abs(got - wanted)) <= SAME * np.nanmax(np.abs(wanted))
    for name in ("unsupported", "missing", "grainy"):
        assert np.mean(getattr(host, name) != getattr(found, name)) <= 1e-4  # at their very borders
    assert found.report()["residual"] == pytest.approx(host.report()["residual"], rel=SAME)


def test_the_gpu_is_taken_where_there_is_one(on_jax, monkeypatch):
    monkeypatch.setattr(devices, "gpus", list)
    for driver in (None, "/usr/bin/nvidia-smi"):
        monkeypatch.setattr(devices.shutil, "which", lambda name, found=driver: found)
        assert devices.device("auto") is HOST
        with pytest.raises(InputError, match=r'`device="gpu"`: JAX sees no GPU; pip install'):
            devices.device("gpu")
    monkeypatch.setattr(devices, "gpus", lambda: [SimpleNamespace(device_kind="H200")])
    monkeypatch.setattr(devices, "on_jax", lambda where, name: Device(name, on_jax.xp, on_jax.computing))
    assert devices.device("auto").name == devices.device("gpu").name == "gpu: H200"
    assert devices.device("cpu") is HOST
    assert devices.like("gpu: A100").name == "gpu: H200"  # a worker on another host has its own
    monkeypatch.setattr(devices.shutil, "which", lambda name: None)  # no driver: JAX is not even asked
    assert devices.device("auto") is HOST


def test_without_a_gpu_there_is_one_line():
    with pytest.raises(InputError, match=r"no `device` 'tpu'.*; there are: auto, cpu, gpu"):
        srredsim.reconstruct(np.ones((9, 32, 32)), device="tpu")
    with pytest.raises(InputError, match="`live` is computed on the processor; leave out `device`"):
        Method(live=True, device="gpu")
