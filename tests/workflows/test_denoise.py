"""`srredsim denoise` on the classical methods: what is written, what is said, what bad input gets."""

import json

import numpy as np
import pytest
import tifffile
from PIL import Image

from srredsim.denoising.methods.pure_let import pure_let
from srredsim.denoising.methods.vst_epll import vst_epll
from srredsim.io import Reading, write_raw
from srredsim.io.formats import tiff
from srredsim.noise.line import NoiseLine
from srredsim.noise.one_image import noise_of_image
from srredsim.workflows import denoise as files


@pytest.fixture(scope="module")
def noisy():
    """(2 times, 2 channels, 3 slices, y, x) uint16: blobs on a slope, others in every plane; gains of 2 and 3."""
    rng = np.random.default_rng(4)
    y, x = np.mgrid[:96, :128]
    planes = []
    for i in range(12):
        clean = 20 + i + 0.5 * x
        for row, column in rng.uniform(0, 96, (4, 2)):
            clean = clean + 80 * np.exp(-((y - row) ** 2 + (x - column) ** 2) / 50)
        planes.append(rng.poisson(clean) * (2 + i % 2) + 100)
    return np.array(planes).reshape(2, 2, 3, 96, 128).astype(np.uint16)


def test_every_plane_is_denoised_by_itself_and_stays_in_its_place(tmp_path, run, noisy):
    path = tmp_path / "cells.ome.tif"
    metadata = {
        "axes": "TCZYX",
        "PhysicalSizeX": 65,
        "PhysicalSizeXUnit": "nm",
        "PhysicalSizeY": 65,
        "PhysicalSizeYUnit": "nm",
        "PhysicalSizeZ": 0.2,
        "TimeIncrement": 1.5,
        "Channel": {"Name": ["actin", "tubulin"]},
    }
    tifffile.imwrite(path, noisy, metadata=metadata, **tiff.kind("ome"))
    status, out, err = run("denoise", path, "--method", "pure_let", "--json", "--out", tmp_path / "results")
    assert status == 0, err
    report = json.loads(out)["results"][0]
    result, preview = tmp_path / "results/cells_pure_let.tif", tmp_path / "results/cells_pure_let.png"
    assert report["paths"] == [str(result), str(preview)]
    with tifffile.TiffFile(result) as tif:
        assert tif.is_imagej
        assert tif.series[0].axes == "TZCYX"
        assert tif.imagej_metadata["spacing"] == pytest.approx(0.2)
        assert tif.imagej_metadata["finterval"] == pytest.approx(1.5)
        assert tif.imagej_metadata["Labels"][:2] == ["actin", "tubulin"]
        numerator, denominator = tif.pages[0].tags["XResolution"].value
        assert denominator / numerator == pytest.approx(0.065, rel=1e-4)
        written = tif.asarray()
    assert len(report["planes"]) == 12
    for row in report["planes"]:
        plane = noisy[row["t"], row["c"], row["z"]].astype(float)
        noise = noise_of_image(plane)
        assert (row["a"], row["b"]) == pytest.approx(noise.coefficients)
        np.testing.assert_allclose(written[row["t"], row["z"], row["c"]], pure_let(plane, noise), rtol=1e-5)
    assert sum("variance = " in line for line in err.splitlines()) == 12
    assert any(line.strip().startswith("t=1, c=0, z=2: noise measured") for line in err.splitlines())
    assert Image.open(preview).size[0] > 1000


def test_noise_that_is_given_is_taken_and_said(tmp_path, run, noisy):
    path = tmp_path / "plane.npy"
    np.save(path, noisy[0, 0, 0])
    status, out, err = run("denoise", path, "--method", "pure_let", "--noise", "2", "-200", "--dtype", "uint16")
    assert status == 0, err
    assert "noise given: variance = 2 x brightness - 200" in out
    written = tifffile.imread(tmp_path / "plane_pure_let.tif")
    expected = pure_let(noisy[0, 0, 0], NoiseLine(2.0, -200.0))
    assert written.dtype == np.uint16
    np.testing.assert_array_equal(written, np.rint(expected))
    report = files.denoise_file(path, "vst_bm3d", noise=(2.0, -200.0), reading=Reading(pixel_size_um=0.1))
    with tifffile.TiffFile(report["paths"][0]) as tif:
        numerator, denominator = tif.pages[0].tags["XResolution"].value
        assert denominator / numerator == pytest.approx(0.1, rel=1e-4)


def test_a_prior_of_ones_own_is_used(tmp_path, run, noisy):
    path, prior = tmp_path / "plane.npy", tmp_path / "prior.npz"
    np.save(path, noisy[0, 0, 0].astype(np.float32))
    np.savez(prior, weights=np.ones(1), covariances=np.zeros((1, 64, 64)))  # every patch is flat
    assert run("denoise", path, "--method", "vst_epll", "--noise", "2", "-200", "--prior", prior)[0] == 0
    result = tifffile.imread(tmp_path / "plane_vst_epll.tif")
    np.testing.assert_allclose(result, vst_epll(noisy[0, 0, 0], NoiseLine(2.0, -200.0), prior=prior), rtol=1e-5)
    bends = [np.abs(np.diff(image, 2)).mean() for image in (result, pure_let(noisy[0, 0, 0], NoiseLine(2.0, -200.0)))]
    assert bends[0] < 0.7 * bends[1]


