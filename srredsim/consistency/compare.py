r"""Is an image supported by the frames that it was made from?

The image goes through the forward model of the microscope and is compared with the raw frames. With :math:`R_{dp}` the
difference of frame and model, and :math:`v_d` the variance of the camera's noise,

* the **residual** is :math:`\langle R^2 \rangle / \langle v \rangle` over the frames and a window of a few pixels: 1
  where the image explains the frames to within their noise. Its mean over the field is the summary;
* the **score** looks for structure: :math:`z = A^T (R / v) / \sqrt{A^T A \, / v}`, with the adjoint :math:`A^T` of the
  model, is what a point of light that the image lacks (positive) or has too much (negative) would leave in all frames,
  in units of its standard deviation. An error of the image is a sum of such points, and this the most sensitive test
  for one: at 20 photons it finds a filament that the residual does not show;
* **flagged** is what is both sure, :math:`|z| > 5`, and large enough to matter: the frames are missed by more than 5 %
  of the light of bright structures. *Unsupported*: the image shows what the frames do not have. *Missing*: the frames
  have what the image does not show;
* **grain** is unsupported, too: noise that is shown as structure, as a honeycomb, where its standard deviation is above
  2 % of the light of bright structures. The lens lets none of it through to the frames: `srredsim.consistency.grain`.

The image is compared as a SIM image: the object through the apodisation that simulated truths, and Wiener images,
have. It is undone first. Of an angle whose stripes were not found the mean of the frames is compared. Nothing is known
within 0.8 um from the border, where light comes from beyond the field.

**What is fitted, and hence cannot be seen.** For the whole field: how blurred the image is, as one factor of the
damping of the lens, from the widefield image; the vector k of each angle, by fractions of a period over the field; in
every frame the intensity, contrast and phase of the stripes, which takes up the brightness scale of the image, too. For
each angle: an unmodulated background and haze, smooth over 0.5 um (cubic splines), of the mean of its frames. So light
that varies slowly and without stripes may be in the image or not: only its modulation speaks for it. An image that was
itself fitted to these frames, as a Wiener image is, has a residual somewhat below 1: a part of it explains noise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from srredsim.arrays import HOST, Array, Device, blurred, namespace, on_host
from srredsim.consistency.damping import fitted_damping
from srredsim.consistency.frame_fit import Fit, fit
from srredsim.consistency.grain import grain_of
from srredsim.consistency.maps import AngleFit, Consistency, Maps, fine
from srredsim.consistency.splines import SMOOTH_UM, View
from srredsim.errors import InputError
from srredsim.noise.camera import noise_of_frames
from srredsim.noise.line import NoiseLine
from srredsim.optics.otf import apodisation
from srredsim.optics.sampling import SCALE
from srredsim.optics.transfer import Transfer
from srredsim.processes import give_back_memory
from srredsim.reconstruction.forward import Forward, Stripes, stripes_of
from srredsim.stripes.parameters import Parameters, seen_from
from srredsim.stripes.preprocess import levels_of
from srredsim.tiling import magnified, tiles

WINDOW = 1.5  # raw pixels: standard deviation of the window of the residual
RIM = 0.01  # fraction of the apodisation: fainter frequencies are not brought back
SIM_CUTOFF = 1.9  # times the lens's: cut-off of a SIM image whose stripes were not found
SMALLEST_JUDGED = 32  # raw pixels
TILE = 512  # raw pixels, side of what is compared at once: bounds the memory; each has fits of its own
SEAM = 6  # raw pixels of context beyond what a window does not judge
FARTHEST = 0.25  # periods, by which an error of k may have moved the stripes in a corner


class Comparison:
    """Frames of a window against its image, one angle after the other, and the sums that the maps are made of."""

    def __init__(self, raw: np.ndarray, view: View, noise: NoiseLine, stripes: Sequence[Stripes]):
        self.raw, self.view, self.noise = raw, view, noise
        self.of_vectors = [each.of_vectors for each in stripes]
        self.fits: list[Fit] = []
        self.squares: Array = view.blank()  # sum of R^2, over the variance that weighs
        self.expected: Array = view.blank()  # the same if there is nothing but noise
        self.differences: Array = view.blank()  # between R^2 and the variance
        self.in_focus: Array = view.blank()
        self.seen: Array = view.blank()  # sum of the frames
        self.of_angles: list[Array] = []  # mean of the residuals of each
        self.noise_of_angles: Array = view.blank()  # sum of its expected squares, over the angles
        self.frames = raw.shape[0] * raw.shape[1]

    def weighted_residuals(self, all_parts: Iterator[Array]) -> Iterator[tuple[int, Array]]:
        """(number of the angle, R / v (phases, y, x)) of the whole field, 0 at the border."""
        for number, parts in enumerate(all_parts):
            parts, frames = self.view.of(parts), self.view.of(self.raw[number])
            found = fit(frames, parts, self.view, self.noise, self.of_vectors[number])
            model = found.in_focus(parts)
            self.in_focus += model.sum(axis=0)
            self.seen += frames.sum(axis=0)
            residuals = frames - model - found.out_of_focus()
            squares = (residuals**2).sum(axis=0)
            gain, at_zero = self.noise.coefficients
            noise = gain * frames.sum(axis=0) + len(frames) * np.float32(at_zero)
            noise = namespace(noise).maximum(noise, np.float32(len(frames) * self.noise.least_variance_adu2))
            fitted = self.view.smooth_functions / frames.size  # what the haze has taken up
            self.of_angles.append(residuals.mean(axis=0))
            self.noise_of_angles += (1 - fitted * len(frames)) * noise / len(frames) ** 2
            if len(parts) == 1:  # stripes that nobody has found are in each frame, but not in the mean
                squares = len(frames) * residuals.mean(axis=0) ** 2
                noise, fitted = noise / len(frames), fitted * len(frames)
            free = 1 - fitted
            self.squares += squares / found.variance
            self.expected += free * noise / found.variance
            self.differences += squares - free * noise
            yield number, self.view.filled(residuals / found.variance)
            self.fits.append(found)

    def between_angles(self) -> Array:
        """What of the squares is that of the angles' means, which differ from one to another beyond their noise."""
        means = namespace(self.seen).stack(self.of_angles)
        angles = len(means)
        apart = ((means - means.mean(axis=0)) ** 2).sum(axis=0) - (angles - 1) / angles * self.noise_of_angles
        return apart * np.float32(self.frames / angles)

    def maps(self, score: Array, grain: Array) -> Maps:
        """What is known of the window."""
        squares, expected = (self.view.filled(each) for each in (self.squares, self.expected))
        known = (
            squares,
            expected,
            blurred(squares, WINDOW),
            blurred(expected, WINDOW),
            blurred(self.view.filled(self.differences / self.frames), WINDOW),
            self.view.filled(self.between_angles() / self.frames),
            self.view.filled(self.in_focus / self.frames),
            self.view.filled(self.seen / self.frames),
            score,
            grain,
        )
        return Maps(*map(on_host, known))


