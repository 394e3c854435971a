"""One file whose planes are shared out: whoever does them, and however often, the result is that of one process."""

import json
import os
import signal

import numpy as np
import pytest

from srredsim import io, records
from srredsim.acquisition import Optics
from srredsim.errors import InputError
from srredsim.io import Writing
from srredsim.reconstruction import planes
from srredsim.simulation.sim import simulate_stack
from srredsim.workflows import on_dask, reconstruct_file
from srredsim.workflows.job import Asked, Job, jobs_in
from srredsim.workflows.shared_out import do_here

SAMPLE = simulate_stack(3, index=0, phases=3, size=32, photons=(600, 600), phantom="filaments")
OPTICS = Optics(SAMPLE.settings.na, SAMPLE.settings.wavelength_em_um, SAMPLE.settings.pixel_size_um)


def movie(path, *shape):
    """File of so many times, channels and slices, no two alike, that bleaches."""
    rng = np.random.default_rng(1)
    light = np.linspace(1, 0.6, int(np.prod(shape)))
    raw = np.stack([rng.poisson(SAMPLE.raw * each) for each in light]).astype(np.uint16)
    return io.write_raw(path, raw.reshape(*shape, *SAMPLE.raw.shape), optics=OPTICS)


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    return movie(tmp_path_factory.mktemp("long") / "movie.tif", 60, 1, 1)


@pytest.fixture
def short(tmp_path):
    return movie(tmp_path / "movie.tif", 3, 1, 2)


def begun(path, out, **writing):
    """The job of a reconstruction; of no other than these settings."""
    writing = Writing(out, **writing)
    asked = Asked("reconstruct", path, writing, {"format": writing.format})
    return Job.begun(asked, lambda: reconstruct_file.opened(path, writing=writing))


def do(job, share=(1, 1), shift=0):
    """The numbers of planes that are done, as they are told, and what failed."""
    told = []
    failures = do_here(job, job.missing(share, shift), job.worker, lambda done, total: told.append((done, total)))
    return told, failures


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", ["ome-tiff", "ome-zarr"])
def test_shares_of_a_long_series_are_merged_into_the_files_of_one_process(long, tmp_path, kind):
    serial = reconstruct_file.reconstruct_file(long, writing=Writing(tmp_path / "one", format=kind))
    for number in (3, 1, 2):  # each as a process of its own, which opens the file anew
        told, _ = do(begun(long, tmp_path / "many", format=kind), (number, 3))
        assert len(told) == 1 + 20
    (folder,) = jobs_in([tmp_path / "many"])
    merged = Job(folder).merge()
    assert files(tmp_path / "many") == files(tmp_path / "one")
    differ = "paths", "seconds"
    assert {k: v for k, v in merged.items() if k not in differ} == {k: v for k, v in serial.items() if k not in differ}


def test_what_is_done_is_not_done_again(short, tmp_path, monkeypatch):
    made = []
    real = planes.Maker.__call__
    monkeypatch.setattr(planes.Maker, "__call__", lambda self, place: made.append(place) or real(self, place))
    do(begun(short, tmp_path / "out"), (2, 2))
    assert made == [(1, 0, 1), (2, 0, 0), (2, 0, 1)]  # neighbours, of which some share a slice
    told, _ = do(begun(short, tmp_path / "out"))
    assert made[3:] == [(0, 0, 0), (0, 0, 1), (1, 0, 0)]
    assert told == [(3, 6), (4, 6), (5, 6), (6, 6)]


def test_shares_are_all_of_it_and_nothing_twice(short, tmp_path):
    job = begun(short, tmp_path / "out")
    for shares in (1, 2, 3, 4, 6, 9):
        for shift in (0, 5):
            units = [unit for number in range(1, shares + 1) for unit in job.missing((number, shares), shift)]
            assert sorted(units) == sorted(job.units)
    assert job.missing((1, 9)) != job.missing((1, 9), 1)


