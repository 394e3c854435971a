"""Fields like those of W2S, made by the simulator: widefield captures at the noise levels, and the SIM image.

One camera records all fields, of which some are bright and some are dim, so that one mean and one standard deviation
make z-scores of them all, as for the measured fields. The SIM image is the simulator's truth: free of noise, of light
from out of focus and of reconstruction artefacts, which no measured one is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from srredsim.data.w2s.layout import layout
from srredsim.simulation import sim
from srredsim.simulation.camera import expose

ANGLES, PHASES = 3, 5
BACKGROUND = 0.2  # at most, as a share of that peak
CAMERA = {"gain_adu": 4.0, "offset_adu": 100.0, "read_noise_e": 1.5}


@dataclass(frozen=True)
class Expected:
    """What a field shows without noise.

    ``widefield_photons`` (y, x): photo-electrons of one capture; ``sim`` (2y, 2x) float32: counts above background.
    """

    widefield_photons: np.ndarray
    sim: np.ndarray
    settings: sim.Settings


def expected_field(seed: int, index: int, size: int, photons: tuple[float, float] | None = None) -> Expected:
    """Field ``index`` of a seed, of ``size`` pixels a side; the same whoever asks.

    ``photons`` of a single capture are the least and the most of the expected peak of the in-focus widefield image,
    drawn log-uniformly; left out: those of the data set w2s_simulated.
    """
    settings, object_rng, _ = _drawn(seed, index, size, photons)
    return expected_of(settings, sim.object_in_view(object_rng, settings))


def expected_of(settings: sim.Settings, obj: np.ndarray) -> Expected:
    """What an object shows, given on the padded output grid of `srredsim.simulation.sim.expected`."""
    even = replace(  # one angle, its phases evenly spaced: the stripes cancel in the mean of its frames
        settings,
        k0_per_um=settings.k0_per_um[:1],
        modulation_depths=settings.modulation_depths[:1],
        phases_rad=(tuple(2 * np.pi * np.arange(PHASES) / PHASES),),
        intensities=((1.0,) * PHASES,),
    )
    frames, truth = sim.expected(even, obj)
    return Expected(frames.mean(axis=(0, 1), dtype=np.float64), truth, settings)


def averages(field: Expected, rng: np.random.Generator) -> dict[int, np.ndarray]:
    """(y, x) float32 counts of every noise level, from captures that the levels share as in W2S.

    The captures that no noise level but the last averages are drawn together: their sum has the same distribution.
    """
    light, w2s = field.widefield_photons, layout()
    single = sorted({number for level in w2s.noisy_levels for number in w2s.captures[level]})  # drawn one by one
    captures = {number: expose(light, rng, **CAMERA).astype(np.float64) for number in single}
    result = {level: np.mean([captures[n] for n in w2s.captures[level]], axis=0) for level in w2s.noisy_levels}
    rest = w2s.shot - len(single)
    electrons = rng.poisson(rest * light) + np.sqrt(rest) * CAMERA["read_noise_e"] * rng.standard_normal(light.shape)
    others = CAMERA["gain_adu"] * electrons + rest * CAMERA["offset_adu"]
    result[w2s.reference] = (sum(captures.values()) + others) / w2s.shot
    return {level: image.astype(np.float32) for level, image in result.items()}


def captures(field: Expected, rng: np.random.Generator, count: int) -> np.ndarray:
    """(count, y, x) uint16: captures one after the other."""
    return np.stack([expose(field.widefield_photons, rng, **CAMERA) for _ in range(count)])


def camera_rng(seed: int, index: int) -> np.random.Generator:
    """The noise of a field, apart from what it shows."""
    return np.random.default_rng([seed, index, 1])


def raw_sim(seed: int, index: int, size: int, photons: tuple[float, float] | None = None) -> np.ndarray:
    """(angles, phases, y, x) uint16: the raw SIM stack of the same field."""
    settings, object_rng, rng = _drawn(seed, index, size, photons)
    frames, _ = sim.expected(settings, sim.object_in_view(object_rng, settings))
    return expose(frames, rng, **CAMERA)


def _drawn(seed: int, index: int, size: int, photons: tuple[float, float] | None):
    photons = photons or _photons()
    object_rng, settings_rng, camera_rng, light_rng = np.random.default_rng([seed, index]).spawn(4)
    settings = sim.draw(settings_rng, ANGLES, PHASES, size=size, photons=photons, **CAMERA)
    background = settings.photons * light_rng.uniform(0, BACKGROUND)
    return replace(settings, background_photons=background), object_rng, camera_rng


@cache
def _photons() -> tuple[float, float]:
    from srredsim.data import description

    low, high = description.of_entry("w2s_simulated").settings.photons
    return float(low), float(high)
