"""Every check of one channel, on the middle of one raw stack.

If another order of the frames fits and the one that was read does not, the other checks are made in that order.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import asdict, dataclass, replace
from functools import partial

import numpy as np

from srredsim.acquisition import Optics, Position, RawStack
from srredsim.cosmic_rays import told
from srredsim.errors import InputError, not_finite
from srredsim.hot_pixels import Repaired, as_recorded
from srredsim.inspection import verdicts
from srredsim.inspection.fits import SMALLEST, Fits, middle
from srredsim.inspection.raw_checks import (
    Movement,
    contrast_to_noise,
    dark_level,
    light_of,
    movement,
    structures,
)
from srredsim.inspection.slips import slip
from srredsim.inspection.verdicts import Check
from srredsim.io.alternatives import by_arguments
from srredsim.io.raw import Frames
from srredsim.noise.aligned import aligned
from srredsim.noise.camera import FINEST, noise_of_frames
from srredsim.noise.line import NoiseLine
from srredsim.noise.lines import lines_of
from srredsim.noise.spectrum import NoiseSpectrum, noise_spectrum
from srredsim.noise.whiteness import only_rounding, whiteness
from srredsim.optics.transfer import Transfer, transfer_of
from srredsim.stripes.contradiction import contradiction
from srredsim.stripes.estimate import estimate
from srredsim.stripes.parameters import Parameters
from srredsim.stripes.preprocess import Prepared, prepare

MORE_PHASES = "wanted at least 3 phases in each angle"


@dataclass(frozen=True)
class Field:
    """The middle of the frames (angles, phases, y, x) of one raw stack, and when each was taken."""

    raw: np.ndarray
    exposures: np.ndarray  # (angles, phases)


def middle_position(stack: RawStack, channel: int) -> tuple[int, int, int]:
    """The first time, the middle z-plane."""
    return 0, channel, stack.sizes["Z"] // 2


def field_of(stack: RawStack, position: tuple[int, int, int]) -> Field:
    raw = middle(stack.raw(*position))
    array = as_recorded(stack.array)
    if isinstance(array, Frames):  # each is a plane of the file
        return Field(raw, array.numbers[position])
    return Field(raw, np.arange(stack.pattern.frames).reshape(raw.shape[:2]))


@dataclass(frozen=True)
class Noticed:
    """What was seen of a channel when all its frames were read."""

    checks: list[Check]
    saturation: Check
    gone: Container[Position]  # whose frames are lost


def checked(stack: RawStack, position: Position, others: dict[str, RawStack], noticed: Noticed) -> dict:
    """Report of a channel, ready for JSON: its checks, and the numbers behind them, of one (t, c, z).

    Where frames are gone of what is to be checked, there is nothing but what was noticed.
    """
    channel = position[1]
    field = field_of(stack, position)
    report = _nothing_known(channel, position, field)
    known = list(noticed.checks)
    if position in noticed.gone:
        return report | {"checks": [check.report() for check in known]}
    try:
        _refuse_unusable(field.raw)
        order, better = _order(stack, position, field, others)
        known.append(order)
        if better:
            other = others[better]
            field = field_of(other, middle_position(other, min(channel, other.sizes["C"] - 1)))
            report["order_checked"] = better
        prepared = prepare(field.raw)
    except InputError as problem:
        known.append(verdicts.not_checked("raw frames", str(problem)))
        return report | {"checks": [check.report() for check in known]}
    transfer, lacking = _transfer(stack.optics.of_channel(channel))
    white = _whiteness(field.raw)
    if transfer and (lines := lines_of(field.raw, transfer.cutoff_per_pixel)):
        known.append(verdicts.camera_lines(lines))
        field = replace(field, raw=lines.without(field.raw))
        prepared = prepare(field.raw)
    spectrum = _spectrum(field.raw, transfer.cutoff_per_pixel) if transfer else None
    field, prepared = _with_white_noise(field, prepared, spectrum)
    noise, source = _noise(field.raw, transfer)
    dark = dark_level(field.raw, noise)
    light = light_of(field.raw, dark, field.exposures)
    moved = movement(prepared, _variance_of_averages(field.raw, prepared, noise))
    parameters, said = None, ""
    if transfer and field.raw.shape[1] >= 3:
        parameters = estimate(prepared, transfer, hexagonal=stack.pattern.hexagonal)
        if said := contradiction(prepared, parameters, transfer):
            known.append(verdicts.other_optics(said))
    told = partial(verdicts.told_despite, other_cause=bool(said) or bool(spectrum and spectrum.clipped))
    bleaching = verdicts.bleaching(light)
    contrast = verdicts.told_from_noise(_contrast(field.raw, noise, parameters), white, spectrum)
    checks = [
        *known,
        noticed.saturation,
        verdicts.camera_noise(noise, white, source, spectrum),
        told(verdicts.told_by_stripes(contrast, parameters)),
        *(told(check) for check in _stripes(parameters, lacking, bleaching)),
        verdicts.evenness(light),
        bleaching,
        *(verdicts.told_from_noise(check(moved), white, spectrum) for check in (verdicts.shift, verdicts.likeness)),
    ]
    return report | {
        "checks": [check.report() for check in checks],
        "noise": noise.report() | {"dark_adu": dark, "white": white, "source": source},
        "light": asdict(light),
        "movement": _movement(moved),
        "cutoff_per_um": transfer.cutoff_per_um if transfer else None,
        "stripes": parameters.report() if parameters else None,
    }


def _nothing_known(channel: int, position: tuple[int, int, int], field: Field) -> dict:
    return {
        "channel": channel,
        "time": position[0],
        "z": position[2],
        "pixels_checked": list(field.raw.shape[2:]),
        "order_checked": None,
        "checks": [],
        "cutoff_per_um": None,
        "stripes": None,
    }


def _movement(moved: Movement) -> dict:
    return {
        "shifts_pixels": [None if each is None else list(each) for each in moved.shifts_pixels],
        "errors_pixels": [_finite(error) for error in moved.errors_pixels],
        "differences": list(moved.differences),
    }


def seen(stack: RawStack, channel: int, gone: dict[tuple[int, int, int], str]) -> list[Check]:
    """What is known when all frames of a channel were read: those that are lost, as ``gone`` says, hot pixels, rays."""
    noticed = [verdicts.lost_frames(stack.which(at), problem) for at, problem in gone.items() if at[1] == channel][:1]
    if isinstance(stack.array, Repaired) and (places := stack.array.places(channel)):
        noticed.append(verdicts.hot_pixels(places))
    if isinstance(stack.array, Repaired):
        noticed += [verdicts.bad_lines(stack.array.lines)] if stack.array.lines else []
        struck = {place: where for place, where in stack.array.struck.items() if place[1] == channel}
        noticed += [verdicts.cosmic_rays(said, len(struck)) for said in told(struck)]
    return noticed


def _refuse_unusable(raw: np.ndarray) -> None:
    """Too small, not finite, or the same everywhere."""
    if min(raw.shape[2:]) < SMALLEST:
        raise InputError(f"frames of {raw.shape[2]} x {raw.shape[3]} pixels are too small; wanted {SMALLEST} or more")
    bad = raw.size - int(np.count_nonzero(np.isfinite(raw)))
    if bad:
        raise InputError(not_finite(bad))
    if raw.min() == raw.max():
        raise InputError("the image is constant: there is nothing to check")


def _transfer(optics: Optics) -> tuple[Transfer | None, str]:
    """The transfer function, or in words what is needed for it."""
    try:
        return transfer_of(optics), ""
    except InputError as problem:
        return None, str(problem)


def _variance_of_averages(raw: np.ndarray, prepared: Prepared, noise: NoiseLine) -> np.ndarray:
    """Noise of a pixel of each angle's phase average, with its frames made equally bright."""
    phases = raw.shape[1]
    of_frames = noise.variance(raw.mean(axis=(2, 3), dtype=np.float64)) / np.square(prepared.intensities)
    return of_frames.sum(axis=1) / phases**2