def consistency(
    raw: np.ndarray,
    image: np.ndarray,
    parameters: Parameters,
    transfer: Transfer,
    noise: NoiseLine | None = None,
    device: Device = HOST,
) -> Consistency:
    """Compare an image with the frames that it claims to show.

    Parameters
    ----------
    raw : (angles, phases, y, x) ndarray
        As the camera gave them: the noise must be the camera's.
    image : (2y, 2x) ndarray
        A SIM image, above background, in any unit.
    parameters : Parameters
        Stripes of the frames. Angles that failed are taken to have none.
    transfer : Transfer
    noise : NoiseLine, optional
        Left out: from the frames.
    device : Device, optional
        Where it is computed, but for the search for the damping, which rounding leads elsewhere; maps are NumPy's.

    Returns
    -------
    Consistency

    Raises
    ------
    InputError
        If the frames are too small, or the image is constant or not finite.
    """
    _refuse_useless(raw, image)
    noise = noise or noise_of_frames(raw, transfer.cutoff_per_pixel)
    unapodised = _unapodised(parameters, transfer)
    lens = parameters.lens(transfer)
    factor = fitted_damping(raw, image, lens, noise, unapodised)
    microscope = Microscope(lens.damped(factor), noise, unapodised, device.xp)
    stripes, levels = stripes_of(parameters), levels_of(raw)
    maps, fits = Maps.of(raw.shape[2:]), []
    context = View(raw.shape[2:], transfer.pixel_size_um).border + SEAM
    for part in tiles(raw.shape[2:], TILE, context):
        corner_um = np.array([side.start * transfer.pixel_size_um for side in part.window])
        frames, shown = raw[:, :, *part.window], image[magnified(part.window, SCALE)]
        prepared, seen = levels.prepared(frames), [each.seen_from(*corner_um) for each in stripes]
        with device.computing():
            prepared = replace(prepared, frames=device.xp.asarray(prepared.frames))
            shown = device.xp.asarray(shown)
            grain = grain_of(prepared, shown, seen_from(parameters, corner_um), lens, unapodised)
            found, fitted = _compared(frames, shown, seen, microscope, grain)
        maps.place(found, part)
        fits.append(fitted)
    give_back_memory()
    return maps.judged(noise, factor, _averaged(fits), transfer.pixel_size_um)


@dataclass(frozen=True)
class Microscope:
    transfer: Transfer
    noise: NoiseLine
    unapodised: Callable[[np.ndarray], np.ndarray]
    xp: Any  # what compares: NumPy, or another library


