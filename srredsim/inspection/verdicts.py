"""From numbers to verdicts: good, doubtful or bad, by a limit, and what to change at the microscope.

The limits are those at which the project's own classical reconstruction of simulated stacks gets worse, or, where no
simulation tells, those of SIMcheck [1]_. SIMcheck wants a contrast-to-noise of 8, and calls less than 4 inadequate; the
reconstruction here gives each band the weight that it deserves, and gains over the widefield image well below that.

References
----------
.. [1] G. Ball et al., Sci. Rep. 5, 15915 (2015).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

import numpy as np

from srredsim.acquisition import percent
from srredsim.hot_columns import BadLines
from srredsim.hot_pixels import counted
from srredsim.inspection.frame_order import Fit, a_possible_one, the_best
from srredsim.inspection.raw_checks import Light, Movement, noise_only, orders_of
from srredsim.inspection.slips import Slip
from srredsim.noise.clipped import MANY
from srredsim.noise.line import NoiseLine
from srredsim.noise.lines import Lines
from srredsim.noise.spectrum import NoiseSpectrum
from srredsim.quality.report import too_faint
from srredsim.stripes.parameters import Parameters

GOOD, DOUBTFUL, BAD = "good", "doubtful", "bad"
CONTRAST = (2.0, 1.1)  # times what noise alone reads
VARIATION_PERCENT = (30.0, 50.0)
BLEACHED_PERCENT = (20.0, 50.0)
SHIFT_PIXELS = (0.3, 1.0)
DIFFERENCE = (0.1, 0.3)
STEPS_RAD = (0.2, 0.5)
DEPTH = (0.2, 0.1)
CLIPPED_SHARE = (1e-5, MANY)
WHITE = (0.7, 0.3)
ONE_PATTERN = "all frames have one pattern: there are no other angles to compare"
SURE_BEYOND = 4.0  # standard deviations by which a movement exceeds its limit, or is none


@dataclass(frozen=True)
class Check:
    """One line of the report. Without a verdict, ``number`` says why there is none."""

    name: str
    verdict: str | None
    value: float | None
    number: str  # in words, with its unit
    limit: str
    advice: str | None = None  # what to change, one sentence

    def report(self) -> dict:
        return asdict(self)


def not_checked(name: str, why: str) -> Check:
    return Check(name, None, None, why, "")


def lost_frames(where: str, problem: str) -> Check:
    """Verdict on a frame that is empty or another's copy."""
    number, advice = problem.rsplit(": ", 1)
    return Check("single frames", BAD, None, ": ".join(filter(None, (where, number))), "none lost", advice)


def hot_pixels(places: list[tuple[int, int]]) -> Check:
    """Verdict on hot pixels, which were repaired before anything else was checked."""
    advice = (
        "cool the camera, or let it correct its defective pixels; here they are given the median of the pixels around"
        " them (`keep_hot_pixels` leaves them as they are)"
    )
    return Check("hot pixels", DOUBTFUL, len(places), counted(places), "none", advice)


def cosmic_rays(said: str, count: int) -> Check:
    """Verdict on rays in so many raw stacks, as `srredsim.cosmic_rays.told` says it: repaired before all else, too."""
    number, done = said.split(": what ", 1)
    return Check("cosmic rays", DOUBTFUL, count, number, "none", f"nothing; what {done}")


def bad_lines(lines: BadLines) -> Check:
    """Verdict on columns and rows with a fault, which were repaired before anything else was checked."""
    number, done = lines.words.split(": ", 1)
    value = max(float(np.max(np.abs(each))) for each in (lines.columns, lines.rows))
    advice = f"let the camera correct its defective columns; here {done}"
    return Check("bad columns and rows", DOUBTFUL, value, number, "none", advice)


def camera_lines(lines: Lines) -> Check:
    """Verdict on columns and rows that the camera adds, which were taken off before anything else was checked."""
    number, done = lines.words.split(": ", 1)
    value = max(float(np.std(each)) for each in (lines.columns, lines.rows))
    return Check(
        "columns and rows", DOUBTFUL, value, number, "none", f"let the camera correct its offsets; here {done}"
    )


def other_optics(said: str) -> Check:
    """Verdict on optics that the frames contradict, as `srredsim.stripes.contradiction` says it."""
    number, advice = said.removeprefix("warning: ").split("; ", 1)
    return Check("optics", BAD, None, number, "within a fourth of what is known", advice)


