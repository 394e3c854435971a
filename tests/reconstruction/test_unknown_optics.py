"""Stacks that do not tell their optics: what is estimated, what is said, when nothing can be."""

import re
from dataclasses import replace

import numpy as np
import pytest

from srredsim.acquisition import Cutoff, Optics, Pattern, RawStack
from srredsim.noise.knee import Knee
from srredsim.optics.nominal import PIXEL_UM
from srredsim.optics.transfer import transfer_of
from srredsim.reconstruction import unknown_optics
from srredsim.reconstruction.unknown_optics import Untold, as_far_as_told, note, with_cutoffs
from srredsim.simulation.sim import simulate_stack

OPTICS = Optics(1.4, 0.6, 0.07)


@pytest.fixture(scope="module")
def raw():
    optics = {"na": 1.4, "wavelength_em_um": 0.6, "pixel_size_um": 0.07}
    return simulate_stack(2, index=1, phases=3, size=64, photons=(900.0, 900.0), **optics).raw


def stack_of(raw, optics, channels=1):
    array = np.stack([raw] * channels)[None, :, None]
    return RawStack(array, Pattern(*raw.shape[:2]), optics)


def test_known_optics_are_left_alone(raw):
    stack = stack_of(raw, OPTICS)
    assert with_cutoffs(stack) is stack


def test_each_channel_has_its_own(raw, monkeypatch):
    found = iter([Knee(np.log(0.3), 0.02), Knee(np.log(0.25), 0.01)])
    monkeypatch.setattr(unknown_optics, "cutoff_of", lambda prepared: next(found))
    stack = with_cutoffs(stack_of(raw, Optics(pixel_size_um=0.1), channels=2))
    transfers = [transfer_of(stack.optics.of_channel(c)) for c in range(2)]
    assert [each.cutoff_per_um for each in transfers] == pytest.approx([3.0, 2.5])
    assert "0.3000 ± 0.0060, 0.2500 ± 0.0025 cycles/pixel" in stack.notes[-1]
    assert with_cutoffs(stack) is stack


def test_without_a_pixel_size_the_pixels_are_the_unit():
    transfer = transfer_of(Optics(na=1.4, cutoffs=(Cutoff(0.3, 0.01),)))
    assert (transfer.nominal, transfer.pixel_size_um) == (True, PIXEL_UM)
    assert transfer.cutoff_per_pixel == pytest.approx(0.3)
    assert transfer.in_words(PIXEL_UM * 2.5) == "2.50 raw pixels"
    assert transfer_of(OPTICS).in_words(0.25) == "250 nm"


def test_optics_that_are_known_win_over_the_estimate():
    assert transfer_of(replace(OPTICS, cutoffs=(Cutoff(0.1, 0.01),))) == transfer_of(OPTICS)


@pytest.mark.parametrize(
    ("unknown", "words"),
    [
        ("pixel_size_um", r"does not say pixel size: .*as of pixels of 0.0664 um"),
        ("na", r"does not say NA: .*as of NA 1.33"),
        ("wavelength_em_um", "does not say wavelength of emission: .*; give `wavelength_em_um`"),
    ],
)
def test_what_the_cutoff_says_of_a_single_unknown(unknown, words):
    """0.31 cycles/pixel of NA 1.4 at 0.6 um: 0.31 / (2.8 / 0.6) = 0.0664 um; at 0.07 um: 0.31 / 0.07 x 0.3 = 1.33."""
    optics = replace(OPTICS, **{unknown: None}, cutoffs=(Cutoff(0.31, 0.01),))
    assert re.search(words, note(optics))


@pytest.mark.parametrize("kind", ["noise", "small", "dark", "two phases"])
def test_frames_that_do_not_tell_it_say_what_to_give(raw, kind):
    frames = {
        "noise": np.random.default_rng(5).poisson(30.0, raw.shape),
        "small": raw[..., :40, :47],
        "dark": np.full_like(raw, 100),
        "two phases": raw[:, :2],
    }[kind]
    stack = stack_of(frames, Optics())
    with pytest.raises(Untold, match=r"do not tell the cut-off: .*; give `na, wavelength_em_um, pixel_size_um`"):
        with_cutoffs(stack)
    *_, warning = as_far_as_told(stack).notes
    assert warning.startswith("warning: ")


@pytest.mark.parametrize(
    ("per_pixel", "deviation", "told"), [(0.51, 0.01, True), (0.54, 0.04, True), (0.7, 0.03, False)]
)
def test_pixels_too_coarse_for_the_lens(raw, monkeypatch, per_pixel, deviation, told):
    """0.6 cycles/pixel is the highest cut-off that is worked with where optics are known, too."""
    monkeypatch.setattr(unknown_optics, "cutoff_of", lambda prepared: Knee(np.log(per_pixel), deviation))
    if told:
        (line,) = transfer_of(with_cutoffs(stack_of(raw, Optics())).optics.of_channel(0)).remarks
        assert f"{100 * (2 * per_pixel - 1):.1f} % too coarse for a cut-off of {per_pixel:.3f} cycles/pixel" in line
        assert " um" not in line
    else:
        with pytest.raises(Untold, match=r"more than 0\.66 cycles/pixel, wanted at most 0\.5"):
            with_cutoffs(stack_of(raw, Optics()))
