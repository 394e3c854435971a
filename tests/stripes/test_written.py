"""Parameters as files of other programs, and as our own: read again they are the same, and so is the image."""

import re

import numpy as np
import pytest
import yaml

import srredsim
from srredsim import io
from srredsim.acquisition import Optics
from srredsim.cli.main import main
from srredsim.errors import InputError
from srredsim.simulation.sim import simulate_stack
from srredsim.stripes.saved import load_parameters
from srredsim.stripes.settings import load_settings
from srredsim.stripes.written import check, text_of

SAMPLE = simulate_stack(41, phases=3, photons=(800, 800), size=(72, 64), phantom="filaments")
OPTICS = Optics(SAMPLE.settings.na, SAMPLE.settings.wavelength_em_um, SAMPLE.settings.pixel_size_um)
K0 = [(1.9, 0.5), (-0.6, 1.9), (-1.4, -1.3)]  # (ky, kx) of the first of two orders, cycles/um


@pytest.fixture(scope="module")
def image():
    optics = {name: getattr(OPTICS, name) for name in ("na", "wavelength_em_um", "pixel_size_um")}
    return srredsim.reconstruct(SAMPLE.raw, **optics)


@pytest.fixture
def report():
    """Report of three angles x five phases in one channel."""
    angles = [
        {"status": "measured", "k0_per_um": list(k0), "phases_rad": [0.0] * 5, "orders": [{"order": 1}, {"order": 2}]}
        for k0 in K0
    ]
    optics = {"na": 1.42, "wavelength_em_um": 0.6105, "pixel_size_um": 0.0816}
    return {"pattern": "3 angles x 5 phases", "optics": optics, "cutoffs": None, "channels": [{"angles": angles}]}


@pytest.mark.parametrize("name", ["a.xml", "a.cfg", "a.yaml"])
def test_read_again(image, tmp_path, name):
    path = image.save_parameters(tmp_path / name)
    found = [angle["k0_per_um"] for angle in image.found["channels"][0]["angles"]]
    if path.suffix == ".yaml":
        saved = load_parameters(path)
        assert (saved.optics, saved.dampings[0].value) == (OPTICS, image.found["channels"][0]["otf"]["damping"])
        read = [angle.k0_per_um for angle in saved.channels[0].angles]
        phases = [angle["phases_rad"] for angle in image.found["channels"][0]["angles"]]
        np.testing.assert_allclose([angle.phases_rad for angle in saved.channels[0].angles], phases, rtol=1e-12)
        optics = {}
    else:
        settings = load_settings(path)
        assert (settings.phases, settings.optics.na) == (3, OPTICS.na)
        assert settings.optics.pixel_size_um == OPTICS.pixel_size_um
        read, optics = settings.k0_per_um, {"wavelength_em_um": OPTICS.wavelength_em_um}
    if path.suffix == ".cfg":  # of one line spacing
        lengths = np.hypot(*np.transpose(found))
        read = np.array(read) * (lengths / np.mean(lengths))[:, None]
    np.testing.assert_allclose(read, found, rtol=1e-12)
    again = srredsim.reconstruct(SAMPLE.raw, parameters=path, **optics)
    np.testing.assert_allclose(again, image, atol=1e-5 * np.ptp(image.array))


def test_fairsim_counts_periods_with_y_up(report):
    """Where the second order of the stripes lies in a transform of an image that is turned upside down."""
    side, um = 256, report["optics"]["pixel_size_um"]
    text = text_of(report, "a.xml", side)
    shifts = [tuple(map(float, one.split())) for one in re.findall("<shift[^>]*>(.*)</shift>", text)]
    y, x = np.mgrid[:side, :side] * um
    for (ky, kx), shift in zip(K0, shifts, strict=True):
        spectrum = np.abs(np.fft.fft2(np.cos(4 * np.pi * (ky * y + kx * x))[::-1]))
        row, column = np.unravel_index(np.argmax(spectrum[:, 1 : side // 2]), (side, side // 2 - 1))
        peak = np.array([column + 1, (row + side // 2) % side - side // 2])
        np.testing.assert_allclose(peak * np.sign(shift[0]), shift, atol=0.6)
    for name, value in {"nr-angles": 3, "nr-phases": 5, "nr-bands": 3, "img-size-pxl": 256, "emission": 610.5}.items():
        assert float(re.search(f"<{name} [^>]*>(.*)</{name}>", text)[1]) == value


def test_cudasirecon_has_the_line_spacing_of_the_finest_order(report):
    told = dict(line.split("=") for line in text_of(report, "a.cfg", 256).splitlines() if "=" in line)
    spacings_um = [0.5 / np.hypot(*k0) for k0 in K0]
    assert min(spacings_um) < float(told["ls"]) < max(spacings_um)
    assert (told["ndirs"], told["nphases"], told["na"], told["xyres"]) == ("3", "5", "1.42", "0.0816")
    for angle, (ky, kx) in zip(map(float, told["k0angles"].split(",")), K0, strict=True):
        assert (np.tan(angle), np.sign(np.cos(angle))) == (pytest.approx(ky / kx), np.sign(kx))


def test_what_a_layout_cannot_say(report, image):
    for name, channels, um, said in (
        ("a.json", 1, 0.08, "ending of a file of parameters says how"),
        ("a.xml", 2, 0.08, "of one channel, this stack has 2"),
        ("a.cfg", 1, None, "`pixel_size_um`, or write .yaml"),
    ):
        with pytest.raises(InputError, match=said):
            check(name, channels, um)
    check("a.yaml", 2, None)
    assert text_of(report, "a.txt", 64) == text_of(report, "a.CFG", 64)
    report["channels"][0]["angles"][1]["status"] = "failed"
    with pytest.raises(InputError, match=r"no stripes were found in angle 2, which only \.yaml can say"):
        text_of(report, "a.xml", 64)
    for pattern in ("one hexagonal pattern in 7 frames", "1 angle x 7 phases"):
        with pytest.raises(InputError, match=r"only \.yaml can say that frames show several directions at once"):
            text_of(report | {"pattern": pattern}, "a.xml", 64)
    together = {**report["channels"][0], "angles_at_once": 3}
    kept = yaml.safe_load(text_of(report | {"channels": [together]}, "a.yaml", 64))
    assert kept["channels"][0]["angles_at_once"] == 3  # by which a hexagonal pattern is read again
    with pytest.raises(InputError, match="found by reconstruct; other has none"):
        srredsim.results.Image(image.array, "YX", name="other").save_parameters("a.yaml")


def test_the_command_writes_them(tmp_path, capsys):
    stack, other = (io.write_raw(tmp_path / name, SAMPLE.raw, optics=OPTICS) for name in ("a.tif", "b.tif"))
    path = tmp_path / "made" / "a.xml"
    flags = ["--write-parameters", str(path), "--out", str(tmp_path / "out")]
    assert main(["reconstruct", str(stack), str(other), *flags]) == 2
    out, err = capsys.readouterr()
    assert str(path) in out
    assert "b.tif: --write-parameters is one file of one stack" in err
    assert load_settings(path).program == "fairSIM"
    assert not (tmp_path / "out" / "b_wiener.tif").exists()
    assert main(["reconstruct", str(other), *flags]) == 2
    assert "exists" in capsys.readouterr().err
    assert not (tmp_path / "out" / "b_wiener.tif").exists()
