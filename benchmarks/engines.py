"""Engines on one network, in turn:  python benchmarks/engines.py [--model red_frames] [--size 512] [--rounds 5]

Every engine and precision that is installed computes the same window, A B C A B C, in one process; the first round does
not count. "of_the_first" is the median of the ratios within a round, the least and the greatest, "cores_of_the_first"
the same of processor time: what else runs on the machine meets all of them. "start" is a process of its own, from
Python to the first image, loaded from a cold start of Python but warm files. "differs" is the largest difference from
TensorFlow in float32, of the brightest pixel.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from functools import partial

import machine
import numpy as np
from alternated import alternated

START = """
import sys, numpy as np
from srredsim.zoo import models, windows
name, engine, precision = sys.argv[1:]
model = models.load(name, precision, engine)
windows.Network(model)(np.zeros((64, 64, model.channels), np.float32))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="red_frames")
    parser.add_argument("--size", type=int, default=512, help="pixels of the input along y and x")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    ran_on = machine.described()
    rows = measured(arguments.model, arguments.size, arguments.rounds)
    print(f"{arguments.model}, {arguments.size} x {arguments.size} pixels, {arguments.rounds} rounds; {ran_on}")
    for row in rows:
        print(json.dumps(row))


def measured(name: str, size: int, rounds: int) -> list[dict]:
    from srredsim import engines
    from srredsim.zoo import models
    from srredsim.zoo.windows import Network

    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    found = [each for each in ("tensorflow", "onnxruntime", "openvino") if engines.installed(each)]
    choices = [(each, how) for each in found for how in sorted(engines.module(each).precisions(), reverse=True)]
    choices = [choice for choice in choices if choice[1] != "float16"]
    networks = {choice: Network(models.load(name, choice[1], choice[0])) for choice in choices}
    channels = networks[choices[0]].model.channels
    window = np.random.default_rng(0).random((size, size, channels)).astype(np.float32)
    images = {choice: network(window) for choice, network in networks.items()}
    works = {"/".join(choice): partial(network, window) for choice, network in networks.items()}
    rows = alternated(works, rounds)
    reference = images[choices[0]]
    return [
        {"engine": choice[0], "precision": choice[1]}
        | rows["/".join(choice)]
        | {
            "start": round(_start(name, *choice), 1),
            "differs": float(f"{np.abs(images[choice] - reference).max() / np.abs(reference).max():.1e}"),
        }
        for choice in choices
    ]


def _start(name: str, engine: str, precision: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", START, name, engine, precision], check=True, capture_output=True)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
