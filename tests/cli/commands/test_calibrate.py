"""`srredsim calibrate`, and what takes its file."""

import json

import numpy as np
import pytest
import tifffile
from microscopes import known, stack

from srredsim import io
from srredsim.errors import InputError
from srredsim.simulation.calibration_file import as_text, load
from srredsim.training import runs
from srredsim.zoo import recipe


@pytest.fixture(scope="module")
def bright(tmp_path_factory):
    """A stack of a microscope, and another whose stripes lie elsewhere."""
    folder = tmp_path_factory.mktemp("bright")
    own = stack(known(), 0, 80)
    return io.write_raw(folder / "a.tif", own.raw(), optics=own.optics)


@pytest.fixture
def file(tmp_path):
    (tmp_path / "mine.yaml").write_text(as_text(known()))
    return tmp_path / "mine.yaml"


def test_calibrate_writes_the_microscope(run, refused, bright, tmp_path):
    np.save(tmp_path / "none.npy", np.ones((9, 64, 64), np.uint16))
    asked = ("calibrate", bright, tmp_path / "none.npy", "--out", tmp_path / "mine.yaml", "--offset-adu", 100)
    status, out, err = run(*asked, "--json")
    assert status == 0
    report = json.loads(out)
    assert report["used"] == [str(bright)]
    assert "none.npy: left out: " in err
    assert "1 stack: how much the microscope varies" in err
    assert "read noise is assumed" not in err
    found = load(tmp_path / "mine.yaml")
    assert found.stacks == ("a.tif",)
    np.testing.assert_allclose([a.k0_per_um for a in found.angles], [a.k0_per_um for a in known().angles], atol=0.02)
    assert "mine.yaml exists" in refused(*asked)
    hexagonal = refused(*asked[:-2], "--overwrite", "--pattern", "hexagonal")
    assert "takes stripes only, and this pattern is hexagonal" in hexagonal
    assert "ends on .yaml" in refused("calibrate", bright, "--out", tmp_path / "mine.tif")


def test_simulate_makes_stacks_of_it(run, refused, file, tmp_path):
    asked = ("simulate", "--microscope", file, "--size", 32, "--seed", 4)
    assert run(*asked, "--out", tmp_path / "sim", "--photons", 70, 70).status == 0
    raw = tifffile.imread(tmp_path / "sim" / "raw" / "0000.tif").reshape(3, 3, 32, 32)
    about = json.loads((tmp_path / "sim" / "0000.json").read_text())
    assert raw.shape == (3, 3, 32, 32)
    assert (about["na"], about["pixel_size_um"], about["photons"]) == (1.42, 0.08, pytest.approx(70))
    np.testing.assert_allclose(about["k0_per_um"], [a.k0_per_um for a in known().angles], atol=0.01)
    assert "--microscope has a pattern of its own; leave out --angles" in refused(
        *asked, "--out", tmp_path / "other", "--angles", 3
    )
    assert "no such file; srredsim calibrate writes one" in refused("simulate", "--microscope", "x.yaml", "--out", "o")


def test_a_run_is_for_the_microscope_and_its_recipe_has_all_of_it(file, tmp_path):
    chosen, _ = runs.begun("red_wiener", [], tmp_path / "run", microscope=file)
    assert chosen.data.patterns == ("3x3",)
    assert chosen.data.options["microscope"] == load(file).as_dict()
    recipe.save(chosen, tmp_path / "recipe.yaml")
    assert recipe.load(tmp_path / "recipe.yaml") == chosen
    tuned, _ = runs.begun("srredsim_3x3", ["data.count=8"], tmp_path / "run", fine_tunes=True, microscope=file)
    assert (tuned.data.name, tuned.data.count, tuned.initial_weights) == ("simulated_real", 8, "srredsim_3x3")
    own = recipe.load("srredsim_3x3").optimizer.learning_rate
    assert tuned.optimizer.learning_rate == pytest.approx(0.7 * own)  # a tenth for pairs of one's own
    with pytest.raises(InputError, match="`data` is missing"):
        runs.begun("srredsim_3x3", [], tmp_path / "run", fine_tunes=True)


def test_a_model_for_another_pattern_is_refused(refused, file, tmp_path):
    said = refused("train", "--model", "srredsim", "--microscope", file, "--out", tmp_path / "run")
    assert "the microscope has 3 angles x 3 phases, the model is for 3 x 5" in said
    assert not (tmp_path / "run").exists()
