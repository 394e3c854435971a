"""Batches as a `tf.data.Dataset` (TensorFlow) or a `keras.utils.PyDataset` (any other backend)."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import keras

AHEAD = 8  # batches that are read before they are asked for


def training_data(batches: Any, steps: range):
    """The batches of the steps, in order, read in parallel and ahead of the training.

    ``batches[step]`` is (input, truth), as of `srredsim.data.batches.Batches`.
    """
    if keras.backend.backend() == "tensorflow":
        return _tf_training_data(batches, steps)
    return PyBatches(batches, steps)


def _tf_training_data(batches: Any, steps: range):
    import tensorflow as tf

    frames, truths = batches[steps.start]
    signature = (tf.TensorSpec(frames.shape, tf.float32), tf.TensorSpec(truths.shape, tf.float32))

    def load(step):
        loaded = tf.numpy_function(lambda s: batches[int(s)], [step], (tf.float32, tf.float32), stateful=False)
        return tuple(tf.ensure_shape(array, spec.shape) for array, spec in zip(loaded, signature, strict=True))

    data = tf.data.Dataset.range(steps.start, steps.stop)
    data = data.map(load, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True).prefetch(tf.data.AUTOTUNE)
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return data.with_options(options)


class PyBatches(keras.utils.PyDataset):
    """The batches of the steps for backends without tf.data, read ahead by threads of its own.

    Those of Keras begin anew at every epoch, wherever they are: some batches would come twice
    in a run of several epochs, and others never.
    """

    def __init__(self, batches: Any, steps: range):
        super().__init__(workers=1)  # without threads of Keras
        self._batches, self._steps = batches, steps
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="batches")
        self._ahead: dict[int, Future] = {}

    def __len__(self) -> int:
        return len(self._steps)

    def __getitem__(self, index: int):
        wanted = range(index, min(index + AHEAD, len(self)))
        kept = {one: self._ahead[one] for one in wanted if one in self._ahead}
        new = {
            one: self._threads.submit(self._batches.__getitem__, self._steps[one]) for one in wanted if one not in kept
        }
        self._ahead = kept | new
        return self._ahead.pop(index).result()


class Stored(keras.utils.PyDataset):
    """Batches that are there already, such as those of the validation; each is handed out as a copy.

    TensorFlow takes memory that happens to be aligned as it is, and under a strategy writes the steps of a metric into
    it: the next epoch would be compared with something else.
    """

    def __init__(self, batches: list):
        super().__init__()
        self._batches = batches

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int):
        return tuple(array.copy() for array in self._batches[index])