def good_if_low(value: float, limits: tuple[float, float]) -> str:
    return GOOD if value <= limits[0] else DOUBTFUL if value <= limits[1] else BAD


def good_if_high(value: float, limits: tuple[float, float]) -> str:
    return GOOD if value >= limits[0] else DOUBTFUL if value >= limits[1] else BAD


def _advised(verdict: str, advice: str | None) -> str | None:
    return None if verdict == GOOD else advice


def frame_order(as_read: Fit, others: dict[str, Fit], by_arguments: Callable[[str], bool]) -> tuple[Check, str | None]:
    """Bad only if another order is clearly better, and its name; without clear stripes nothing is said against it.

    ``by_arguments`` tells of a name whether the file can be read so.
    """
    name, limit = "frame order", f"good from {100 * as_read.needed:.0f} %" if np.isfinite(as_read.needed) else ""
    number = f"stripes explain {as_read.percent:.0f} % of what frames share"
    if best := the_best(others, as_read):
        number += f", {others[best].percent:.0f} % with {best}"
        advice = f"read the file with {best}: its frames fit that order, not this one"
        if not by_arguments(best):
            advice = f"save the file with {best}: its frames fit that, not the order in which they are"
        return Check(name, BAD, as_read.explained, number, limit, advice), best
    if as_read.clear:
        return Check(name, GOOD, as_read.explained, number, limit), None
    if possible := a_possible_one(others, as_read):
        number += f", {others[possible].percent:.0f} % with {possible}, of {100 * others[possible].needed:.0f} %"
        number += " that would be sure"
        advice = f"try to read the file with {possible}: its frames seem to fit that order, not this one"
        if not by_arguments(possible):
            advice = (
                f"try to save the file with {possible}: its frames seem to fit that, not the order in which they are"
            )
        return Check(name, DOUBTFUL, as_read.explained, number, limit, advice), None
    return Check(name, None, as_read.explained, f"{number}: not enough to judge the order by", limit), None


def slipped(order: Check, found: Slip) -> Check:
    """Verdict on the order of frames that are not where they are read, from some place in the file on."""
    return replace(order, verdict=BAD, number=f"{order.number}; {found.evidence}", advice=found.advice)


def camera_noise(noise: NoiseLine, white: float, source: str, spectrum: NoiseSpectrum | None = None) -> Check:
    """Verdict on the noise; ``spectrum``, where the lens is known, has what was made white for the other checks."""
    verdict = good_if_high(white, WHITE)
    if spectrum and spectrum.number:
        verdict = BAD if spectrum.weak or min(white, spectrum.at_cutoff) < WHITE[1] else DOUBTFUL
    number = f"flatness {white:.2f} at the finest frequencies"
    if spectrum and spectrum.number:
        number += f"; {spectrum.number}"
    elif noise.gain_adu > 5 * noise.gain_error_adu:
        number += f"; {noise.gain_adu:.2g} ADU per electron, from {source}"
    advice = "save the frames as the camera delivers them: neither filtered, nor resized, nor compressed with losses"
    return Check("camera noise", verdict, white, number, f"flatness good from {WHITE[0]:g}", _advised(verdict, advice))


def told_from_noise(check: Check, white: float, spectrum: NoiseSpectrum | None) -> Check:
    """A check of what noise may feign, if the noise is a camera's; without advice if it was made white; else none."""
    if spectrum and not spectrum.white:
        return replace(check, advice=None)
    if white >= WHITE[1]:
        return check
    return not_checked(check.name, "the noise of the camera is not in the frames any more")


def told_despite(check: Check, other_cause: bool) -> Check:
    """A check without advice, where another cause, clipped pixels or wrong optics, may be all that is wrong."""
    return replace(check, advice=None) if other_cause else check


MORE_LIGHT = "give more light or a longer exposure, or label more densely"


def told_by_stripes(check: Check, parameters: Parameters | None) -> Check:
    """A contrast-to-noise of pixels, where all of them together show the stripes of every angle: at worst doubtful.

    What is wrong then is the light.
    """
    if check.verdict == GOOD or parameters is None or any(angle.status != "measured" for angle in parameters.angles):
        return check
    check = replace(check, advice=check.advice and MORE_LIGHT)
    if check.verdict != BAD:
        return check
    return replace(check, verdict=DOUBTFUL, limit=f"{check.limit}, where not the stripes of every angle are found")


