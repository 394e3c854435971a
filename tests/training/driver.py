"""Runs one training in a process of its own, as told by JSON: {recipe, out, resume, devices}. Prints its history."""

import json
import sys
from pathlib import Path


def main(wanted: dict) -> None:
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * wanted["devices"])

    from srredsim.training import checkpoint, strategy
    from srredsim.training.fit import train
    from srredsim.zoo import recipe

    names = [f"/cpu:{n}" for n in range(wanted["devices"])]
    folder = train(
        recipe.from_dict(wanted["recipe"]),
        out=Path(wanted["out"]),
        resume=wanted.get("resume", False),
        devices=strategy.mirrored(names) if len(names) > 1 else strategy.Devices(1),
    )
    print(json.dumps(checkpoint.load(folder).history))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
