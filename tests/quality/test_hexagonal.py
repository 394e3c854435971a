"""Seven frames with a pattern of three directions at once: called what they may be; seven of stripes are not."""

import numpy as np
from scipy import ndimage

import srredsim
from srredsim.acquisition import Optics
from srredsim.optics.transfer import transfer_of
from srredsim.quality import report
from srredsim.reconstruction.planes import Channel
from srredsim.simulation.sim import simulate_stack
from srredsim.stripes.estimate import estimate
from srredsim.stripes.hexagonal import WORDS
from srredsim.stripes.preprocess import prepare

MICROSCOPE = {"na": 1.4, "wavelength_em_um": 0.525, "pixel_size_um": 0.07}


def hexagonal(side=80):
    """Frame n has the phases 1, 2 and -3 times 2 pi n / 7 of its directions, as hexagonal SIM steps them."""
    rng = np.random.default_rng(5)
    points = ndimage.gaussian_filter((rng.random((side, side)) < 0.03) * rng.random((side, side)), 0.7)
    y, x = np.mgrid[:side, :side] * MICROSCOPE["pixel_size_um"]
    frames = []
    for n in range(7):
        light = np.ones_like(points)
        for direction, step in enumerate((1, 2, -3)):
            angle = 0.35 + 2 * np.pi / 3 * direction
            wave = 2 * np.pi * 4.2 * (np.sin(angle) * y + np.cos(angle) * x)
            light += 0.3 * np.cos(wave + 2 * np.pi / 7 * step * n)
        frames.append(ndimage.gaussian_filter(points * light, 1.1))
    frames = np.array(frames)[None]
    return rng.poisson(100 + 600 * frames / frames.max()).astype(np.uint16)


def test_it_is_named():
    raw = hexagonal()
    assert "hexagonal" in srredsim.reconstruct(raw, axes="APYX", **MICROSCOPE).found["verdict"]
    (check,) = (each for each in srredsim.inspect(raw, axes="APYX", **MICROSCOPE).checks if each["name"] == "stripes")
    assert (check["verdict"], "hexagonal" in check["number"]) == ("bad", True)


def test_nothing_is_said_of_its_contrast():
    """That of stripes of one direction would be called too faint, and more light advised, however bright it is."""
    report = srredsim.inspect(hexagonal(), axes="APYX", **MICROSCOPE)
    (check,) = (each for each in report.checks if each["name"] == "contrast of the stripes")
    assert check["verdict"] is None
    assert "hexagonal" in check["number"] + str(check["limit"])
    assert "more light" not in str([each["advice"] for each in report.checks])


def test_seven_phases_of_stripes_are_stripes():
    raw = simulate_stack(
        8, size=(80, 80), angles=1, phases=7, photons=(400.0, 400.0), phantom="filaments", **MICROSCOPE
    ).raw
    assert "hexagonal" not in srredsim.reconstruct(raw, axes="APYX", **MICROSCOPE).found["verdict"]


def test_predict_says_so_too(tiny_cleaner):
    notes = srredsim.predict(hexagonal(), axes="APYX", model=tiny_cleaner, **MICROSCOPE).notes
    assert sum("hexagonal SIM" in note for note in notes) == 1


def test_no_word_on_stripes_beside_that_on_a_hexagonal_pattern():
    transfer = transfer_of(Optics(MICROSCOPE["na"], MICROSCOPE["wavelength_em_um"], MICROSCOPE["pixel_size_um"]))
    channel = Channel(estimate(prepare(hexagonal()), transfer), transfer)
    assert report.verdicts([channel], [f"warning: {WORDS}"]) == []
    assert report.verdicts([channel], ["another remark"])[0].endswith("better in one direction only")
