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
  of the light of bright structures. *Unsupported*: the image shows what the frames do not have. *Missing*: the other way
  round.

The image is compared as a SIM image: the object through the apodisation that simulated truths, and Wiener images,
have. It is undone first. Nothing is known within 0.8 um from the border, where light comes from beyond the field.

**What is fitted, and hence cannot be seen.** For the whole field: one factor of the OTF's damping, from the widefield
image; the vector k of each angle, by fractions of a period over the field; in every frame the intensity, contrast and
phase of the stripes, which takes up the brightness scale of the image, too. For each angle: an unmodulated background
and haze, smooth over 0.5 um (cubic splines), of the mean of its frames. So light that varies slowly and without stripes
may be in the image or not: only its modulation speaks for it. An image that was itself fitted to these frames, as a
Wiener image is, has a residual somewhat below 1: a part of it explains noise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage, optimize, sparse
from scipy.interpolate import BSpline

from srredsim.errors import InputError
from srredsim.optics.otf import apodisation
from srredsim.optics.sampling import SCALE
from srredsim.reconstruction.forward import Forward, Stripes, stripes_of
from srredsim.reconstruction.noise import Camera, camera_of
from srredsim.reconstruction.parameters import Parameters
from srredsim.reconstruction.transfer import Transfer

SURE = 5.0  # standard deviations: chance reaches it less than once in a field of 512 x 512 pixels
LARGE = 0.05  # of the light of bright structures
BRIGHT_PERCENT = 99.0
WINDOW = 1.5  # raw pixels: standard deviation of the window of the residual
BORDER_UM = 0.8  # not judged
SMOOTH_UM = 0.5  # distance of the knots of the haze
DAMPING_FACTORS = (0.5, 1.4)  # of the OTF at the cut-off, about what was assumed
DAMPING_FIELD = 512  # raw pixels, at most, from which the damping is fitted
RIM = 0.01  # of the apodisation: fainter frequencies are not brought back
SIM_CUTOFF = 1.9  # of the lens's, of a SIM image whose stripes were not found
SMALLEST = 32  # raw pixels
FARTHEST = 0.25  # periods, by which an error of k may have moved the stripes in a corner
BLUR = 1.0  # raw pixels: standard deviation over which a place is looked at
HALO_UM = 0.4  # from an error, where it may leave one of the other sign
ROUNDS = 5  # of looking for places where the image is wrong, and of bridging them
MOST_WRONG = 0.2  # of the field: where it is more, nobody knows what is wrong and what is haze
BLOCK = 2**16  # pixels whose products are summed at once


@dataclass(frozen=True)
class AngleFit:
    """What was fitted to the frames of one angle."""

    gain: float  # brightness of the frames over that of the image
    contrasts: tuple[float, ...]  # of the stripes of each order, if the image is true
    moved_periods: float  # by which the fit moved the stripes in a corner of the field


@dataclass(frozen=True)
class Consistency:
    """Maps (2y, 2x) on the grid of the image; NaN in the maps, and False in the masks, where nothing is known."""

    summary: float  # mean residual; 1: explained to within noise
    structure: float  # mean square of the score; 1: nothing but noise
    residual: np.ndarray
    score: np.ndarray
    unsupported: np.ndarray
    missing: np.ndarray
    camera: Camera
    damping_factor: float
    angles: tuple[AngleFit, ...]

    @property
    def flagged_fraction(self) -> float:
        """Of the field that was judged."""
        judged = np.count_nonzero(np.isfinite(self.score))
        return float(np.count_nonzero(self.unsupported | self.missing) / max(judged, 1))

    def report(self) -> dict:
        """Everything but the maps, ready for JSON."""
        judged = max(np.count_nonzero(np.isfinite(self.score)), 1)
        return {
            "residual": self.summary,
            "structure": self.structure,
            "unsupported_fraction": float(np.count_nonzero(self.unsupported) / judged),
            "missing_fraction": float(np.count_nonzero(self.missing) / judged),
            "gain_adu": self.camera.gain_adu,
            "damping_factor": self.damping_factor,
            "angles": [
                {"gain": fit.gain, "contrasts": list(fit.contrasts), "moved_periods": fit.moved_periods}
                for fit in self.angles
            ],
        }


