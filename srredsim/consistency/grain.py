r"""Noise that an image shows as structure: frequencies at which it has more power than the frames have an object.

The bands of the frames, moved home, sum up to :math:`U = \sum c^* H D`, whose power is that of the object and of the
noise,

.. math:: \langle |U|^2 \rangle = L^2 \Phi + L N, \quad L = \sum |c|^2 H^2,

so that the power of the object, :math:`\Phi`, is known at every frequency, however faint. An image that was made as if
there were less noise than there is divides by L where L is next to nothing: noise of a few frequencies covers it like a
honeycomb. Its frames cannot contradict that, as the lens lets none of it through; its power does. What is more than
`MORE` times that of the object, and surely so, is grain; the map is how strong it is around each place.

Powers are averaged over neighbouring frequencies of L X and of U, for both fall off alike. An image X of another
brightness, or a smoother one, has no grain; where the frames tell nothing of a frequency nothing is said of it.
Frames and image fade alike at the border: continued beyond it, a bright line there has another spectrum in the image
than in bands whose stripes do not go on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from srredsim.arrays import Array, averaged, blurred, irfft2, namespace, rfft2
from srredsim.optics.borders import MARGIN, extended, fading
from srredsim.optics.sampling import SCALE
from srredsim.optics.transfer import Transfer
from srredsim.reconstruction.wiener import Canvas, gathered
from srredsim.stripes.parameters import Parameters
from srredsim.stripes.preprocess import Prepared

SMOOTH = 15  # frequency steps over which powers are averaged
INDEPENDENT = 0.5  # share of them: the image goes on as its mirror image, and is real
LOWEST = 0.4  # fraction of the cut-off: below, haze is, too
MORE = 2.0
SURE = 4.0  # standard deviations of the power of the object
TOLD = 1e-4  # of the largest L: less tells nothing
BRIGHTEST = 0.25, 0.6  # fractions of the cut-off: between them the image is scaled to the object, where that is ...
CLEAR = 3.0  # ... so many standard deviations strong
AROUND_UM = 0.15


def grain_of(
    prepared: Prepared,
    image: Array,
    parameters: Parameters,
    lens: Transfer,
    unapodised: Callable[[np.ndarray], np.ndarray],
) -> Array:
    """Local standard deviation (2y, 2x) of the grain, in the units of the image.

    Parameters
    ----------
    prepared : Prepared
        Frames (angles, phases, y, x), whose noise is white.
    image : (2y, 2x) ndarray
    lens : Transfer
        That of the parameters.
    unapodised : callable
        Of a frequency in cycles/um: what brings the image back to the object.
    """
    xp = namespace(prepared.frames)
    prepared = replace(prepared, frames=prepared.frames * _window(prepared.frames, MARGIN))
    image = image.astype(np.float32) * _window(image, SCALE * MARGIN)
    canvas = Canvas(prepared.frames.shape[2:], lens, xp)
    _, _, noise = gathered(canvas, prepared, parameters)
    sides = [(SCALE * before, SCALE * after) for before, after in canvas.sides]
    frequency = np.sqrt(canvas.fy[:, None] ** 2 + canvas.fx**2)
    unapodised_there, relative = xp.asarray(unapodised(frequency)), xp.asarray(frequency / lens.cutoff_per_um)
    shown = rfft2(extended(image, sides))
    told = canvas.lower > TOLD * canvas.lower.max()
    passed = xp.where(told, canvas.lower, np.float32(np.inf))  # L; divided by it, the noise is the same everywhere
    power = _smooth(xp.abs(shown * unapodised_there) ** 2 * xp.where(told, canvas.lower, 0.0))
    seen = _smooth(xp.abs(canvas.spectrum()) ** 2 / passed)
    objects = xp.maximum(seen - SCALE**4 * noise * _smooth(told.astype(np.float32)), 0.0)
    deviation = seen / np.sqrt(INDEPENDENT * SMOOTH**2)
    clear = told & (objects > CLEAR * deviation) & (relative > BRIGHTEST[0]) & (relative < BRIGHTEST[1])
    if not clear.any():
        return xp.zeros(image.shape, dtype=xp.float32)
    gain = float(xp.median(power[clear] / objects[clear]))
    beyond = told & (relative > LOWEST) & (power > gain * (MORE * objects + SURE * deviation))
    share = xp.sqrt(xp.clip(1 - gain * objects / xp.maximum(power, 1e-30), 0, 1)) * beyond
    grain = irfft2(shown * share.astype(np.float32), canvas.grid)
    width = SCALE * AROUND_UM / lens.pixel_size_um
    place = tuple(
        slice(SCALE * first, SCALE * (first + n)) for (first, _), n in zip(canvas.sides, canvas.shape, strict=True)
    )
    return xp.sqrt(xp.maximum(blurred(grain**2, width), 0))[place].astype(np.float32)


def _window(images: Array, over: int) -> Array:
    """What images (..., y, x) fade with at their borders."""
    rows, columns = (fading(n, over) for n in images.shape[-2:])
    return namespace(images).asarray(rows[:, None] * columns)


def _smooth(power: Array) -> Array:
    """Means over neighbours, on the half plane that a real transform keeps."""
    return averaged(power, SMOOTH, ("wrap", "mirror"))
