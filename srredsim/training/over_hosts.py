"""One training on several hosts: TensorFlow's MultiWorkerMirroredStrategy with a loop and steps of our own.

``fit`` and ``evaluate`` of Keras fail under that strategy. Here every host goes through the same steps, epochs and
callbacks, each with its share of every batch; what one host did alone would wait for the others for ever. Only the
folder differs, which is a temporary one on all hosts but the first.

The gradients are those of one process with the whole batch: those of all hosts are summed, and then clipped. As under
every strategy, batch normalisation sees the images of one device; its statistics are averaged after every epoch, so
that the hosts are alike whenever a checkpoint is written.
"""

from __future__ import annotations

import faulthandler
import re
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from srredsim.errors import HostLost, InputError
from srredsim.training import adversarial, jax_hosts
from srredsim.training.averages import Averages
from srredsim.training.hosts import Hosts, gather
from srredsim.training.optimizers import clip_the_sum
from srredsim.training.strategy import Devices
from srredsim.zoo.precision import policy
from srredsim.zoo.recipe import Recipe

JOIN_S = 120  # for TensorFlow to connect hosts that are all there, which cannot be interrupted
STUCK_S = 6 * 3600.0  # for a host that lives and does not come
LOST = ("UnavailableError", "AbortedError", "DeadlineExceededError", "CancelledError", "FailedPreconditionError")


@contextmanager
def joined(hosts: Hosts, gpus: int | None) -> Iterator[Devices]:
    """Within, this host and the others train together; ``gpus`` of each: 0 is the processor, None all there are.

    Raises
    ------
    HostLost
        If another host ends, or is out of reach.
    InputError
        If one does not come, if there are fewer GPUs here, or if the backend is neither TensorFlow nor JAX.
    """
    if keras.backend.backend() == "jax":
        with jax_hosts.joined(hosts, gpus, lost) as devices:
            yield devices
        return
    if keras.backend.backend() != "tensorflow":
        raise InputError(
            f"`hosts` needs the TensorFlow or the JAX backend; this is {keras.backend.backend()}, set"
            " KERAS_BACKEND=tensorflow"
        )
    import tensorflow as tf

    number = _shown_to_tensorflow(gpus)
    gather(hosts)
    try:
        strategy = _strategy(hosts, number)
        yield Devices(strategy.num_replicas_in_sync, strategy, hosts)
    except tf.errors.OpError as problem:
        if type(problem).__name__ not in LOST:
            raise
        raise HostLost(lost(hosts, str(problem))) from None


def check(recipe: Recipe) -> None:
    """InputError if a recipe is not for several hosts."""
    if keras.backend.backend() == "tensorflow" and policy(recipe.precision) == "mixed_float16":
        raise InputError("precision float16 is for one host: each would scale its loss for itself; take bfloat16")


def lost(hosts: Hosts, words: str) -> str:
    """What to say when TensorFlow no longer reaches another host, by what it says itself."""
    told = re.findall(r"/job:worker/(?:replica:0/)?task:(\d+)", words)
    tasks = {*map(int, told if told or hosts.count > 2 else (0, 1))} - {hosts.index}
    who = [hosts.name(index) for index in sorted(tasks) if index < hosts.count]
    return (
        f"{' and '.join(who) or 'another host'} has ended or is out of reach; start all again with `resume`, and the"
        " training goes on after its last whole epoch"
    )


def _shown_to_tensorflow(gpus: int | None) -> int:
    """How many GPUs of this host TensorFlow will see."""
    import tensorflow as tf

    found = tf.config.list_physical_devices("GPU")
    if gpus is not None and gpus > len(found):
        raise InputError(f"`gpus` {gpus} asks for more than the {len(found)} GPUs of this host; try {len(found)}")
    tf.config.set_visible_devices(found[:gpus], "GPU")
    return len(found[:gpus])


def _strategy(hosts: Hosts, gpus: int):
    import tensorflow as tf

    cluster = tf.train.ClusterSpec({"worker": list(hosts.addresses)})
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        cluster, task_type="worker", task_id=hosts.index, num_accelerators={"GPU": gpus}, rpc_layer="grpc"
    )
    options = tf.distribute.experimental.CommunicationOptions(timeout_seconds=STUCK_S)
    faulthandler.dump_traceback_later(JOIN_S, exit=True)
    try:
        strategy = tf.distribute.MultiWorkerMirroredStrategy(resolver, options)
    finally:
        faulthandler.cancel_dump_traceback_later()
    if threading.current_thread() is threading.main_thread():  # TensorFlow has taken the signal to stop for itself
        signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGTERM) or signal.SIG_DFL)
    return strategy


def together(devices: Devices) -> Any:
    """What hosts do together, on the backend that they have."""
    return jax_hosts.Together(devices) if keras.backend.backend() == "jax" else Together(devices)


def fitting(trainer: Any, averages: Averages, devices: Devices) -> Any:
    """Who has ``fit`` and ``evaluate`` of a compiled model over hosts; ``averages`` are those of its network."""
    if keras.backend.backend() == "jax":
        return jax_hosts.Fitting(trainer, devices)
    return Fitting(trainer, averages, devices)


