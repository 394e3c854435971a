"""`srredsim predict`: what it writes and says, which model it takes, how it reads."""

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

from srredsim import io


def test_predict_writes_beside_the_input_and_prints_the_paths(run, tiny_model, stack, files_in):
    status, out, err = run("predict", stack, "--model", tiny_model)
    assert status == 0
    assert len(err.splitlines()) == 1
    assert f"{stack}: not compared with the raw frames: frames of 24 x 20 pixels are too small" in err
    expected = [stack.with_name("stack_tiny.tif"), stack.with_name("stack_tiny.png")]
    assert out.split() == [str(path) for path in expected]
    assert tifffile.imread(expected[0]).shape == (48, 40)
    assert files_in(stack.parent) == {"stack.tif", "stack_tiny.tif", "stack_tiny.png"}


def test_predict_json_is_all_there_is_on_standard_output(run, tiny_model, stack, tmp_path):
    status, out, _ = run("predict", stack, "--model", tiny_model, "--out", tmp_path / "out", "--json")
    report = json.loads(out)
    assert status == 0
    assert report["failures"] == []
    assert [Path(path).name for path in report["results"][0]["paths"]] == ["stack_tiny.tif", "stack_tiny.png"]
    assert report["results"][0]["pixel_size_um"] == pytest.approx(0.04)


def test_predict_compares_with_the_frames_where_the_optics_are_known(run, tiny_model, stack, tmp_path):
    """Without them it says what to give; with --no-consistency it says nothing."""
    from srredsim.simulation.sim import simulate_stack

    sample = simulate_stack(3, size=48, photons=(300, 300))
    np.save(tmp_path / "cell.npy", sample.raw)
    settings = sample.settings
    flags = ["--angles", 3, "--phases", 5, "--pixel-size-um", settings.pixel_size_um, "--model", tiny_model]
    optics = ["--na", settings.na, "--wavelength-em-um", settings.wavelength_em_um]
    status, out, err = run("predict", tmp_path / "cell.npy", *flags)
    assert (status, len(out.splitlines())) == (0, 2)
    assert any(
        "not compared with the raw frames" in line and "--na --wavelength-em-um" in line for line in err.splitlines()
    )
    status, out, _ = run("predict", tmp_path / "cell.npy", *flags, *optics, "--overwrite")
    assert status == 0
    assert [Path(line).name for line in out.splitlines()[2:4]] == [
        f"cell_tiny_consistency.{ending}" for ending in ("tif", "png")
    ]
    assert out.splitlines()[4].startswith("consistency: residual ")
    (tmp_path / "other").mkdir()
    run("predict", tmp_path / "cell.npy", *flags, *optics, "--no-consistency", "--out", tmp_path / "other")
    assert sorted(path.name for path in (tmp_path / "other").iterdir()) == ["cell_tiny.png", "cell_tiny.tif"]


def test_predict_without_a_model_takes_the_one_that_fits_and_says_so(run, zoo, stack):
    status, _, err = run("predict", stack)
    assert status == 0
    assert err.startswith(f"srredsim: {stack}: 3 angles x 5 phases, taking the model tiny\n")


def test_predict_without_a_model_that_fits(refused, zoo, tmp_path, files_in, raw_stack):
    path = tmp_path / "nine.tif"
    io.write_raw(path, raw_stack(3, 3))
    assert f"{path}: no model for 3 angles x 3 phases; there are: tiny (3 x 5)" in refused("predict", path)
    assert files_in(tmp_path) == {"nine.tif"}


def test_predict_passes_the_reading_on(run, tiny_model, tmp_path, raw_stack):
    """A phase-fastest file read as angle-fastest is another image."""
    frames = raw_stack().reshape(15, 24, 20)
    frames[:5] //= 3
    tifffile.imwrite(tmp_path / "plain.tif", np.concatenate([frames, frames[:1]]), photometric="minisblack")
    how = ["--trailing-widefield", "--angles", 3, "--phases", 5, "--pixel-size-um", 0.1, "--model", tiny_model]
    for order in ("PAZ", "ZAP", "PZA"):
        assert run("predict", tmp_path / "plain.tif", *how, "--order", order, "--out", tmp_path / order).status == 0
    images = [tifffile.imread(tmp_path / order / "plain_tiny.tif") for order in ("PAZ", "ZAP", "PZA")]
    assert not np.array_equal(images[0], images[1])
    with tifffile.TiffFile(tmp_path / "PAZ" / "plain_tiny.tif") as file:
        numerator, denominator = file.pages[0].tags["XResolution"].value
        assert denominator / numerator == pytest.approx(0.05, rel=1e-4)


def test_predict_passes_tile_dtype_and_precision_on(run, tiny_model, stack, tmp_path):
    flags = ["--tile", 8, "--dtype", "uint16", "--precision", "float32"]
    out = run("predict", stack, "--model", tiny_model, "--out", tmp_path / "out", "--json", *flags).out
    (report,) = json.loads(out)["results"]
    assert (report["tile"], report["precision"]) == (8, "float32")
    assert tifffile.imread(report["paths"][0]).dtype == np.uint16


def test_existing_results_stay_unless_told(run, refused, tiny_model, stack):
    assert run("predict", stack, "--model", tiny_model).status == 0
    result = stack.with_name("stack_tiny.tif")
    result.write_bytes(b"mine")
    assert "exists" in refused("predict", stack, "--model", tiny_model)
    assert result.read_bytes() == b"mine"
    assert run("predict", stack, "--model", tiny_model, "--overwrite").status == 0
    assert tifffile.imread(result).shape == (48, 40)


def test_an_unknown_model(refused, zoo, stack, tmp_path, files_in):
    line = refused("predict", stack, "--model", "tinny")
    assert line == "srredsim: --model: no model called 'tinny' (did you mean 'tiny'?); there are: tiny"
    assert files_in(tmp_path) == {"stack.tif"}


def test_a_model_without_weights_is_meant_but_not_offered(refused, stack):
    line = refused("predict", stack, "--model", "w2s_rcn")
    named, _, offered = line.partition("there are: ")
    assert "(did you mean 'w2s_rcan'?)" in named
    assert "red_wiener" in offered
    assert "w2s_rcan" not in offered
