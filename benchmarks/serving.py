"""The local server under load:  python benchmarks/serving.py [--model red_frames] [--size 64] [--requests 1000]

`srredsim serve MODEL --local` is a process of its own, the clients are threads of this one; each sends one stack after
the other, and holds each image against that which this process computes. "lost" are requests without an answer, or with
another image. Seconds are the median and the 99th percentile, of

"answer": of one client among all, from sending a stack to having its image; it waits for those of the others
"alone": the same of a single client, when no other is there
"predict": `srredsim.predict` of such a stack in this process, without a server
"engine": the bare engine on a window of that size, without reading, checking, and normalising

"processor" are seconds of all cores for one stack, which hardly grow when others use them, too: of the server with all
that it does for a client, of `srredsim.predict`, and of the bare engine.

"peak" is the largest resident size of the server, before the first request and after the last.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import machine
import numpy as np

ALONE = 20  # stacks, of one client and in this process


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="red_frames", help="of raw frames")
    parser.add_argument("--engine", default="onnxruntime")
    parser.add_argument("--size", type=int, default=64, help="raw pixels along y and x")
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=8)
    return parser


def main() -> None:
    arguments = parser().parse_args()
    ran_on = machine.described()
    what = f"{arguments.requests} stacks of {arguments.size} x {arguments.size} pixels, {arguments.clients} clients"
    print(f"{arguments.model}, {arguments.engine}, {what}; {ran_on}", flush=True)
    print(json.dumps(measured(arguments)))


def measured(arguments: argparse.Namespace) -> dict:
    import srredsim
    from srredsim.client import predict

    model = srredsim.load_model(arguments.model, engine=arguments.engine)
    stacks = [_stack(model, seed, arguments.size) for seed in range(arguments.clients)]
    expected = [srredsim.predict(stack, model=model).array for stack in stacks]
    command = [sys.executable, "-m", "srredsim", "serve", arguments.model, "--local", "--port", "0"]
    process = subprocess.Popen([*command, "--engine", arguments.engine], stderr=subprocess.PIPE, text=True)
    try:
        url = next(found[1] for line in process.stderr if (found := re.search(r"serving on (\S+);", line)))
        before = _peak_mib(process.pid)

        def one(number: int) -> float | None:
            which = number % len(stacks)
            started = time.perf_counter()
            answer = predict(url, stacks[which])
            seconds = time.perf_counter() - started
            same = np.allclose(answer.image, expected[which], rtol=1e-5, atol=1e-5 * expected[which].max())
            return seconds if same else None

        alone = [one(number) for number in range(ALONE)]
        started, worked = time.perf_counter(), _processor_s(process.pid)
        with ThreadPoolExecutor(arguments.clients) as threads:
            answers = list(threads.map(_or_lost(one), range(arguments.requests)))
        took, worked = time.perf_counter() - started, _processor_s(process.pid) - worked
        after = _peak_mib(process.pid)
    finally:
        process.terminate()
        process.wait()
    answered = [seconds for seconds in answers if seconds is not None]
    predicted = [_timed(lambda: srredsim.predict(stacks[0], model=model)) for _ in range(ALONE)]
    window = np.random.default_rng(0).random((arguments.size, arguments.size, model.first.channels), np.float32)
    bare = [_timed(lambda: model.networks[0](window)) for _ in range(ALONE)]
    processor_s = worked / len(answers), *(np.median([each for _, each in several]) for several in (predicted, bare))
    return {
        "lost": len(answers) - len(answered),
        "a second": round(len(answered) / took, 2),
        "answer": _percentiles(answered),
        "alone": _percentiles(alone),
        "predict": _percentiles([seconds for seconds, _ in predicted]),
        "engine": _percentiles([seconds for seconds, _ in bare]),
        "processor": ", ".join(f"{each:.3f}" for each in processor_s),
        "peak": f"{before:.0f} to {after:.0f} MiB",
    }


def _stack(model, seed: int, size: int) -> np.ndarray:
    import srredsim

    pattern = {"angles": model.first.angles, "phases": model.first.phases}
    stack = srredsim.simulate(seed=seed, size=size, photons=(500, 500), **pattern)[0]
    return stack.raw().reshape(-1, size, size)


def _or_lost(one):
    def tried(number: int) -> float | None:
        try:
            return one(number)
        except Exception as problem:  # noqa: BLE001  is counted
            print(f"request {number}: {problem}", file=sys.stderr)
            return None

    return tried


def _timed(work) -> tuple[float, float]:
    """Seconds, and those of the processor."""
    started, worked = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - started, time.process_time() - worked


def _processor_s(number: int) -> float:
    """Seconds of the processor that another process has used so far."""
    status = Path(f"/proc/{number}/stat")
    if not status.exists():
        return float("nan")
    fields = status.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _percentiles(seconds: list) -> str:
    middle, high = np.percentile(seconds, [50, 99])
    return f"{middle:.3f}, {high:.3f}"


def _peak_mib(number: int) -> float:
    """That of another process, as Linux tells it."""
    status = Path(f"/proc/{number}/status")
    if not status.exists():
        return float("nan")
    return int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1]) / 1024


if __name__ == "__main__":
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    main()