def _noise(raw: np.ndarray, transfer: Transfer | None) -> tuple[NoiseLine, str]:
    """Noise of the camera, and what it was told from, in words."""
    if transfer is None:
        return noise_of_frames(raw, FINEST), "the corners of the spectrum"
    return noise_of_frames(raw, transfer.cutoff_per_pixel), "the spectrum beyond the cut-off"


def _spectrum(raw: np.ndarray, cutoff_per_pixel: float) -> NoiseSpectrum | None:
    """Spectrum of the noise of angles that have been brought together."""
    return noise_spectrum(aligned(raw, cutoff_per_pixel), cutoff_per_pixel)


def _with_white_noise(field: Field, prepared: Prepared, spectrum: NoiseSpectrum | None) -> tuple[Field, Prepared]:
    if spectrum is None or spectrum.white:
        return field, prepared
    field = replace(field, raw=spectrum.whitened(field.raw))
    return field, prepare(field.raw)


def _whiteness(raw: np.ndarray) -> float:
    """Whiteness of the noise; 0 if the finest frequencies have that of rounding alone, as enlarged frames have."""
    return 0.0 if only_rounding(raw[0, 0]) else whiteness(raw)


def _contrast(raw: np.ndarray, noise: NoiseLine, parameters: Parameters | None) -> Check:
    phases = raw.shape[1]
    if phases < 3:
        return verdicts.not_checked("contrast of the stripes", f"{MORE_PHASES}; got {phases}")
    found = parameters is not None and not parameters.failed
    orders = parameters.at_once * parameters.orders if found else None
    bright = structures(raw.mean(axis=(0, 1), dtype=np.float64))
    value = float(np.mean(contrast_to_noise(raw, noise, orders)[bright], dtype=np.float64))
    return verdicts.contrast(value, phases, orders)


def _stripes(parameters: Parameters | None, lacking: str, bleaching: Check) -> list[Check]:
    if parameters is None:
        why = lacking or MORE_PHASES
        return [verdicts.not_checked("stripes", why), verdicts.not_checked("phase steps", why)]
    return [verdicts.stripes(parameters), verdicts.phase_steps(parameters, bleaching.verdict == verdicts.GOOD)]


def _order(
    stack: RawStack, position: tuple[int, int, int], field: Field, others: dict[str, RawStack]
) -> tuple[Check, str | None]:
    """Whether frames of one angle share their stripes; the name of another order under which they clearly do."""
    angles, phases = field.raw.shape[:2]
    if angles < 2 or phases < 3:
        return verdicts.not_checked("frame order", "wanted at least 2 angles and 3 phases to tell orders apart"), None
    fits = Fits()
    order, better = verdicts.frame_order(*fits.better(others, stack, position[1]), by_arguments)
    found = None if better and by_arguments(better) else slip(fits, stack)  # it says where
    return (verdicts.slipped(order, found) if found else order), better


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
