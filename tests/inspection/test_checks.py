"""Verdicts on whole stacks in which one thing is wrong."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, shift

from srredsim import inspection
from srredsim.acquisition import Optics, Pattern, RawStack
from srredsim.errors import InputError
from srredsim.inspection import verdicts as words
from srredsim.optics.transfer import refuse_impossible, transfer_of
from srredsim.simulation.sim import simulate_stack
from srredsim.stripes.estimate import estimate
from srredsim.stripes.preprocess import prepare


@cache
def good():
    steps = 2 * np.pi * np.arange(5) / 5
    even = ((1.0,) * 5,) * 3
    return simulate_stack(
        31,
        index=1,
        photons=(700, 700),
        size=112,
        phantom="filaments",
        phases_rad=tuple(tuple(steps + start) for start in (0.3, 1.1, 4.0)),
        intensities=even,
    )


def stack_of(raw, optics=None):
    s = good().settings
    known = Optics(s.na, s.wavelength_em_um, s.pixel_size_um)
    raw = np.asarray(raw)
    return RawStack(raw[None, None, None], Pattern(*raw.shape[:2]), optics or known)


def checks(raw, optics=None):
    report = inspection.inspect(stack_of(raw, optics))
    json.dumps(report, allow_nan=False)
    return {check["name"]: check for check in report["channels"][0]["checks"]}


def verdicts(raw, optics=None):
    return {name: check["verdict"] for name, check in checks(raw, optics).items()}


def test_a_good_stack_is_good_in_everything():
    assert set(verdicts(good().raw).values()) == {"good"}
    assert all(check["advice"] is None for check in checks(good().raw).values())


@pytest.mark.parametrize(("factor", "name"), [(0.5, "pixel_size_um"), (0.55, "na")])
def test_optics_that_the_frames_contradict_are_all_that_is_to_be_changed(factor, name):
    """Half a cut-off is not coloured noise: what is seen beyond it is the object."""
    settings = good().settings
    known = {each: getattr(settings, each) for each in ("na", "wavelength_em_um", "pixel_size_um")}
    wrong = Optics(**known | {name: known[name] * factor})
    found = checks(good().raw, wrong)
    assert found["optics"]["verdict"] == "bad"
    shown = float(found["optics"]["number"].split(" at ")[1].split()[0])
    assert shown == pytest.approx(2 * settings.na / settings.wavelength_em_um * settings.pixel_size_um, rel=0.1)
    assert found["camera noise"]["verdict"] == "good"
    assert [each for each, check in found.items() if check["advice"]] == ["optics"]


def test_columns_of_the_camera_are_named_and_change_no_other_verdict():
    offsets = np.random.default_rng(0).normal(0, 12.0, good().raw.shape[3])
    found = checks(good().raw + offsets)
    assert found["columns and rows"]["verdict"] == "doubtful"
    assert found["columns and rows"]["number"].startswith("columns of the camera")
    assert {check["verdict"] for name, check in found.items() if name != "columns and rows"} == {"good"}


def spoilt(kind):
    raw = good().raw.astype(float)
    offset = good().settings.offset_adu
    rng = np.random.default_rng(5)
    if kind == "moved":
        for angle, by in ((1, (1.0, -0.5)), (2, (2.0, 0.6))):
            raw[angle] = shift(raw[angle], (0, *by), order=3, mode="nearest")
    if kind == "bleached":
        kept = 0.95 ** np.arange(15).reshape(3, 5, 1, 1)
        raw = offset + rng.binomial(np.maximum(raw - offset, 0).astype(int), kept)
    if kind == "uneven":
        raw[1] = offset + 0.45 * (raw[1] - offset)
    if kind == "saturated":
        raw = np.minimum(raw, np.percentile(raw, 99.5))
    if kind == "filtered":
        raw = gaussian_filter(raw, (0, 0, 0.8, 0.8))
    if kind == "dim":
        raw = offset + rng.poisson((raw - offset).clip(0) / 60) + rng.normal(0, 1.5, raw.shape)
    if kind == "one angle without stripes":
        raw[2] = rng.poisson(raw[2].mean(axis=0), raw[2].shape)
    return np.clip(np.rint(raw), 0, 65535).astype(np.uint16)


NONE = Optics()  # the stripes are then not looked for, which takes most of the time


@pytest.mark.parametrize(
    ("kind", "name", "word"),
    [
        ("moved", "movement", "settle"),
        ("bleached", "bleaching", "less light"),
        ("uneven", "evenness of the light", "all angles the same light"),
        ("saturated", "saturation", "lower"),
        ("filtered", "camera noise", "neither filtered"),
        ("dim", "contrast of the stripes", "more light"),
        ("one angle without stripes", "stripes", "angle 3"),
    ],
)
def test_what_is_wrong_is_named_with_what_to_change(kind, name, word):
    optics = None if name == "stripes" else NONE
    check = checks(spoilt(kind), optics)[name]
    assert check["verdict"] in ("doubtful", "bad")
    assert word in check["advice"]
    assert checks(good().raw, optics)[name]["verdict"] == "good"


def test_bleaching_alone_is_not_put_down_to_lamp_or_grating():
    found = checks(spoilt("bleached"))
    assert [check["name"] for check in found.values() if check["advice"]] == ["bleaching"]


def test_uneven_phases():
    settings = good().settings
    phases_rad = np.array(settings.phases_rad) + np.random.default_rng(3).normal(0, 0.2, (3, 5))
    fixed = {
        name: getattr(settings, name)
        for name in ("na", "wavelength_em_um", "pixel_size_um", "k0_per_um", "modulation_depths", "intensities")
    }
    sample = simulate_stack(
        31, index=1, photons=(2000, 2000), size=112, phases_rad=tuple(map(tuple, phases_rad)), **fixed
    )
    check = checks(sample.raw, Optics(fixed["na"], fixed["wavelength_em_um"], fixed["pixel_size_um"]))["phase steps"]
    assert check["verdict"] in ("doubtful", "bad")
    off = phases_rad - 2 * np.pi * np.arange(5) / 5
    assert check["value"] == pytest.approx(off.std(axis=1).max(), abs=0.1)


def test_without_optics_what_needs_them_is_not_checked_and_the_flags_are_named():
    found = checks(good().raw, Optics(pixel_size_um=0.08))
    assert found["stripes"]["verdict"] is None
    assert "`na, wavelength_em_um`" in found["stripes"]["number"]
    others = {name: check["verdict"] for name, check in found.items() if name not in ("stripes", "phase steps")}
    assert set(others.values()) == {"good"}


def test_impossible_optics_are_refused():
    optics = stack_of(good().raw).optics
    refuse_impossible(optics)
    with pytest.raises(InputError, match="no objective"):
        refuse_impossible(Optics(na=3.0))  # whatever else is known
    with pytest.raises(InputError, match="too coarse"):
        refuse_impossible(optics.given(pixel_size_um=0.3))
    refuse_impossible(Optics(pixel_size_um=0.3))  # not enough is known of them


@pytest.mark.parametrize("shape", [(1, 5), (3, 2), (3, 1), (1, 1), (2, 4)])
def test_other_counts_of_angles_and_phases(shape):
    angles, phases = shape
    found = verdicts(np.resize(good().raw, (*shape, 112, 112)))
    assert (found["stripes"] is None) == (phases < 3)
    assert (found["movement"] is None) == (angles < 2)


@pytest.mark.parametrize("spoil", ["nan", "constant", "tiny"])
def test_what_cannot_be_checked_at_all(spoil):
    raw = good().raw.astype(np.float32)
    if spoil == "nan":
        raw[1, 2, 3, 4] = np.nan
    raw = {"nan": raw, "constant": np.ones_like(raw), "tiny": raw[..., :20, :]}[spoil]
    (check,) = checks(raw).values()
    assert check["verdict"] is None
    assert {"nan": "NaN", "constant": "constant", "tiny": "too small"}[spoil] in check["number"]


def test_only_the_middle_of_a_large_field_is_checked():
    raw = np.zeros((3, 3, 530, 600), np.uint16)
    raw += np.random.default_rng(1).poisson(50, raw.shape).astype(np.uint16)
    report = inspection.inspect(stack_of(raw, Optics()))
    assert report["channels"][0]["pixels_checked"] == [512, 512]
    assert "checks of the middle 512 x 512 pixels:" in inspection.lines(report)


def test_lines_have_verdicts_and_advice():
    text = inspection.lines(inspection.inspect(stack_of(spoilt("saturated"), NONE)))
    (line,) = [line for line in text if line.startswith("saturation")]
    assert line.split()[1] == "bad"
    assert text[text.index("what to change:") + 1].startswith("  lower light")


def test_little_contrast_of_pixels_is_not_bad_where_all_of_them_show_the_stripes():
    settings = good().settings
    optics = Optics(settings.na, settings.wavelength_em_um, settings.pixel_size_um)
    found = estimate(prepare(good().raw), transfer_of(optics))
    bad = words.contrast(0.5, 5)
    assert bad.verdict == words.told_by_stripes(bad, None).verdict == "bad"
    assert words.told_by_stripes(bad, found).verdict == "doubtful"
    first, *others = found.angles
    assert words.told_by_stripes(bad, replace(found, angles=(replace(first, status="failed"), *others))) == bad
    fair = words.contrast(5.0, 5)
    assert words.told_by_stripes(fair, found) == fair
