"""A hexagonal pattern from the file to the image, and what is said of it; and one direction of stripes alone."""

import json

import numpy as np
import pytest
import tifffile

import srredsim
from srredsim import io
from srredsim.cli.main import main
from srredsim.simulation.sim import simulate_stack

MICROSCOPE = {"na": 1.4, "wavelength_em_um": 0.525, "pixel_size_um": 0.08}
FLAGS = [text for name, value in MICROSCOPE.items() for text in (f"--{name.replace('_', '-')}", str(value))]


@pytest.fixture(scope="module")
def sample():
    asked = MICROSCOPE | {"photons": (800.0, 800.0), "phantom": "filaments", "haze": 0.1}
    return simulate_stack(3, pattern="hexagonal", size=(88, 80), **asked)


def test_what_is_said_of_it(sample):
    made = srredsim.reconstruct(sample.raw, axes="APYX", **MICROSCOPE)
    assert made.found["verdict"] == "a hexagonal pattern: the stripes of all its directions were measured"
    assert [len(made.found["channels"][0]["angles"]), made.found["channels"][0]["angles_at_once"]] == [3, 3]
    checks = {check["name"]: check for check in srredsim.inspect(sample.raw, axes="APYX", **MICROSCOPE).checks}
    assert checks["stripes"]["verdict"] == checks["phase steps"]["verdict"] == "good"
    assert "hexagonal" in checks["stripes"]["number"]
    assert "3 orders; noise alone reads 1.66" in checks["contrast of the stripes"]["number"]
    assert "one angle" not in str(list(checks.values()))


def test_a_network_cleans_its_image_and_the_frames_judge_it(sample, tiny_cleaner):
    image = srredsim.predict(sample.raw, axes="APYX", model=tiny_cleaner, **MICROSCOPE)
    plain = srredsim.reconstruct(sample.raw, axes="APYX", **MICROSCOPE)
    assert np.corrcoef(image.array.ravel(), np.maximum(plain.array, 0).ravel())[0, 1] > 0.99
    assert image.found["stripes"] == [plain.found["verdict"]]
    judged = srredsim.compare_with_frames(plain, sample.raw, axes="APYX", **MICROSCOPE)
    assert plain.found["verdict"] in str(judged.found)


def test_a_bare_file_of_seven_frames(sample, tmp_path, capsys):
    path = tmp_path / "bare.tif"
    tifffile.imwrite(path, sample.raw[0], photometric="minisblack")
    assert main(["reconstruct", str(path), *FLAGS]) == 2
    assert "try --pattern hexagonal" in capsys.readouterr().err
    assert main(["reconstruct", str(path), "--pattern", "hexagonal", *FLAGS]) == 0
    said = capsys.readouterr()
    assert "direction 3: measured" in said.out
    assert "warning" not in said.err
    first, _ = io.read_image(tmp_path / "bare_wiener.tif")
    report = json.loads((tmp_path / "bare_wiener.json").read_text())
    assert report["pattern"] == "one hexagonal pattern in 7 frames"

    known = ["--parameters", str(tmp_path / "bare_wiener.json"), "--out", str(tmp_path / "again")]
    assert main(["reconstruct", str(path), "--pattern", "hexagonal", *known]) == 0
    again, _ = io.read_image(tmp_path / "again" / "bare_wiener.tif")
    np.testing.assert_allclose(again, first, atol=1e-4 * np.ptp(first))


def test_two_planes_of_it_are_two_images(sample, tmp_path):
    path = tmp_path / "two.tif"
    tifffile.imwrite(path, np.concatenate([sample.raw[0], sample.raw[0] // 2]), photometric="minisblack")
    stack = io.read(path, pattern="hexagonal")
    assert stack.sizes["Z"] == 2
    np.testing.assert_array_equal(stack.raw(z=1)[0], sample.raw[0] // 2)
    assert repr(stack).startswith("<RawStack two.tif, Z 2, one hexagonal pattern in 7 frames of 88 x 80 pixels")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--pattern", "hexagonal", "--phases", "5"], "leave out --angles, --phases and --rolling"),
        (["--pattern", "hexagonal", "--k", "1,2"], "--k was given 1 times, the stack has 3 angles"),
        (["--pattern", "hexagonal", "--phase-steps", "0,1,2,3,4,5,6"], "leave out --phase-steps"),
        (["--angles", "1", "--phases", "7", "--k", "1,2", "--k", "2,1", "--k", "3,1"], "or --pattern hexagonal"),
    ],
)
def test_what_does_not_go_together_is_one_line(sample, tmp_path, capsys, flags, said):
    path = tmp_path / "bare.tif"
    tifffile.imwrite(path, sample.raw[0], photometric="minisblack")
    assert main(["reconstruct", str(path), *FLAGS, *flags]) == 2
    assert said in capsys.readouterr().err


def test_samples_are_made_by_the_command_line(tmp_path, capsys):
    asked = ["simulate", "--pattern", "hexagonal", "--size", "40", "--seed", "2"]
    assert main([*asked, "--phases", "7", "--out", str(tmp_path)]) == 2
    assert "leave out --phases" in capsys.readouterr().err
    assert main([*asked, "--out", str(tmp_path)]) == 0
    stack = io.read(tmp_path / "raw" / "0000.tif")
    assert (stack.pattern.angles, stack.pattern.phases, stack.raw().shape) == (1, 7, (1, 7, 40, 40))
    about = json.loads((tmp_path / "0000.json").read_text())
    assert (about["pattern"], len(about["k0_per_um"])) == ("hexagonal", 3)


@pytest.mark.parametrize("phases", [3, 5])
def test_one_direction_of_stripes_is_finer_along_it_alone(phases):
    """Beyond the cut-off, along k and across: how much of the truth the image has."""
    asked = MICROSCOPE | {"photons": (2000.0, 2000.0), "phantom": "vesicles", "haze": 0.0}
    sample = simulate_stack(9, angles=1, phases=phases, beams=2, size=96, **asked)
    made = srredsim.reconstruct(sample.raw, axes="APYX", attenuation=None, **MICROSCOPE)
    (ky, kx), cutoff = sample.settings.k0_per_um[0], sample.settings.cutoff_per_um
    window = np.outer(np.hanning(192), np.hanning(192))
    image, truth = (np.fft.fft2((each - each.mean()) * window) for each in (made.array, sample.truth))
    fy, fx = np.fft.fftfreq(192, 0.04)[:, None], np.fft.fftfreq(192, 0.04)
    along, across = (np.abs(fy * y + fx * x) / np.hypot(ky, kx) / cutoff for y, x in ((ky, kx), (kx, -ky)))

    def alike(where) -> float:
        common = np.sum(image[where] * truth[where].conj()).real
        return float(common / np.sqrt(np.sum(np.abs(image[where]) ** 2) * np.sum(np.abs(truth[where]) ** 2)))

    assert alike((along > 1.1) & (along < 1.5) & (across < 0.4)) > 0.8
    assert abs(alike((across > 1.1) & (across < 1.5) & (along < 0.4))) < 0.3
    degrees = np.rad2deg(np.arctan2(ky, kx)) % 180
    assert f"in one direction only, {degrees:.0f} degrees from x" in made.found["verdict"]
