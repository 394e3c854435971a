"""A model that was trained anew in its folder: nobody goes on with the weights that it had."""

import numpy as np
import pytest

from srredsim import io
from srredsim.errors import InputError
from srredsim.io import Reading, Writing
from srredsim.workflows.job import Asked, Job
from srredsim.workflows.predict import opened, predict_file
from srredsim.zoo import chain, models
from srredsim.zoo import recipe as recipes


@pytest.fixture
def model(tiny_model, tmp_path):
    (tmp_path / "tiny").mkdir()
    for path in tiny_model.iterdir():
        (tmp_path / "tiny" / path.name).write_bytes(path.read_bytes())
    return tmp_path / "tiny"


@pytest.fixture
def stack(tmp_path):
    np.save(tmp_path / "a.npy", np.random.default_rng(1).poisson(200, (2, 15, 40, 36)).astype(np.uint16))
    return tmp_path / "a.npy"


def train_anew(model, seed):
    """Weights of the same shapes, and other numbers."""
    network, rng = models.build_network(recipes.load(model)), np.random.default_rng(seed)
    network.set_weights([rng.normal(0, 0.1, weight.shape) for weight in network.get_weights()])
    network.save_weights(model / models.WEIGHTS)


READING = Reading(order="APZ", angles=3, phases=5)


def asked_and_opened(stack, model, out, loaded=None):
    writing = Writing(out)
    asked = Asked("predict", stack, writing, {"model": chain.fingerprint(model)})
    how = {"reading": READING, "writing": writing, "consistency": False}
    return asked, lambda: opened(stack, loaded or models.load(model, "float32"), **how)


def as_elsewhere(job):
    """The image, of another worker than the one who planned it."""
    job = Job(job.folder)
    for unit in job.missing():
        job.keep(job.worker().do(unit))
    return io.read_image(job.merge()["paths"][0])[0]


def test_a_worker_who_knows_the_model_takes_the_weights_of_the_plan(stack, model, tmp_path):
    made = []
    for number in range(2):
        train_anew(model, number)
        made.append(as_elsewhere(Job.begun(*asked_and_opened(stack, model, tmp_path / f"job{number}"))))
        alone = Writing(tmp_path / f"alone{number}")
        report = predict_file(stack, models.load(model, "float32"), reading=READING, writing=alone, consistency=False)
        np.testing.assert_array_equal(made[number], io.read_image(report["paths"][0])[0])
    assert np.abs(made[0] - made[1]).max() > 1


def test_a_plan_is_refused_with_other_weights(stack, model, tmp_path):
    job = Job.begun(*asked_and_opened(stack, model, tmp_path / "out"))
    job.keep(job.worker().do(job.missing()[0]))
    before = (model / models.WEIGHTS).read_bytes()
    train_anew(model, 1)
    with pytest.raises(InputError, match=r"tiny has other weights, or another recipe, than when this was planned"):
        Job(job.folder).worker()
    (model / models.WEIGHTS).write_bytes(before)  # which are the same again, whenever they were written
    as_elsewhere(job)


def test_parts_do_not_claim_weights_that_they_were_not_made_with(stack, model, tmp_path):
    loaded = models.load(model, "float32")
    train_anew(model, 1)
    with pytest.raises(InputError, match="tiny has other weights, or another recipe, than when this was planned"):
        Job.begun(*asked_and_opened(stack, model, tmp_path / "out", loaded))
    assert not list((tmp_path / "out").glob("*.parts"))


def test_what_a_model_computes_is_told_by_recipe_weights_and_precision(model):
    known = [models.load(model, precision).identity for precision in ("float32", "bfloat16")]
    known.append(models.load(model, "float32", "onnxruntime").identity)
    assert known[2] == known[0] != known[1]  # engines differ by rounding
    train_anew(model, 1)
    known.append(models.load(model, "float32").identity)
    recipe = (model / "recipe.yaml").read_text()
    (model / "recipe.yaml").write_text(recipe + "seed: 7\n")
    known.append(models.load(model, "float32").identity)
    (model / "recipe.yaml").write_text(recipe)
    assert len({*known}) == 4
    assert models.load(model, "float32").identity == known[3]
