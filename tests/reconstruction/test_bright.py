"""A few places far brighter than all else: found where they are, and no reason to blur the rest."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

import srredsim
from srredsim.acquisition import Optics
from srredsim.normalise import Scaling
from srredsim.optics import sampling
from srredsim.optics.transfer import transfer_of
from srredsim.reconstruction.bright import rest_of
from srredsim.simulation import sim

OPTICS = {"na": 1.4, "wavelength_em_um": 0.525, "pixel_size_um": 0.08}
TRANSFER = transfer_of(Optics(**OPTICS))


def field(bright: float, sigma: float = 5.0, dim: float = 100.0):
    """Smooth structures of at most `dim` above an offset of 50, and a spot."""
    noise = ndimage.gaussian_filter(np.random.default_rng(2).normal(size=(128, 140)), 3)
    widefield = 50 + dim * np.clip(noise / noise.max(), 0, 1)
    y, x = np.mgrid[:128, :140]
    spot = np.exp(-((y - 40) ** 2 + (x - 90) ** 2) / (2 * sigma**2))
    widefield = widefield + bright * spot
    low, high = np.percentile(widefield, [1, 99.9])
    return widefield.astype(np.float32), Scaling(float(low), float(high - low)), spot


def test_the_rest_has_units_of_its_own():
    widefield, scaling, spot = field(5000.0)
    rest = rest_of(widefield, scaling, TRANSFER, lambda *_: 1.0)
    assert rest.scaling.offset == scaling.offset
    assert rest.scaling.gain == pytest.approx(100, rel=0.4)  # the brightest structures, and the foot of the spot
    assert rest.capped[spot > 0.1].all()
    assert np.mean(rest.capped) < 0.05
    assert rest.widefield(widefield).max() <= 50 + 2.5 * rest.scaling.gain
    far = spot < 1e-6
    np.testing.assert_array_equal(rest.widefield(widefield)[far], widefield[far])
    fine = np.kron(spot, np.ones((2, 2)))
    assert rest.bright[fine > 0.2].min() > 0.99
    assert rest.bright[fine < 1e-9].max() < 1e-3
    whole, other = np.full(fine.shape, 3.0, np.float32), np.full(fine.shape, 7.0, np.float32)
    together = rest.together(whole, other)
    assert together[80, 180] == pytest.approx(3, abs=0.01)
    assert together[200, 20] == pytest.approx(7, abs=0.01)


@pytest.mark.parametrize(
    ("made", "noise"),
    [
        (field(0.0), 1.0),  # no spot
        (field(400.0), 1.0),  # five times as bright: networks know that
        (field(5000.0, sigma=40.0), 1.0),  # most of the field
        (field(5000.0, dim=3.0), 1.0),  # nothing else but noise
    ],
)
def test_other_fields_are_one(made, noise):
    widefield, scaling, _ = made
    assert rest_of(widefield, scaling, TRANSFER, lambda *_: noise) is None


def test_an_aggregate_does_not_blur_the_filaments():
    """Sixty times as bright: in its units they had come out below the widefield image."""
    asked = {"size": 112, "angles": 3, "phases": 3, "photons": (150.0, 150.0), "phantom": "filaments", **OPTICS}
    frames, truth, settings, rng = sim.drawn(21, 2, asked | {"haze": 0.0})
    grid = [sampling.SCALE * n for n in sim.padded_shape(settings)]
    y, x = (np.arange(n) - 0.45 * n for n in grid)
    spot = np.exp(-(y[:, None] ** 2 + x**2) / (2 * 8.0**2))
    bright, of_spot = sim.expected(replace(settings, photons=60 * settings.photons), spot)
    bright -= settings.background_photons
    camera = {name: getattr(settings, name) for name in ("gain_adu", "offset_adu", "read_noise_e")}
    far = of_spot < 1e-4 * of_spot.max()
    far = ~ndimage.binary_dilation(~far, iterations=12)
    alone, beside = (
        np.corrcoef(srredsim.predict(raw, **OPTICS, model="red_wiener").array[far], truth[far])[0, 1]
        for raw in (sim.expose(each, rng, **camera) for each in (frames, frames + bright))
    )
    assert alone > 0.97
    assert beside > alone - 0.02
    raw = sim.expose(frames + bright, rng, **camera)
    (said,) = [note for note in srredsim.predict(raw, **OPTICS, model="srredsim_3x3").notes if "as bright" in note]
    assert said.startswith("warning: a few places are ")
    assert "which srredsim_3x3 blurs" in said