def contrast(value: float, phases: int, orders: int | None = None) -> Check:
    """Verdict on a contrast-to-noise of so many orders, or directions, of stripes; left out: as phases tell apart."""
    name, alone = "contrast of the stripes", noise_only(phases, orders)
    orders = orders or orders_of(phases)
    words = f"{orders} order{'s' * (orders > 1)}"
    verdict = good_if_high(value / alone, CONTRAST)
    advice = f"{MORE_LIGHT}; if there is light enough, look after the polarisation and the alignment of the beams"
    return Check(
        name,
        verdict,
        value,
        f"{value:.2f} times the noise in bright structures, {words}; noise alone reads {alone:.2f}",
        f"good from {CONTRAST[0] * alone:.2f}, bad below {CONTRAST[1] * alone:.2f}",
        _advised(verdict, advice),
    )


def evenness(light: Light) -> Check:
    verdict = good_if_low(light.variation_percent, VARIATION_PERCENT)
    between = light.angles_percent > light.variation_percent / 2
    advice: str | None = (
        "give all angles the same light: adjust the power or the exposure of the weaker ones"
        if between
        else "steady the light: check the shutter, the trigger and the warm-up of the source"
    )
    if light.unbleached_percent <= VARIATION_PERCENT[0]:
        advice = None  # that of the bleaching will do
    return Check(
        "evenness of the light",
        verdict,
        light.variation_percent,
        f"frames differ by {light.variation_percent:.0f} %, angles by {light.angles_percent:.0f} %",
        f"frames good to {VARIATION_PERCENT[0]:g} %, bad above {VARIATION_PERCENT[1]:g} %",
        _advised(verdict, advice),
    )


def bleaching(light: Light) -> Check:
    lost, error = light.bleached_percent, light.bleached_error_percent
    name, limit = "bleaching", f"good to {BLEACHED_PERCENT[0]:g} %, bad above {BLEACHED_PERCENT[1]:g} %"
    if error > BLEACHED_PERCENT[1]:
        return not_checked(name, "the light of the frames jumps too much for a decay to be told")
    certain = np.sign(lost) * max(0.0, abs(lost) - 2 * error)
    verdict = good_if_low(abs(certain), BLEACHED_PERCENT)
    advice = "use less light or shorter exposures, a more stable dye or an antifade medium"
    if lost < 0:
        advice = "let the light source warm up first: the frames get brighter from the first to the last"
    words = f"{lost:.0f} ± {error:.0f} % lost" if lost >= 0 else f"{-lost:.0f} ± {error:.0f} % gained"
    return Check(name, verdict, lost, f"{words} from the first frame to the last", limit, _advised(verdict, advice))


def shift(movement: Movement) -> Check:
    name, limit = "movement", f"good to {SHIFT_PIXELS[0]:g} pixels, bad above {SHIFT_PIXELS[1]:g}"
    far, error = movement.farthest_pixels, max(movement.errors_pixels)
    if len(movement.shifts_pixels) < 2:
        return not_checked(name, ONE_PATTERN)
    if any(each is None for each in movement.shifts_pixels) or far is None or SURE_BEYOND * error > SHIFT_PIXELS[1]:
        return not_checked(name, "too little light or structure to tell how far the angles lie apart")
    verdict = good_if_low(max(0.0, far - SURE_BEYOND * error), SHIFT_PIXELS)
    advice = "let stage and sample settle, or take the frames faster: the field moved from angle to angle"
    return Check(
        name, verdict, far, f"angles lie up to {far:.2f} ± {error:.2f} pixels apart", limit, _advised(verdict, advice)
    )


def likeness(movement: Movement) -> Check:
    name, worst = "likeness of the angles", max(movement.differences)
    if len(movement.differences) < 2:
        return not_checked(name, ONE_PATTERN)
    if movement.difference_by_noise > DIFFERENCE[1]:
        return not_checked(name, "too little light or structure to compare them")
    verdict = good_if_low(float(np.sqrt(max(worst**2 - movement.difference_by_noise**2, 0.0))), DIFFERENCE)
    advice = "keep focus and field the same for all angles, and check that each angle lights the field alike"
    return Check(
        name,
        verdict,
        worst,
        f"phase averages differ by {worst:.2f} of the structures, noise taken off",
        f"good to {DIFFERENCE[0]:g}, bad above {DIFFERENCE[1]:g}",
        _advised(verdict, advice),
    )


