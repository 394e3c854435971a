r"""Richardson-Lucy reconstruction: an image without negative light under which the frames become more likely.

Photons are counted, so that a frame :math:`I`, expected to be :math:`A S + b`, has a Poisson distribution. The update

.. math::

    S \leftarrow S \, \frac{A^T [I / (A S + b)]}{A^T 1}

makes all frames of all angles at once more likely, and S stays positive; the forward model A knows stripes and lens.
What the start leaves out as light from out of focus belongs to b, and no update brings it back.
With b = 0, the light in :math:`A S` is that of the frames from the first update on. It starts from the positive part of
the Wiener image, so that a few updates do what takes hundreds from a constant; noise grows with their number.

References
----------
.. [1] L. B. Lucy, Astron. J. 79, 745 (1974).
.. [2] F. Stroehl and C. F. Kaminski, Methods Appl. Fluoresc. 3, 014002 (2015): all frames of SIM at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
from scipy import fft

from srredsim.optics.borders import WORKERS, extended, margins
from srredsim.optics.transfer import Transfer
from srredsim.reconstruction.attenuation import kept
from srredsim.reconstruction.forward import Forward, stripes_of
from srredsim.reconstruction.wiener import regularised
from srredsim.stripes.bands import Bands
from srredsim.stripes.haze import Haze
from srredsim.stripes.parameters import Parameters
from srredsim.stripes.preprocess import Prepared

ITERATIONS = 3
DARKEST = 0.1  # percent of the pixels: darker than the background that is assumed under all light
FAINTEST = 0.1  # times the mean: what a pixel begins with, as nothing grows from nothing


def richardson_lucy(
    prepared: Prepared,
    parameters: Parameters,
    transfer: Transfer,
    start: np.ndarray,
    iterations: int = ITERATIONS,
    attenuation: float | Haze = 0.0,
) -> np.ndarray:
    """Image (2y, 2x) float32, above 0, in the units of the raw frames above background.

    Parameters
    ----------
    start : (2y, 2x) ndarray
        As `srredsim.reconstruction.wiener.reconstruct` makes it of the same frames.
    attenuation : float or Haze
        What it was made with.
    """
    images = updates(prepared, parameters, transfer, start, attenuation)
    return next(islice(images, iterations, None))


def updates(
    prepared: Prepared,
    parameters: Parameters,
    transfer: Transfer,
    start: np.ndarray,
    attenuation: float | Haze = 0.0,
) -> Iterator[np.ndarray]:
    """What is begun with, and the image after every update, without an end; as of `richardson_lucy`."""
    forward = Forward(prepared.frames.shape[2:], parameters.lens(transfer), stripes_of(parameters))
    background = max(0.0, -float(np.percentile(prepared.frames, DARKEST)))
    frames = np.maximum(prepared.frames + np.float32(background), 0.0)
    dark = background + out_of_focus(prepared, forward, parameters, transfer, start, attenuation)
    light = float(prepared.frames.mean())
    image = np.maximum(start, np.float32(FAINTEST * light))
    passed = forward.adjoint(np.ones_like(frames))
    while True:
        yield image
        expected = np.maximum(forward(image) + dark, np.float32(1e-4 * light))
        image = image * np.maximum(forward.adjoint(frames / expected), 0.0) / passed


def out_of_focus(
    prepared: Prepared,
    forward: Forward,
    parameters: Parameters,
    transfer: Transfer,
    start: np.ndarray,
    attenuation: float | Haze,
) -> np.ndarray | np.float32:
    """What the mean of the frames has more than an image, where band 0 was not kept: image (y, x), 0 and above."""
    mean, lens = prepared.frames.mean(axis=(0, 1)), parameters.lens(transfer)
    spectrum = fft.fft2(extended(mean), workers=WORKERS)
    widefield, groups = Bands(spectrum[None], lens), len(prepared.frames)
    regularisation = regularised(None, widefield, groups * widefield.noise, groups)
    share = kept(attenuation, spectrum, widefield.noise, lens, parameters, regularisation)
    if share is None:
        return np.float32(0.0)
    rest = fft.fft2(extended(mean - forward.unmodulated(start)), workers=WORKERS)
    frequencies = (np.fft.fftfreq(n, lens.pixel_size_um) / lens.cutoff_per_um for n in rest.shape)
    haze = fft.ifft2(rest * (1 - share(*frequencies)), workers=WORKERS).real
    top, left = (margins(n)[0] for n in mean.shape)
    return np.maximum(haze[top : top + mean.shape[0], left : left + mean.shape[1]], np.float32(0.0))