class Together:
    """What all hosts do at the same time and come to the same result of."""

    def __init__(self, devices: Devices):
        assert devices.hosts is not None
        self._hosts, self._strategy = devices.hosts, devices.strategy
        self._local = devices.replicas // devices.hosts.count  # devices of this host

    def told(self, content: bytes = b"") -> bytes:
        """What the chief gives, a text or a file; also a place where all wait for each other."""
        import tensorflow as tf

        filling = 4 - len(content) % 4  # never nothing: to gather that would end the process
        whole = np.frombuffer(content + bytes([filling]) * filling, np.int32)
        parts = [tf.constant(whole if self._hosts.chief else whole[:0]), *[tf.zeros(0, tf.int32)] * (self._local - 1)]
        gathered = self._strategy.gather(self._spread(parts), axis=0).numpy().tobytes()
        return gathered[: -gathered[-1]]

    def copy_of_chief(self, variables: Sequence) -> None:
        """Give variables the values that those of the chief have; numbers that no network is made of stay."""
        import tensorflow as tf

        for variable in variables:
            if str(variable.dtype) in ("float32", "float64", "int32", "int64"):
                own = tf.constant(keras.ops.convert_to_numpy(variable))
                zeros = tf.zeros_like(own)
                parts = [own if self._hosts.chief else zeros, *[zeros] * (self._local - 1)]
                variable.assign(self._strategy.reduce("SUM", self._spread(parts), axis=None))

    def average(self, variables: Sequence) -> None:
        """Give variables, of which each device has its own values, their mean over all devices."""
        import tensorflow as tf

        for variable in variables:
            parts = [tf.constant(part.numpy()) for part in self._strategy.experimental_local_results(variable.value)]
            variable.assign(self._strategy.reduce("MEAN", self._spread(parts), axis=None))

    def shared_out(self, batch: Sequence) -> tuple:
        """The images of this host, to each of its devices its part."""
        count = len(batch[0]) // self._local
        parts = [tuple(array[place * count : (place + 1) * count] for array in batch) for place in range(self._local)]
        return self._spread(parts)

    def _spread(self, parts: Sequence):
        """One value to each device of this host."""
        first = self._hosts.index * self._local
        return self._strategy.experimental_distribute_values_from_function(
            lambda context: parts[context.replica_id_in_sync_group - first]
        )


class Fitting:
    """``fit`` and ``evaluate`` of a compiled model, called as those of Keras, over hosts.

    ``averages`` are those of its network.
    """

    def __init__(self, trainer, averages: Averages, devices: Devices):
        optimizers = adversarial.optimizers_of(trainer)
        self._trainer, self._devices, self._together = trainer, devices, Together(devices)
        self._hosts = devices.hosts
        for optimizer in optimizers:
            clip_the_sum(optimizer)
        own = [weight for weight in trainer.non_trainable_weights if weight.dtype == "float32"]
        self._of_one_device = [*own, *averages.of_statistics]
        self._learn = self._on_all(trainer.train_step)
        self._judge = self._on_all(trainer.test_step)
        every = [*trainer.weights, *(variable for optimizer in optimizers for variable in optimizer.variables)]
        self._together.copy_of_chief(every)

    def fit(self, x, *, initial_epoch, epochs, steps_per_epoch, validation_data, callbacks, **_) -> None:
        """As of `keras.Model`; of every batch of ``x``, this host has its share already."""
        trainer, batches = self._trainer, iter(x)
        told = keras.callbacks.CallbackList(callbacks, model=trainer, epochs=epochs, steps=steps_per_epoch)
        trainer.stop_training = False
        told.on_train_begin()
        for epoch in range(initial_epoch, epochs):
            trainer.reset_metrics()
            told.on_epoch_begin(epoch)
            for step in range(steps_per_epoch):
                told.on_train_batch_begin(step)
                told.on_train_batch_end(step, self._learn(next(batches)))
            logs = self._scores()
            self._together.average(self._of_one_device)
            found = self.evaluate(validation_data, callbacks=told)
            logs |= {f"val_{name}": value for name, value in found.items()}
            told.on_epoch_end(epoch, logs)
            if trainer.stop_training:
                break
        told.on_train_end(logs)

    def evaluate(self, x, *, callbacks=None, **_) -> dict[str, float]:
        """As of `keras.Model`, of whole batches of which each host takes its share."""
        callbacks = callbacks or keras.callbacks.CallbackList(model=self._trainer)
        self._trainer.reset_metrics()
        callbacks.on_test_begin()
        for step in range(len(x)):
            callbacks.on_test_batch_begin(step)
            batch = x[step]
            share = self._hosts.share(len(batch[0]))
            callbacks.on_test_batch_end(step, self._judge([array[share] for array in batch]))
        logs = self._scores()
        callbacks.on_test_end(logs)
        return logs

    def _scores(self) -> dict[str, float]:
        """Means over all that all hosts have seen."""
        return {name: float(value) for name, value in self._trainer.get_metrics_result().items()}

    def _on_all(self, step: Callable) -> Callable:
        """Function: a step on all devices with this host's share of a batch; gives the mean of what they say of it."""
        import tensorflow as tf

        strategy, trainer = self._devices.strategy, self._trainer
        names: list[str] = []

        def on_one(batch):
            logs = step(batch)
            names[:] = sorted(logs)
            return tf.stack([tf.cast(logs[name], tf.float32) for name in names])

        @tf.function(reduce_retracing=True)
        def on_all(batch, _warming_up):
            return strategy.reduce("MEAN", strategy.run(on_one, args=(batch,)), axis=None)

        def done(batch) -> dict[str, Any]:
            warming_up = getattr(trainer, "warming_up", False)  # another step, so another graph
            values = on_all(self._together.shared_out(batch), warming_up)
            return dict(zip(names, values.numpy(), strict=True))

        return done
