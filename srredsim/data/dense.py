"""Widefield images of scenes full of structure (`srredsim.simulation.scenes`), through lenses of many shapes, with
white or coloured noise: what a network of widefield images has to be right about before it may add anything.

What is expected without noise is made once and kept; light and noise of an example are drawn each time anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy import fft, ndimage

from srredsim.data.pairs import Pair, Pairs, check_crop, check_sizes
from srredsim.data.stored import Samples, StoredSeries, digest_of
from srredsim.normalise import SCALINGS
from srredsim.optics import sampling
from srredsim.optics.otf import apodisation, otf
from srredsim.reconstruction.upscale import bicubic_upscale
from srredsim.resources import cache_folder
from srredsim.simulation import dead_leaves, scenes

MARGIN = 16  # pixels simulated beyond each side
PHOTONS = 5.0, 3000.0  # in the brightest pixels, drawn log-uniformly
PEAK_PERCENT = 99.9
SCENES = 800  # at most; further examples are the same ones in other light
FAINTEST = 0.05  # least contrast: deviation of the light as a share of its peak
GROUND = 0.7  # at most: light without structure as a share of all
OVERSAMPLED = 0.25  # share of scenes so smooth that they could have been recorded with half of the pixels
COLOURS = ("white", "smoothed", "resampled")  # kinds of noise
SMOOTHED = 0.35, 1.0  # pixels, deviation along either axis of the blur that colours noise
CAMERA = {"gain_adu": 4.0, "offset_adu": 100.0, "read_noise_e": 1.5}
STREAM = 12  # stream of the generator


@dataclass(frozen=True)
class DenseSeries:
    """Scenes of a seed, ``size`` pixels a side; pairs of ``target`` average or sim, scaled as widefield images are."""

    seed: int
    count: int
    size: int
    target: str
    normalise: str


@dataclass(frozen=True)
class Lens:
    """What of a frequency (cycles per image pixel) comes through, in the image and in the sharper one to be found."""

    shape: str
    width: float  # cut-off in cycles per pixel, or deviation of a Gaussian in pixels
    detail: float  # damping of an objective; for others the power of the frequency in the exponent
    sharper: float  # cut-off of the SIM image over that of the image; for others 2

    def image(self, frequency: np.ndarray) -> np.ndarray:
        if self.shape == "objective":
            return otf(frequency, self.width, self.detail)
        return np.exp(-((np.sqrt(2) * np.pi * self.width * frequency) ** self.detail))

    def sim(self, frequency: np.ndarray) -> np.ndarray:
        if self.shape == "objective":
            return apodisation(frequency, self.sharper * self.width)
        return np.exp(-((np.sqrt(2) * np.pi * self.width / self.sharper * frequency) ** self.detail))


class DensePairs(StoredSeries, Pairs):
    """Pairs of a noisy image and what it should be; the scenes are read from the cache on disk, `generate` fills it."""

    making = "painting {} scenes once"

    def __init__(self, series: DenseSeries):
        self.series = series
        self.folder = cache_folder() / "dense" / _fingerprint(series)
        side = series.size
        self.samples = Samples(
            self.folder,
            min(series.count, SCENES),
            light_f32=(np.float32, (side, side)),
            sim_f32=(np.float32, (sampling.SCALE * side, sampling.SCALE * side)),
        )

    def __len__(self) -> int:
        return self.series.count

    def identity(self) -> str:
        return digest_of(f"{self.folder.name} {self.series}")

    @property
    def scale(self) -> int:
        return sampling.SCALE if self.series.target == "sim" else 1

    def check(self, scale: int, side: int = 1) -> None:
        """As `Pairs.check`; no scene is painted for it."""
        size, name = (self.series.size,) * 2, "dense scenes (data.dense)"
        check_sizes(size, tuple(self.scale * n for n in size), scale, name)
        check_crop(size, side, name)

    def __getitem__(self, index: int) -> Pair:
        return self._recorded(index, np.random.default_rng([self.series.seed, int(index), STREAM, 1]))

    def crop(self, index: int, rng: np.random.Generator, side: int) -> Pair:
        """A square of an image whose noise no other example has."""
        whole = self._recorded(index, rng)
        y, x = (int(rng.integers(self.series.size - side + 1)) for _ in "yx")
        return whole.crop(y, x, side, side)

    def make(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng([self.series.seed, index, STREAM])
        return expected(rng, self.series.size, scenes.draw_kind(rng), draw_lens(rng))

    def missing(self, indices: Iterable[int]) -> list[int]:
        return super().missing({int(index) % SCENES for index in indices})

    def _recorded(self, index: int, rng: np.random.Generator) -> Pair:
        light, sim = self.stored(int(index) % SCENES)
        photons = float(np.exp(rng.uniform(*np.log(PHOTONS))))
        ground = rng.uniform(0, GROUND) * rng.integers(2)
        colour = str(rng.choice(COLOURS, p=[0.5, 0.25, 0.25]))
        expected_e = photons * (light + ground / (1 - ground))
        noisy, seen_e = record(rng, expected_e, colour)
        noisy = noisy[..., None]
        scaling = SCALINGS[self.series.normalise](noisy)
        if self.series.target == "sim":
            truth = CAMERA["gain_adu"] * photons * sim
        else:
            truth = _counts(seen_e) - np.float32(scaling.offset)
        return Pair(noisy, truth.astype(np.float32), scaling, {"photons": photons, "noise": colour})


def expected(rng: np.random.Generator, size: int, kind: str, lens: Lens) -> tuple[np.ndarray, np.ndarray]:
    """Light (size, size) with a peak of 1, and the same scene (2 size, 2 size) through the sharper lens."""
    side = sampling.SCALE * fft.next_fast_len(size + 2 * MARGIN)
    while True:
        light, sim = through(lens, scenes.KINDS[kind](rng, side, sampling.SCALE), size)
        peak = np.percentile(light, PEAK_PERCENT)
        if light.std() > FAINTEST * peak:
            return (light / peak).astype(np.float32), (sim / peak).astype(np.float32)


def through(lens: Lens, scene: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Middle ``size`` pixels of a scene of twice the pixels, through the lens onto square pixels; and twice as many of
    the sharper image. Both not negative."""
    spectrum = fft.rfft2(scene)
    fy, fx = sampling.SCALE * fft.fftfreq(scene.shape[0])[:, None], sampling.SCALE * fft.rfftfreq(scene.shape[1])
    frequency = np.hypot(fy, fx)
    square = sampling.pixel_transfer(fy / sampling.SCALE) * sampling.pixel_transfer(fx / sampling.SCALE)
    light = sampling.bin_pixels(fft.irfft2(spectrum * square * lens.image(frequency), scene.shape))
    sim = fft.irfft2(spectrum * lens.sim(frequency), scene.shape)
    return tuple(np.maximum(_middle(image, n), 0) for image, n in ((light, size), (sim, sampling.SCALE * size)))


