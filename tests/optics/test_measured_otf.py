"""A measured OTF: three ways to write one down, the transfer function that comes of it, and what is none."""

import json

import numpy as np
import pytest

from srredsim import io
from srredsim.acquisition import Optics
from srredsim.errors import InputError
from srredsim.optics.measured_otf import checked_curve, read_curve
from srredsim.optics.transfer import Transfer
from srredsim.simulation.sim import simulate_stack

CUTOFF, PIXEL_UM = 5.0, 0.08
FREQUENCY = np.linspace(0, 6, 121)
CURVE = np.exp(-((FREQUENCY / 2.2) ** 2)) * (FREQUENCY < CUTOFF)


@pytest.mark.parametrize("name", ["otf.csv", "otf.tsv", "otf.txt", "otf.json", "otf.npy"])
def test_every_way_to_write_it_down(tmp_path, name):
    table, path = np.stack([FREQUENCY, 250 * CURVE], axis=1), tmp_path / name
    if path.suffix == ".json":
        path.write_text(json.dumps(table.tolist()))
    elif path.suffix == ".npy":
        np.save(path, table)
    else:
        comma = {".csv": ",", ".tsv": "\t", ".txt": "  "}[path.suffix]
        path.write_text(f"# beads\nper_um{comma}value\n" + "\n".join(f"{f:.17g}{comma}{v:.17g}" for f, v in table))
    (frequency, value), notes = read_curve(path, CUTOFF)
    np.testing.assert_allclose(frequency, FREQUENCY)
    np.testing.assert_allclose(value, CURVE, atol=1e-12)
    assert "250" in notes[0]


def test_the_transfer_function_is_the_curve_and_holds_the_pixel_once():
    curve, _ = checked_curve(FREQUENCY, CURVE, CUTOFF)
    transfer = Transfer(CUTOFF, PIXEL_UM).with_curve(curve)
    fy, fx = np.fft.fftfreq(64, PIXEL_UM), np.fft.fftfreq(48, PIXEL_UM)
    length = np.hypot(fy[:, None], fx)
    expected = np.where(length < CUTOFF, np.exp(-((length / 2.2) ** 2)), 0)
    away = np.abs(length - CUTOFF) > 0.05
    np.testing.assert_allclose(transfer(fy, fx)[away], expected[away], atol=0.004)
    pixel = np.sinc(fy * PIXEL_UM)[:, None] * np.sinc(fx * PIXEL_UM)
    np.testing.assert_allclose((transfer.lens(fy, fx) * pixel)[away], expected[away], atol=0.004)
    weaker = expected * 0.8 ** np.minimum(length / CUTOFF, 1)
    np.testing.assert_allclose(transfer.damped(0.8)(fy, fx)[away], weaker[away], atol=0.004)


def test_the_model_written_down_gives_the_image_of_the_model(tmp_path, run):
    sample = simulate_stack(41, phases=3, photons=(800, 800), size=(72, 64), phantom="filaments")
    optics = Optics(sample.settings.na, sample.settings.wavelength_em_um, sample.settings.pixel_size_um)
    io.write_raw(tmp_path / "stack.tif", sample.raw, optics=optics)
    cutoff = sample.settings.cutoff_per_um
    v = np.linspace(0, 1, 400)
    ideal = 2 / np.pi * (np.arccos(v) - v * np.sqrt(1 - v * v))
    pixel = (
        np.sinc(v * cutoff * optics.pixel_size_um / np.sqrt(2)) ** 2
    )  # along the diagonal, and much the same elsewhere
    np.savetxt(tmp_path / "otf.csv", np.stack([v * cutoff, ideal * 0.6**v * pixel], axis=1), delimiter=",")
    for out, flags in {"curve": ["--otf", tmp_path / "otf.csv"], "model": ["--otf-damping", 0.6]}.items():
        assert run("reconstruct", tmp_path / "stack.tif", "--out", tmp_path / out, *flags).status == 0
    curve, model = (io.read_image(tmp_path / out / "stack_wiener.tif")[0].ravel() for out in ("curve", "model"))
    assert np.corrcoef(curve, model)[0, 1] > 0.999
    reports = [json.loads((tmp_path / out / "stack_wiener.json").read_text()) for out in ("curve", "model")]
    assert [report["channels"][0]["otf"]["chosen"] for report in reports] == ["file", "given"]
    again = ["--parameters", tmp_path / "curve" / "stack_wiener.json", "--out", tmp_path / "again"]
    assert run("reconstruct", tmp_path / "stack.tif", *again).status == 2  # that OTF is not here


@pytest.mark.parametrize(
    ("frequency", "value", "said"),
    [
        (FREQUENCY[::-1], CURVE, "rise"),
        (FREQUENCY + 0.5, CURVE, "begin at 0"),
        (FREQUENCY, CURVE - 0.1, "negative"),
        (FREQUENCY, CURVE * 1j, "complex"),
        (FREQUENCY, CURVE * np.nan, "NaN"),
        (FREQUENCY, CURVE * (1 + FREQUENCY), "largest at 0"),
        (FREQUENCY, np.append(0, CURVE[1:]), "value at 0"),
        (FREQUENCY[:80], CURVE[:80], r"ends at 3.95 .* reach 5"),
    ],
)
def test_what_is_no_otf_is_refused(frequency, value, said):
    with pytest.raises(InputError, match=said):
        checked_curve(frequency, value, CUTOFF)


def test_a_curve_that_ends_a_little_early_goes_on_to_0():
    ((frequency, value), notes) = checked_curve(FREQUENCY[:98], CURVE[:98], 5.0)
    assert (frequency[-1], value[-1]) == (5.0, 0.0)
    np.testing.assert_allclose(value[:-1], CURVE[:98] / CURVE[0], atol=1e-6)
    assert notes == [f"the measured OTF ends at {FREQUENCY[97]:g} cycles/um, and goes on to 0 at 5"]


def test_a_curve_of_a_better_lens_is_remarked_on():
    _, notes = checked_curve(FREQUENCY, np.exp(-FREQUENCY / 6), CUTOFF)
    assert "still 0.43 at the cut-off" in notes[0]


@pytest.mark.parametrize("text", ["", "1\n2\n3\n", "a,b\nc,d\n", "0,1\n1,0.5,3\n"])
def test_files_without_two_columns_are_refused(tmp_path, text):
    (tmp_path / "otf.csv").write_text(text)
    with pytest.raises(InputError, match="two columns"):
        read_curve(tmp_path / "otf.csv", CUTOFF)
    with pytest.raises(InputError, match="no such file"):
        read_curve(tmp_path / "none.csv", CUTOFF)