def test_what_failed_is_told_and_tried_again(short, tmp_path, monkeypatch):
    real = planes.Maker.__call__

    def fails(self, place):
        if place[0] == 1:
            raise InputError(f"t=1, z={place[2]}: no light")
        return real(self, place)

    serial = reconstruct_file.reconstruct_file(short, writing=Writing(tmp_path / "one"))
    with monkeypatch.context() as patch:
        patch.setattr(planes.Maker, "__call__", fails)
        _, failures = do(begun(short, tmp_path / "out"))
    job = begun(short, tmp_path / "out")
    with pytest.raises(InputError, match=r"^2 of 6 planes failed, the first: t=1, z=0: no light$"):
        failures.refuse(job)
    status = json.loads(json.dumps(job.status()))
    assert (status["units"], status["done"]) == (6, 4)
    assert status["missing"] == [{"t": 1, "c": 0, "z": 0}, {"t": 1, "c": 0, "z": 1}]
    assert [(one["t"], one["z"], one["error"]) for one in status["failed"]] == [
        (1, z, f"t=1, z={z}: no light") for z in (0, 1)
    ]
    with pytest.raises(InputError, match=r"2 of 6 planes of .* are missing; the same command again does them"):
        job.merge()
    do(job)
    assert job.status()["failed"] == []
    job.merge()
    assert files(tmp_path / "out") == files(tmp_path / "one")
    assert serial["shape_tczyx"] == [3, 1, 2, 64, 64]


def test_an_error_nobody_thought_of_comes_when_the_others_are_done(short, tmp_path, monkeypatch):
    real = planes.Maker.__call__
    monkeypatch.setattr(planes.Maker, "__call__", lambda self, place: real(self, place) if place[0] else 1 / 0)
    job = begun(short, tmp_path / "out")
    _, failures = do(job)
    with pytest.raises(ZeroDivisionError):
        failures.refuse(job)
    assert len(job.missing()) == 2


def test_a_file_that_changed_is_another_job(short, tmp_path):
    do(begun(short, tmp_path / "out"))
    movie(tmp_path / "new.tif", 2, 1, 2).replace(short)
    other = begun(short, tmp_path / "out")
    assert (other.count, len(other.missing())) == (4, 4)
    assert len(jobs_in([tmp_path / "out"])) == 2


def test_a_part_that_is_damaged_is_done_anew(short, tmp_path):
    job = begun(short, tmp_path / "out")
    do(job)
    part = next(job.folder.glob("t00001*"))
    part.write_bytes(part.read_bytes()[:-9])
    with pytest.raises(InputError, match=r"z0000\.npz is damaged.*the same command again does it anew"):
        job.merge()
    assert job.missing() == [(1, 0, 0)]
    assert [path.suffix for path in (tmp_path / "out").iterdir()] == [".parts"]
    do(job)
    job.merge()
    assert sorted(files(tmp_path / "out")) == ["movie_wiener.json", "movie_wiener.tif"]


def test_a_part_of_another_plane_or_plan_is_done_anew(short, tmp_path):
    job, other = begun(short, tmp_path / "out"), begun(short, tmp_path / "out", format="ome-tiff")
    do(job)
    do(other, (1, 6))
    first, second = sorted(job.folder.glob("t*"))[:2]
    for wrong in (next(other.folder.glob("t*")), second):
        first.write_bytes(wrong.read_bytes())
        with pytest.raises(
            InputError, match=r"part of another plan, or plane, and was removed; the same command again"
        ):
            job.merge()
        assert job.missing() == [(0, 0, 0)]
        do(job)
    job.merge()


@pytest.mark.parametrize("name", ["job.json", "plan.npz"])
def test_a_manifest_or_plan_of_another_folder(short, tmp_path, name):
    job, other = begun(short, tmp_path / "out"), begun(short, tmp_path / "out", format="ome-tiff")
    do(job)
    (job.folder / name).write_bytes((other.folder / name).read_bytes())
    with pytest.raises(InputError, match=r"job\.json is of another plan than plan\.npz beside it; remove the folder"):
        Job(job.folder).merge()
    assert sorted(path.suffix for path in (tmp_path / "out").iterdir()) == [".parts"] * 2


def test_a_merge_while_another_one_ends_says_so(short, tmp_path, monkeypatch):
    job = begun(short, tmp_path / "out")
    do(job)
    real = records.read

    def late(path):
        if path.name.startswith("t00002"):
            Job(job.folder).remove()
        return real(path)

    monkeypatch.setattr(records, "read", late)
    with pytest.raises(InputError, match="is gone: another process has merged"):
        job.merge()
    assert list((tmp_path / "out").iterdir()) == []