def stripes(parameters: Parameters) -> Check:
    name, limit = "stripes", f"good if in every angle, contrast from {DEPTH[0]:g}"
    statuses = [angle.status for angle in parameters.angles]
    depths = [
        max(order.modulation_depth for order in angle.orders) for angle in parameters.angles if angle.status != "failed"
    ]
    found = len(depths)
    number = f"found in {found} of {len(statuses)} angles"
    if parameters.at_once > 1:
        number = f"a hexagonal pattern: found in {found} of {len(statuses)} directions that light the frames at once"
    if depths:
        number += f", contrast {' '.join(f'{depth:.2f}' for depth in depths)}"
    if faint := too_faint(parameters):
        number += f"; too faint to be used: {', '.join(faint)}"
    missing = [str(n) for n, status in enumerate(statuses, start=1) if status == "failed"]
    if missing:
        advice = f"check the beams of angle {', '.join(missing)}: grating or shutter, alignment, polarisation, focus"
        return Check(name, BAD, found, number, limit, advice)
    verdict = good_if_high(min(depths), DEPTH)
    if verdict == GOOD and "inferred" in statuses:
        verdict = DOUBTFUL
    advice = "look after the polarisation and the alignment of the beams, and the match of oil and sample"
    if parameters.alike:
        verdict, number = BAD, f"{number}; {parameters.alike}"
        advice = "check the order of the frames, and that the pattern turns from angle to angle"
    if parameters.exchanged:
        verdict, number = BAD, f"{number}; {parameters.exchanged}"
        advice = "check the order of the frames"
    return Check(name, verdict, found, number, limit, _advised(verdict, advice))


def phase_steps(parameters: Parameters, steady: bool) -> Check:
    """``steady``: the light was. Where it was not, frames of unequal light look like frames of uneven phases."""
    name, limit = "phase steps", f"good to {STEPS_RAD[0]:g} rad, bad above {STEPS_RAD[1]:g}"
    known = [
        (angle, times)
        for group in parameters.groups
        for times, angle in enumerate(group.angles, start=1)
        if angle.steps_status == "measured" and angle.status != "failed"
    ]
    if not known:
        return not_checked(name, "the stripes are too faint for their steps to be measured")
    worst = max(float(np.std(steps_off(np.array(angle.steps_rad), times))) for angle, times in known)
    verdict = good_if_low(worst, STEPS_RAD)
    if verdict != GOOD and not steady:
        return not_checked(name, f"{worst:.2f} rad off even steps, which the change of the light may feign")
    advice = "calibrate the steps of the grating or light modulator anew, and let it settle before each exposure"
    return Check(name, verdict, worst, f"{worst:.2f} rad off even steps (RMS)", limit, _advised(verdict, advice))


def steps_off(steps_rad: np.ndarray, times: int = 1) -> np.ndarray:
    """How far the phases of an angle are from even steps, mean 0; or from steps so many times as wide."""
    even = 2 * np.pi * np.arange(len(steps_rad)) * times / len(steps_rad)
    off = np.angle(np.exp(1j * (steps_rad - even)))
    return off - off.mean()


def saturation(clipped: int, pixels: int, top: float, place: str = "") -> Check:
    """Check of so many clipped pixels, of the raw stack at a ``place`` where there are several."""
    share = clipped / pixels
    verdict = good_if_low(share, CLIPPED_SHARE)
    where = f" in {place}" if place else ""
    number = (
        f"{clipped} pixels ({percent(share)} %) at {top:g}{where}"
        if clipped
        else f"none; the brightest pixel is {top:g}"
    )
    advice = f"lower light, exposure or camera gain until no pixel reaches {top:g}"
    return Check(
        "saturation",
        verdict,
        share,
        number,
        f"cut-off pixels good to {100 * CLIPPED_SHARE[0]:g} %, bad above {100 * CLIPPED_SHARE[1]:g} %",
        _advised(verdict, advice),
    )
