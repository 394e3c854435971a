"""Files that say nothing of the optics, from every door: the same default as with them, in units of pixels."""

import json

import numpy as np
import pytest
import tifffile

import srredsim
from srredsim.simulation.sim import simulate_stack
from srredsim.workflows.reconstruct_file import reconstruct_file

OPTICS = {"na": 1.4, "wavelength_em_um": 0.6, "pixel_size_um": 0.07}
FLAGS_BUT_PIXEL = ("--na", "1.4", "--wavelength-em-um", "0.6")
FLAGS = ("--na", "--wavelength-em-um", "--pixel-size-um")
SAMPLE = simulate_stack(2, index=4, phases=3, size=64, photons=(900.0, 900.0), phantom="filaments", **OPTICS)


@pytest.fixture
def bare(tmp_path):
    path = tmp_path / "bare.tif"
    tifffile.imwrite(path, SAMPLE.raw.reshape(9, 64, 64))
    return path


def names(report):
    """Every key of a report, however deep."""
    if isinstance(report, dict):
        yield from report
    for each in report.values() if isinstance(report, dict) else report if isinstance(report, list) else ():
        yield from names(each)


def test_predict_takes_the_default_that_it_takes_with_optics(bare, run):
    outcome = run("predict", bare)
    assert outcome.status == 0
    assert bare.with_name("bare_red_wiener.tif").exists()
    assert bare.with_name("bare_red_wiener_consistency.tif").exists()
    assert "does not say NA, wavelength of emission and pixel size: cut-off estimated from the frames" in outcome.err
    assert outcome.err.count("estimated") == 1


def test_where_the_frames_do_not_tell_predict_falls_back_loudly(bare, run):
    tifffile.imwrite(bare, SAMPLE.raw.reshape(9, 64, 64)[:, :40, :40])
    outcome = run("predict", bare)
    assert outcome.status == 0
    assert bare.with_name("bare_red_frames_3x3.tif").exists()
    assert "warning: a weaker model is taken" in outcome.err
    assert f"give {' '.join(FLAGS)}" in outcome.err


@pytest.fixture(scope="module")
def reconstructed(tmp_path_factory):
    """A file without optics, and the report of its reconstruction."""
    path = tmp_path_factory.mktemp("reconstructed") / "bare.tif"
    tifffile.imwrite(path, SAMPLE.raw.reshape(9, 64, 64))
    reconstruct_file(path)
    return path, path.with_name("bare_wiener.json")


def test_reconstruct_reports_in_pixels(reconstructed):
    path, report = reconstructed
    report = json.loads(report.read_text())
    assert report["optics"] == dict.fromkeys(OPTICS)
    assert not [name for name in names(report) if name.endswith("_um") and name not in OPTICS]
    truth = SAMPLE.settings.cutoff_per_um * 0.07
    assert report["cutoff_per_pixel"] == [pytest.approx(truth, rel=0.06)]
    assert report["cutoffs"][0]["per_pixel"] == pytest.approx(report["cutoff_per_pixel"][0])
    for angle, k0 in zip(report["channels"][0]["angles"], SAMPLE.settings.k0_per_um, strict=True):
        assert angle["orders"][0]["line_spacing_pixels"] == pytest.approx(1 / np.hypot(*k0) / 0.07, rel=0.005)
    with tifffile.TiffFile(path.with_name("bare_wiener.tif")) as tif:
        assert "unit" not in tif.imagej_metadata


def test_stripes_of_such_a_stack_serve_another_of_the_microscope(reconstructed):
    _, report = reconstructed
    first = json.loads(report.read_text())
    again = srredsim.reconstruct(SAMPLE.raw, parameters=report).found
    assert again["cutoffs"] == first["cutoffs"]
    one, other = (each["channels"][0]["angles"][0]["k0_per_pixel"] for each in (first, again))
    np.testing.assert_allclose(one, other, rtol=1e-6)


def test_what_is_in_um_needs_the_pixel_size(reconstructed, refused):
    path, report = reconstructed
    assert "--k is in cycles/um" in refused("reconstruct", path, "--overwrite", "--k", "1,2", *FLAGS_BUT_PIXEL)
    said = refused("reconstruct", path, "--overwrite", "--parameters", report, "--pixel-size-um", "0.07")
    assert "measured where the pixel size was not known" in said


def test_inspect_checks_the_stripes(bare, run):
    report = json.loads(run("inspect", bare, "--json").out)["results"][0]
    (channel,) = report["channels"]
    assert channel["cutoff_per_pixel"] == pytest.approx(SAMPLE.settings.cutoff_per_um * 0.07, rel=0.06)
    assert next(each for each in channel["checks"] if each["name"] == "stripes")["verdict"] is not None


def test_images_in_memory_are_compared_with_their_frames():
    image = srredsim.reconstruct(SAMPLE.raw)
    assert image.pixel_size_um is None
    maps = srredsim.compare_with_frames(image, SAMPLE.raw)
    assert maps.found["planes"][0]["residual"] < 1.2
