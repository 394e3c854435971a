"""VST + BM3D: noise measured, stabilised, removed as white Gaussian noise, and the brightness brought back unbiased."""

from __future__ import annotations

import numpy as np

from srredsim.denoising.bm3d import bm3d
from srredsim.denoising.vst import denoised_stabilised
from srredsim.noise.line import NoiseLine


def vst_bm3d(image, noise: NoiseLine | None = None, limits: tuple[float, float] | None = None) -> np.ndarray:
    """Denoised image; float32 (y, x) in the units of the image. Parameters as of `denoised_stabilised`."""
    return denoised_stabilised(image, bm3d, noise, limits)
