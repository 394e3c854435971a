import json

import numpy as np
import pytest
import tifffile

from srredsim.errors import InputError
from srredsim.simulation import sim
from srredsim.workflows import simulate as files

ASKED = {"angles": 2, "phases": 3, "size": (16, 24), "photons": (50.0, 400.0)}


def test_files_hold_the_samples_and_everything_they_depend_on(tmp_path):
    seen = []
    paths = files.simulate(tmp_path / "new", count=2, seed=11, **ASKED, progress=lambda *done: seen.append(done))
    assert paths == [tmp_path / "new" / "raw" / f"000{index}.tif" for index in range(2)]
    assert seen == [(1, 2), (2, 2)]
    expected = sim.simulate_stack(11, index=1, **ASKED)
    with tifffile.TiffFile(paths[1]) as tif:
        assert tif.is_ome
        assert tif.series[0].axes == "APYX"
        np.testing.assert_array_equal(tif.asarray(), expected.raw)
        assert f'PhysicalSizeX="{expected.settings.pixel_size_um}"' in tif.ome_metadata
    with tifffile.TiffFile(tmp_path / "new" / "truth" / "0001.tif") as tif:
        np.testing.assert_array_equal(tif.asarray(), expected.truth)
        pixels, units = tif.pages[0].tags["XResolution"].value
        assert units / pixels == pytest.approx(expected.settings.pixel_size_um / 2, rel=1e-6)

    sidecar = json.loads((tmp_path / "new" / "0001.json").read_text())
    assert (sidecar["seed"], sidecar["index"], sidecar["angles"], sidecar["phases"]) == (11, 1, 2, 3)
    np.testing.assert_allclose(sidecar["k0_per_um"], expected.settings.k0_per_um)
    np.testing.assert_allclose(sidecar["phases_rad"], expected.settings.phases_rad)


def test_several_workers_write_the_same_files(tmp_path, monkeypatch):
    alone = files.simulate(tmp_path / "alone", count=3, seed=2, **ASKED)
    monkeypatch.setattr(files, "PIXELS_PER_WORKER", 1)
    monkeypatch.setattr(files, "cores", lambda: 2)
    together = files.simulate(tmp_path / "together", count=3, seed=2, **ASKED)
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(tifffile.imread(one), tifffile.imread(other))


def test_nothing_is_overwritten(tmp_path):
    files.simulate(tmp_path, count=1, seed=0, **ASKED)
    before = (tmp_path / "0000.json").read_bytes()
    (tmp_path / "raw" / "0000.tif").unlink()
    with pytest.raises(InputError, match=r"truth/0000\.tif exists already"):
        files.simulate(tmp_path, count=2, seed=1, **ASKED)
    assert (tmp_path / "0000.json").read_bytes() == before
    assert not (tmp_path / "raw" / "0001.tif").exists()


@pytest.mark.parametrize("wrong", [{"count": 0}, {"phases": 2}, {"photons": (-1, 5)}, {"seed": -3}, {"size": 1}])
def test_bad_wishes_leave_no_folder(tmp_path, wrong):
    with pytest.raises(InputError):
        files.simulate(tmp_path / "new", **{"count": 1, "seed": 0, **ASKED, **wrong})
    assert not (tmp_path / "new").exists()
