"""Jobs of SLURM as workers; there is none here: `sbatch` and `scancel` are stand-ins that start and end the script."""

import os
import shutil
import signal
import stat
import time

import pytest

from srredsim.errors import InputError
from srredsim.workflows import on_dask, on_slurm

ASKED = """
jobs: 2
cores: 4
memory: 3GB
queue: short
walltime: "12:00:00"
job_extra_directives: ["--gres=gpu:1"]
worker_extra_args: [--lifetime, 11h]
"""
SBATCH = """#!/bin/bash
grep -q 'SBATCH -p short' "$1" || { echo "sbatch: error: invalid partition specified" >&2; exit 1; }
cp "$1" "$0.$$"
setsid bash "$0.$$" > "$0.$$.log" 2>&1 < /dev/null &
echo $! >> "$0.jobs"
echo "Submitted batch job $!"
"""
SCANCEL = """#!/bin/bash
kill -- -$1
"""


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """Folder with the stand-ins, which are found."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in {"sbatch": SBATCH, "scancel": SCANCEL}.items():
        (folder / name).write_text(text)
        (folder / name).chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    return folder


def asked(tmp_path, text=ASKED):
    path = tmp_path / "slurm.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "file should be keys and values"),
        (ASKED + "wall_time: 1h", r"no file key wall_time \(did you mean 'walltime'\?\); there are: jobs, cores"),
        (ASKED.replace("jobs: 2", ""), "the file lacks jobs"),
        (ASKED.replace("jobs: 2", "jobs: 0"), "jobs should be 1 or more; got 0"),
        (ASKED.replace('"12:00:00"', "12:00:00"), 'walltime should be in quotes, as "12:00:00"'),
        (ASKED + "processes: 2", "every job is one process"),
        (ASKED.replace("11h", "11"), "worker_extra_args should be texts; got 11"),
    ],
)
def test_files_that_ask_for_something_else(tmp_path, text, said):
    with pytest.raises(InputError, match=said) as problem:
        on_slurm.read(asked(tmp_path, text))
    assert str(tmp_path / "slurm.yaml") in str(problem.value)


def test_what_is_missing_is_named(tmp_path, monkeypatch):
    path = asked(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(on_slurm, "find_spec", lambda name: None)
        with pytest.raises(InputError, match=r'needs dask-jobqueue.*pip install "\.\[dask\]"'):
            on_slurm.cluster_of(path).__enter__()
    monkeypatch.setattr(on_slurm, "find_spec", lambda name: True)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(InputError, match="needs sbatch, which is not here"):
        on_slurm.cluster_of(path).__enter__()


def test_a_job_is_one_worker_of_one_thread_with_all_cores(tmp_path):
    jobqueue = pytest.importorskip("dask_jobqueue.slurm", reason="dask-jobqueue is an extra")
    how = on_slurm.read(asked(tmp_path)).of_cluster
    assert how.pop("scheduler_options") == {"dashboard": False}
    script = jobqueue.SLURMJob("tcp://10.0.0.5:8786", name="one", **how).job_script()
    assert [line.removeprefix("#SBATCH ") for line in script.splitlines() if line.startswith("#SBATCH")] == [
        "-J dask-worker", "-p short", "-n 1", "--cpus-per-task=4", "--mem=3G", "-t 12:00:00", "--gres=gpu:1",
    ]  # fmt: skip
    worker = script.splitlines()[-1]
    assert worker.endswith("--lifetime 11h --nthreads 1")
    assert "--nworkers" not in worker


@pytest.mark.slow
def test_work_is_done_by_jobs_and_one_that_ends_comes_again(tmp_path, slurm):
    pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is an extra")
    with on_dask.client_of(f"slurm:{asked(tmp_path)}") as client:
        client.wait_for_workers(2, timeout=60)
        jobs = list(map(int, (slurm / "sbatch.jobs").read_text().split()))
        assert len(jobs) == 2
        assert {worker["nthreads"] for worker in client.scheduler_info()["workers"].values()} == {1}
        assert client.submit(os.getpid).result() != os.getpid()
        os.killpg(jobs[0], signal.SIGKILL)
        end = time.monotonic() + 120
        while len(jobs) < 3 and time.monotonic() < end:
            time.sleep(0.2)
            jobs = list(map(int, (slurm / "sbatch.jobs").read_text().split()))
        client.wait_for_workers(2, timeout=60)
    end = time.monotonic() + 30
    while any(map(alive, jobs)) and time.monotonic() < end:
        time.sleep(0.2)
    assert [job for job in jobs if alive(job)] == []


@pytest.mark.slow
def test_what_slurm_says_of_a_job_that_it_does_not_take(tmp_path, slurm):
    pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is an extra")
    path = asked(tmp_path, ASKED.replace("queue: short", "queue: none"))
    with pytest.raises(InputError, match=r"slurm\.yaml: SLURM does not take the jobs: sbatch: error: invalid part"):
        on_slurm.cluster_of(path).__enter__()


def alive(job: int) -> bool:
    try:
        os.killpg(job, 0)
    except ProcessLookupError:
        return False
    return True
