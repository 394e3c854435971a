"""Planes as units of work: what they cost, and how long a plate takes on N workers:  python benchmarks/cluster.py

A job of a few planes is done for real: seconds a unit (a raw stack of 3 x 5 frames), bytes that it reads and writes.
One of 10,000 units has a stand-in for the work, which takes no time: what is left is planning, keeping and merging.
Then a plate is predicted: 96 wells x 9 fields x 50 times, each field a file. The disk is one for all: no number of
workers reads and writes more than it can.

    seconds = max(seconds of all workers / workers, bytes / disk)

Each file is read once to be planned and once to be done, its parts are written, read, and written as the result.
Seconds are those of the processor, which count where a machine is shared; the clock's are in brackets.
"""

import argparse
import os
import shutil
import statistics
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import machine
import numpy as np

WELLS, FIELDS, TIMES = 96, 9, 50
BLOCK = 16 * 2**20  # bytes


@dataclass(frozen=True)
class Unit:
    """What one plane costs, in seconds of a worker and in bytes; and what a file does."""

    file_s: float  # to find the stripes
    plan_s: float
    work_s: float
    keep_s: float
    merge_s: float
    raw_bytes: int
    part_bytes: int
    result_bytes: int

    @property
    def bytes(self) -> int:
        """Through the disk: read twice; written, read, written again."""
        return 2 * self.raw_bytes + 2 * self.part_bytes + self.result_bytes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=512, help="raw pixels along y and x")
    parser.add_argument("--units", type=int, default=10_000, help="of the stand-in")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 4, 16, 64, 256])
    parser.add_argument("--model", help="predict with this model, instead of the classical reconstruction")
    parser.add_argument("--folder", type=Path, help="on the disk that is measured; left out: that of temporary files")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        real = measured(Path(folder), arguments.size, arguments.model)
        alone = stand_in(Path(folder), arguments.units)
        disk = disk_rate(Path(folder))
    told(real, alone, disk, arguments)


class Timed:
    """Seconds of the processor, and by the clock, within a ``with`` block."""

    def __enter__(self):
        self._began = time.process_time(), time.perf_counter()
        return self

    def __exit__(self, *_):
        self.seconds, self.clock = time.process_time() - self._began[0], time.perf_counter() - self._began[1]

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s ({self.clock:.2f} s)"


