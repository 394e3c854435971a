"""Workers of dask.distributed as jobs of SLURM, by dask-jobqueue, with what a small YAML file says of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from srredsim import documents, resources, schema
from srredsim.errors import InputError, shown

SUBMIT = "sbatch"
LISTS = ("job_extra_directives", "job_directives_skip", "job_script_prologue", "worker_extra_args")
ONE_THREAD = ["--nthreads", "1"]  # a model once a job, all its cores for one plane


@dataclass(frozen=True)
class Jobs:
    """How many ``jobs``, each of which is a worker; all else is a keyword of ``dask_jobqueue.SLURMCluster``.

    What is left out is as in dask's own ``jobqueue.yaml``.
    """

    jobs: int
    cores: int
    memory: str
    queue: str | None = None
    account: str | None = None
    walltime: str | None = None
    job_cpu: int | None = None
    job_mem: str | None = None
    job_name: str | None = None
    job_extra_directives: tuple | None = None
    job_directives_skip: tuple | None = None
    job_script_prologue: tuple | None = None
    worker_extra_args: tuple | None = None
    death_timeout: int | None = None
    interface: str | None = None
    local_directory: str | None = None
    log_directory: str | None = None
    shebang: str | None = None
    python: str | None = None

    def __post_init__(self):
        for name in ("jobs", "cores"):
            if (value := getattr(self, name)) < 1:
                raise InputError(f"{name} should be 1 or more; got {value}")
        for name in LISTS:
            for one in getattr(self, name) or ():
                if not isinstance(one, str):
                    raise InputError(f"{name} should be texts; got {shown(one)}")

    @property
    def of_cluster(self) -> dict[str, Any]:
        """Keyword arguments of SLURMCluster."""
        given = {name: value for name, value in asdict(self).items() if value is not None and name != "jobs"}
        given |= {name: list(given[name]) for name in LISTS if name in given}
        arguments = [*given.pop("worker_extra_args", []), *ONE_THREAD]
        return {"scheduler_options": {"dashboard": False}, **given, "processes": 1, "worker_extra_args": arguments}


def read(path: Path) -> Jobs:
    """The jobs that a file asks for.

    Raises
    ------
    InputError
        If there is none, or if it says something else, or in another way.
    """
    try:
        content = documents.read_yaml(path)
    except OSError as problem:
        raise InputError(f"`dask` slurm:{path}: {problem.strerror}") from None
    if isinstance(content, dict) and isinstance(content.get("walltime"), int):
        raise InputError(f'{path}: walltime should be in quotes, as "12:00:00", which YAML takes for a number without')
    if isinstance(content, dict) and "processes" in content:
        raise InputError(f"{path}: every job is one process, which loads the model once; leave out processes")
    try:
        return schema.build(Jobs, content, "file")
    except InputError as problem:
        raise InputError(str(problem), about=f"{path}:") from None


@contextmanager
def cluster_of(path: Path) -> Iterator[Any]:
    """The scheduler, here, and its workers, which come as SLURM lets them; they are taken back when the block ends.

    Raises
    ------
    InputError
        If dask-jobqueue or SLURM is not there, or will not have the jobs.
    """
    jobs = read(path)
    if find_spec("dask_jobqueue") is None:
        raise InputError(f"`dask` slurm:... needs dask-jobqueue, which is not installed: {resources.install('dask')}")
    if shutil.which(SUBMIT) is None:
        raise InputError(f"`dask` slurm:... needs {SUBMIT}, which is not here: start it where jobs are submitted")
    from dask_jobqueue import SLURMCluster

    try:
        cluster = SLURMCluster(**jobs.of_cluster, silence_logs=50)
    except (ValueError, OSError) as problem:
        raise InputError(" ".join(str(problem).split()), about=f"{path}:") from None
    try:
        try:
            cluster.sync(_submitted, cluster, jobs.jobs)
        except (RuntimeError, ValueError, OSError) as problem:
            raise InputError(f"SLURM does not take the jobs: {_words_of(problem)}", about=f"{path}:") from None
        cluster.adapt(minimum_jobs=jobs.jobs, maximum_jobs=jobs.jobs)  # at its time limit, again
        yield cluster
    finally:
        with suppress(AssertionError):  # of jobs that were not taken dask expects that they were
            cluster.close()


async def _submitted(cluster: Any, count: int) -> None:
    cluster.scale(jobs=count)
    await cluster


def _words_of(problem: Exception) -> str:
    """What sbatch wrote, of all that dask says of it."""
    _, found, words = str(problem).partition("stderr:")
    return " ".join((words if found else str(problem)).split()) or type(problem).__name__
