"""From stacks in plenty of light to pairs that can be trained on: the light, the truth, what is refused."""

import json

import numpy as np
import pytest
import tifffile
from scipy import ndimage

import srredsim
from srredsim import io
from srredsim.acquisition import Optics, frames_from_raw
from srredsim.data import catalogue
from srredsim.data.pairs import match_widefield
from srredsim.simulation.sim import simulate_stack
from srredsim.workflows.reference import same_field

BRIGHT, SIZE = 1500.0, 72


def write(folder, name, index=0, photons=BRIGHT, seed=41):
    kind = {"phases": 3, "photons": (photons, photons), "size": (SIZE, SIZE + 8), "phantom": "filaments"}
    sample = simulate_stack(seed, index=index, beams=2, **kind)
    settings = sample.settings
    optics = Optics(settings.na, settings.wavelength_em_um, settings.pixel_size_um)
    io.write_raw(folder / f"{name}.tif", sample.raw, optics=optics)
    return sample


@pytest.fixture(scope="module")
def stacks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bright")
    return folder, {name: write(folder, name, index) for name, index in zip("abc", (0, 1, 3), strict=True)}


def correlation(one, other):
    return np.corrcoef(one.ravel(), other.ravel())[0, 1]


def test_a_stack_stays_where_it_is_in_any_light(stacks, tmp_path, run):
    """Fields of one split are never in the other, whatever light is made of them later, or in whatever order."""
    folder, _ = stacks
    assert run("reference", folder, "--out", tmp_path, "--light", 0.1)[0] == 0
    for name in "bca":
        assert run("reference", folder / f"{name}.tif", "--out", tmp_path, "--light", 0.02)[0] == 0
    found = {
        split: {path.stem for path in (tmp_path / split / "raw").glob("*.tif")} for split in ("train", "validation")
    }
    assert found["validation"] == {"b_light0.1", "b_light0.02"}
    assert {name[0] for name in found["train"]} == {"a", "c"}


def test_pairs_are_dim_stacks_with_the_truth(stacks, tmp_path, run):
    folder, samples = stacks
    status, out, err = run("reference", folder, "--out", tmp_path / "pairs", "--light", 0.1, 0.02, "--json")
    assert status == 0, err
    results = json.loads(out)["results"]
    assert [each["split"] for each in results] == ["train", "validation", "train"]
    train = catalogue.open_split(tmp_path / "pairs", "train", 3, 3).pairs
    held_back = catalogue.open_split(tmp_path / "pairs", "validation", 3, 3).pairs
    names = [
        sorted(pair.facts["source"].rsplit("/")[-1] for pair in map(pairs.__getitem__, range(len(pairs))))
        for pairs in (train, held_back)
    ]
    assert names == [
        ["a_light0.02.tif", "a_light0.1.tif", "c_light0.02.tif", "c_light0.1.tif"],
        ["b_light0.02.tif", "b_light0.1.tif"],
    ]
    for pair, share in ((held_back[0], 0.02), (held_back[1], 0.1)):
        sample = samples["b"]
        assert correlation(pair.truth, sample.truth) > 0.95
        light = [(frames - 100.0).mean() for frames in (pair.frames, frames_from_raw(sample.raw))]
        # the camera was estimated, its offset to a count or two
        assert light[0] == pytest.approx(share * light[1], rel=0.12, abs=1.5)
        expected = match_widefield(sample.truth, pair.frames)
        assert np.polyfit(expected.ravel(), pair.truth.ravel(), 1)[0] == pytest.approx(1, abs=0.1)
    told = "read noise is assumed: frames tell it only together with the offset; give `offset_adu` or `read_noise_e`"
    assert results[0]["notes"].count(told) == 1
    facts = results[0]["pairs"][0]
    settings = samples["a"].settings
    assert facts["camera"][0]["gain_adu"] == pytest.approx(settings.gain_adu, rel=0.1)
    assert facts["camera"][0]["estimated"] == ["gain_adu", "offset_adu"]
    assert facts["channels"][0]["quality"]["rsp"] > 0.95


