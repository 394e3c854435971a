"""One training on several hosts with JAX: Keras's own `fit`, under `keras.distribution.DataParallel`.

Each step is one computation over the devices of all hosts, with the images of the whole batch: batch normalisation is
over all of them, too. All hosts go through the same epochs and callbacks, as `srredsim.training.over_hosts` has it.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from srredsim.data import pipeline
from srredsim.errors import HostLost, InputError
from srredsim.training.hosts import Hosts, gather
from srredsim.training.strategy import Devices

JOIN_S = 120  # for JAX to connect hosts that are all there
HEARTBEAT_S = 30  # without a sign of life a host is lost
CLOSE_S = 10  # to take leave of one another
LOST = re.compile(r"\b(Gloo|NCCL|UNAVAILABLE|ABORTED|CANCELLED|DEADLINE_EXCEEDED)\b")


@contextmanager
def joined(hosts: Hosts, gpus: int | None, lost: Callable[[Hosts, str], str]) -> Iterator[Devices]:
    """Within, this host and the others train together; what is told of one that is ``lost``.

    Raises
    ------
    HostLost
        If another host ends, or is out of reach.
    InputError
        If one does not come, or if other GPUs are asked for than there are.
    """
    import jax

    if gpus == 0:
        jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_enable_preemption_service", False)  # which takes the signal to stop for itself
    gather(hosts)
    jax.distributed.initialize(  # as keras.distribution.initialize does, which has no limits of time
        hosts.addresses[0],
        hosts.count,
        hosts.index,
        cluster_detection_method="deactivate",
        initialization_timeout=JOIN_S,
        heartbeat_timeout_seconds=HEARTBEAT_S,
        shutdown_timeout_seconds=CLOSE_S,
    )
    here = jax.local_device_count()
    if gpus and gpus != here:
        raise InputError(
            f"`gpus` {gpus}: with JAX a host trains on all that it sees, {here} here; set CUDA_VISIBLE_DEVICES"
        )
    distribution = keras.distribution.DataParallel(auto_shard_dataset=False)
    devices = Devices(jax.device_count(), distribution, hosts)
    try:
        with _nothing_on_standard_output():
            Together(devices).told()  # the first time that all hear of each other
        yield devices
    except (jax.errors.JaxRuntimeError, ValueError) as problem:
        if isinstance(problem, InputError) or not LOST.search(str(problem)):
            raise
        raise HostLost(lost(hosts, str(problem))) from None


@contextmanager
def _nothing_on_standard_output() -> Iterator[None]:
    """What libraries write there goes to standard error: the output of a command is its own."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


class Together:
    """What all hosts do at the same time and come to the same result of."""

    def __init__(self, devices: Devices):
        self._hosts = devices.hosts

    def told(self, content: bytes = b"") -> bytes:
        """What the chief gives, a text or a file; also a place where all wait for each other."""
        from jax.experimental.multihost_utils import broadcast_one_to_all

        length = int(broadcast_one_to_all(np.int32(len(content))))
        own = np.frombuffer(content, np.uint8) if self._hosts.chief else np.zeros(length, np.uint8)
        return broadcast_one_to_all(own).tobytes() if length else b""


class Fitting:
    """``fit`` and ``evaluate`` of a compiled model, of whose batches each host has its share."""

    def __init__(self, trainer: Any, devices: Devices):
        self._trainer, self._devices = trainer, devices

    def fit(self, x: Any, *, validation_data: Any, **how: Any) -> None:
        """As of `keras.Model`; of every batch of ``x``, this host has its share already."""
        with self._devices.scope():
            self._trainer.fit(x, validation_data=self._shared_out(validation_data), **how)

    def evaluate(self, x: Any, **how: Any) -> dict[str, float]:
        """As of `keras.Model`, of whole batches of which each host takes its share."""
        with self._devices.scope():
            return self._trainer.evaluate(self._shared_out(x), **how)

    def _shared_out(self, batches: Any) -> pipeline.Stored:
        share = self._devices.hosts.share
        every = [batches[step] for step in range(len(batches))]
        return pipeline.Stored([tuple(array[share(len(array))] for array in batch) for batch in every])
