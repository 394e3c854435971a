"""Trainings in a process with several devices, told by JSON: {devices, jobs: [{recipe, out, replicas, resume}], gan}.

Prints ``jobs``, a list of their histories, and ``gan``, what `same_images` finds of that recipe. Validation images
begin at multiples of 64 bytes, as they now and then do by chance: TensorFlow works in such memory.
"""

import json
import sys
from pathlib import Path

import numpy as np


def main(devices: int, jobs: list[dict], gan: dict | None = None) -> None:
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * devices)

    from srredsim.training import checkpoint, fit
    from srredsim.zoo import recipe

    chunked = fit.validation_batches
    fit.validation_batches = lambda *settings: [tuple(map(aligned, batch)) for batch in chunked(*settings)]
    histories = []
    for job in jobs:
        folder = fit.train(
            recipe.from_dict(job["recipe"]),
            out=Path(job["out"]),
            resume=job.get("resume", False),
            devices=replicas(job["replicas"]),
        )
        histories.append(checkpoint.load(folder).history)
    found = [same_images(recipe.from_dict(gan), replicas(number)) for number in (1, 2)] if gan else None
    print(json.dumps({"jobs": histories, "gan": found}))


def replicas(number: int):
    from srredsim.training import strategy

    return strategy.mirrored([f"/cpu:{n}" for n in range(number)]) if number > 1 else strategy.Devices(1)


def same_images(wanted, devices) -> dict:
    """An adversarial training in which each device is given the same images: its history, and all variables then."""
    import keras
    import tensorflow as tf

    from srredsim import losses
    from srredsim.training import adversarial, optimizers
    from srredsim.zoo import models

    rng = np.random.default_rng(2)
    frames, images = rng.random((4, 3, 16, 16, 9), np.float32), rng.random((4, 3, 32, 32, 2), np.float32)
    keras.utils.set_random_seed(5)
    with devices.scope():
        made = adversarial.trainer(wanted, models.build_network(wanted))
        optimizer = optimizers.build(wanted.optimizer, 0.1, "float32")
        made.compile(optimizer, loss=losses.get(wanted.loss), jit_compile=False)
        made.optimizer.build(made.network.trainable_variables)
    arrays = tuple(np.concatenate([array] * devices.replicas, axis=1) for array in (frames, images))
    fitted = made.fit(tf.data.Dataset.from_tensor_slices(arrays), epochs=1, shuffle=False, verbose=0)
    return {
        "history": {name: list(map(float, values)) for name, values in fitted.history.items()},
        "variables": [[one.path, one.numpy().tolist()] for one in made.trainable_variables],
    }


def aligned(array: np.ndarray) -> np.ndarray:
    room = np.empty(array.nbytes + 64, np.uint8)
    copy = room[-room.ctypes.data % 64 :][: array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