def measured(folder: Path, size: int, model: str | None, times: int = 16) -> Unit:
    """A job of a few planes, the first left out: it makes plans of transforms, and loads."""
    from srredsim import io
    from srredsim.workflows import predict, reconstruct_file
    from srredsim.workflows.job import Asked, Job
    from srredsim.zoo.chain import Chain

    chain = Chain(model) if model else None

    def opened(path: Path, out: str):
        writing = io.Writing(folder / out)
        work = predict.opened(path, chain, writing=writing) if model else reconstruct_file.opened(path, writing=writing)
        return work, writing

    short, (raw_bytes, path) = written(folder / "short.tif", size, 1)[1], written(folder / "raw.tif", size, times)
    opened(short, "warm")
    with Timed() as one:
        opened(short, "one")
    with Timed() as all_of_them:
        at_work, writing = opened(path, "out")
    job = Job.begun(Asked("predict" if model else "reconstruct", path, writing, {}), lambda: at_work)
    worker, seconds, keep = job.worker(), [], []
    for position in job.units:
        with Timed() as done:
            part = worker.do(position)
        seconds.append(done.seconds)
        with Timed() as kept:
            job.keep(part)
        keep.append(kept.seconds)
    part_bytes = sum(one.stat().st_size for one in job.folder.glob("t*.npz"))
    with Timed() as merged:
        paths = job.merge()["paths"]
    result = sum(Path(one).stat().st_size for one in paths)
    plan_s = max(0.0, all_of_them.seconds - one.seconds) / (times - 1)
    each = plan_s, statistics.median(seconds[1:]), statistics.median(keep[1:]), merged.seconds / times
    return Unit(one.seconds, *each, raw_bytes // times, part_bytes // times, result // times)


def written(path: Path, size: int, times: int) -> tuple[int, Path]:
    """A time series of one simulated field: its bytes, and where it is."""
    from srredsim import io
    from srredsim.acquisition import Optics
    from srredsim.simulation.sim import simulate_stack

    sample = simulate_stack(2024, index=1, size=size, photons=(1500.0, 1500.0))
    rng, known = np.random.default_rng(1), sample.settings
    raw = np.stack([rng.poisson(sample.raw) for _ in range(times)]).astype(np.uint16)[:, None, None]
    io.write_raw(path, raw, optics=Optics(known.na, known.wavelength_em_um, known.pixel_size_um))
    return raw.nbytes, path


class StandIn:
    """Does nothing but give an image that is there already, with as much to be reported as a real one has."""

    def __init__(self, plan, part):
        self.plan, self._part = plan, part

    def do(self, position):
        return replace(self._part, plan=self.plan.token, position=position)


def stand_in(folder: Path, units: int) -> dict[str, Timed]:
    """Seconds that a job of so many small units takes besides the work."""
    from srredsim import io
    from srredsim.workflows import reconstruct_file
    from srredsim.workflows.job import Asked, Job
    from srredsim.workflows.shared_out import do_here

    _, path = written(folder / "small.tif", 32, 2)
    writing = io.Writing(folder / "small")
    real = reconstruct_file.opened(path, writing=writing)
    parts = [real.do(position) for position in real.plan.units]
    plan = replace(real.plan, shape=(units, *real.plan.shape[1:]))
    worker = StandIn(plan, parts[1])
    first = replace(parts[0], plan="")
    asked = Asked("reconstruct", path, writing, {"units": units})
    with Timed() as begin:
        job = Job.begun(asked, lambda: worker)
    with Timed() as keep:
        job.keep(replace(first, plan=worker.plan.token))
        do_here(job, job.missing(), lambda: worker, lambda done, total: None)
    with Timed() as status:
        job.status()
    with Timed() as merge:
        job.merge()
    return {"begin": begin, "keep": keep, "status": status, "merge": merge}


def disk_rate(folder: Path, blocks: int = 32) -> float:
    """Bytes a second that the disk takes, until they are on it."""
    content, path = os.urandom(BLOCK), folder / "disk"
    began = time.perf_counter()
    with path.open("wb") as file:
        for _ in range(blocks):
            file.write(content)
        os.fsync(file.fileno())
    seconds = time.perf_counter() - began
    free = shutil.disk_usage(folder).free
    path.unlink()
    print(f"disk: {BLOCK * blocks / seconds / 1e6:.0f} MB/s written, {free / 1e9:.0f} GB free")
    return BLOCK * blocks / seconds


def told(real: Unit, alone: dict[str, Timed], disk: float, arguments: argparse.Namespace) -> None:
    from rich.console import Console
    from rich.table import Table

    name = arguments.model or "reconstruct"
    size = f"15 frames of {arguments.size} x {arguments.size} pixels"
    print(f"{name}, {size}: stripes found in {real.file_s:.2f} s; a unit planned in {real.plan_s:.3f} s,")
    print(f"  done in {real.work_s:.3f} s, kept in {real.keep_s:.4f} s, merged in {real.merge_s:.4f} s;")
    raw, part, result = (f"{n / 1e6:.1f} MB" for n in (real.raw_bytes, real.part_bytes, real.result_bytes))
    print(f"  raw {raw}, part {part}, result {result}")
    each = sum(alone[step].seconds for step in ("begin", "keep", "merge")) / arguments.units
    steps = ", ".join(f"{step} {seconds}" for step, seconds in alone.items())
    print(f"{arguments.units} units without work: {steps};")
    print(f"  {1000 * each:.2f} ms a unit, {100 * each / real.work_s:.2f} % of the work of a real one")
    copied = real.keep_s + real.merge_s
    print(
        f"real parts: {1000 * copied:.1f} ms a unit to keep and merge, {100 * copied / real.work_s:.2f} % of its work"
    )
    table = Table(title=f"{WELLS} wells x {FIELDS} fields x {TIMES} times, {size}", caption=machine.described())
    for heading in ("workers", "hours", "limit", "workers busy"):
        table.add_column(heading, justify="right")
    for workers in arguments.workers:
        hours, limit, busy = plate(real, disk, workers)
        table.add_row(str(workers), f"{hours:.2f}", limit, f"{100 * busy:.0f} %")
    Console(width=110).print(table)


def plate(real: Unit, disk: float, workers: int) -> tuple[float, str, float]:
    """Hours of a plate, what limits them, and how much of the time the workers compute."""
    units, files = WELLS * FIELDS * TIMES, WELLS * FIELDS
    shared = min(workers, files)  # a field is planned, and merged, by one
    computed = units * (real.work_s + real.keep_s) / workers
    computed += (files * real.file_s + units * (real.plan_s + real.merge_s)) / shared
    moved = units * real.bytes / disk
    seconds = max(computed, moved)
    return seconds / 3600, "workers" if computed >= moved else "disk", min(1.0, computed / seconds)


if __name__ == "__main__":
    main()
