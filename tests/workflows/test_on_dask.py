"""Units done by workers of dask, one of which is killed."""

import os
import signal

import pytest

from srredsim.errors import InputError
from srredsim.workflows import on_dask

pytest.importorskip("distributed", reason="dask.distributed is an extra")


@pytest.mark.slow
def test_a_worker_that_is_killed_loses_nothing(tmp_path):
    import test_job as jobs

    path = jobs.movie(tmp_path / "movie.tif", 60, 1, 1)
    jobs.reconstruct_file.reconstruct_file(path, writing=jobs.Writing(tmp_path / "one"))
    job = jobs.begun(path, tmp_path / "many")
    killed = []
    with on_dask.client_of("local:3") as client:
        processes = client.run(os.getpid)
        assert len(set(processes.values())) == 3

        def kill_one(done, total):
            busy = {worker: len(tasks) for worker, tasks in client.processing().items()}
            if done and not killed:
                killed.append(max(busy, key=busy.get))
                os.kill(processes[killed[0]], signal.SIGKILL)

        failures = on_dask.do_on(client, job, job.missing(), kill_one)
    assert killed
    assert failures.words == {}
    assert job.missing() == []
    job.merge()
    assert jobs.files(tmp_path / "many") == jobs.files(tmp_path / "one")


@pytest.mark.parametrize("where", ["locl", "local:0"])
def test_a_place_that_is_none(where):
    with pytest.raises(InputError, match=r"`dask` is local, local:N or the address|no scheduler"), on_dask.client_of(where):
        pass