def draw_lens(rng: np.random.Generator) -> Lens:
    """An objective of any damping, or a lens without a cut-off; wide at times, as of images with too many pixels."""
    wider = rng.uniform(1.4, 2.2) if rng.random() < OVERSAMPLED else 1.0
    if rng.random() < 0.6:
        return Lens("objective", rng.uniform(0.25, 0.5) / wider, rng.uniform(0.3, 1.0), 1 + rng.uniform(0.75, 0.95))
    return Lens("smooth", wider * rng.uniform(0.6, 1.6), rng.uniform(1.4, 2.0), 2.0)


def record(rng: np.random.Generator, expected_e: np.ndarray, colour: str) -> tuple[np.ndarray, np.ndarray]:
    """Counts of an expected image in photo-electrons, with noise of a colour, and what they are without noise.

    ``smoothed``: blurred after it was recorded. ``resampled``: recorded with half of the pixels along y and x, and
    brought to their number by cubic splines.
    """
    if colour == "white":
        return _exposed(rng, expected_e), expected_e
    if colour == "smoothed":
        sigma = rng.uniform(*SMOOTHED, 2) if rng.integers(2) else (rng.uniform(*SMOOTHED),) * 2
        return tuple(ndimage.gaussian_filter(image, sigma) for image in (_exposed(rng, expected_e), expected_e))
    coarse = sampling.bin_pixels(expected_e)
    return bicubic_upscale(_exposed(rng, coarse)), bicubic_upscale(coarse)


def _exposed(rng: np.random.Generator, expected_e: np.ndarray) -> np.ndarray:
    return _counts(rng.poisson(expected_e) + CAMERA["read_noise_e"] * rng.standard_normal(expected_e.shape))


def _counts(electrons: np.ndarray) -> np.ndarray:
    return (CAMERA["gain_adu"] * electrons + CAMERA["offset_adu"]).astype(np.float32)


def _middle(image: np.ndarray, side: int) -> np.ndarray:
    y, x = ((n - side) // 2 for n in image.shape)
    return image[y : y + side, x : x + side]


def _fingerprint(series: DenseSeries) -> str:
    """Digest of what the scenes depend on, source and all: other source never reads these."""
    facts = {key: asdict(series)[key] for key in ("seed", "size")} | {"count": min(series.count, SCENES)}
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    for source in (__file__, dead_leaves.__file__, scenes.__file__):
        digest.update(Path(source).read_bytes())
    return digest.hexdigest()[:16]
