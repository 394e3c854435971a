"""Optics that are given: impossible ones are refused by every command and verb, others win over the file and say so."""

import numpy as np
import pytest

import srredsim
from srredsim import io
from srredsim.acquisition import Optics, Pattern, RawStack
from srredsim.errors import InputError

WRONG = [("na", 14, "1.4?"), ("wavelength_em_um", 525, "0.525?"), ("pixel_size_um", 80, "0.08?")]
OPTICS = Optics(na=1.4, wavelength_em_um=0.525, pixel_size_um=0.08)
COMMANDS = [["predict"], ["reconstruct"], ["inspect"], ["reference", "--out", "pairs"]]
VERBS = [srredsim.read, srredsim.inspect, srredsim.reconstruct, srredsim.predict]


@pytest.fixture(scope="module")
def raw():
    raw = np.random.default_rng(5).poisson(50, (3, 5, 24, 20)).astype(np.uint16)
    raw[..., 5:12, 4:15] += 400
    return raw


@pytest.fixture
def bare(tmp_path, raw):
    """A file that says nothing of its optics."""
    np.save(tmp_path / "bare.npy", raw)
    return tmp_path / "bare.npy"


@pytest.fixture
def calibrated(tmp_path, raw):
    return io.write_raw(tmp_path / "calibrated.tif", raw, optics=OPTICS)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize(("name", "value", "meant"), WRONG)
def test_commands_refuse_what_no_microscope_has(refused, bare, monkeypatch, command, name, value, meant):
    monkeypatch.chdir(bare.parent)
    line = refused(*command, bare, f"--{name.replace('_', '-')}", value)
    assert line.endswith(meant)
    assert [path.name for path in bare.parent.iterdir()] == ["bare.npy"]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(("name", "value", "meant"), WRONG)
def test_verbs_refuse_it_of_files_arrays_and_stacks(bare, raw, verb, name, value, meant):
    for data in (bare, raw, srredsim.read(raw)):
        with pytest.raises(InputError, match=meant.replace("?", r"\?")):
            verb(data, **{name: value})
    wrong = RawStack(raw[None, None, None], Pattern(3, 5), OPTICS.given(**{name: value}))
    with pytest.raises(InputError, match=meant.replace("?", r"\?")):
        verb(wrong)


def test_denoise_simulate_and_compare_refuse_it(raw):
    with pytest.raises(InputError, match=r"0\.08\?"):
        srredsim.denoise(raw[0, 0], pixel_size_um=80)
    with pytest.raises(InputError, match=r"1\.4\?"):
        srredsim.simulate(na=14)
    with pytest.raises(InputError, match=r"0\.525\?"):
        srredsim.compare_with_frames(np.ones((48, 40)), raw, na=1.4, wavelength_em_um=525, pixel_size_um=0.08)


def test_values_that_do_not_fit_each_other_are_refused_if_one_was_given(run, zoo, calibrated):
    status, _, err = run("predict", calibrated, "--pixel-size-um", 0.3)
    assert status == 2
    assert "too coarse" in err


def test_what_a_file_says_wrongly_is_no_reason_to_refuse_a_prediction(run, zoo, raw, tmp_path):
    path = io.write_raw(tmp_path / "wrong.tif", raw, optics=OPTICS.given(na=14.0))
    status, _, err = run("predict", path)
    assert status == 0
    assert "taking the model tiny" in err
    assert "not compared with the raw frames: no objective has a numerical aperture of 14" in err


@pytest.mark.parametrize("command", ["predict", "reconstruct", "inspect"])
def test_what_is_given_wins_over_the_file_and_says_so(run, zoo, calibrated, command):
    status, out, err = run(command, calibrated, "--na", 1.3, "--wavelength-em-um", 0.6, "--pixel-size-um", 0.07)
    assert status == 0, err
    for words in (
        "numerical aperture 1.3 as given; the file says 1.4",
        "emission wavelength 0.6 um as given; the file says 0.525 um",
        "pixel size 0.07 um as given; the file says 0.08 um",
    ):
        assert (out + err).count(words) == 1
    _, out, err = run(command, calibrated, "--na", 1.4, "--overwrite")  # what it says itself
    assert "as given" not in out + err


def test_what_is_given_wins_over_a_stack_and_says_so(calibrated):
    stack = srredsim.read(calibrated)
    image = srredsim.reconstruct(stack, na=1.3)
    assert image.found["optics"]["na"] == 1.3
    assert image.notes.count("numerical aperture 1.3 as given; the stack says 1.4") == 1
