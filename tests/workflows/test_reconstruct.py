"""The command: what it writes, what it says, what bad input gets."""

import json

import numpy as np
import pytest
import tifffile

from srredsim import io
from srredsim.acquisition import Optics, Pattern, RawStack
from srredsim.errors import InputError
from srredsim.simulation.sim import simulate_stack
from srredsim.workflows.reconstruct import KnownStripes, Lens, Method, reconstruct

SAMPLE = simulate_stack(41, phases=3, photons=(500, 500), size=(72, 64), phantom="filaments")
OPTICS = Optics(SAMPLE.settings.na, SAMPLE.settings.wavelength_em_um, SAMPLE.settings.pixel_size_um)


@pytest.fixture
def folder(tmp_path):
    io.write_raw(tmp_path / "full.tif", SAMPLE.raw, optics=OPTICS)
    tifffile.imwrite(tmp_path / "bare.tif", SAMPLE.raw.reshape(9, 72, 64), photometric="minisblack")
    return tmp_path


def test_image_and_report(folder, run):
    status, out, err = run("reconstruct", folder / "full.tif", "--json")
    assert status == 0, err
    printed, written = json.loads(out)["results"][0], json.loads((folder / "full_wiener.json").read_text())
    image, pixel_size_um = io.read_image(folder / "full_wiener.tif")
    assert image.shape == (1, 1, 1, 144, 128)
    assert image.dtype == np.float32
    assert pixel_size_um == pytest.approx(OPTICS.pixel_size_um / 2, rel=1e-5)
    assert np.corrcoef(image.ravel(), SAMPLE.truth.ravel())[0, 1] > 0.9
    channel = written["channels"][0]
    assert written["verdict"] == channel["verdict"]
    assert channel["otf"]["chosen"] in ("measured", "assumed")
    assert np.shape(channel["intensities"]) == (3, 3)
    assert [time["t"] for time in channel["times"]] == [0]
    assert printed["channels"] == [channel]
    assert len(channel["angles"]) == 3
    for angle in channel["angles"]:
        assert angle["status"] in ("measured", "inferred")
        assert len(angle["phases_rad"]) == 3
        (order,) = angle["orders"]
        assert order["line_spacing_um"] * np.hypot(*order["k_per_um"]) == pytest.approx(1)
    status, _, err = run("reconstruct", folder / "full.tif")
    assert status == 2
    assert "exists already" in err


def test_times_and_slices_keep_their_places(folder, run):
    times = np.stack([SAMPLE.raw, SAMPLE.raw // 2 + 60])  # half the light
    blurred = np.broadcast_to(times.mean(axis=(1, 2), keepdims=True), times.shape).astype(np.uint16)
    stacks = np.stack([blurred, times], axis=1)[:, None]  # t c z a p y x; the second slice is sharp in its stripes
    io.write_raw(folder / "many.tif", stacks, optics=OPTICS)
    status, _, err = run("reconstruct", folder / "many.tif")
    assert status == 0, err
    image, _ = io.read_image(folder / "many_wiener.tif")
    assert image.shape == (2, 1, 2, 144, 128)
    bright, dim = image[:, 0, 1]
    assert np.polyfit(bright.ravel(), dim.ravel(), 1)[0] == pytest.approx(0.5, abs=0.05)


def test_given_optics_and_wiener_parameter(folder, run):
    given = ["--na", OPTICS.na, "--wavelength-em-um", OPTICS.wavelength_em_um, "--pixel-size-um", OPTICS.pixel_size_um]
    status, _, err = run("reconstruct", folder / "bare.tif", *given, "--wiener", 0.5)
    assert status == 0, err
    regularisation = json.loads((folder / "bare_wiener.json").read_text())["channels"][0]["regularisation"]
    assert (regularisation["wiener"], regularisation["chosen"]) == (0.5, "given")


def test_noise_is_said_to_have_no_stripes(folder, run):
    noise = np.random.default_rng(3).poisson(60, (3, 3, 64, 64)).astype(np.uint16)
    io.write_raw(folder / "noise.tif", noise, optics=OPTICS)
    status, out, err = run("reconstruct", folder / "noise.tif")
    assert status == 0
    assert "deconvolved widefield" in out
    assert "warning" in err


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--k", "0,4"], "--pixel-size-um"),  # cycles/um of pixels of no known size
        (["--na", 1.4, "--wavelength-em-um", 525, "--pixel-size-um", 0.08], "0.525"),
        (["--na", 1.9, "--wavelength-em-um", 0.525, "--pixel-size-um", 0.08], "numerical aperture"),
        (["--na", 1.4, "--wavelength-em-um", 0.525, "--pixel-size-um", 0.2], "too coarse"),
        (["--angles", 9, "--phases", 1, "--na", 1.4, "--wavelength-em-um", 0.6, "--pixel-size-um", 0.08], "3 phases"),
    ],
)
def test_what_is_refused(folder, run, flags, said):
    status, out, err = run("reconstruct", folder / "bare.tif", *flags)
    assert (status, out) == (2, "")
    assert said in err
    assert not list(folder.glob("bare_wiener*"))


