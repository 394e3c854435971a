r"""The most probable image without negative light whose curvature is sparse, given the frames and their noise.

With the forward model A, what is out of focus or background b, and the variance v of each pixel of the frames I, it
minimises over :math:`S \ge 0`

.. math::

    \sum \frac{(A S + b - I)^2}{2 v} + \lambda \sum \sqrt{S_{yy}^2 + 2 S_{yx}^2 + S_{xx}^2 + \epsilon^2}, \quad
    v = g \max(A S_0 + b, 0) + v_0 .

The second sum is small where brightness runs straight, along filaments and over gentle slopes, and large for grain. The
variance is that of the image it starts from, so that the problem is convex: steps with momentum (FISTA), each
followed by taking negative light away, and begun anew whenever the objective would rise; it never does.
:math:`\lambda` is in units of one over the brightness of the widefield image, :math:`\epsilon` in units of it: values
of twice the size, noise and all, give an image of twice the size.

References
----------
.. [1] A. Beck and M. Teboulle, SIAM J. Imaging Sci. 2, 183 (2009): FISTA.
.. [2] B. O'Donoghue and E. Candes, Found. Comput. Math. 15, 715 (2015): begun anew.
.. [3] S. Lefkimmiatis, A. Bourquard, M. Unser, IEEE Trans. Image Process. 21, 983 (2012): norms of the Hessian.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from srredsim.noise.camera import noise_of_frames
from srredsim.optics.sampling import SCALE
from srredsim.optics.transfer import Transfer
from srredsim.reconstruction.forward import Forward, stripes_of
from srredsim.reconstruction.richardson_lucy import out_of_focus
from srredsim.stripes.haze import Haze
from srredsim.stripes.parameters import Parameters
from srredsim.stripes.preprocess import Prepared

STEPS = 60
WEIGHT = 1.0  # lambda, over one by the brightness of the widefield image
CORNER = 0.02  # epsilon, over that brightness
BRIGHT_PERCENT = 99.9
FAINTEST = 1e-3  # of the mean variance
STEEPEST = 64.0  # square of the largest eigenvalue of the differences below
ENOUGH = 1e-6  # share of the objective that a step must gain, for the next to be made


@dataclass(frozen=True)
class Objective:
    """The sum that is minimised, and its slope."""

    forward: Forward
    light: np.ndarray  # frames less what is not in focus, (angles, phases, y, x)
    variance: np.ndarray  # broadcasts to them
    weight: float  # lambda
    corner: float  # epsilon

    def misfit(self, image: np.ndarray) -> tuple[float, np.ndarray]:
        """The first sum for an image (2y, 2x), and its derivative by every pixel, which is affine in the image."""
        rest = self.forward(image) - self.light
        weighted = rest / self.variance
        return 0.5 * float(np.vdot(rest, weighted)), self.forward.adjoint(weighted)

    def curvature(self, image: np.ndarray) -> tuple[float, np.ndarray]:
        """The same of the second sum."""
        curved = hessian(image)
        length = np.sqrt(np.sum(curved**2, axis=0) + self.corner**2)
        return self.weight * float(length.sum(dtype=float)), self.weight * hessian_adjoint(curved / length)

    @property
    def steepest(self) -> float:
        """Upper bound of its curvature: rows of a matrix without negative entries, and the differences."""
        ones = np.ones([SCALE * n for n in self.forward.shape], self.forward.dtype)
        lit = self.forward.adjoint(self.forward(ones) / self.variance)
        return float(lit.max()) + self.weight * STEEPEST / self.corner


def hessian(image: np.ndarray) -> np.ndarray:
    """Second differences (3, y, x) along y, along x, and across, this one times the root of 2; 0 at the borders."""
    result = np.zeros((3, *image.shape), image.dtype)
    result[0, 1:-1] = image[2:] - 2 * image[1:-1] + image[:-2]
    result[1, :, 1:-1] = image[:, 2:] - 2 * image[:, 1:-1] + image[:, :-2]
    result[2, :-1, :-1] = np.sqrt(2) * (image[1:, 1:] - image[1:, :-1] - image[:-1, 1:] + image[:-1, :-1])
    return result


def hessian_adjoint(curved: np.ndarray) -> np.ndarray:
    """The adjoint of `hessian`: an image (y, x)."""
    image = np.zeros(curved.shape[1:], curved.dtype)
    along_y, along_x, across = curved[0, 1:-1], curved[1, :, 1:-1], np.sqrt(2) * curved[2, :-1, :-1]
    image[2:] += along_y
    image[1:-1] -= 2 * along_y
    image[:-2] += along_y
    image[:, 2:] += along_x
    image[:, 1:-1] -= 2 * along_x
    image[:, :-2] += along_x
    image[1:, 1:] += across
    image[1:, :-1] -= across
    image[:-1, 1:] -= across
    image[:-1, :-1] += across
    return image


def minimised(objective: Objective, start: np.ndarray, steps: int = STEPS) -> tuple[np.ndarray, list[float]]:
    """The image (2y, 2x) without negative light, and the objective at the start and after every step.

    The slope of the misfit ahead of an image is told by those of the last two: frames are made once a step.
    """
    dtype = objective.forward.dtype.type
    image, length, momentum = np.maximum(start, 0).astype(dtype), dtype(1 / objective.steepest), 1.0
    (misfit, slope), (bent, bend) = objective.misfit(image), objective.curvature(image)
    values, ahead, slope_ahead, bend_ahead = [misfit + bent], image, slope, bend
    for _ in range(steps):
        new = np.maximum(ahead - length * (slope_ahead + bend_ahead), 0)
        (misfit, new_slope), (bent, new_bend) = objective.misfit(new), objective.curvature(new)
        if misfit + bent > values[-1]:  # momentum led too far
            if momentum == 1:
                break  # rounding is all that is left
            ahead, slope_ahead, bend_ahead, momentum = image, slope, bend, 1.0
            continue
        grown = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        share = dtype((momentum - 1) / grown)
        ahead, slope_ahead = new + share * (new - image), new_slope + share * (new_slope - slope)
        image, slope, bend, momentum = new, new_slope, new_bend, grown
        bend_ahead = objective.curvature(ahead)[1]
        values.append(misfit + bent)
        if values[-2] - values[-1] < ENOUGH * abs(values[-1]):
            break
    return image, values


def most_probable(
    prepared: Prepared,
    parameters: Parameters,
    transfer: Transfer,
    start: np.ndarray,
    steps: int = STEPS,
    attenuation: float | Haze = 0.0,
) -> np.ndarray:
    """Image (2y, 2x) float32, 0 and above, in the units of the raw frames above background.

    Parameters
    ----------
    start : (2y, 2x) ndarray
        As `srredsim.reconstruction.wiener.reconstruct` makes it of the same frames.
    attenuation : float or Haze
        What it was made with.
    """
    lens = parameters.lens(transfer)
    forward = Forward(prepared.frames.shape[2:], lens, stripes_of(parameters))
    dark = out_of_focus(prepared, forward, parameters, transfer, start, attenuation)
    noise = noise_of_frames(prepared.frames, transfer.cutoff_per_pixel)
    variance = noise.variance(forward(np.maximum(start, 0)) + dark)
    variance = np.maximum(variance, FAINTEST * variance.mean()).astype(np.float32)
    bright = float(np.percentile(prepared.frames.mean(axis=(0, 1)), BRIGHT_PERCENT))
    bright = max(bright, float(np.sqrt(variance.mean())))
    objective = Objective(forward, prepared.frames - dark, variance, WEIGHT / bright, CORNER * bright)
    return minimised(objective, start, steps)[0]
