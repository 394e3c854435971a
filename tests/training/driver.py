"""Trainings in a process with several devices, as told by JSON: {devices, jobs: [{recipe, out, replicas}]}.

Prints a list of their histories. Validation images begin at multiples of 64 bytes, as they now and then do by chance:
TensorFlow works in such memory.
"""

import json
import sys
from pathlib import Path

import numpy as np


def main(devices: int, jobs: list[dict]) -> None:
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * devices)

    from srredsim.training import checkpoint, fit, strategy
    from srredsim.zoo import recipe

    chunked = fit.validation_batches
    fit.validation_batches = lambda *settings: [tuple(map(aligned, batch)) for batch in chunked(*settings)]
    histories = []
    for job in jobs:
        names = [f"/cpu:{n}" for n in range(job["replicas"])]
        folder = fit.train(
            recipe.from_dict(job["recipe"]),
            out=Path(job["out"]),
            devices=strategy.mirrored(names) if len(names) > 1 else strategy.Devices(1),
        )
        histories.append(checkpoint.load(folder).history)
    print(json.dumps(histories))


def aligned(array: np.ndarray) -> np.ndarray:
    room = np.empty(array.nbytes + 64, np.uint8)
    copy = room[-room.ctypes.data % 64 :][: array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
