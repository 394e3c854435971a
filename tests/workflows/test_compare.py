"""The comparison of methods: scores as scikit-image has them, a map that gain does not change, a page that is whole."""

import json

import numpy as np
import pytest
import tifffile
from skimage.metrics import peak_signal_noise_ratio

from srredsim import io
from srredsim.acquisition import Optics
from srredsim.pages.parts import facts_of
from srredsim.simulation.sim import simulate_stack
from srredsim.workflows import compare


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    sample = simulate_stack(41, phases=3, photons=(300, 300), size=(56, 48), phantom="filaments")
    optics = Optics(sample.settings.na, sample.settings.wavelength_em_um, sample.settings.pixel_size_um)
    path = tmp_path_factory.mktemp("compare")
    io.write_raw(path / "a<b>.tif", sample.raw, optics=optics)
    two = np.stack([[sample.raw, sample.raw]] * 2)[:, :, None]  # times and colours
    io.write_raw(path / "two.tif", two, optics=optics)
    io.write_image(path / "truth.tif", sample.truth)
    return path


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(compare, "METHODS", ("wiener", "auto"))
    monkeypatch.setattr(compare, "_fitting", lambda stack: ["no_such_model"])


def test_disagreement_is_the_spread_in_parts_of_the_range_whatever_gain_and_offset():
    rng = np.random.default_rng(2)
    one = rng.random((30, 40))
    np.testing.assert_allclose(compare.disagreement([one, 3 * one - 7, 0.1 * one + 2]), 0, atol=1e-12)
    other = one + 0.3 * rng.standard_normal(one.shape)
    slope, offset = np.polyfit(other.ravel(), one.ravel(), 1)
    low, high = np.percentile(one, (1, 99.8))
    expected = np.abs(slope * other + offset - one) / 2 / (high - low)
    np.testing.assert_allclose(compare.disagreement([one, other]), expected, rtol=1e-9, atol=1e-12)


def test_a_page_of_methods_with_scores_and_reasons(folder, run, tmp_path):
    status, out, _ = run("compare", folder / "a<b>.tif", "--truth", folder / "truth.tif", "--out", tmp_path, "--json")
    report = json.loads(out)["results"][0]
    rows = {row["method"]: row for row in report["rows"]}
    assert (status, list(rows)) == (0, [compare.WIDEFIELD, "wiener", "no_such_model"])
    assert "no_such_model" in rows["no_such_model"]["why_not"]
    assert 0.7 < rows["wiener"]["residual"] < rows[compare.WIDEFIELD]["residual"]
    assert rows["wiener"]["psnr"] > rows[compare.WIDEFIELD]["psnr"]
    assert run("reconstruct", folder / "a<b>.tif", "--out", tmp_path).status == 0
    truth, image = (
        tifffile.imread(path).astype(float) for path in (folder / "truth.tif", tmp_path / "a<b>_wiener.tif")
    )
    slope, offset = np.polyfit(image.ravel(), truth.ravel(), 1)
    expected = peak_signal_noise_ratio(truth, slope * image + offset, data_range=np.ptp(truth))
    assert rows["wiener"]["psnr"] == pytest.approx(expected, abs=0.01)
    text = (tmp_path / "a<b>_compared.html").read_text(encoding="utf-8")
    assert facts_of(text)["kind"] == "methods"
    assert "<b>" not in text
    assert text.count("data:image/jpeg") == 2


def test_channels_are_named_and_the_plane_too(folder, run, tmp_path, monkeypatch):
    monkeypatch.setattr(compare, "_fitting", lambda stack: [])
    status, out, err = run("compare", folder / "two.tif", "--out", tmp_path)
    assert status == 0, err
    assert [line.partition(":")[0].strip() for line in out.splitlines()[1:5]] == [
        f"channel {c}, {method}" for c in (1, 2) for method in (compare.WIDEFIELD, "wiener")
    ]
    assert "Shown: the first of 2 times." in (tmp_path / "two_compared.html").read_text(encoding="utf-8")


def test_an_empty_stack_has_no_page(folder, refused, tmp_path):
    np.save(tmp_path / "empty.npy", np.full((9, 48, 56), 7, np.uint16))
    told = ("--na", 1.4, "--wavelength-em-um", 0.525, "--pixel-size-um", 0.08)
    line = refused("compare", tmp_path / "empty.npy", *told, "--out", tmp_path / "o")
    assert "no method makes an image: the frame of angle 1" in line
    assert not [path for path in tmp_path.rglob("*") if path.suffix == ".html"]


def test_a_truth_of_another_size_is_refused(folder, refused, tmp_path):
    io.write_image(tmp_path / "small.tif", np.zeros((56, 48)))
    line = refused("compare", folder / "a<b>.tif", "--truth", tmp_path / "small.tif", "--out", tmp_path / "o")
    assert "--truth should have 112 x 96 pixels" in line


def test_a_truth_is_of_one_stack(folder, refused, tmp_path):
    line = refused(
        "compare", folder / "a<b>.tif", folder / "two.tif", "--truth", folder / "truth.tif", "--out", tmp_path / "o"
    )
    assert "--truth is of one stack; 2 inputs were given" in line
    assert not (tmp_path / "o").exists()
