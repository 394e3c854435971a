"""Every table in one go:  python benchmarks/all.py [--quick] [--only engines reconstruct ...]

Each table is a process of its own, and what is compared in it is done in turn, A B A B: what else runs on the machine
meets both. Ratios are medians with the least and the greatest; those of core seconds are more to be trusted where the
machine is shared. All of it is written to ``benchmarks/results/<processor>.json``, a table at a time: those that are
not asked for stay as they were.
"""

import argparse
import importlib.util
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import machine
from alternated import in_words

RESULTS = Path(__file__).parent / "results"


def engines(quick: bool) -> dict:
    """Engines on the network of `srredsim`."""
    import engines

    size = 128 if quick else 512
    rows = engines.measured("red_frames", size, 2 if quick else 5)
    return {f"{row['engine']}/{row['precision']}, 15x{size}": row for row in rows}


def reconstruct(quick: bool) -> dict:
    """Classical reconstruction: blind, known, a further time, live."""
    import reconstruct

    size = 256 if quick else 512
    row = reconstruct.measure(size, 2 if quick else 5, time.time())
    return {f"{name}, 15x{size}": one for name, one in row["works"].items()}


def time_lapse(quick: bool) -> dict:
    """Time series: how many a second, and how busy the cores are."""
    import time_lapse

    return time_lapse.measured(10, 8) if quick else time_lapse.measured(100, 40)


def train(quick: bool) -> dict:
    """A step of training, of 64 filters."""
    from alternated import alternated

    import train
    from srredsim.zoo.precision import cpu_has_bfloat16

    batch, crop = (2, 32) if quick else (4, 64)
    kinds = ("float32", "bfloat16") if cpu_has_bfloat16() else ("float32",)
    works = {f"{kind}, batch {batch} of {crop}": train.training_step(64, kind, batch, crop) for kind in kinds}
    first = {f"first step, {name}": train.first_time(work) for name, work in works.items()}
    return first | alternated(works, 2 if quick else 5)


def against_torch(quick: bool) -> dict:
    """A step of training, in turn with PyTorch, channels-last. One thread each; "of the first" are times ours."""
    import train

    return train.against_torch(2, [32], 2) if quick else train.against_torch(4, [64, 128], 3)


def memory(quick: bool) -> dict:
    """Peaks of commands with large images."""
    import memory

    return memory.measured(("15x512",)) if quick else memory.measured()


def serving(quick: bool) -> dict:
    """The local server under load: median and 99th percentile in seconds."""
    import serving

    arguments = serving.parser().parse_args(["--requests", "40"] if quick else [])
    what = f"{arguments.model}/{arguments.engine}, 15x{arguments.size}"
    return {f"{what}, {arguments.requests} from {arguments.clients} clients": serving.measured(arguments)}


TABLES: dict[str, Callable[[bool], dict]] = {
    table.__name__: table for table in (engines, reconstruct, time_lapse, train, memory, serving)
} | ({"against_torch": against_torch} if importlib.util.find_spec("torch") else {})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that all of it runs; nothing is kept")
    parser.add_argument("--only", nargs="+", choices=TABLES, default=TABLES, metavar="TABLE", help=", ".join(TABLES))
    parser.add_argument("--table", choices=TABLES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.table:
        print(json.dumps(TABLES[arguments.table](arguments.quick)))
        return
    for name in arguments.only:
        load = machine.load()
        rows = in_own_process(name, arguments.quick)
        print(f"\n{name}: {TABLES[name].__doc__} Load before: {load:.1f}")
        for row, values in rows.items():
            print(f"  {row}: {', '.join(f'{key} {_shown(value)}' for key, value in values.items())}", flush=True)
        if not arguments.quick:
            keep(name, rows, load)


def in_own_process(name: str, quick: bool) -> dict:
    command = [sys.executable, __file__, "--table", name, *(["--quick"] if quick else [])]
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    answer = subprocess.run(command, env=environment, capture_output=True, text=True)
    if answer.returncode:
        sys.exit(answer.stderr)
    return json.loads(answer.stdout.splitlines()[-1])


def keep(name: str, rows: dict, load: float) -> None:
    """Put one table into the file of this processor."""
    facts = machine.facts()
    path = RESULTS / f"{re.sub(r'[^a-z0-9]+', '_', facts['processor'].lower()).strip('_')}.json"
    found = json.loads(path.read_text()) if path.exists() else {}
    found[name] = {"measured": time.strftime("%Y-%m-%d"), "load_before": round(load, 1), "machine": facts, "rows": rows}
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(found, indent=1) + "\n")
    print(f"  -> {path}")


def _shown(value: object) -> str:
    if isinstance(value, list):
        return in_words(value)
    return f"{value:.3g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