def test_of_two_that_plan_at_once_the_plan_of_the_first_stays(short, tmp_path):
    writing = Writing(tmp_path / "out")
    asked = Asked("reconstruct", short, writing, {})
    inner = []

    def opened():
        if not inner:
            inner.append(True)
            inner.append(Job.begun(asked, opened))
            do(inner[1], (1, 2))
        return reconstruct_file.opened(short, writing=writing)

    outer = Job.begun(asked, opened)
    assert outer.folder == inner[1].folder
    assert len(outer.missing()) == 3
    assert outer.opened is None
    assert [path.name for path in (tmp_path / "out").iterdir()] == [outer.folder.name]


def test_a_part_for_a_job_that_was_merged_meanwhile_leaves_nothing(short, tmp_path):
    job = begun(short, tmp_path / "out")
    do(job)
    part = records.read(next(job.folder.glob("t*.npz")))
    Job(job.folder).merge()
    with pytest.raises(InputError, match="is gone: another process has merged"):
        job.keep(part)
    assert not job.folder.exists()


def test_results_that_are_there_are_not_replaced_unasked(short, tmp_path):
    job = begun(short, tmp_path / "out")
    do(job)
    (tmp_path / "out" / "movie_wiener.tif").write_text("mine")
    for again in (lambda: begun(short, tmp_path / "out"), job.merge):
        with pytest.raises(io.Exists, match=r"movie_wiener\.tif exists already"):
            again()
    assert job.folder.is_dir()
    job.merge(overwrite=True)
    assert (tmp_path / "out" / "movie_wiener.tif").read_bytes() != b"mine"


JOB = {"work": "predict", "version": "0.0.1", "shape_tczyx": [1, 1, 1], "input": "", "fingerprint": ""}


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        (None, "has no job.json"),
        ("[]", "has no job.json"),
        *(
            (json.dumps(JOB | {"shape_tczyx": shape}), "has no job.json")
            for shape in ([10**9, 1, 1], [-1, 1, 1], "abc", [1])
        ),
        (json.dumps(JOB), "0.0.1"),
    ],
)
def test_a_folder_that_is_no_job_of_this_package(tmp_path, manifest, said):
    folder = tmp_path / "x.parts"
    folder.mkdir()
    if manifest is not None:
        (folder / "job.json").write_text(manifest)
    with pytest.raises(InputError, match=said):
        Job(folder)


# On dask


@pytest.mark.slow
def test_a_worker_of_three_that_is_killed_loses_nothing(long, tmp_path):
    pytest.importorskip("distributed", reason="dask.distributed is an extra")
    reconstruct_file.reconstruct_file(long, writing=Writing(tmp_path / "one"))
    job, killed = begun(long, tmp_path / "many"), []
    with on_dask.client_of("local:3") as client:
        processes = client.run(os.getpid)
        assert len(set(processes.values())) == 3

        def kill_one(done, total):
            busy = {worker: len(tasks) for worker, tasks in client.processing().items()}
            if done and not killed:
                killed.append(max(busy, key=busy.get))
                assert busy[killed[0]] > 0
                os.kill(processes[killed[0]], signal.SIGKILL)

        failures = on_dask.do_on(client, job, job.missing(), kill_one)
    assert killed
    assert failures.words == {}
    assert job.missing() == []
    job.merge()
    assert files(tmp_path / "many") == files(tmp_path / "one")


@pytest.mark.parametrize("where", ["locl", "local:0", "local:x"])
def test_a_place_that_is_none(where):
    pytest.importorskip("distributed", reason="dask.distributed is an extra")
    with pytest.raises(InputError, match="`dask` is local, local:N, slurm:FILE or"), on_dask.client_of(where):
        pass


def test_dask_that_is_not_there_is_named_with_its_extra(monkeypatch):
    monkeypatch.setattr(on_dask, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r'`dask` needs dask\.distributed.*pip install "\.\[dask\]"'):
        on_dask.client_of("local").__enter__()


def test_a_unit_by_whoever_is_told_of_the_folder_alone(short, tmp_path):
    """What a worker of dask is sent; the job before it, and its models, are let go of."""
    jobs = [begun(short, tmp_path / "out", format=kind) for kind in ("tiff", "ome-tiff")]
    for job in (*jobs, jobs[0]):
        assert on_dask.do_unit(str(job.folder), [1, 0, len(job.done())]) == (1, 0, len(job.done()) - 1)
    assert [sorted(job.done()) for job in jobs] == [[(1, 0, 0), (1, 0, 1)], [(1, 0, 0)]]
