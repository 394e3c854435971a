"""Batches as a `tf.data.Dataset` (TensorFlow) or a `keras.utils.PyDataset` (any other backend)."""

from __future__ import annotations

from typing import Any

import keras


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
    """The batches of the steps for backends without tf.data."""

    def __init__(self, batches: Any, steps: range):
        super().__init__(workers=2, use_multiprocessing=False, max_queue_size=8)
        self._batches, self._steps = batches, steps

    def __len__(self) -> int:
        return len(self._steps)

    def __getitem__(self, index: int):
        return self._batches[self._steps[index]]


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