def test_arrays_give_what_files_give(folder, run):
    flags = ["--attenuation", 0.5, "--otf-damping", 0.8, "--phase-steps", "0,120,240"]
    assert run("reconstruct", folder / "full.tif", *flags)[0] == 0
    written, _ = io.read_image(folder / "full_wiener.tif")
    steps, seen = np.deg2rad([[0, 120, 240]]), []
    found = reconstruct(
        io.read(folder / "full.tif"),
        method=Method(attenuation=0.5),
        known=KnownStripes(phase_steps=steps.tolist()),
        lens=Lens(otf_damping=0.8),
        progress=lambda *done: seen.append(done),
    )
    np.testing.assert_array_equal(found.images, written)
    assert found.report == json.loads((folder / "full_wiener.json").read_text())
    assert seen == [(1, 1)]
    assert found.notes == tuple(found.report["notes"])


def test_a_stack_in_memory_needs_no_file():
    stack = RawStack(SAMPLE.raw[None, None, None], Pattern(3, 3), OPTICS)
    found = reconstruct(stack, method=Method("richardson-lucy", iterations=2))
    assert found.images.shape == (1, 1, 1, 144, 128)
    assert found.images.min() >= 0
    assert (found.report["input"], found.report["iterations"]) == (None, 2)


def lit_by(photons):
    sample = simulate_stack(41, phases=3, photons=(photons, photons), size=64, phantom="filaments", haze=0.0)
    optics = Optics(sample.settings.na, sample.settings.wavelength_em_um, sample.settings.pixel_size_um)
    return RawStack(sample.raw[None, None, None], Pattern(3, 3), optics)


@pytest.mark.parametrize(
    ("photons", "method", "words"),
    [
        (12, "wiener", 'so dim, `method="richardson-lucy"` is nearer'),
        (12, "auto", "less than 30: the image is that of Richardson-Lucy"),
        (12, "richardson-lucy", None),
        (80, "wiener", None),
    ],
)
def test_dim_frames_are_told_of_a_method_that_suits_them(photons, method, words):
    found = reconstruct(lit_by(photons), method=Method(method))
    told = [note for note in found.notes if "a bright pixel has" in note]
    assert [words in note for note in told] == ([True] if words else [])


def test_a_result_is_called_by_the_method_that_the_light_chose(tmp_path, run):
    dim, bright = lit_by(12), lit_by(80)
    for name, stack in (("dim", dim), ("bright", bright)):
        io.write_raw(tmp_path / f"{name}.tif", stack.array, optics=stack.optics)
    assert run("reconstruct", tmp_path)[0] == 0
    names = {path.name for path in tmp_path.glob("*.json")}
    assert names == {"dim_richardson_lucy.json", "bright_wiener.json"}
    written, _ = io.read_image(tmp_path / "dim_richardson_lucy.tif")
    np.testing.assert_array_equal(written, reconstruct(dim, method=Method("richardson-lucy", iterations=3)).images)
    again = run("reconstruct", tmp_path)
    assert again.status == 2
    assert "dim_richardson_lucy.tif exists already" in again.err
    assert "bright_wiener.tif exists already" in again.err


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: Method("winer"), "no `method` 'winer'"),
        (lambda: Method(iterations=3), '`iterations` is for `method="richardson-lucy"`'),
        (lambda: KnownStripes("a.json", k=[(1.0, 2.0)]), "leave out `k`"),
    ],
)
def test_wishes_that_contradict_one_another_are_refused(wrong, words):
    with pytest.raises(InputError, match=words):
        wrong()
