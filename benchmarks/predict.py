"""Time and memory of prediction:  python benchmarks/predict.py [--size 512] [--stacks 10]

Every row is a process of its own, with an untrained network (weights do not change the speed). The rows differ by
filters and precision. "network" is the time inside the network once it has been traced; "end to end" adds reading,
normalising, writing the TIFF and the PNG; "more" is the part that these add to the network's. What happens once is the
start-up: interpreter, imports, loading, tracing.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import machine
import numpy as np

ROWS = [(64, "float32"), (64, "bfloat16"), (32, "float32"), (32, "bfloat16")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=512, help="raw pixels along y and x")
    parser.add_argument("--stacks", type=int, default=10)
    parser.add_argument("--row", nargs=4, metavar=("FILTERS", "PRECISION", "FOLDER", "STARTED"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.row:
        filters, precision, folder, started = arguments.row
        print(json.dumps(measure(int(filters), precision, Path(folder), float(started))))
    else:
        compare(arguments.size, arguments.stacks)


def compare(size: int, stacks: int) -> None:
    from rich.console import Console
    from rich.table import Table

    from srredsim import io
    from srredsim.acquisition import Optics

    ran_on = machine.described()
    table = Table(title=f"{stacks} raw stacks of 15 x {size} x {size} pixels, seconds a stack", caption=ran_on)
    for heading in ("filters", "precision", "network", "end to end", "more", "start-up", "more with it", "peak GiB"):
        table.add_column(heading, justify="right")
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        for i in range(stacks):
            raw = rng.poisson(300, (3, 5, size, size)).astype(np.uint16)
            io.write_raw(Path(folder) / f"stack_{i}.tif", raw, optics=Optics(pixel_size_um=0.08))
        for filters, precision in ROWS:
            row = in_own_process(filters, precision, folder)
            table.add_row(
                str(filters), precision, f"{row['network']:.2f}", f"{row['end_to_end']:.2f}",
                f"{row['end_to_end'] / row['network'] - 1:.1%}", f"{row['start_up']:.1f}",
                f"{(row['start_up'] / stacks + row['end_to_end']) / row['network'] - 1:.1%}", f"{row['peak_gib']:.2f}",
            )  # fmt: skip
    Console(width=110).print(table)


def in_own_process(filters: int, precision: str, folder: str) -> dict:
    command = [sys.executable, __file__, "--row", str(filters), precision, folder, str(time.time())]
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    answer = subprocess.run(command, env=environment, capture_output=True, text=True)
    if answer.returncode:
        sys.exit(answer.stderr)
    return json.loads(answer.stdout.splitlines()[-1])


def measure(filters: int, precision: str, folder: Path, started: float) -> dict:
    """Medians over the stacks; what the first one takes beyond that happens once."""
    from srredsim.io import Writing
    from srredsim.workflows import predict as prediction
    from srredsim.zoo import models, recipe

    settings = {"name": "red_net", "input_channels": 15, "filters": filters, "widefield_skip": True}
    described = recipe.from_dict({"name": f"red_net_{filters}", "network": settings})
    with tempfile.TemporaryDirectory() as home:
        recipe.save(described, Path(home) / "recipe.yaml")
        models.build_network(described).save_weights(Path(home) / models.WEIGHTS)
        model = models.load(home, precision)
    loaded = time.time() - started
    reports = [
        prediction.predict_file(path, model, writing=Writing(folder / "out", overwrite=True))
        for path in sorted(folder.glob("*.tif"))
    ]
    end_to_end = statistics.median(report["seconds"] for report in reports)
    return {
        "network": statistics.median(report["seconds_in_network"] for report in reports),
        "end_to_end": end_to_end,
        "start_up": loaded + max(0.0, reports[0]["seconds"] - end_to_end),
        "peak_gib": machine.peak_memory_gib(),
    }


if __name__ == "__main__":
    main()