def test_given_camera_and_photons(stacks, tmp_path, run):
    folder, samples = stacks
    settings = samples["a"].settings
    camera = ["--gain-adu", settings.gain_adu, "--offset-adu", 100, "--read-noise-e", settings.read_noise_e]
    status, out, err = run("reference", folder / "a.tif", "--out", tmp_path, "--photons", 50, *camera)
    assert status == 0, err
    assert "(estimated)" not in out
    assert "read noise is assumed" not in err
    assert "none was held back" in err
    stack, whole = io.read(tmp_path / "train/raw/a_photons50.tif"), samples["a"].raw
    assert stack.optics.pixel_size_um == pytest.approx(settings.pixel_size_um)
    dim = stack.raw()
    electrons = (dim.mean(axis=(0, 1)) - 100) / settings.gain_adu
    assert np.percentile(electrons, 99.9) == pytest.approx(50, rel=0.06)
    share = json.loads((tmp_path / "train/a_photons50.json").read_text())["light"]
    # what parting adds to the share of the recorded light has the variance of the photons that were left out
    expected = 100 + share * (whole.astype(float) - 100)
    variance = share * (1 - share) * (whole - 100.0) * settings.gain_adu
    variance += settings.gain_adu**2 * (1 - share**2) * settings.read_noise_e**2 + 1 / 12
    assert np.mean((dim - expected) ** 2) == pytest.approx(np.mean(variance), rel=0.03)
    assert np.mean(dim - expected) == pytest.approx(0, abs=4 * np.sqrt(np.mean(variance) / dim.size))


def test_no_photon_is_in_both(stacks, tmp_path, run):
    """The noise of the dim frames is not in the truth: their difference from the expected ones does not correlate."""
    folder, _ = stacks
    run("reference", folder / "a.tif", "--out", tmp_path / "one", "--light", 0.3, "--seed", 1)
    run("reference", folder / "a.tif", "--out", tmp_path / "two", "--light", 0.3, "--seed", 2)
    dim = [io.read(tmp_path / f"{name}/train/raw/a_light0.3.tif").raw().mean(axis=(0, 1)) for name in ("one", "two")]
    truth = [io.read_image(tmp_path / f"{name}/train/truth/a_light0.3.tif")[0][0, 0, 0] for name in ("one", "two")]
    difference = (truth[0] - truth[1]).reshape(SIZE, 2, SIZE + 8, 2).mean(axis=(1, 3))
    # each photon that is in one dim stack and not in the other is in the other truth: they differ in opposite ways
    assert correlation(dim[0] - dim[1], difference) < -0.2


def test_twins(stacks, tmp_path, run):
    folder, _ = stacks
    low = tmp_path / "low"
    dim = write(low, "a", 0, photons=40)
    write(low, "b", 7, photons=40)  # another field
    status, out, err = run("reference", folder, "--low", low, "--out", tmp_path / "pairs")
    assert status == 2
    assert "b.tif: its twin" in err
    assert "another field" in err
    assert "c.tif: there is no stack called c in" in err
    assert "2 of 3 inputs failed" in err
    (raw,) = (tmp_path / "pairs/train/raw").iterdir()
    np.testing.assert_array_equal(io.read(raw).raw(), dim.raw)
    assert str(raw) in out


def test_a_stack_without_stripes_is_no_truth(stacks, tmp_path, run):
    folder, samples = stacks
    flat = tmp_path / "flat.tif"
    sample = samples["a"]
    without = np.broadcast_to(sample.raw.mean(axis=(0, 1)), sample.raw.shape)
    without = np.random.default_rng(0).poisson(without).astype(np.uint16)
    io.write_raw(flat, without, optics=io.read(folder / "a.tif").optics)
    status, out, err = run("reference", flat, folder / "c.tif", "--out", tmp_path / "pairs", "--light", 0.1)
    assert status == 2
    assert "angle 1: failed" in err
    assert "--accept-incomplete" in err
    assert [path.name for path in (tmp_path / "pairs/train/raw").iterdir()] == ["c_light0.1.tif"]
    assert not list((tmp_path / "pairs").rglob(".*"))
    status, out, err = run("reference", flat, "--out", tmp_path / "all", "--light", 0.1, "--accept-incomplete")
    assert status == 0, err
    assert "not all stripes were found" in out


