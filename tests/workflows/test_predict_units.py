"""Units of a prediction: planned here, done elsewhere and in any order, merged into the files of the serial one."""

import dataclasses
import json
import pickle
import subprocess
import sys

import numpy as np
import pytest

from srredsim import io
from srredsim.acquisition import Optics
from srredsim.consistency.widefield import Agreement
from srredsim.errors import InputError
from srredsim.io import Writing
from srredsim.simulation.sim import simulate_stack
from srredsim.workflows import predict as prediction
from srredsim.zoo import models

ELSEWHERE = """
import pickle, sys
from srredsim.workflows.predict import Worker
with open(sys.argv[1], "rb") as file:
    plan, units = pickle.load(file)
worker = Worker(plan)
with open(sys.argv[2], "wb") as file:
    pickle.dump([worker.do(unit) for unit in units], file)
"""


@pytest.fixture(scope="module")
def sample():
    return simulate_stack(9, index=1, phases=5, size=40, photons=(400.0, 400.0))


def written(sample, path, shape):
    """File of so many times, channels and slices, each with light of its own."""
    light = np.linspace(1, 2, np.prod(shape)).reshape(*shape, 1, 1, 1, 1)
    known = ("na", "wavelength_em_um", "pixel_size_um")
    optics = Optics(**{name: getattr(sample.settings, name) for name in known})
    return io.write_raw(path, (light * sample.raw).round().astype(np.uint16), optics=optics)


@pytest.fixture
def path(sample, tmp_path):
    return written(sample, tmp_path / "cells.tif", (2, 1, 1))


def contents(report):
    """Bytes of all files, and the report without paths and times."""
    files = {}
    for name in report["paths"]:
        with open(name, "rb") as file:
            files[name.rpartition("/")[2]] = file.read()
    return files, {key: value for key, value in report.items() if key != "paths" and "seconds" not in key}


@pytest.mark.parametrize(
    ("kind", "writing", "shape"),  # all pairs of times, channels and slices
    [
        ("tiny_cleaner", {}, (2, 2, 1)),
        ("tiny_model", {"dtype": "uint16"}, (1, 2, 2)),
        pytest.param("tiny_model", {}, (2, 1, 2), marks=pytest.mark.slow),
    ],
)
def test_any_order_gives_the_same_files(kind, writing, shape, sample, tmp_path, request):
    path = written(sample, tmp_path / "cells.tif", shape)
    model = models.load(request.getfixturevalue(kind), "float32")
    serial = prediction.predict_file(path, model, writing=Writing(tmp_path / "serial", **writing))
    plan = prediction.plan(path, model, writing=Writing(tmp_path / "merged", **writing))
    assert not (tmp_path / "merged").exists()  # a plan writes nothing
    worker = prediction.Worker(pickle.loads(pickle.dumps(plan)))
    parts = [worker.do(tuple(json.loads(json.dumps(unit)))) for unit in plan.units[::-1]]
    assert contents(prediction.merge(plan, parts)) == contents(serial)


def test_two_processes_share_the_units(path, tmp_path, tiny_cleaner):
    model = models.load(tiny_cleaner, "float32")
    serial = prediction.predict_file(path, model, writing=Writing(tmp_path / "serial"))
    plan = prediction.plan(path, model, writing=Writing(tmp_path / "merged"))
    assert len(pickle.dumps(plan)) < 50_000  # whatever the size of the image
    (tmp_path / "work").write_bytes(pickle.dumps((plan, plan.units[1::2])))
    command = [sys.executable, "-c", ELSEWHERE, str(tmp_path / "work"), str(tmp_path / "parts")]
    subprocess.run(command, check=True, capture_output=True)
    theirs = pickle.loads((tmp_path / "parts").read_bytes())
    worker = prediction.Worker(plan)
    ours = [worker.do(unit) for unit in plan.units[::2]]
    assert contents(prediction.merge(plan, theirs + ours)) == contents(serial)


def test_a_part_that_is_missing_leaves_nothing(path, tmp_path, tiny_model):
    plan = prediction.plan(path, models.load(tiny_model, "float32"), writing=Writing(tmp_path / "merged"))
    worker = prediction.Worker(plan)
    with pytest.raises(ValueError, match="1 of 2 parts are missing"):
        prediction.merge(plan, [worker.do(unit) for unit in plan.units[1:]])
    assert not (tmp_path / "merged").exists()


def test_a_file_that_changed_since_is_refused(path, tmp_path, tiny_model):
    """A smaller one would leave pixels that nobody computed."""
    plan = prediction.plan(path, models.load(tiny_model, "float32"), writing=Writing(tmp_path / "merged"))
    raw = io.read(path).array[0, 0, 0]
    path.unlink()
    io.write_raw(path, raw[..., :24, :24])
    with pytest.raises(InputError, match=r"cells\.tif has changed since it was planned"):
        prediction.Worker(plan)


def test_parts_of_another_plan_and_twice_the_same_are_refused(path, tmp_path, tiny_model, tiny_cleaner):
    plans = [
        prediction.plan(path, models.load(name, "float32"), writing=Writing(tmp_path / "merged"))
        for name in (tiny_cleaner, tiny_model)
    ]
    ours, others = ([worker.do(unit) for unit in worker.plan.units] for worker in map(prediction.Worker, plans))
    with pytest.raises(InputError, match="of another plan"):
        prediction.merge(plans[0], [*ours[:-1], others[-1]])
    with pytest.raises(InputError, match=r"\(0, 0, 0\) was there already"):
        prediction.merge(plans[0], [*ours, ours[0]])
    with pytest.raises(InputError, match=r"no \(t, c, z\) = \(0, 0, 7\)"):
        prediction.Worker(plans[0]).do((0, 0, 7))
    assert not [found for found in (tmp_path / "merged").glob("**/*") if found.is_file()]
    assert prediction.merge(plans[0], ours)["model"] == "cleaner"


def test_parts_that_this_plan_does_not_have_are_refused(path, tmp_path, tiny_model):
    """A place that the image lacks, with or without a comparison; nothing is written."""
    plan = prediction.plan(path, models.load(tiny_model, "float32"), writing=Writing(tmp_path / "merged"))
    without = dataclasses.replace(plan, transfers=())
    part = prediction.Worker(plan).do((0, 0, 0))
    for wrong, message in (
        (dataclasses.replace(part, position=(0, 0, 7)), r"no \(t, c, z\) = \(0, 0, 7\)"),
        (dataclasses.replace(part, judged=None), r"\(0, 0, 0\) was not compared with the frames"),
        (dataclasses.replace(part, agreement=Agreement(None)), r"\(0, 0, 0\) should not be compared with its input"),
    ):
        with pytest.raises(InputError, match=message):
            prediction.merge(plan, [wrong])
    with pytest.raises(InputError, match=r"\(0, 0, 0\) should not be compared"):
        prediction.merge(without, [part])
    assert not [found for found in (tmp_path / "merged").glob("**/*") if found.is_file()]


def test_units_are_done_from_another_folder(path, tmp_path, tiny_model, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plan = prediction.plan(path.name, models.load(tiny_model, "float32"), writing=Writing("merged"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    worker = prediction.Worker(plan)
    report = prediction.merge(plan, map(worker.do, plan.units))
    assert report["paths"][0] == str(tmp_path / "merged" / "cells_tiny.tif")
