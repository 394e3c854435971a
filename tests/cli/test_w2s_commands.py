"""The commands as a user types them: simulate an archive, prepare it, look at its noise and blur."""

import json
import shutil

import numpy as np
import pytest

from srredsim.cli.main import main
from srredsim.data.w2s.folder import Folder
from srredsim.data.widefield import WidefieldPairs


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """An archive of two fields and what was prepared of it."""
    home = tmp_path_factory.mktemp("w2s")
    assert main(["simulate", "--w2s", "--out", str(home / "raw"), "--count", "2", "--size", "64", "--seed", "3"]) == 0
    assert main(["prepare", "w2s", "--raw", str(home / "raw"), "--out", str(home / "w2s")]) == 0
    return home


@pytest.fixture
def run(capsys):
    def run(*argv):
        capsys.readouterr()
        status = main([str(argument) for argument in argv])
        return status, *capsys.readouterr()

    return run


def test_prepared_again(home, run):
    status, out, err = run("prepare", "w2s", "--raw", home / "raw", "--out", home / "w2s", "--json")
    assert status == 0
    report = json.loads(out)
    assert (report["made"], report["kept"], report["fields"]) == (0, 6, [1, 81])
    assert "train: 1 of 76 fields (001)" in err
    assert len(Folder(home / "w2s", "test")) == 3


def test_the_folder_makes_pairs_of_widefield_images(home):
    """z-scores as they are stored; or in counts, the SIM image fitted to the widefield image."""
    fields = Folder(home / "w2s", "train")
    stored = [np.load(home / "w2s" / "normalized" / kind / "001_1.npy") for kind in ("avg4", "sim")]
    pairs = WidefieldPairs(fields, [1, 4], "sim", "dataset")
    assert len(pairs) == 6
    noisy, truth = pairs[3].normalised()
    np.testing.assert_allclose(noisy[..., 0], stored[0], atol=1e-5)
    np.testing.assert_allclose(truth[..., 0], stored[1], atol=1e-5)
    pair = WidefieldPairs(fields, [4], "sim", "image")[1]
    made_from = np.load(home / "raw" / "Image001" / "sim_channel1.npy")  # counts above background: nothing to fit
    gain, _ = np.polyfit(made_from.ravel(), pair.truth.ravel(), 1)
    assert gain == pytest.approx(1, abs=0.25)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--zscore", "own"], "--zscore was published, now own"),
        (["--zscore", "1", "2", "3"], "--zscore is published, own, or MEAN STD; got 1 2 3"),
        (["--zscore", "nan", "2"], "two numbers, STD above 0"),
    ],
)
def test_prepare_refuses_in_one_line(home, run, flags, words):
    status, out, err = run("prepare", "w2s", "--raw", home / "raw", "--out", home / "w2s", *flags)
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    assert words in err


def test_a_simulated_archive_has_one_pattern_and_light(tmp_path, run):
    status, _, err = run("simulate", "--w2s", "--out", tmp_path / "raw", "--photons", "5", "50")
    assert status == 2
    assert "leave out --angles, --phases, --photons" in err


def test_noise_of_the_captures_is_that_of_the_camera(home, run):
    """Gain 4, offset 100, read noise 1.5 electrons: variance 4 mean + 16 x 2.25 - 400."""
    stacks = sorted((home / "raw" / "Image081").glob("wf_*"))
    status, out, _ = run("analyse", "noise", *stacks, "--repeats", "--out", home / "noise", "--json")
    assert status == 0
    report = json.loads(out)
    assert report["mean"]["a"] == pytest.approx(4, rel=0.02)
    assert report["mean"]["b"] == pytest.approx(36 - 400, abs=20)
    written = json.loads((home / "noise" / "noise.json").read_text())
    assert written["images"] == report["images"]
    assert (home / "noise" / "noise.png").stat().st_size > 1000
    status, _, err = run("analyse", "noise", *stacks, "--repeats", "--out", home / "noise")
    assert status == 2
    assert "exists already; give --overwrite" in err


def test_blur_between_widefield_and_sim(home, run):
    lr, hr = (home / "w2s" / "normalized" / kind for kind in ("avg400", "sim"))
    status, out, _ = run("analyse", "kernel", "--lr", lr, "--hr", hr, "--unit", 1, "--out", home / "kernel", "--json")
    assert status == 0
    report = json.loads(out)
    assert [pair["lr"][-9:] for pair in report["pairs"]] == [pair["hr"][-9:] for pair in report["pairs"]]
    kernel = np.array(report["mean"])
    assert kernel.shape == (36, 36)
    assert np.unravel_index(kernel.argmax(), kernel.shape) == (18, 18)  # both images show the same place
    assert (home / "kernel" / "kernel.png").stat().st_size > 1000


def test_a_file_given_twice_is_in_two_pairs(home, run):
    """Pairs are made in the order given, so none may be dropped."""
    averages, sims = (home / "w2s" / "normalized" / kind for kind in ("avg400", "sim"))
    lr = [averages / f"001_{channel}.npy" for channel in (0, 1)]
    hr = [sims / f"001_{channel}.npy" for channel in (0, 0, 1)]
    status, _, err = run("analyse", "kernel", "--unit", 1, "--lr", *lr, "--hr", *hr)
    assert status == 2
    assert "one high-resolution image is wanted for each of low resolution; got 3 and 2" in err


def test_pixels_that_are_no_numbers_are_counted(tmp_path, run):
    image = np.random.default_rng(0).poisson(200, (40, 48)).astype(np.float32)
    image[3, 5:7] = np.nan
    np.save(tmp_path / "holes.npy", image)
    status, _, err = run("analyse", "noise", tmp_path / "holes.npy")
    assert status == 2
    assert err.endswith("holes.npy: noise cannot be measured: 2 of 1920 pixels are NaN or infinite\n")


def test_a_benchmark_of_which_nothing_can_be_computed_writes_nothing(home, run, tmp_path):
    released = tmp_path / "released"
    shutil.copytree(home / "w2s" / "normalized", released, ignore=shutil.ignore_patterns("sim"))
    asked = (
        "benchmark",
        "w2s",
        "--data",
        released,
        "--methods",
        "bicubic",
        "--noise-levels",
        1,
        "--out",
        tmp_path / "out",
    )
    status, _, err = run(*asked)
    assert (status, len(err.splitlines())) == (2, 1)
    assert "bicubic@1: 081_0: " in err
    assert "the released normalized folder has no SIM images" in err
    assert not (tmp_path / "out").exists()