def test_truth_and_remarks_are_those_of_reconstruct(tmp_path, run):
    """Enlarged frames that say nothing of the optics: their cut-off is found, their noise made white."""
    for folder, photons in (("bright", BRIGHT), ("low", 40.0)):
        raw = write(tmp_path, f"camera{photons:g}", 0, photons).raw
        enlarged = ndimage.zoom(raw.astype(np.float32), (1, 1, 2, 2), order=3, mode="mirror", grid_mode=True)
        (tmp_path / folder).mkdir()
        tifffile.imwrite(tmp_path / folder / "a.tif", enlarged.reshape(9, *enlarged.shape[2:]))
    bright = tmp_path / "bright" / "a.tif"
    status, out, err = run("reference", bright, "--low", tmp_path / "low", "--out", tmp_path / "pairs", "--json")
    assert status == 0, err
    found = srredsim.reconstruct(bright, attenuation=None)
    truth = io.read_image(tmp_path / "pairs/train/truth/a.tif")[0][0, 0, 0]
    np.testing.assert_array_equal(truth, found.array)
    (result,) = json.loads(out)["results"]
    assert result["notes"] == list(found.notes)
    assert any("cut-off estimated from the frames" in note for note in result["notes"])
    assert any("the noise is not a camera's" in note for note in result["notes"])


def test_what_is_refused(stacks, tmp_path, run):
    folder, _ = stacks
    stack = folder / "a.tif"
    assert "between 0 and 1" in run("reference", stack, "--out", tmp_path, "--light", 2)[2]
    assert "they cannot become 1e+06" in run("reference", stack, "--out", tmp_path, "--photons", 1e6)[2]
    assert "--validation is 0" in run("reference", stack, "--out", tmp_path, "--validation", 1)[2]
    assert "the stack itself" in run("reference", stack, "--out", tmp_path, "--low", folder)[2]
    assert not list(tmp_path.iterdir())
    optics = io.read(stack).optics
    for name, spoilt in (("holes", np.nan), ("constant", 0.0)):
        frames = io.read(stack).raw().astype(np.float32)
        frames[0, 1] *= spoilt
        frames *= 1 if np.isnan(spoilt) else spoilt
        io.write_raw(tmp_path / f"{name}.tif", frames, optics=optics)
        said = {"holes": f"{SIZE * (SIZE + 8)} pixels are NaN", "constant": "the noise does not grow with the light"}
        assert said[name] in run("reference", tmp_path / f"{name}.tif", "--out", tmp_path)[2]
        (tmp_path / f"{name}.tif").unlink()
    assert run("reference", stack, "--out", tmp_path, "--light", 0.1)[0] == 0
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*")}
    status, _, err = run("reference", stack, "--out", tmp_path, "--light", 0.1)
    assert status == 2
    assert "exists already" in err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*")} == before
    # taken second it would be held back, but it is among the stacks to train on already
    status, _, err = run("reference", folder / "b.tif", stack, "--out", tmp_path, "--light", 0.1, 0.05, "--overwrite")
    assert status == 0, err
    names = {"a_light0.05.tif", "a_light0.1.tif", "b_light0.05.tif", "b_light0.1.tif"}
    assert {path.name for path in (tmp_path / "train/raw").iterdir()} == names
    assert not (tmp_path / "validation").exists()


def test_the_same_field_and_how_far_it_moved():
    image = np.random.default_rng(0).random((60, 80))
    alike, shift = same_field(image, np.roll(image, (2, -3), (0, 1)))
    assert shift == (2, -3)
    assert alike > 0.8
    assert same_field(image, np.random.default_rng(1).random((60, 80)))[0] < 0.3


def test_the_light_of_a_z_stack_is_that_of_its_middle(tmp_path, run):
    """The first slice, above the sample, has a tenth of it."""
    sample = simulate_stack(41, index=0, beams=2, phases=3, photons=(BRIGHT, BRIGHT), size=SIZE, phantom="filaments")
    optics = Optics(*(getattr(sample.settings, name) for name in ("na", "wavelength_em_um", "pixel_size_um")))
    dim = np.random.default_rng(1).binomial(np.maximum(sample.raw.astype(int) - 100, 0), 0.1) + 100
    io.write_raw(tmp_path / "one.tif", sample.raw, optics=optics)
    io.write_raw(tmp_path / "z.tif", np.stack([dim, sample.raw, dim])[None, None].astype(np.uint16), optics=optics)
    for name in ("one", "z"):
        status, _, err = run("reference", tmp_path / f"{name}.tif", "--out", tmp_path / "out", "--photons", 60)
        assert status == 0, err
    of_one, of_z = (json.loads((tmp_path / f"out/train/{name}_photons60.json").read_text()) for name in ("one", "z"))
    assert of_z["light"] == pytest.approx(of_one["light"], rel=0.02)
