"""Fit the patch prior of EPLL:  python tools/patch_prior.py --out srredsim/denoising/patch_prior.npz --overwrite

The patches are those of noise-free widefield images that this package simulates: phantoms of every kind, at 60 to 110
nm a pixel, through the transfer functions of objectives of NA 1.2 to 1.49, with out-of-focus haze and background. EPLL
sees images that were stabilised and scaled to 0 ... 1, so each image is treated like that, for light between 5 and 3000
photons in its peak: the scale is that of the noisy image, the patches are those of the clean one. Every patch is turned
and mirrored at random.

The same seed gives the same file; 400 images, 200,000 patches, 128 components take 3.5 minutes of processor time.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from scipy import fft

from srredsim.denoising import mixture
from srredsim.denoising.anscombe import stabilised
from srredsim.optics import sampling
from srredsim.optics.otf import cutoff_per_um, otf
from srredsim.simulation import phantoms

FINE = 4  # simulated pixels a pixel of the image
MARGIN = 16  # pixels beyond each side, so that nothing wraps around into the image
PEAK_PERCENT = 99.9
SEED = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("patch_prior.npz"))
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--patches", type=int, default=500, help="of an image")
    parser.add_argument("--components", type=int, default=128)
    parser.add_argument("--steps", type=int, default=25, help="of the fit")
    parser.add_argument("--overwrite", action="store_true")
    chosen = parser.parse_args()
    rng = np.random.default_rng(SEED)
    patches = np.concatenate([patches_of(image(rng), chosen.patches, rng) for _ in range(chosen.images)])
    print(f"{len(patches)} patches of {chosen.images} images", flush=True)
    fitted = mixture.fit(patches, chosen.components, rng, chosen.steps, progress=say)
    print(mixture.save(fitted, chosen.out, chosen.overwrite))


def say(step: int, log_likelihood: float) -> None:
    print(f"step {step}: mean log likelihood {log_likelihood:.4f}", flush=True)


def widefield(rng: np.random.Generator, size: int, kind: str | None = None) -> np.ndarray:
    """Expected photons (size, size), before their number is set: the peak is 1, haze and all."""
    pixel_size_um = rng.uniform(0.06, 0.11)
    field = phantoms.Field((FINE * fft.next_fast_len(size + 2 * MARGIN),) * 2, pixel_size_um / FINE)
    fine = phantoms.draw(rng, field, kind or str(rng.choice(sorted(phantoms.KINDS))))
    f_per_um = sampling.radial_frequency_per_um(fine.shape, field.pixel_size_um)
    transfer = otf(f_per_um, cutoff_per_um(rng.uniform(1.2, 1.49), rng.uniform(0.5, 0.68)), rng.uniform(0.5, 1.0))
    haze = rng.uniform(0.0, 1.0) * np.exp(-2 * (np.pi * rng.uniform(0.5, 1.5) * f_per_um) ** 2)
    blurred = fft.ifft2(fft.fft2(fine) * (transfer + haze)).real
    inside = sampling.bin_pixels(blurred, FINE)[MARGIN : MARGIN + size, MARGIN : MARGIN + size]
    return np.maximum(inside, 0.0) / max(np.percentile(inside, PEAK_PERCENT), 1e-12)


def image(rng: np.random.Generator, size: int = 256) -> np.ndarray:
    """A clean stabilised image, scaled as its noisy one would be to 0 ... 1."""
    photons = np.exp(rng.uniform(np.log(5.0), np.log(3000.0)))
    clean = photons * widefield(rng, size) + rng.uniform(0.0, 20.0)
    read_variance = rng.uniform(0.0, 2.0) ** 2
    noisy = rng.poisson(clean) + rng.normal(0.0, np.sqrt(read_variance), clean.shape)
    return stabilised(clean, 1.0, read_variance) / np.ptp(stabilised(noisy, 1.0, read_variance))


def patches_of(clean: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """(count, 64), from anywhere, in any of the eight positions."""
    corners = rng.integers(0, np.array(clean.shape) - mixture.PATCH_PX + 1, (count, 2))
    windows = np.lib.stride_tricks.sliding_window_view(clean, (mixture.PATCH_PX, mixture.PATCH_PX))
    chosen = windows[corners[:, 0], corners[:, 1]]
    for turned in (lambda a: a[:, ::-1], lambda a: a[:, :, ::-1], lambda a: a.transpose(0, 2, 1)):
        chosen = np.where(rng.random((count, 1, 1)) < 0.5, turned(chosen), chosen)
    return chosen.reshape(count, -1).astype(np.float32)


if __name__ == "__main__":
    main()