def consistency(
    raw: np.ndarray, image: np.ndarray, parameters: Parameters, transfer: Transfer, camera: Camera | None = None
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
    camera : Camera, optional
        Left out: from the frames.

    Returns
    -------
    Consistency

    Raises
    ------
    InputError
        If the frames are too small, or the image is constant or not finite.
    """
    shape = raw.shape[2:]
    if min(shape) < SMALLEST:
        raise InputError(
            f"frames of {shape[0]} x {shape[1]} pixels are too small to judge an image by: at least {SMALLEST} a side"
        )
    if not np.all(np.isfinite(image)):
        raise InputError("an image with NaN or infinite pixels cannot be compared with the frames")
    if not np.ptp(image) > 0:
        raise InputError("the image is constant: there is nothing to compare with the frames")
    camera = camera or camera_of(raw, transfer)
    cutoff_per_um = transfer.cutoff_per_um + parameters.k_max_per_um
    if parameters.failed:
        cutoff_per_um = SIM_CUTOFF * transfer.cutoff_per_um

    def unapodised(frequency_per_um: np.ndarray) -> np.ndarray:
        passed = apodisation(frequency_per_um, cutoff_per_um)
        return passed / np.maximum(passed, RIM) ** 2

    view = View(shape, transfer.pixel_size_um)
    factor = fitted_damping(raw, image, transfer, camera, unapodised)
    damped = Damped(transfer, factor)
    assumed = stripes_of(parameters)
    moves = [
        _fit(view.of(frames), view.of(parts), view, camera).k_error_per_um
        for frames, parts in zip(raw, Forward(shape, damped, assumed, filter_of=unapodised).parts(image), strict=True)
    ]
    corner_um = np.array(view.shape) / 2 * transfer.pixel_size_um
    moves = [move * min(1.0, FARTHEST / max(float(np.abs(move) @ corner_um), 1e-30)) for move in moves]
    stripes = [_moved(each, move) for each, move in zip(assumed, moves, strict=True)]
    comparison = Comparison(raw, view, camera)
    # the adjoint leaves the apodisation alone: it asks for points of the object, not for the finest detail there is
    back = Forward(shape, damped, stripes)
    found = back.adjoint_of_angles(
        comparison.weighted_residuals(Forward(shape, damped, stripes, filter_of=unapodised).parts(image))
    )
    score = found / np.maximum(_scatter(comparison, back), 1e-30)
    angles = tuple(
        AngleFit(float(fit.weights[:, 0].mean()), fit.contrasts(), float(np.abs(move) @ corner_um))
        for fit, move in zip(comparison.fits, moves, strict=True)
    )
    return _judged(comparison, score, camera, factor, angles)


def _moved(stripes: Stripes, k0_error_per_um: np.ndarray) -> Stripes:
    orders = np.arange(1, len(stripes.k_per_um) + 1)
    return replace(stripes, k_per_um=stripes.k_per_um + np.outer(orders, k0_error_per_um))


def _judged(
    comparison: Comparison, score: np.ndarray, camera: Camera, factor: float, angles: tuple[AngleFit, ...]
) -> Consistency:
    """The maps of a comparison, and what they come to."""
    view = comparison.view
    squares, expected, excess = (
        ndimage.gaussian_filter(each, WINDOW)
        for each in (comparison.squares, comparison.expected, comparison.differences)
    )
    residual = squares / np.maximum(expected, 1e-6 * expected.max())
    bright = np.percentile(comparison.in_focus, BRIGHT_PERCENT) / comparison.frames
    share = np.sqrt(np.maximum(excess, 0) / comparison.frames) / max(bright, 1e-30)
    large = _fine(view.filled(share)) > LARGE
    outside = _fine(view.filled(np.ones(view.shape))) == 0
    residual = _fine(view.filled(residual))
    residual[outside], score[outside] = np.nan, np.nan
    return Consistency(
        summary=float(comparison.squares.sum(dtype=float) / comparison.expected.sum(dtype=float)),
        structure=float(np.nanmean(score**2)),
        residual=residual,
        score=score,
        unsupported=_flagged(-score, view.pixel_size_um) & large,
        missing=_flagged(score, view.pixel_size_um) & large,
        camera=camera,
        damping_factor=factor,
        angles=angles,
    )


def _flagged(score: np.ndarray, pixel_size_um: float) -> np.ndarray:
    """Where a score is sure, and no mere halo: less than half of an error of the other sign close by."""
    reach = 2 * round(SCALE * HALO_UM / pixel_size_um) + 1
    beside = ndimage.maximum_filter(-np.nan_to_num(score), reach)
    return (score > SURE) & (score > beside / 2)


def _fine(image: np.ndarray) -> np.ndarray:
    return image.repeat(SCALE, axis=0).repeat(SCALE, axis=1)


def _scatter(comparison: Comparison, back: Forward) -> np.ndarray:
    r"""Standard deviation (2y, 2x) that noise alone gives to the adjoint of the weighted residuals.

    :math:`\sum_{dp} a_p^2 (1 + \tfrac12 \sum_b m_b^2) \, h^2 * 1 / v_d`, for phases that are spread evenly, less what
    the haze takes up of the lowest frequencies. :math:`h^2` is as good as a Gaussian for this, since v is smooth.
    """
    view = comparison.view
    point = np.zeros([SCALE * n for n in back.shape], np.float32)
    middle = [n // 2 for n in back.shape]
    point[SCALE * middle[0], SCALE * middle[1]] = 1.0
    spread = back.unmodulated(point) ** 2
    energy = float(spread.sum(dtype=float))
    rows = spread.sum(axis=1, dtype=float)
    width = np.sqrt(np.sum(rows * (np.arange(len(rows)) - middle[0]) ** 2) / energy)
    power = [
        float(np.sum(each.intensities**2 * (1 + np.sum(np.abs(each.amplitudes) ** 2, axis=1) / 2)))
        for each in back.stripes
    ]
    total = sum(np.float32(share) / fit.variance for share, fit in zip(power, comparison.fits, strict=True))
    kept = 1 - _smooth_share(back) * comparison.frames / sum(power)
    return _fine(np.sqrt(kept * energy * ndimage.gaussian_filter(view.filled(total), width)))


def _smooth_share(back: Forward) -> float:
    """Of the light of a point in one frame, squared: what splines would fit."""
    passed = np.abs(back.otf) ** 2
    fy = np.fft.fftfreq(back.raw_grid[0], back.pixel_size_um)
    fx = np.fft.rfftfreq(back.raw_grid[1], back.pixel_size_um)
    nyquist = 1 / (2 * SMOOTH_UM)
    return float(passed[(np.abs(fy)[:, None] < nyquist) & (fx < nyquist)].sum() / passed.sum())


def fitted_damping(raw: np.ndarray, image: np.ndarray, transfer: Transfer, camera: Camera, filter_of) -> float:
    """Factor of the OTF's damping with which the image fits the widefield image best, where that is not smooth."""
    sides = [min(n, DAMPING_FIELD) for n in raw.shape[2:]]
    starts = [(n - side) // 2 for n, side in zip(raw.shape[2:], sides, strict=True)]
    middle = tuple(slice(start, start + side) for start, side in zip(starts, sides, strict=True))
    image = image[tuple(slice(SCALE * part.start, SCALE * part.stop) for part in middle)]
    view = View(tuple(sides), transfer.pixel_size_um)
    mean = view.of(raw[:, :, *middle].mean(axis=(0, 1), dtype=np.float32))
    weight = 1 / camera.variance(ndimage.gaussian_filter(mean, 1.0))
    wanted = view.rough(mean)

    def unexplained(log_factor: float) -> float:
        forward = Forward(view.whole, Damped(transfer, float(np.exp(log_factor))), (), filter_of=filter_of)
        shown = view.rough(view.of(forward.unmodulated(image)))
        return -(np.sum(weight * shown * wanted, dtype=float) ** 2) / np.sum(weight * shown**2, dtype=float)

    fit = optimize.minimize_scalar(
        unexplained, bounds=np.log(DAMPING_FACTORS), method="bounded", options={"xatol": 0.005}
    )
    return float(np.exp(fit.x))


@dataclass(frozen=True)
class Damped:
    """A transfer function whose lens passes ``factor^(f / f_c)`` of what it was assumed to pass."""

    transfer: Transfer
    factor: float

    @property
    def pixel_size_um(self) -> float:
        return self.transfer.pixel_size_um

    def lens(self, fy: np.ndarray, fx: np.ndarray) -> np.ndarray:
        relative = np.sqrt(fy[:, None] ** 2 + fx**2) / self.transfer.cutoff_per_um
        return self.transfer.lens(fy, fx) * np.power(self.factor, relative).astype(np.float32)


class View:
    """The part of the field that is judged, and what is smooth there."""

    def __init__(self, shape: tuple[int, int], pixel_size_um: float):
        self.whole, self.pixel_size_um = shape, pixel_size_um
        self.border = min(int(np.ceil(BORDER_UM / pixel_size_um)), min(shape) // 4)
        self.inside = tuple(slice(self.border, n - self.border) for n in shape)
        self.shape = tuple(n - 2 * self.border for n in shape)
        self.positions_um = tuple((np.arange(n) - (n - 1) / 2) * pixel_size_um for n in self.shape)
        self.splines = [_splines(n, n * pixel_size_um) for n in self.shape]
        # sparse, and no larger than the splines are many: hardly any work, whatever the field
        self.inverses = [np.linalg.inv((each.T @ each).toarray()) for each in self.splines]

    @property
    def smooth_functions(self) -> int:
        return self.splines[0].shape[1] * self.splines[1].shape[1]

    def of(self, images: np.ndarray) -> np.ndarray:
        """Float32 images of the whole field, inside the view."""
        return images[..., *self.inside].astype(np.float32)

    def smooth(self, image: np.ndarray) -> np.ndarray:
        """The smooth image that is nearest to an image."""
        (rows, columns), (above, beside) = self.splines, self.inverses
        heights = above @ ((rows.T @ image) @ columns) @ beside
        return ((rows @ heights.astype(np.float32)) @ columns.T).astype(np.float32, copy=False)

    def rough(self, image: np.ndarray) -> np.ndarray:
        return image - self.smooth(image)

    def filled(self, inside: np.ndarray) -> np.ndarray:
        """Images of the whole field, 0 at the border."""
        result = np.zeros((*inside.shape[:-2], *self.whole), np.float32)
        result[..., *self.inside] = inside
        return result


def _splines(pixels: int, length_um: float) -> sparse.csr_array:
    """Cubic splines along an axis, (pixels, functions); free at its ends."""
    pieces = max(1, round(length_um / SMOOTH_UM))
    knots = np.linspace(-0.5, pixels - 0.5, pieces + 1)
    knots = np.concatenate([knots[:1].repeat(3), knots, knots[-1:].repeat(3)])
    return sparse.csr_array(BSpline.design_matrix(np.arange(pixels, dtype=float), knots, 3), dtype=np.float32)


@dataclass(frozen=True)
class Fit:
    """Frames of an angle as mixtures of parts: what was found by `_fit`."""

    weights: np.ndarray  # (phases, parts)
    haze_weights: np.ndarray  # (phases,)
    constants: np.ndarray  # (phases,)
    haze: np.ndarray  # (y, x)
    variance: np.ndarray  # (y, x), smoothed a little: what weighs the pixels
    k_error_per_um: np.ndarray  # (2,), of the first order: what is left of it in the parts

    def in_focus(self, parts: np.ndarray) -> np.ndarray:
        return np.tensordot(self.weights.astype(np.float32), parts, axes=1)

    def out_of_focus(self) -> np.ndarray:
        weights, constants = (each.astype(np.float32)[:, None, None] for each in (self.haze_weights, self.constants))
        return weights * self.haze + constants

    def contrasts(self) -> tuple[float, ...]:
        cosines, sines = self.weights[:, 1::2], self.weights[:, 2::2]
        return tuple((np.hypot(cosines, sines).mean(axis=0) / self.weights[:, 0].mean()).tolist())


def _fit(frames: np.ndarray, parts: np.ndarray, view: View, camera: Camera) -> Fit:
    """Explain the frames of one angle by the parts of an image, as well as anything can; both inside the view.

    The mean of the frames is fitted where it is not smooth, since haze is; what is smooth in the rest is haze. Then each
    frame's difference from the mean is fitted by the same parts, the haze and a constant, the smooth included: haze has
    no stripes.
    """
    mean = frames.mean(axis=0)
    variance = camera.variance(ndimage.gaussian_filter(mean, 1.0))
    common, haze, weight = _mean_and_haze(mean, parts, variance, len(frames), view)

    count, phases = len(parts), len(frames)
    known = [*parts, haze, np.ones_like(haze)]
    products = _products(weight, [*known, *(frames - mean)], parts[1:], view.positions_um)
    of_known, of_differences = slice(0, count + 2), slice(count + 2, count + 2 + phases)
    of_levers = slice(of_differences.stop, None)
    found = _solved(products[of_known, of_known], products[of_known, of_differences])
    weights = (common[:, None] + found[:count]).T

    across = products[of_known, of_levers]
    levers = products[of_levers, of_levers] - across.T @ _solved(products[of_known, of_known], across)
    rest = products[of_levers, of_differences] - across.T @ found
    turns = [_turning(each) for each in weights]
    k_error_per_um = _solved(
        sum(turn.T @ levers @ turn for turn in turns),
        sum(turn.T @ each for turn, each in zip(turns, rest.T, strict=True)),
    )
    return Fit(weights, 1 + found[count], found[count + 1], haze, variance, k_error_per_um)


def _mean_and_haze(
    mean: np.ndarray, parts: np.ndarray, variance: np.ndarray, frames: int, view: View
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights of the parts in the mean of the frames, the smooth rest, and what each pixel weighed.

    Places where the image is clearly wrong take no part: else the haze would bend towards them, and its bending show
    beside them as an error of the other sign.
    """
    rough = np.stack([view.rough(each) for each in (*parts, mean)])
    wrong = np.zeros(mean.shape, bool)
    haze = np.zeros_like(mean)
    deviation = np.sqrt(variance / frames / (4 * np.pi * BLUR**2))  # of the mean, blurred
    for _ in range(ROUNDS):
        weight = np.where(wrong, 0, 1 / variance)
        products = _products(weight, rough)
        common = _solved(products[:-1, :-1], products[:-1, -1])
        rest = mean - np.tensordot(common.astype(np.float32), parts, axes=1)
        for _ in range(ROUNDS if wrong.any() else 1):
            haze = view.smooth(np.where(wrong, haze, rest))
        found = np.abs(ndimage.gaussian_filter(rest - haze, BLUR)) > SURE * deviation
        if np.array_equal(found, wrong) or np.mean(found) > MOST_WRONG:
            break
        wrong = found
    return common, haze, weight


def _products(weight: np.ndarray, images, levered=(), positions_um=None) -> np.ndarray:
    """Weighted scalar products of images (y, x) with one another.

    Those of ``levered`` count twice more: all times their position in y, and then in x.
    """
    size = len(images) + 2 * len(levered)
    total = np.zeros((size, size))
    rows = max(1, BLOCK // weight.shape[1])
    for start in range(0, len(weight), rows):
        part = slice(start, start + rows)
        block = [image[part] for image in images]
        if len(levered):
            y, x = positions_um
            block += [image[part] * y[part, None] for image in levered] + [image[part] * x for image in levered]
        flat = np.stack(block).reshape(size, -1).astype(float)
        total += (flat * weight[part].ravel()) @ flat.T
    return total


def _solved(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Least squares from normal equations whose unknowns may have very different scales, or no effect at all."""
    diagonal = np.diag(matrix)
    scale = np.where(diagonal > 0, 1 / np.sqrt(np.maximum(diagonal, 1e-300)), 0.0)
    inverse = scale[:, None] * np.linalg.pinv(matrix * scale[:, None] * scale, rcond=1e-10, hermitian=True) * scale
    return inverse @ right


def _turning(weights: np.ndarray) -> np.ndarray:
    """(2 modulated parts, 2): a frame's change with k0 (y, x), as a mixture of its modulated parts times position.

    A frame has ``C cos + S sin`` of the phase ``2 pi b k0 r``, whose derivative is ``2 pi b r (S cos - C sin)``.
    """
    cosines, sines = weights[1::2], weights[2::2]
    orders = np.arange(1, len(cosines) + 1)
    change = 2 * np.pi * np.stack([orders * sines, -orders * cosines], axis=1).ravel()
    none = np.zeros_like(change)
    return np.stack([np.concatenate([change, none]), np.concatenate([none, change])], axis=1)


class Comparison:
    """Frames against an image, one angle after the other, and the sums that the maps are made of."""

    def __init__(self, raw: np.ndarray, view: View, camera: Camera):
        self.raw, self.view, self.camera = raw, view, camera
        self.fits: list[Fit] = []
        self.squares = np.zeros(view.shape, np.float32)  # of R, over the variance that weighs
        self.expected = np.zeros(view.shape, np.float32)  # the same if there is nothing but noise
        self.differences = np.zeros(view.shape, np.float32)  # of R^2 and the variance
        self.in_focus = np.zeros(view.shape, np.float32)
        self.frames = raw.shape[0] * raw.shape[1]

    def weighted_residuals(self, all_parts: Iterator[np.ndarray]) -> Iterator[tuple[int, np.ndarray]]:
        """(number of the angle, R / v (phases, y, x)) of the whole field, 0 at the border."""
        for number, parts in enumerate(all_parts):
            parts, frames = self.view.of(parts), self.view.of(self.raw[number])
            fit = _fit(frames, parts, self.view, self.camera)
            model = fit.in_focus(parts)
            self.in_focus += model.sum(axis=0)
            residuals = frames - model - fit.out_of_focus()
            squares = np.sum(residuals**2, axis=0)
            noise = self.camera.gain_adu * frames.sum(axis=0) + len(frames) * np.float32(self.camera.variance_at_zero)
            free = 1 - self.view.smooth_functions / frames.size  # what the haze has not taken up
            self.squares += squares / fit.variance
            self.expected += free * noise / fit.variance
            self.differences += squares - free * noise
            yield number, self.view.filled(residuals / fit.variance)
            self.fits.append(fit)
