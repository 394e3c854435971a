r"""The cut-off of a lens of which nothing is known, from the stripes: where every band of them ends.

Band b of angle d shows the object S at another place of the transfer function, :math:`y_i = g_i S(f) + n_i` with
:math:`g_i = c_{db} H(f + b k_d) P(f + b k_d)`, and band 0 of the mean of all angles shows it, too. For objects of power
:math:`\Phi(f)` and noise of power :math:`N_i` the logarithm of the likelihood of all bands is

.. math::

    \sum_f \frac{|\sum_i g_i^* y_i / N_i|^2}{1 / \Phi + \sum_i |g_i|^2 / N_i}
           - \log \left( 1 + \Phi \sum_i |g_i|^2 / N_i \right)

but for what depends on no parameter. It is largest for the right cut-off and damping of the transfer function H: bands
that end at different places of the object are compared where all of them are seen, whatever the object, and the lowest,
strongest frequencies of the object lie close to the cut-off in those of fine stripes. Contrasts and the power of the
object are estimated along with them, in turn. Noise of any spectrum is that of `srredsim.noise.knee`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import fft
from scipy.optimize import minimize

from srredsim.noise.knee import LOWEST, Knee, ObjectPower, knee_of, noise_of, zeros_of
from srredsim.optics import bands as optics_bands
from srredsim.optics.borders import WIDE_FADE, WORKERS, faded_spectrum
from srredsim.optics.otf import otf
from srredsim.optics.sampling import pixel_transfer
from srredsim.optics.transfer import DAMPING, Transfer
from srredsim.stripes.bands import image, wave
from srredsim.stripes.estimate import estimate
from srredsim.stripes.parameters import Parameters
from srredsim.stripes.preprocess import Prepared

VAGUE = 0.25  # deviation of a knee that stripes are not even looked for with
BEYOND = 1.3  # times the knee: frequencies of the object that are looked at
MOST = 6000  # of them
DAMPINGS = (0.15, 1.0)  # that lenses have
FINEST_STRIPES = 1.1  # times the cut-off
FIRST_CONTRAST = 0.25  # amplitude c that the estimate begins with
ROUNDS = 4  # of contrasts and object for each lens
RIDGE = 7.0  # decrease of log damping along log cut-off, of lenses that look much alike
OUTSIDE = 1e4  # loss of likelihood, by e, of what no lens is
MOST_TRIED = 70  # lenses
STEP = 0.03  # of the logarithm of the cut-off, beside which the likelihood is less
TURNED = (-0.3, -0.15, 0.0, 0.15, 0.3)  # of the logarithm of the damping, beside the ridge
SMALLEST_LOSS = 0.02  # that is taken seriously
EXACT = 0.02  # relative: stacks of known cut-off are met with, however much light there is


@dataclass(frozen=True)
class Band:
    """What one band shows of the object at its frequencies: ``seen``, and where of the transfer function."""

    contrast: tuple[int, int] | None  # number of the group of frames and of the wave in it; None: band 0
    seen: np.ndarray
    frequency: np.ndarray  # cycles per pixel
    pixel: np.ndarray  # what the pixel passes there
    noise: np.ndarray  # infinite where the frequency is beyond what the pixels carry


def cutoff_of(prepared: Prepared) -> Knee:
    """Cut-off of a stack, in cycles per pixel, from its stripes if any are found, else from the knee alone."""
    zeros = zeros_of(prepared.frames)
    knee = knee_of(zeros)
    if knee.deviation > VAGUE:
        return knee
    found = estimate(prepared, Transfer(knee.per_pixel, 1.0))
    if found.failed:
        return knee
    return Likelihood(prepared, found, zeros, knee).best()


class Likelihood:
    """That of all bands of a stack, whose stripes are known.

    Parameters
    ----------
    found : Parameters
        Stripes, in cycles per um of pixels of a size.
    zeros : (angles, y, x) ndarray
        As `zeros_of` has them.
    knee : Knee
        Where the search for the cut-off begins.
    """

    def __init__(
        self, prepared: Prepared, found: Parameters, zeros: np.ndarray, knee: Knee, pixel_size_um: float = 1.0
    ):
        self._start, self._noise = knee, noise_of(zeros)
        self._limit = self._noise.limit
        self._pixel_size_um = pixel_size_um
        self._finest = found.k_max_per_um * pixel_size_um
        y, x = zeros.shape[1:]
        self._fy, self._fx = np.fft.fftfreq(y)[:, None], np.fft.rfftfreq(x)
        radius = np.hypot(self._fy, self._fx)
        inside = (radius > LOWEST) & (radius < min(BEYOND * knee.per_pixel, 0.5))
        inside &= (self._fx > 0) | (self._fy > 0)
        self._inside = np.flatnonzero(inside)
        self._inside = self._inside[:: -(-len(self._inside) // MOST)]
        self._object = ObjectPower(radius.ravel()[self._inside])
        self.bands = [self._zero(zeros), *self._others(prepared, found, (y, x))]
        self._contrasts = dict.fromkeys((band.contrast for band in self.bands[1:]), FIRST_CONTRAST)

    def _zero(self, zeros: np.ndarray) -> Band:
        band = self._band(None, zeros.mean(axis=0)[:, : len(self._fx)], (0.0, 0.0))
        return Band(None, band.seen, band.frequency, band.pixel, band.noise / len(zeros))

    def _others(self, prepared: Prepared, found: Parameters, shape: tuple[int, int]) -> list[Band]:
        bands = []
        for number, (frames, group) in enumerate(zip(prepared.frames, found.groups, strict=True)):
            if not group.lit:
                continue
            _, *images = optics_bands.separate_waves(frames, group.waves_rad)
            for wave_number, (order, each) in enumerate(zip(group.orders, images, strict=True)):
                if order.status == "failed" and found.at_once > 1:
                    continue
                faded = image(faded_spectrum(each, WIDE_FADE)) * np.exp(-1j * order.phase_rad)
                k_per_pixel = np.array(order.k_per_um) * self._pixel_size_um
                for k, moved in ((k_per_pixel, faded), (-k_per_pixel, faded.conj())):
                    home = fft.fft2(moved * wave(shape, -k * shape), workers=WORKERS)
                    bands.append(self._band((number, wave_number), home[:, : len(self._fx)], k))
        return bands

    def _band(self, contrast: tuple[int, int] | None, home: np.ndarray, k) -> Band:
        qy, qx = (
            np.broadcast_to(f + along, home.shape).ravel()[self._inside]
            for f, along in zip((self._fy, self._fx), k, strict=True)
        )
        frequency = np.hypot(qy, qx)
        carried = (np.maximum(np.abs(qy), np.abs(qx)) < 0.5) & (frequency < self._limit)
        noise = np.where(carried, self._noise(frequency), np.inf)
        return Band(contrast, home.ravel()[self._inside], frequency, pixel_transfer(qy) * pixel_transfer(qx), noise)

    def __call__(self, cutoff: float, damping: float) -> float:
        """Its logarithm, with the contrasts and the object for which it is largest, from the last ones on."""
        passed = [otf(band.frequency, cutoff, damping) * band.pixel for band in self.bands]
        for _ in range(ROUNDS):
            gains = [h * self._contrasts.get(band.contrast, 1.0) for h, band in zip(passed, self.bands, strict=True)]
            common = sum(g / band.noise * band.seen for g, band in zip(gains, self.bands, strict=True))
            certain = sum(g**2 / band.noise for g, band in zip(gains, self.bands, strict=True)) + 1e-30
            value = self._object.fitted(certain, 1.0, np.abs(common) ** 2 / certain, 1.0, rounds=2)
            left = 1 / (1 / self._object() + certain)
            self._set_contrasts(passed, common * left, left)
        return value + float(np.sum(np.abs(common) ** 2 / certain))

    def _set_contrasts(self, passed: list[np.ndarray], likely: np.ndarray, uncertain: np.ndarray) -> None:
        """Contrasts that explain the bands best, by an object that is known up to an uncertainty."""
        power = np.abs(likely) ** 2 + uncertain
        above, below = dict.fromkeys(self._contrasts, 0.0), dict.fromkeys(self._contrasts, 1e-30)
        for h, band in zip(passed, self.bands, strict=True):
            if band.contrast:
                above[band.contrast] += float(np.sum(h / band.noise * (band.seen * likely.conj()).real))
                below[band.contrast] += float(np.sum(h**2 / band.noise * power))
        self._contrasts = {name: max(above[name] / below[name], 1e-4) for name in above}

    def best(self) -> Knee:
        """The most likely cut-off, and its standard deviation."""
        middle = np.log(DAMPING)

        def unlikely(place: np.ndarray) -> float:
            logarithm, turned = place
            damping = np.exp(middle + turned - RIDGE * (logarithm - self._start.logarithm))
            allowed = float(np.clip(damping, *DAMPINGS))
            beyond = np.log(self._finest / FINEST_STRIPES) - logarithm
            outside = abs(np.log(damping / allowed)) + max(0.0, beyond)
            return OUTSIDE * outside - self(float(np.exp(logarithm)), allowed)

        start = np.array([self._start.logarithm, 0.0])
        for _ in range(2):
            unlikely(start)  # contrasts and object come near
        simplex = start + np.array([[0.0, 0.0], [0.06, 0.0], [0.0, 0.3]])
        options = {"initial_simplex": simplex, "xatol": 2e-3, "fatol": 0.2, "maxfev": MOST_TRIED}
        found = minimize(unlikely, start, method="Nelder-Mead", options=options)
        return Knee(float(found.x[0]), _deviation(unlikely, found.x))


def _deviation(unlikely: Callable[[np.ndarray], float], best: np.ndarray) -> float:
    """From what the likelihood loses beside the best cut-off, with the damping that goes best with each."""
    middle = unlikely(best)
    losses = [
        min(unlikely(best + np.array([side * STEP, turned])) for turned in TURNED) - middle for side in (1.0, -1.0)
    ]
    return float(np.hypot(STEP / np.sqrt(2 * max(np.mean(losses), SMALLEST_LOSS)), EXACT))
