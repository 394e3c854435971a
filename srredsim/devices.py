"""The GPU, as JAX has it, for what `srredsim.arrays` computes; where there is none, the processor, with NumPy.

JAX is imported where a GPU is asked for, or NVIDIA's driver says that there is one. It computes as NumPy does, in 64
bits where those are asked for, and matrices in full float32.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from srredsim import checks, resources
from srredsim.arrays import HOST, Device
from srredsim.errors import InputError

AUTO, CPU, GPU = CHOICES = ("auto", "cpu", "gpu")
HOW = 'pip install "jax[cuda12]", on Linux with NVIDIA\'s driver'


def device(name: str = AUTO) -> Device:
    """Where to compute: `AUTO` takes the GPU where JAX sees one.

    Raises
    ------
    InputError
        If the GPU is asked for, and there is none.
    """
    checks.one_of("device", name, CHOICES)
    if name == CPU or (name == AUTO and shutil.which("nvidia-smi") is None):
        return HOST
    found = gpus()
    if found:
        return on_jax(found[0], f"{GPU}: {found[0].device_kind}")
    if name == AUTO:
        return HOST
    lacks = "JAX sees no GPU" if find_spec("jax") else "the package jax is missing"
    raise InputError(f'`device="{GPU}"`: {lacks}; {HOW}, or leave it out')


def like(name: str) -> Device:
    """One of the kind that a `Device` of this name is, which another process may have; InputError as of `device`."""
    return device(name.partition(":")[0])


def gpus() -> list[Any]:
    """Those that JAX sees; none where it is not installed."""
    if find_spec("jax") is None:
        return []
    _begin()
    import jax

    try:
        return jax.devices(GPU)
    except RuntimeError:  # there is no such platform
        return []


def on_jax(where: Any, name: str) -> Device:
    """One of JAX's devices."""
    import jax

    @contextmanager
    def computing() -> Iterator[None]:
        with jax.enable_x64(True), jax.default_matmul_precision("highest"), jax.default_device(where):
            yield

    return Device(name, jax.numpy, computing)


def _begin() -> None:
    """Before JAX is imported: it takes memory as it needs it, and remembers what it has compiled."""
    if "jax" not in sys.modules:
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
        os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # TensorFlow may compute there, too
        os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(resources.cache_folder() / "jax"))
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
