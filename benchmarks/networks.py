"""Time and memory of networks:  python benchmarks/networks.py [--of sr-caco-2] [--size 128] [--networks nlsn act]

Those of W2S, or of SR-CACO-2 at x2 by the recipes ``caco2_NETWORK``.

Every row is a process of its own, with an untrained network of the published size (weights do not change the speed), at
the precision that the processor is fastest at. "build" is the network alone, "first" the first prediction, of 64 x 64
pixels, with all that happens once; then an image of ``size`` pixels a side in tiles, as `srredsim predict` makes it, by
the clock and in seconds of all cores together ("core s"), which other work on the machine changes little.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import machine
import numpy as np

NETWORKS = {
    "dncnn": {},
    "memnet": {},
    "ridnet": {},
    "rcan": {},
    "rdn": {},
    "san": {},
    "srfbn": {},
    "rrdb": {"blocks": 23},
    "edsr": {},
}
DENOISERS = ("dncnn", "memnet", "ridnet")
CACO2 = (
    "srcnn", "vdsr", "drrn", "memnet", "nlsn", "dfcan", "swinir", "enlcn", "grl", "act", "omnisr", "dbpn", "srfbn",
    "prosr", "mslapsrn",
)  # fmt: skip
BENCHMARKS = {"w2s": (tuple(NETWORKS), 512), "sr-caco-2": (CACO2, 128)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--of", choices=BENCHMARKS, default="w2s", help="benchmark whose networks they are")
    parser.add_argument("--size", type=int, help="pixels along y and x; default: 512, of SR-CACO-2 128")
    parser.add_argument("--networks", nargs="+", help="default: all of the benchmark")
    parser.add_argument("--row", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    names, size = BENCHMARKS[arguments.of]
    if wrong := set(arguments.networks or ()) - set(names):
        parser.error(f"no network {sorted(wrong)[0]} of {arguments.of}; there are {', '.join(names)}")
    if arguments.row:
        print(json.dumps(measure(arguments.of, arguments.row, arguments.size)))
    else:
        compare(arguments.of, arguments.networks or names, arguments.size or size)


def compare(benchmark: str, names: Sequence[str], size: int) -> None:
    print(machine.described())
    head = ["network", "parameters", "build s", "first s", f"{size} x {size} s", "core s", "peak GiB"]
    print(f"| {' | '.join(head)} |\n{'|---' * len(head)}|")
    for name in names:
        command = [sys.executable, __file__, "--of", benchmark, "--row", name, "--size", str(size)]
        answer = subprocess.run(command, env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}, capture_output=True, text=True)
        if answer.returncode:
            sys.exit(answer.stderr)
        row = json.loads(answer.stdout.splitlines()[-1])
        seconds = " | ".join(f"{row[key]:.1f}" for key in ("build_s", "first_s", "image_s", "cpu_s"))
        print(f"| {name} | {row['parameters']:,} | {seconds} | {row['peak_gib']:.2f} |", flush=True)


def described(benchmark: str, name: str):
    """The recipe of a network as it was published."""
    from srredsim.zoo import recipe

    if benchmark == "sr-caco-2":
        return recipe.load(f"caco2_{name}", ["data.scale=2"])
    target = "average" if name in DENOISERS else "sim"
    content = {"network": {"name": name} | NETWORKS[name], "data": {"input": "widefield", "target": target}}
    return recipe.from_dict({"name": name} | content)


def measure(benchmark: str, name: str, size: int) -> dict:
    from srredsim.zoo import models, recipe
    from srredsim.zoo.windows import Network, default_tile

    wanted = described(benchmark, name)
    rng = np.random.default_rng(0)
    started = time.perf_counter()
    built = models.build_network(wanted)
    build_s = time.perf_counter() - started
    with tempfile.TemporaryDirectory() as home:
        recipe.save(wanted, Path(home) / "recipe.yaml")
        built.save_weights(Path(home) / models.WEIGHTS)
        model = models.load(home)
    del built
    network, tile = Network(model), default_tile(model)
    started = time.perf_counter()
    network.in_tiles(rng.random((64, 64, 1), np.float32), tile)
    first_s = time.perf_counter() - started
    started, spent = time.perf_counter(), time.process_time()
    network.in_tiles(rng.random((size, size, 1), np.float32), tile)
    return {
        "parameters": sum(math.prod(weight.shape) for weight in model.network.trainable_weights),
        "build_s": build_s,
        "first_s": first_s,
        "image_s": time.perf_counter() - started,
        "cpu_s": time.process_time() - spent,
        "peak_gib": machine.peak_memory_gib(),
    }


if __name__ == "__main__":
    main()
