"""Channels of different emission: each is treated as it would be alone, through its own optics."""

import json
from dataclasses import replace

import numpy as np
import pytest
import tifffile

import srredsim
from srredsim import io
from srredsim.acquisition import Optics, Pattern, RawStack
from srredsim.errors import InputError
from srredsim.optics.transfer import transfers_of
from srredsim.simulation.sim import simulate_stack
from srredsim.zoo import models

WAVES_UM = (0.48, 0.62)
SHARED = {"na": 1.3, "pixel_size_um": 0.08}
KNOWN = SHARED | {"phases": 3, "size": 64, "photons": (600.0, 600.0), "phantom": "filaments"}


@pytest.fixture(scope="module")
def colours() -> list[np.ndarray]:
    """Raw stacks (3, 3, y, x) of two fields, one of each colour."""
    return [simulate_stack(4, index=c, wavelength_em_um=wave, **KNOWN).raw for c, wave in enumerate(WAVES_UM)]


@pytest.fixture(scope="module")
def both(colours) -> RawStack:
    optics = Optics(wavelength_em_um=WAVES_UM, **SHARED)
    return RawStack(np.stack(colours)[None, :, None], Pattern(3, 3), optics, ("blue", "orange"))


@pytest.fixture(scope="module")
def alone(colours) -> list[RawStack]:
    return [
        RawStack(raw[None, None, None], Pattern(3, 3), Optics(wavelength_em_um=wave, **SHARED))
        for raw, wave in zip(colours, WAVES_UM, strict=True)
    ]


def test_optics_of_each_channel(both, alone):
    assert [optics.wavelength_em_um for optics in both.optics.each] == list(WAVES_UM)
    assert both.optics.each == [stack.optics for stack in alone]
    assert alone[0].optics.each == [alone[0].optics]
    assert [transfer.cutoff_per_um for transfer in transfers_of(both)] == pytest.approx([2.6 / 0.48, 2.6 / 0.62])


def test_reconstruct_and_compare_with_frames(both, alone):
    image, each = srredsim.reconstruct(both), [srredsim.reconstruct(stack) for stack in alone]
    assert image.found["cutoff_per_um"] == pytest.approx([2.6 / 0.48, 2.6 / 0.62])
    for c, one in enumerate(each):
        np.testing.assert_array_equal(image.planes[0, c, 0], one.planes[0, 0, 0])
        assert image.found["channels"][c]["angles"] == one.found["channels"][0]["angles"]
    of_one_lens = srredsim.reconstruct(replace(both, optics=alone[0].optics))
    assert not np.allclose(of_one_lens.planes[0, 1, 0], image.planes[0, 1, 0])

    maps = srredsim.compare_with_frames(np.array(image.planes), both)  # finds the stripes by itself
    for c, one in enumerate(each):
        expected = srredsim.compare_with_frames(np.array(one.planes), alone[c])
        np.testing.assert_allclose(maps.planes[0, 2 * c : 2 * c + 2, 0], expected.planes[0, :, 0], rtol=1e-5)


def test_predict(both, alone, tiny_cleaner):
    model = models.load(tiny_cleaner, "float32")
    image = srredsim.predict(both, model=model)
    for c, stack in enumerate(alone):
        np.testing.assert_array_equal(image.planes[0, c, 0], srredsim.predict(stack, model=model).planes[0, 0, 0])


def test_inspect(both, alone):
    found = srredsim.inspect(both).found["channels"]
    for c, stack in enumerate(alone):
        assert found[c]["stripes"] == srredsim.inspect(stack).found["channels"][0]["stripes"]


def test_files_keep_them(both, tmp_path):
    path = io.write_raw(tmp_path / "cells.tif", both.array, optics=both.optics)
    assert io.read(path).optics.wavelength_em_um == pytest.approx(WAVES_UM)
    with tifffile.TiffFile(path) as tif:
        assert tif.ome_metadata.count("EmissionWavelength=") == 2


def test_the_commands_take_them(run, refused, both, alone, colours, tmp_path):
    bare, one = tmp_path / "cells.npy", tmp_path / "one.npy"
    np.save(bare, np.stack(colours, axis=2).reshape(18, 64, 64))  # interleaved colours
    np.save(one, colours[1])
    shared = ["--na", 1.3, "--pixel-size-um", 0.08]
    given = ["--wavelength-em-um", *WAVES_UM, bare, "--channels", 2, *shared]
    status, out, err = run("reconstruct", *given, "--json", "--order", "PAZ")
    assert status == 0, err
    (found,) = json.loads(out)["results"]
    assert found["optics"]["wavelength_em_um"] == list(WAVES_UM)
    status, out, _ = run("reconstruct", one, "--wavelength-em-um", 0.62, *shared, "--json")
    assert status == 0
    assert json.loads(out)["results"][0]["channels"][0]["angles"] == found["channels"][1]["angles"]

    saved = tmp_path / "cells_wiener.json"
    status, _, err = run("reconstruct", *given, "--parameters", saved, "--out", tmp_path / "again")
    assert status == 0, err
    line = refused("reconstruct", bare, "--channels", 2, *shared, "--wavelength-em-um", 0.48, "--parameters", saved)
    assert "wavelength_em_um 0.48, 0.62, this stack has 0.48" in line
    line = refused("inspect", bare, "--channels", 2, *shared, "--wavelength-em-um", 0.45, 0.5, 0.6)
    assert "3 emission wavelengths (0.45, 0.5, 0.6 um) for 2 channels; give --wavelength-em-um once" in line
    line = refused("reconstruct", bare, "--channels", 2, *shared, "--wavelength-em-um", 0.48, 620)
    assert line.endswith("0.62?")


def test_what_a_file_says_of_some_channels_only_is_not_used(tmp_path):
    known = io.calibration.Calibration(wavelengths_em_um=(0.5, None))
    optics, notes = known.optics()
    assert optics.wavelength_em_um is None
    assert notes == ["not every channel tells its emission wavelength (500, ? nm), so none is used"]
    assert io.calibration.Calibration(wavelengths_em_um=(0.5, 0.5)).optics()[0].wavelength_em_um == 0.5
    assert io.calibration.Calibration(wavelengths_em_um=(None, None)).optics() == (Optics(), [])


def test_one_measured_otf_is_none_for_two_colours(both, tmp_path):
    with pytest.raises(InputError, match=r"`otf` is measured at one wavelength, the channels have 0\.48, 0\.62 um"):
        srredsim.reconstruct(both, otf=tmp_path / "otf.csv")


def test_pairs_from_stacks(run, both, tmp_path):
    path = io.write_raw(tmp_path / "cells.tif", both.array, optics=both.optics)
    status, out, err = run(
        "reference", path, "--light", 0.5, "--out", tmp_path / "pairs", "--accept-incomplete", "--json"
    )
    assert status == 0, err
    (pair,) = json.loads(out)["results"][0]["pairs"]
    truth = io.read_image(next(name for name in map(str, pair["paths"]) if "truth" in name))[0]
    rest = [channel["regularisation"] for channel in pair["channels"]]
    assert truth.shape == (1, 2, 1, 128, 128)
    assert len(rest) == 2
    raw = io.read(next(name for name in map(str, pair["paths"]) if "raw" in name))
    assert raw.optics.wavelength_em_um == pytest.approx(WAVES_UM)
