"""Steps of training and examples of data per second:  python benchmarks/train.py [--batch 8] [--crop 64]

Training must never wait: the data have to deliver more examples a second than the fastest network takes. "first" is the
first step, which traces the graph, in seconds by the clock and, in brackets, of the processor.

``--against torch`` compares a step with that of PyTorch instead, channels-last, of the same network, batch and
precision, in turn; each has one thread if ``--threads`` says no more: those of PyTorch wait for each other with full
power, which on cores that others use too is most of what they do. PyTorch is none of this project's packages:
``pip install torch``.
"""

import argparse
import importlib.util
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence

import machine
import numpy as np
from alternated import alternated, in_words

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROWS = [(64, "float32"), (64, "bfloat16"), (32, "float32"), (32, "bfloat16")]
SECONDS = 10.0  # each row is measured for so long


def main() -> None:
    from rich.console import Console
    from rich.table import Table

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--crop", type=int, default=64, help="raw pixels")
    parser.add_argument("--against", choices=["torch"], help="compare with the step of another library")
    parser.add_argument("--threads", type=int, default=1, help="with --against")
    arguments = parser.parse_args()
    batch, crop = arguments.batch, arguments.crop
    if arguments.against:
        if not has_torch():
            parser.error("PyTorch is not installed; pip install torch")
        print(machine.described())
        against_torch(batch, [crop], 5, arguments.threads)
        return
    table = Table(title=f"batches of {batch} crops of {crop} x {crop} raw pixels, 3 x 5 frames")
    for heading in ("", "steps/s", "examples/s", "first"):
        table.add_column(heading, justify="right" if heading else "left")
    table.caption = machine.described()
    for filters, precision in ROWS:
        step = training_step(filters, precision, batch, crop)
        first, steps = first_time(step), per_second(step)
        words = f"{first['seconds']:.1f} ({first['core_seconds']:.1f})"
        table.add_row(f"train red_net, {filters} filters, {precision}", f"{steps:.2f}", f"{steps * batch:.1f}", words)
    for name, steps in data_rates(batch, crop).items():
        table.add_row(name, f"{steps:.2f}", f"{steps * batch:.1f}", "")
    Console(width=110).print(table)


def per_second(work: Callable[[], object]) -> float:
    """How often it can be done, after a first time that does not count."""
    work()
    started, done = time.perf_counter(), 0
    while time.perf_counter() - started < SECONDS:
        work()
        done += 1
    return done / (time.perf_counter() - started)


def first_time(work: Callable[[], object]) -> dict[str, float]:
    """Seconds that it takes once, by the clock and of the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    took = time.perf_counter() - clock, time.process_time() - processor
    return {"seconds": round(took[0], 3), "core_seconds": round(took[1], 3)}


def has_torch() -> bool:
    return importlib.util.find_spec("torch") is not None


def against_torch(batch: int, crops: Sequence[int], rounds: int, threads: int = 1) -> dict[str, dict]:
    """Steps of 64 filters in turn with those of PyTorch; nothing else may have begun with either."""
    import red_net_torch
    import tensorflow as tf

    from srredsim.zoo.precision import cpu_has_bfloat16

    red_net_torch.torch.set_num_threads(threads)
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    rows = {}
    for crop in crops:
        for precision in ("float32", "bfloat16") if cpu_has_bfloat16() else ("float32",):
            works = {
                "srredsim": training_step(64, precision, batch, crop),
                "torch": red_net_torch.training_step(64, precision, *images(batch, crop)),
            }
            for name, row in alternated(works, rounds).items():
                rows[f"{name}, {precision}, batch {batch} of {crop}, threads: {threads}"] = row
                words = f"{in_words(row['of_the_first'])}, of core seconds {in_words(row['cores_of_the_first'])}"
                print(
                    f"{name}, {precision}, {batch} x {crop}: {row['seconds']} s, {words}", file=sys.stderr, flush=True
                )
    return rows


def images(batch: int, crop: int) -> tuple[np.ndarray, np.ndarray]:
    """Frames and truths of noise."""
    rng = np.random.default_rng(0)
    return rng.random((batch, crop, crop, 15), np.float32), rng.random((batch, 2 * crop, 2 * crop, 1), np.float32)


def training_step(filters: int, precision: str, batch: int, crop: int) -> Callable[[], object]:
    import keras

    from srredsim.training import adam
    from srredsim.zoo import models, recipe

    settings = {"name": "red_net", "input_channels": 15, "filters": filters, "widefield_skip": True}
    network = models.build_network(recipe.from_dict({"name": "benchmark", "network": settings}), precision)
    network.compile(adam.Adam(), "mean_absolute_error", jit_compile=keras.backend.backend() != "tensorflow")
    frames, truth = images(batch, crop)
    return lambda: network.train_on_batch(frames, truth)


def data_rates(batch: int, crop: int) -> dict[str, float]:
    """Batches a second from the simulator itself, and from its cache on disk as the training reads it."""
    with tempfile.TemporaryDirectory() as cache:
        os.environ["SRREDSIM_CACHE"] = cache
        from srredsim.data import catalogue, pipeline
        from srredsim.data.batches import Batches

        opened = catalogue.open_split("simulated", "train", 3, 5, count=16 * batch)
        started = time.perf_counter()
        made = opened.pairs.generate(range(len(opened.pairs)))
        simulated = made / (time.perf_counter() - started) / batch
        batches = Batches(opened.pairs, crop, batch, 0, opened.augmentation, 3, 5, 0.3)
        reader = iter(pipeline.training_data(batches, range(10**6)))
        return {"simulate, all cores, once": simulated, "read, crop, augment": per_second(lambda: next(reader))}


if __name__ == "__main__":
    main()