def _compared(
    raw: np.ndarray, image: Array, stripes: list[Stripes], microscope: Microscope, grain: Array
) -> tuple[Maps, list[AngleFit]]:
    """One window of the field: fit, correct the vectors of the stripes, fit again, compare."""
    transfer, noise, unapodised, xp = microscope.transfer, microscope.noise, microscope.unapodised, microscope.xp
    view = View(raw.shape[2:], transfer.pixel_size_um, xp)
    parts_of_angles = Forward(view.whole, transfer, stripes, filter_of=unapodised, xp=xp).parts(image)
    moves = [
        view.limited(fit(view.of(frames), view.of(parts), view, noise, each.of_vectors).k_error_per_um, FARTHEST)
        for frames, parts, each in zip(raw, parts_of_angles, stripes, strict=True)
    ]
    stripes = [each.with_k_error(move) for each, move in zip(stripes, moves, strict=True)]
    forward = Forward(view.whole, transfer, stripes, filter_of=unapodised, xp=xp)
    # back to points of the object, not to the finest detail that an image may have: the apodisation stays
    back = Forward(view.whole, transfer, stripes, xp=xp)
    comparison = Comparison(raw, view, noise, stripes)
    score = back.adjoint_of_angles(comparison.weighted_residuals(forward.parts(image)))
    score /= xp.maximum(_scatter(comparison, back), 1e-30)
    angles = [
        AngleFit(float(found.weights[:, 0].mean()), found.contrasts(), view.periods(move))
        for found, move in zip(comparison.fits, moves, strict=True)
    ]
    return comparison.maps(score, grain), angles


def _averaged(fits: list[list[AngleFit]]) -> tuple[AngleFit, ...]:
    """Over the windows of the field."""
    return tuple(
        AngleFit(
            float(np.mean([fit.gain for fit in angle])),
            tuple(np.mean([fit.contrasts for fit in angle], axis=0).tolist()),
            max(fit.moved_periods for fit in angle),
        )
        for angle in zip(*fits, strict=True)
    )


def _refuse_useless(raw: np.ndarray, image: np.ndarray) -> None:
    y, x = raw.shape[2:]
    if min(y, x) < SMALLEST_JUDGED:
        raise InputError(
            f"frames of {y} x {x} pixels are too small to judge an image by: at least {SMALLEST_JUDGED} a side"
        )
    if image.shape != (SCALE * y, SCALE * x):
        raise InputError(
            f"frames of {y} x {x} pixels belong to an image of {SCALE * y} x {SCALE * x}; got {image.shape}"
        )
    if not np.all(np.isfinite(image)):
        raise InputError("an image with NaN or infinite pixels cannot be compared with the frames")
    if not np.ptp(image) > 0:
        raise InputError("the image is constant: there is nothing to compare with the frames")


def _unapodised(parameters: Parameters, transfer: Transfer) -> Callable[[np.ndarray], np.ndarray]:
    """What brings an apodised SIM image back to the object, as far as it can be."""
    cutoff_per_um = transfer.cutoff_per_um + parameters.k_max_per_um
    if parameters.failed:
        cutoff_per_um = SIM_CUTOFF * transfer.cutoff_per_um

    def factor(frequency_per_um: np.ndarray) -> np.ndarray:
        passed = apodisation(frequency_per_um, cutoff_per_um)
        return passed / np.maximum(passed, RIM) ** 2

    return factor


def _scatter(comparison: Comparison, back: Forward) -> Array:
    r"""Standard deviation (2y, 2x) that noise alone gives to the adjoint of the weighted residuals.

    :math:`\sum_{dp} a_p^2 (1 + \tfrac12 \sum_b m_b^2) \, h^2 * 1 / v_d`, for phases that are spread evenly, less what
    the haze takes up of the lowest frequencies. :math:`h^2` is as good as a Gaussian for this, since v is smooth.
    """
    view = comparison.view
    point = np.zeros([SCALE * n for n in back.shape], np.float32)
    middle = [n // 2 for n in back.shape]
    point[SCALE * middle[0], SCALE * middle[1]] = 1.0
    spread = on_host(back.unmodulated(back.xp.asarray(point))) ** 2
    energy = float(spread.sum(dtype=float))
    rows = spread.sum(axis=1, dtype=float)
    width = np.sqrt(np.sum(rows * (np.arange(len(rows)) - middle[0]) ** 2) / energy)
    power = [
        float(np.sum(each.intensities**2 * (1 + np.sum(np.abs(each.amplitudes) ** 2, axis=1) / 2)))
        for each in back.stripes
    ]
    total = sum(np.float32(share) / found.variance for share, found in zip(power, comparison.fits, strict=True))
    kept = 1 - _smooth_share(back) * comparison.frames / sum(power)
    return fine(back.xp.sqrt(kept * energy * blurred(view.filled(total), width)))


def _smooth_share(back: Forward) -> float:
    """Share of the squared light of a point in one frame that splines would fit."""
    passed = np.abs(on_host(back.otf)) ** 2
    fy = np.fft.fftfreq(back.raw_grid[0], back.pixel_size_um)
    fx = np.fft.rfftfreq(back.raw_grid[1], back.pixel_size_um)
    nyquist = 1 / (2 * SMOOTH_UM)
    return float(passed[(np.abs(fy)[:, None] < nyquist) & (fx < nyquist)].sum() / passed.sum())
