"""Trainings in a process with several devices, told by JSON: {devices, jobs: [{recipe, out, replicas, ...}]}.

Prints a list of their histories. One device goes through its steps eagerly (``eager``): an independent computation,
and no graph has to be built. With ``as_host`` the devices are those of one host, that trains by the loop of several.
With ``same_images`` each device is given the whole batch of the recipe. Validation images
begin at multiples of 64 bytes, as they now and then do by chance: TensorFlow works in such memory.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from sparing import spare_tensorflow  # as tests/conftest.py has it


def main(devices: int, jobs: list[dict]) -> None:
    import tensorflow as tf

    spare_tensorflow()
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * devices)

    from srredsim.training import checkpoint, fit
    from srredsim.training.hosts import Hosts
    from srredsim.zoo import recipe

    chunked, examples = fit.validation_batches, fit._examples
    fit.validation_batches = lambda *settings: [tuple(map(aligned, batch)) for batch in chunked(*settings)]
    histories = []
    for job in jobs:
        tf.config.run_functions_eagerly(job.get("eager", False))
        number = job["replicas"]
        fit._examples = repeated(examples, number) if job.get("same_images") else examples
        devices = replicas(number)
        folder = fit.train(
            recipe.from_dict(job["recipe"]),
            out=Path(job["out"]),
            resume=job.get("resume", False),
            devices=replace(devices, hosts=Hosts(("localhost:1",), 0)) if job.get("as_host") else devices,
        )
        histories.append(checkpoint.load(folder).history)
    print(json.dumps(histories))


def replicas(number: int):
    from srredsim.training import strategy

    return strategy.mirrored([f"/cpu:{n}" for n in range(number)]) if number > 1 else strategy.Devices(1)


def repeated(examples, number: int):
    """The examples of a recipe, each batch so many times."""

    class Repeated:
        def __init__(self, batches):
            self._batches, self.pairs, self.indices = batches, batches.pairs, batches.indices

        def __getitem__(self, step):
            return tuple(np.concatenate([array] * number) for array in self._batches[step])

    def opened(recipe):
        batches, validation = examples(recipe)
        return Repeated(batches), validation

    return opened


def aligned(array: np.ndarray) -> np.ndarray:
    room = np.empty(array.nbytes + 64, np.uint8)
    copy = room[-room.ctypes.data % 64 :][: array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
