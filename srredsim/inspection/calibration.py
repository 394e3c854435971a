"""What several stacks of one microscope have in common: its stripes, lens and camera, and how much they vary.

Stacks are compared before they are taken together: one of another microscope, or one whose stripes were not all found,
would make everything wrong that is measured with the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from srredsim.acquisition import IN_WORDS, OPTICS, Optics, RawStack
from srredsim.errors import InputError
from srredsim.inspection.readings import watched
from srredsim.noise.photons import Counting, counting_of
from srredsim.noise.whitened import remarks, whitened
from srredsim.optics.transfer import DAMPING, Transfer, transfers_of
from srredsim.reconstruction.over_time import frames_of
from srredsim.reconstruction.planes import SEARCHED_FIELD, found_of, sharpest_slice
from srredsim.reconstruction.survey import Sharpest
from srredsim.simulation.calibration import DRIFTING, FIXED, VERSION, Calibration, Camera, StripesOfAngle
from srredsim.simulation.sim import PEAK_PERCENT
from srredsim.stripes.background import DARKEST_PERCENT
from srredsim.stripes.measure import remeasured
from srredsim.stripes.parameters import Angle, Damping, Order, Parameters, seen_from
from srredsim.stripes.phase_steps import even_steps
from srredsim.stripes.preprocess import middle

SAME_K = 0.01  # of |k|, by which the vectors of two stacks of one microscope may differ
SAME_OPTICS = 0.005  # the same of NA, wavelength and pixel size
HEXAGONAL = (
    "calibrate takes stripes only, and this pattern is hexagonal; to use what a bright stack shows with others, write"
    " it with reconstruct and `write_parameters`"
)
FIXED_RAD = 0.5  # circular deviation of a global phase over the stacks, up to which it is called fixed
TELLS_FIXED = 3  # stacks, fewer do not tell
DIMMEST = 10.0  # photons of the dimmest stack that is simulated
# spreads that one stack does not tell, relative but for that of the phases
UNKNOWN = {"k": 1e-3, "steps_rad": 0.05, "depths": 0.1, "light": 0.01, "gain": 0.02}
DAMPING_ERROR = 0.05  # of the model of the lens
CONTRAST_LEAST = 0.02  # relative spread of contrasts, at least


@dataclass(frozen=True)
class KnownCamera:
    """What is known of the camera; what is left out is measured in the frames, or assumed."""

    gain_adu: float | None = None
    offset_adu: float | None = None
    read_noise_e: float | None = None


@dataclass(frozen=True)
class Seen:
    """What one stack shows of its microscope."""

    name: str
    optics: Optics  # of its channel
    transfer: Transfer
    parameters: Parameters  # phases at the centre of pixel (0, 0) of the field
    centre_um: np.ndarray  # (y, x) of the field
    intensities: tuple[tuple[float, ...], ...]
    counting: Counting
    background_e: float
    peak_e: float
    notes: tuple[str, ...]

    @property
    def pattern(self) -> tuple[int, int]:
        return len(self.intensities), len(self.intensities[0])

    @property
    def k0_per_um(self) -> np.ndarray:
        """(angles, 2)"""
        return np.array([angle.k0_per_um for angle in self.parameters.angles])


def look_at(name: str, stack: RawStack, channel: int = 0, camera: KnownCamera = KnownCamera()) -> Seen:
    """What the sharpest slice of a stack shows, in its mean over time.

    Raises
    ------
    InputError
        If its optics are not known, if the stripes of an angle are not found, or if its frames are in another order.
    """
    if not 0 <= channel < stack.sizes["C"]:
        raise InputError(f"there is no channel {channel + 1}, it has {stack.sizes['C']}")
    transfers_of(stack)
    opened, watch = watched(stack)
    stack = whitened(opened)
    optics, transfer = stack.optics.of_channel(channel), transfers_of(stack)[channel]
    z, first = sharpest_slice(stack, channel)
    slice_ = Sharpest.read(stack, channel, z, first)
    found = found_of(slice_, transfer).parameters
    prepared = frames_of(slice_, found, transfer, SEARCHED_FIELD)
    if found.at_once > 1:
        raise InputError(HEXAGONAL)
    if doubts := watch.doubts():
        raise InputError(doubts[0].removeprefix("warning: "))
    missing = [str(n) for n, angle in enumerate(found.angles, start=1) if angle.status == "failed"]
    if missing:
        raise InputError(f"the stripes of angle {' and '.join(missing)} were not found")
    if found.alike:
        raise InputError(found.alike)
    counting = counting_of(first, transfer, camera.gain_adu, camera.offset_adu, camera.read_noise_e)
    widefield = counting.electrons(first.mean(axis=(0, 1), dtype=np.float32))
    low, high = np.percentile(widefield, [DARKEST_PERCENT, PEAK_PERCENT])
    return Seen(
        name=name,
        optics=optics,
        transfer=transfer,
        parameters=found,
        centre_um=(np.array(first.shape[2:]) - 1) / 2 * transfer.pixel_size_um,
        intensities=prepared.intensities,
        counting=counting,
        background_e=max(float(low), 0.0),
        peak_e=float(high - low),
        notes=tuple(remarks(stack)),
    )


def with_lens(seen: Seen, stack: RawStack, channel: int, lens: Damping) -> Seen:
    """The same with the phases and contrasts that this lens shows."""
    stack = whitened(stack)
    z, first = sharpest_slice(stack, channel)
    frames = frames_of(Sharpest.read(stack, channel, z, first), seen.parameters, seen.transfer, SEARCHED_FIELD)
    field, corner_um = middle(frames, seen.transfer, SEARCHED_FIELD)
    there = seen_from(replace(seen.parameters, damping=lens), corner_um)
    return replace(seen, parameters=seen_from(remeasured(there, field.frames, seen.transfer), -corner_um))


def agreeing(stacks: Sequence[Seen]) -> tuple[list[Seen], dict[str, str]]:
    """The stacks that are of one microscope; and, by name, why others are not.

    Raises
    ------
    InputError
        If no more than half of the stacks agree: who is right, nobody knows.
    """
    agrees = [[other for other in stacks if not difference(other, one)] for one in stacks]
    kept = max(agrees, key=len)
    others = {one.name: difference(one, kept[0]) for one in stacks if not any(one is other for other in kept)}
    if 2 * len(kept) <= len(stacks):
        name, words = next(iter(others.items()))
        raise InputError(
            f"the stacks are not of one microscope: {name}: {words} {kept[0].name}; give those of one microscope alone"
        )
    return kept, {name: f"{words} the others" for name, words in others.items()}


def difference(one: Seen, other: Seen) -> str:
    """In what two stacks differ that are not of one microscope, ready for `` the others``; empty if they are."""
    for name in OPTICS:
        a, b = getattr(one.optics, name), getattr(other.optics, name)
        if abs(a / b - 1) > SAME_OPTICS:
            words, unit = IN_WORDS[name]
            return f"{words} {a:g}{unit}, not {b:g}{unit} as in"
    if one.pattern != other.pattern:
        return "{} angles x {} phases, not {} x {} as in".format(*one.pattern, *other.pattern)
    return stripes_apart(one.k0_per_um, other.k0_per_um)


def stripes_apart(one: np.ndarray, other: np.ndarray, numbers: Sequence[int] = ()) -> str:
    """In what vectors (angles, 2) of stripes differ, ready for `` the others``; empty if they are those of one.

    ``numbers`` of the angles, left out: from 1 on.
    """
    lengths = np.hypot(*other.T)
    changes = np.hypot(*(one - other).T) / lengths, np.hypot(*(one + other).T) / lengths
    for number, apart, turned in zip(numbers or range(1, len(one) + 1), *changes, strict=True):
        if turned <= SAME_K:
            return f"the phases of angle {number} run the other way round than in"
        if apart > SAME_K:
            return f"the stripes of angle {number} are {100 * apart:.1f} % of k away from those of"
    return ""


def common_lens(stacks: Sequence[Seen]) -> tuple[Damping, float]:
    """Damping and aberration that all stacks together show, and the spread of the former; assumed where none does."""
    dampings = [seen.parameters.damping for seen in stacks]
    told = [(one.measured, one.uncertainty) for one in dampings if one and one.measured and one.uncertainty]
    if not told:
        return Damping(DAMPING, "assumed"), DAMPING_ERROR
    values, errors = np.minimum([value for value, _ in told], 1.0), np.array([error for _, error in told])
    mean = float(np.average(values, weights=1 / (errors**2 + DAMPING_ERROR**2)))
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else float(errors[0])
    waves = float(np.median([one.spherical_waves for one in dampings if one]))
    return Damping(mean, "measured", mean, spread, waves), min(spread, 0.2)


def calibration_of(stacks: Sequence[Seen], lens: Damping, lens_spread: float) -> Calibration:
    """The microscope of stacks that agree, measured with one lens.

    Parameters
    ----------
    stacks : sequence of Seen
        As `agreeing` and `with_lens` give them.
    """
    first, orders = stacks[0], _orders(stacks)
    rows = range(len(first.intensities))
    k0 = np.mean([seen.k0_per_um for seen in stacks], axis=0)
    turns = np.array([[_global_phase(seen, n, k0[n]) for n in rows] for seen in stacks])  # (stacks, angles)
    resultant = np.exp(1j * turns).mean(axis=0)
    deviations = np.sqrt(-2 * np.log(np.clip(np.abs(resultant), 1e-9, 1)))
    fixed = len(stacks) >= TELLS_FIXED and bool(np.all(deviations < FIXED_RAD))
    phases_rad = np.angle(resultant) % (2 * np.pi) if fixed else np.zeros(len(k0))
    dimmest, brightest = DIMMEST, max(seen.peak_e for seen in stacks)
    return Calibration(
        version=VERSION,
        stacks=tuple(seen.name for seen in stacks),
        na=float(first.transfer.cutoff_per_um * np.max(first.optics.wavelength_em_um) / 2),
        wavelength_em_um=float(np.max(first.optics.wavelength_em_um)),  # the only one
        pixel_size_um=float(first.transfer.pixel_size_um),
        otf_damping=lens.value,
        otf_damping_spread=lens_spread,
        global_phases=FIXED if fixed else DRIFTING,
        global_phase_spread_rad=float(deviations.max()) if fixed else 0.0,
        angles=tuple(_angle(stacks, n, orders, k0[n], float(phases_rad[n])) for n in rows),
        camera=_camera(stacks),
        background_photons=(0.0, min(seen.background_e for seen in stacks)),  # beyond that is light out of focus
        photons=(min(dimmest, brightest), brightest),
        spherical_waves=lens.spherical_waves,
    )


def _orders(stacks: Sequence[Seen]) -> int:
    """2 if at least half of the stacks show a second order in some angle."""
    most = max(seen.parameters.orders for seen in stacks)
    shown = [
        seen.parameters.orders == most and any(angle.orders[-1].amplitude != 0 for angle in seen.parameters.angles)
        for seen in stacks
    ]
    return most if 2 * sum(shown) >= len(stacks) else 1


def _global_phase(seen: Seen, number: int, k0_per_um: np.ndarray) -> float:
    """Phase of an angle at pixel (0, 0), of stripes of the common vector that fit in the middle of the field."""
    angle = seen.parameters.angles[number]
    off = np.array(angle.k0_per_um) - k0_per_um
    return float(angle.orders[0].phase_rad + 2 * np.pi * off @ seen.centre_um + np.mean(_uneven(angle)))


def _uneven(angle: Angle) -> np.ndarray:
    """How far the phases of the frames are from even steps."""
    steps = np.asarray(angle.steps_rad)
    return np.angle(np.exp(1j * (steps - even_steps(len(steps)))))


def _angle(stacks: Sequence[Seen], n: int, orders: int, k0_per_um: np.ndarray, phase_rad: float) -> StripesOfAngle:
    one = len(stacks) == 1
    angles = [seen.parameters.angles[n] for seen in stacks]
    errors = np.array([_uneven(angle) - np.mean(_uneven(angle)) for angle in angles])
    light = np.array([seen.intensities[n] for seen in stacks])
    contrasts = [_contrast([angle.orders[b] for angle in angles if len(angle.orders) > b]) for b in range(orders)]
    depths, spreads = zip(*contrasts, strict=True)
    ky, kx = map(float, k0_per_um)
    vectors = np.array([angle.k0_per_um for angle in angles])
    return StripesOfAngle(
        k0_per_um=(ky, kx),
        k0_spread_per_um=UNKNOWN["k"] * float(np.hypot(ky, kx)) if one else _spread(vectors),
        phases_rad=tuple((phase_rad + even_steps(errors.shape[1]) + errors.mean(axis=0)).tolist()),
        step_spread_rad=UNKNOWN["steps_rad"] if one else _spread(errors),
        modulation_depths=depths,
        modulation_spreads=spreads,
        intensities=tuple(light.mean(axis=0).tolist()),
        intensity_spread=UNKNOWN["light"] if one else _spread(light / light.mean(axis=0)),
    )


def _spread(rows: np.ndarray) -> float:
    """Standard deviation along the stacks, one for all columns."""
    return float(np.sqrt(np.mean(np.var(rows, axis=0, ddof=1))))


def _contrast(orders: list[Order]) -> tuple[float, float]:
    """Contrast of an order over the stacks that show it, and its spread beyond what its error explains."""
    shown = [order for order in orders if order.amplitude != 0]
    if not shown:
        raise InputError("one angle shows no stripes of an order that others show: this microscope cannot be simulated")
    depths, errors = (np.array([getattr(o, name) for o in shown]) for name in ("modulation_depth", "modulation_error"))
    mean = float(np.average(depths, weights=1 / (errors**2 + (CONTRAST_LEAST * depths) ** 2)))
    if len(shown) < 2:
        return mean, UNKNOWN["depths"] * mean
    beyond = max(float(np.var(depths, ddof=1) - np.mean(errors**2)), 0.0)
    return mean, max(float(np.sqrt(beyond)), CONTRAST_LEAST * mean)


def _camera(stacks: Sequence[Seen]) -> Camera:
    each = np.array([[s.counting.gain_adu, s.counting.offset_adu, s.counting.read_noise_e] for s in stacks])
    gain, offset, read_noise = np.median(each, axis=0).tolist()
    spread = float(np.std(each[:, 0], ddof=1) / gain) if len(each) > 1 else 0.0
    return Camera(gain, max(spread, UNKNOWN["gain"]), offset, read_noise)
