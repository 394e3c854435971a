"""Units of a job done by workers of dask.distributed, which share a file system with the one who asks.

A worker is sent the name of the folder and a unit, and puts the part there itself: what was done is not lost with it.
It loads a model once, and does one unit at a time, however many threads it has.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

from srredsim import processes, resources
from srredsim.acquisition import Position
from srredsim.errors import InputError
from srredsim.workflows import on_slurm
from srredsim.workflows.job import Job
from srredsim.workflows.shared_out import Failures, Progress

LOCAL, SLURM = "local", "slurm:"
CONNECT_S = 10.0  # to wait for a scheduler, and then for its first worker
LOST = 10  # workers that may end while they do one unit, before it is given up: each may have been taken for another
_one_at_a_time = Lock()
_latest: dict[str, Any] = {}  # of this process: the job that it works for


@contextmanager
def client_of(where: str) -> Iterator[Any]:
    """Connection to a scheduler: ``local``, or ``local:N``, which starts workers on this machine, ``slurm:FILE``, which
    has SLURM start them as the file says (`srredsim.workflows.on_slurm.Jobs`), or an address.

    Left out, N is the number of cores; the workers share them.

    Raises
    ------
    InputError
        If dask is not installed, or nobody answers.
    """
    if find_spec("distributed") is None:
        raise InputError(f"`dask` needs dask.distributed, which is not installed: {resources.install('dask')}")
    import dask
    from distributed import Client, LocalCluster

    here = re.fullmatch(rf"{LOCAL}(?::([1-9]\d{{0,3}}))?", where)
    if not here and (":" not in where or where.startswith(LOCAL)):
        words = f"{LOCAL}, {LOCAL}:N, {SLURM}FILE or the address of a scheduler, as tcp://10.0.0.5:8786"
        raise InputError(f"`dask` is {words}; got {where[:80]}")
    with dask.config.set({"distributed.scheduler.allowed-failures": LOST}), ExitStack() as stack:
        if here:
            count = int(here[1] or processes.cores())
            one_each: dict[str, Any] = {"n_workers": count, "threads_per_worker": 1, "dashboard_address": None}
            cluster = stack.enter_context(LocalCluster(**one_each, silence_logs=50))
            yield stack.enter_context(Client(cluster))
        elif where.startswith(SLURM):
            cluster = stack.enter_context(on_slurm.cluster_of(Path(where.removeprefix(SLURM))))
            yield stack.enter_context(Client(cluster))
        else:
            yield stack.enter_context(_answering(where))


def _answering(where: str) -> Any:
    """Client of the scheduler at an address, which has workers."""
    from distributed import Client

    try:
        client = Client(where, timeout=CONNECT_S)
        client.wait_for_workers(1, timeout=CONNECT_S)
    except (OSError, TimeoutError, ValueError) as problem:
        raise InputError(f"no scheduler with workers answers at {where}: {problem}") from None
    return client


def do_on(client: Any, job: Job, units: Sequence[Position], progress: Progress) -> Failures:
    """Do units of a job; a worker that is lost has others do what it had not finished."""
    from distributed import LocalCluster, as_completed

    failures, total = Failures(), job.count
    before = total - len(job.missing())
    progress(before, total)
    workers = len(client.cluster.workers) if isinstance(client.cluster, LocalCluster) else 1  # of this machine
    futures = {client.submit(do_unit, str(job.folder), one, workers, pure=False): one for one in units}
    for number, future in enumerate(as_completed(list(futures)), start=1):
        position = futures.pop(future)
        problem = future.exception()
        if problem is not None:
            told = InputError("all workers that tried ended; memory may be short") if _lost(problem) else problem
            job.fail(position, failures.add(position, told))
        progress(before + number, total)
    return failures


def do_unit(folder: str, position: Position, workers: int = 1) -> tuple[int, ...]:
    """One unit, by one of so many workers of a machine; the part is in the folder when it answers."""
    with _one_at_a_time:
        if workers > 1:
            _take_own_cores(workers)
        if _latest.get("folder") != folder:
            _latest.update(folder=None)
            _latest.update(job=Job(Path(folder)), folder=folder)
        job = _latest["job"]
        job.keep(job.worker().do(tuple(position)))
    return tuple(position)


def _take_own_cores(workers: int) -> None:
    """Engines compute on all cores that they may use: here those that are a worker's share."""
    from distributed import get_worker

    number = get_worker().name
    if hasattr(os, "sched_setaffinity") and isinstance(number, int):
        _latest.setdefault("cores", sorted(os.sched_getaffinity(0)))
        every = _latest["cores"]
        os.sched_setaffinity(0, every[number % len(every) :: workers])


def _lost(problem: BaseException) -> bool:
    return type(problem).__name__ == "KilledWorker"
