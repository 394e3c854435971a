"""VST + EPLL: as VST + BM3D, with the image whose patches are likely in the place of similar blocks."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from srredsim.denoising.epll import epll
from srredsim.denoising.mixture import SHIPPED
from srredsim.denoising.vst import denoised_stabilised
from srredsim.noise.line import NoiseLine


def vst_epll(
    image, noise: NoiseLine | None = None, limits: tuple[float, float] | None = None, prior: str | Path = SHIPPED
) -> np.ndarray:
    """Denoised image; float32 (y, x) in the units of the image.

    Parameters are those of `denoised_stabilised`, and the ``prior`` of `srredsim.denoising.epll.epll`.
    """
    return denoised_stabilised(image, partial(epll, prior=prior), noise, limits)
