"""Do models of widefield images hold on what they never saw?  python tools/photographs.py [NAME...]

Photographs of scikit-image take the place of specimens, through a Gaussian lens onto a camera with photon and read-out
noise. Prints the mean PSNR of each model (all that take widefield images, if none is named), after gain and offset
were fitted, beside VST + BM3D: as it is for denoising, with bicubic doubling for super-resolution.
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy import ndimage
from skimage import data

from srredsim import inputs
from srredsim.denoising.methods.vst_bm3d import vst_bm3d
from srredsim.evaluation.scores import fit_intensity
from srredsim.reconstruction.upscale import bicubic_upscale
from srredsim.zoo import models, recipe
from srredsim.zoo.chain import Chain

PHOTOGRAPHS = "camera", "moon", "coins", "brick", "text", "clock"
PHOTONS = 20, 160  # in the brightest pixel
LENS = 2.2  # deviation in pixels of the photograph, of which two by two make one of the camera; half of it for SIM


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=[n for n in models.names() if _target(n) is not None])
    chosen = parser.parse_args().models
    for target in ("average", "sim"):
        if names := [name for name in chosen if _target(name) == target]:
            _table(target, names)


def _target(name: str) -> str | None:
    data = recipe.load(name).data
    return None if inputs.module(data.input).OF_STACKS else data.target


def _table(target: str, names: list[str]) -> None:
    methods = {"vst_bm3d": vst_bm3d} | {name: Chain(name) for name in names}
    if target == "sim":
        methods = {"vst_bm3d+bicubic": lambda noisy: bicubic_upscale(vst_bm3d(noisy))} | dict(list(methods.items())[1:])
    found = {name: [[], []] for name in methods}
    for photograph in PHOTOGRAPHS:
        for level, photons in enumerate(PHOTONS):
            noisy, truth = _images(photograph, photons, target)
            for name, method in methods.items():
                found[name][level].append(_psnr(np.asarray(method(noisy), float), truth))
    print(f"mean PSNR in dB of {len(PHOTOGRAPHS)} photographs, target: {target}")
    print("| method |", " | ".join(f"{photons} photons" for photons in PHOTONS), "|")
    for name, levels in found.items():
        print(f"| {name} |", " | ".join(f"{np.mean(level):.1f}" for level in levels), "|")


def _images(photograph: str, photons: float, target: str) -> tuple[np.ndarray, np.ndarray]:
    """Noisy image in counts, and what it should be."""
    scene = getattr(data, photograph)().astype(float)[:512, :512]
    scene = scene[: scene.shape[0] // 2 * 2, : scene.shape[1] // 2 * 2] / scene.max()
    seen = ndimage.gaussian_filter(scene, LENS)
    light = photons * seen.reshape(seen.shape[0] // 2, 2, seen.shape[1] // 2, 2).mean(axis=(1, 3))
    rng = np.random.default_rng(1)
    noisy = 100 + 4 * (rng.poisson(light) + 1.5 * rng.standard_normal(light.shape))
    return noisy.astype(np.float32), ndimage.gaussian_filter(scene, LENS / 2) if target == "sim" else light


def _psnr(image: np.ndarray, truth: np.ndarray) -> float:
    error = fit_intensity(image, truth) - truth
    return float(20 * np.log10(np.ptp(truth) / np.sqrt(np.mean(error**2))))


if __name__ == "__main__":
    main()