def test_a_camera_that_cuts_off_is_noticed():
    plane = np.random.default_rng(1).normal(200, 40, (64, 64))
    limits, said = files.camera_limits(np.clip(np.rint(plane), 0, 255), np.dtype("uint8"))
    assert limits == (0.0, 255.0)
    assert "are 255" in said
    assert "are 0" not in said
    assert files.camera_limits(np.clip(plane, 0, 255), np.dtype("float32")) == (None, "")
    assert files.camera_limits(np.rint(plane), np.dtype("uint16")) == (None, "")


def test_frames_that_could_be_raw_are_denoised_with_a_remark(tmp_path, run, noisy):
    path = tmp_path / "frames.npy"
    np.save(path, noisy.reshape(12, 96, 128)[:9])
    status, _, err = run("denoise", path, "--method", "pure_let")
    assert status == 0, err
    assert "9 planes are taken one by one; if they are the raw frames" in err


def bad(noisy):
    plane = noisy[0, 0, 0].astype(np.float32)
    holed = noisy[0, 0].astype(np.float32)
    holed[1, 4, 5:7] = np.nan
    return {
        "hole": (holed, "z=1: 2 of 12288 pixels are NaN or infinite"),
        "constant": (np.full_like(plane, 7), "every pixel is 7"),
        "small": (plane[:20], "20 x 128 pixels; 32 x 32"),
        "colour": (np.repeat(plane[..., None], 3, axis=2), "is the last axis the colour"),
        "complex": (plane + 1j, "complex"),
        "axes": (np.zeros((2, 2, 2, 2, 40, 40), np.float32), "axes"),
    }


@pytest.mark.parametrize("name", ["hole", "constant", "small", "colour", "complex", "axes"])
def test_a_bad_array_gets_one_line_and_leaves_nothing(tmp_path, refused, noisy, name):
    array, message = bad(noisy)[name]
    path = tmp_path / f"{name}.npy"
    np.save(path, array)
    line = refused("denoise", path, "--method", "pure_let", "--out", tmp_path / "results")
    assert line.startswith(f"srredsim: {path}: ")
    assert message in line
    assert sorted(tmp_path.rglob("*")) == [path]


def test_colour_and_raw_tiffs_are_refused(tmp_path, refused, noisy):
    path = tmp_path / "colour.tif"
    tifffile.imwrite(path, np.zeros((40, 40, 3), np.uint8), photometric="rgb")
    assert "colour image (RGB)" in refused("denoise", path, "--method", "pure_let")
    raw = tmp_path / "raw.ome.tif"
    write_raw(raw, noisy.reshape(12, 96, 128)[:9].reshape(3, 3, 96, 128))
    assert "a raw stack of structured illumination" in refused("denoise", raw, "--method", "pure_let")


def test_an_existing_result_is_kept(tmp_path, run, refused, noisy):
    path = tmp_path / "plane.npy"
    np.save(path, noisy[0, 0, 0])
    (tmp_path / "plane_pure_let.png").write_bytes(b"mine")
    assert "exists already" in refused("denoise", path, "--method", "pure_let")
    assert not (tmp_path / "plane_pure_let.tif").exists()
    assert run("denoise", path, "--method", "pure_let", "--overwrite")[0] == 0


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--method", "pure_let", "--model", "w2s_dncnn"), "--model is for the networks"),
        (("--method", "pure_let", "--prior", "prior.npz"), "--prior is for --method vst_epll"),
        (("--method", "dncnn", "--noise", "1", "0"), "--noise is for --method pure_let or vst_bm3d or vst_epll"),
    ],
)
def test_flags_of_another_method_are_refused(tmp_path, refused, flags, message):
    assert message in refused("denoise", tmp_path / "any.tif", *flags)


def test_noise_that_cannot_be_is_refused(tmp_path, refused, noisy):
    path = tmp_path / "plane.npy"
    np.save(path, noisy[0, 0, 0])
    crowded = tmp_path / "crowded.npy"
    np.save(crowded, np.random.default_rng(3).integers(0, 2, (40, 40)) * 1000.0)
    line = refused("denoise", crowded, "--method", "pure_let")
    assert "or give --noise A B" in line
    assert "srredsim analyse noise measures A and B" in line
    assert "a = 0, b = -1" in refused("denoise", path, "--method", "pure_let", "--noise", "0", "-1")
    mean = f"{noisy[0, 0, 0].mean():.4g}"
    for method in ("pure_let", "vst_bm3d", "vst_epll"):
        assert f"below 0 at the mean brightness {mean}" in refused(
            "denoise", path, "--method", method, "--noise", "1", "-1000000"
        )
        assert "grows with the light: a is 0 or more; got -0.1" in refused(
            "denoise", path, "--method", method, "--noise", "-0.1", "1e6"
        )


def test_a_prior_that_is_none_is_refused(tmp_path, refused, noisy):
    path, text = tmp_path / "plane.npy", tmp_path / "text.npz"
    np.save(path, noisy[0, 0, 0])
    text.write_text("patches")
    asked = path, "--method", "vst_epll", "--prior"
    assert "no such file" in refused("denoise", *asked, tmp_path / "none.npz")
    message = refused("denoise", *asked, text)
    assert "text.npz is no prior: it takes a .npz with weights and covariances of numbers" in message
    assert "pickle" not in message  # NumPy's own advice is to run the file
