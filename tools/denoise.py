"""The classical denoisers on simulated widefield images:  python tools/denoise.py

PSNR in dB against the clean image, its range being that from 0 to its brightest pixel, and seconds an image, for light
of 20, 100 and 500 photons in the peak. Phantoms and lenses are drawn as for the patch prior, from another seed. Once
the noise is known, once (``--measure``) it is measured in each image, as on a real one. A last row has the photograph
"camera" of scikit-image with white Gaussian noise of 25 of 255: no method here has seen photographs.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from patch_prior import widefield

from srredsim.denoising.bm3d import bm3d
from srredsim.denoising.epll import epll
from srredsim.denoising.methods import denoise, names
from srredsim.errors import InputError
from srredsim.noise.line import NoiseLine

SEED = 7
GAIN, READ_NOISE_E = 2.0, 1.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--photons", type=float, nargs="+", default=(20.0, 100.0, 500.0))
    parser.add_argument("--kinds", nargs="+", default=("filaments", "membranes", "mixture"))
    parser.add_argument("--methods", nargs="+", default=names(), choices=names())
    parser.add_argument("--measure", action="store_true", help="the noise, instead of knowing it")
    chosen = parser.parse_args()
    print("| image | photons | noisy |", *(f"{method} |" for method in chosen.methods))
    for kind in chosen.kinds:
        for photons in chosen.photons:
            rng = np.random.default_rng(SEED)
            clean = GAIN * (photons * widefield(rng, chosen.size, kind) + 2.0)
            noisy = GAIN * rng.poisson(clean / GAIN) + rng.normal(0, GAIN * READ_NOISE_E, clean.shape)
            noise = None if chosen.measure else NoiseLine(GAIN, (GAIN * READ_NOISE_E) ** 2)
            cells = [cell(clean, noisy, method, noise) for method in chosen.methods]
            print(f"| {kind} | {photons:g} | {psnr(noisy, clean):.2f} |", *(f"{text} |" for text in cells), flush=True)
    if not chosen.measure:
        photograph()


def cell(clean: np.ndarray, noisy: np.ndarray, method: str, noise: NoiseLine | None) -> str:
    started = time.perf_counter()
    try:
        result = denoise(noisy, method, noise)
    except InputError as problem:
        return str(problem)
    return f"{psnr(result, clean):.2f} ({time.perf_counter() - started:.0f} s)"


def photograph() -> None:
    from skimage import data

    clean = data.camera() / 255
    noisy = np.random.default_rng(0).normal(clean, 25 / 255)
    scores = [f"{name} {psnr(f(noisy, 25 / 255, 1.0), clean):.2f}" for name, f in (("BM3D", bm3d), ("EPLL", epll))]
    print(f"camera, white noise of 25/255: noisy {psnr(noisy, clean):.2f},", ", ".join(scores), "dB")


def psnr(image: np.ndarray, clean: np.ndarray) -> float:
    return float(10 * np.log10(clean.max() ** 2 / np.mean((image - clean) ** 2)))


if __name__ == "__main__":
    main()
