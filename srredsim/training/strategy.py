"""On which devices a training runs."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from functools import cache
from typing import Any

import keras

from srredsim.errors import InputError
from srredsim.training.hosts import Hosts


@dataclass(frozen=True)
class Devices:
    """``scope()`` is where the network and the optimiser are built; ``replicas`` divide every batch."""

    replicas: int  # on all hosts
    strategy: Any = None  # tf.distribute.Strategy, or None for one device
    hosts: Hosts | None = None  # None: this one alone

    @property
    def chief(self) -> bool:
        """Whether this process writes the folder of the run."""
        return self.hosts is None or self.hosts.chief

    def scope(self):
        return self.strategy.scope() if self.strategy else contextlib.nullcontext()


def choose(gpus: int | None = None) -> Devices:
    """``gpus`` GPUs under a MirroredStrategy; 0 is the CPU; None is all there are.

    Raises
    ------
    InputError
        If there are fewer, or if the Keras backend trains on one device only.
    """
    if keras.backend.backend() != "tensorflow":
        if gpus is not None and gpus > 1:
            raise InputError(
                f"`gpus` {gpus} needs the TensorFlow backend; {keras.backend.backend()} trains on one device here"
            )
        return Devices(1)
    import tensorflow as tf

    found = tf.config.list_logical_devices("GPU")
    if gpus is not None and gpus > len(found):
        raise InputError(f"`gpus` {gpus} asks for more than the {len(found)} GPUs of this machine; try {len(found)}")
    if gpus is not None and gpus < 0:
        raise InputError(f"`gpus` must be 0 (the CPU) or more; got {gpus}")
    wanted = found if gpus is None else found[:gpus]
    if len(wanted) > 1:
        return mirrored([device.name for device in wanted])
    name = wanted[0].name if wanted else "/cpu:0"
    return Devices(1, tf.distribute.OneDeviceStrategy(name)) if found else Devices(1)


def mirrored(device_names: list[str]) -> Devices:
    """A MirroredStrategy over the named devices; logical CPU devices do as well as GPUs."""
    return Devices(len(device_names), _mirrored(tuple(device_names)))


@cache
def _mirrored(device_names: tuple[str, ...]) -> Any:
    """One for the whole process: TensorFlow takes the sums of two of them, of the same devices, for each other's."""
    import tensorflow as tf

    return tf.distribute.MirroredStrategy(list(device_names))
