r"""Resolution without a second recording: one recording, split in two.

Raw frames are split photon by photon (`srredsim.noise.photons`): two independent recordings of half the light,
each reconstructed for itself. This is the way for SIM.

A single raw widefield image whose camera is not known can be split into every other pixel. Each part has the whole
signal and a fourth of the pixels, so that its power signal-to-noise ratio R is half that of a recording of half the
light: the correlation c is brought to the scale of halves, :math:`2 R / (2 R + 1) = 2 c / (c + 1)`. It sees
nothing finer than four pixels, and what is finer folds back. It must not be used on a reconstruction, where neighbours
have their noise in common: in images reconstructed from noise alone the correlation was 0.98, that of halves 0.01.
"""

from __future__ import annotations

import numpy as np
from scipy import fft

from srredsim.noise.photons import Counting, part
from srredsim.optics.borders import WORKERS
from srredsim.optics.sampling import SCALE
from srredsim.optics.transfer import Transfer
from srredsim.quality.frc import frc
from srredsim.reconstruction.wiener import reconstruct
from srredsim.stripes.parameters import Parameters
from srredsim.stripes.preprocess import prepare


def split_frc(
    raw: np.ndarray,
    parameters: Parameters,
    transfer: Transfer,
    counting: Counting,
    rng: np.random.Generator,
    wiener: float | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies (cycles/um) and correlation of two reconstructions from half the photons each.

    Both have the parameters of the whole stack: what is wrong with those is wrong in both, and is not seen.
    """
    halves = part(raw, counting, 0.5, rng)
    one, other = (reconstruct(prepare(half), parameters, transfer, wiener)[0] for half in halves)
    return frc(one, other, transfer.pixel_size_um / SCALE)


def checkerboard_frc(widefield: np.ndarray, pixel_size_um: float) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies, up to ``1 / (4 pixel_size_um)``, and correlation of every other pixel of one raw image (y, x).

    Mean of the two diagonal pairs, on the scale of two recordings of half the light.
    """
    y, x = (n - n % 2 for n in widefield.shape)
    parts = [[np.asarray(widefield[i:y:2, j:x:2], np.float64) for j in (0, 1)] for i in (0, 1)]
    pairs = (parts[0][0], moved(parts[1][1], (-0.5, -0.5))), (parts[0][1], moved(parts[1][0], (-0.5, 0.5)))
    found = [frc(*pair, 2 * pixel_size_um) for pair in pairs]
    correlation = np.mean([values for _, values in found], axis=0)
    return found[0][0], 2 * correlation / (1 + np.maximum(correlation, -0.5))


def moved(image: np.ndarray, by: tuple[float, float]) -> np.ndarray:
    """The image at positions (y, x) further, by its Fourier series; mirrored, so that no border wraps round."""
    y, x = image.shape
    spectrum = fft.fft2(np.pad(image, ((0, y), (0, x)), mode="symmetric"), workers=WORKERS)
    for axis, (n, shift) in enumerate(zip((y, x), by, strict=True)):
        ramp = np.exp(2j * np.pi * shift * np.fft.fftfreq(2 * n))
        spectrum *= ramp[:, None] if axis == 0 else ramp
    return fft.ifft2(spectrum, workers=WORKERS).real[:y, :x]
