"""Commands write the same image in every format, with the same files beside it, and read none of them again unasked."""

import json
import os

import numpy as np
import pytest

from srredsim import io
from srredsim.acquisition import Optics
from srredsim.simulation.sim import simulate_stack


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    sample = simulate_stack(41, phases=3, photons=(300, 300), size=(56, 48), phantom="filaments")
    optics = Optics(sample.settings.na, sample.settings.wavelength_em_um, sample.settings.pixel_size_um)
    path = tmp_path_factory.mktemp("stack") / "cells.ome.tif"
    return io.write_raw(path, sample.raw, optics=optics) or path


def test_reconstruct(stack, run, tmp_path):
    pytest.importorskip("zarr")
    images = {}
    for name in ("tiff", "ome-tiff", "ome-zarr"):
        out = tmp_path / name
        how = {"tiff": (), "ome-tiff": ("--compress", "zstd"), "ome-zarr": ("--compress", "zlib", "--report")}[name]
        status, text, _ = run("reconstruct", stack, "--out", out, "--format", name, *how, "--json")
        paths = json.loads(text)["results"][0]["paths"]
        assert status == 0
        endings = {"tiff": ".tif", "ome-tiff": ".ome.tif", "ome-zarr": ".ome.zarr"}
        expected = [f"cells_wiener{ending}" for ending in (endings[name], ".json", ".html")][
            : 3 if "--report" in how else 2
        ]
        assert sorted(os.listdir(out)) == sorted([*expected, *["reports.html"][: len(expected) - 2]])
        assert sorted(map(os.path.basename, paths)) == sorted(expected)
        source = io.open_source(out / expected[0])
        told = {key: value for key, value in vars(source.optics).items() if value}
        images[name] = io.read_image(out / expected[0])[0], told
    for image, told in images.values():
        np.testing.assert_array_equal(image, images["tiff"][0])
        assert told == pytest.approx(images["tiff"][1], rel=1e-5)  # ImageJ is told six digits
        assert {"na", "wavelength_em_um", "pixel_size_um"} <= set(told)


def test_predict_and_denoise(stack, run, tmp_path, tiny_cleaner):
    for name, command in (
        ("cleaner", ("predict", "--model", tiny_cleaner, "--no-consistency")),
        ("pure_let", ("denoise", "--method", "pure_let", "--noise", "0", "100")),
    ):
        for number, how in enumerate(((), ("--format", "ome-tiff", "--compress", "zlib"))):
            given = stack if name == "cleaner" else tmp_path / "0" / "cells_cleaner.tif"
            assert run(command[0], given, *command[1:], "--out", tmp_path / str(number), *how).status == 0
    for begins in ("cells_cleaner", "cells_cleaner_pure_let"):
        plain, ome = (io.read_image(tmp_path / end)[0] for end in (f"0/{begins}.tif", f"1/{begins}.ome.tif"))
        np.testing.assert_array_equal(plain, ome)
        assert (tmp_path / "1" / f"{begins}.png").exists()
    assert (
        "exists already"
        in run("predict", stack, "--model", tiny_cleaner, "--out", tmp_path / "1", "--format", "ome-tiff").err
    )


def test_what_cannot_be_written_is_refused_before_anything_is_read(stack, refused, tmp_path, monkeypatch):
    line = refused("reconstruct", stack, "--out", tmp_path / "o", "--compress", "zlib")
    assert "--compress is for --format ome-tiff and ome-zarr" in line
    monkeypatch.setattr("srredsim.io.asked.find_spec", lambda name: None)
    line = refused("reconstruct", stack, "--out", tmp_path / "o", "--format", "ome-zarr")
    assert "zarr, which is not installed" in line
