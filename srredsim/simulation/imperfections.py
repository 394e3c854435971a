"""What is not as it should be about a microscope, its camera and its files: each has a switch and is drawn at random.

`Imperfections` are the switches, one number each; `draw` makes `Flaws` of them, which are those of one stack. Each flaw
has a random generator of its own: switching one on or off leaves the others as they are, and the specimen, too.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace

import numpy as np

from srredsim.errors import InputError
from srredsim.simulation import specimens
from srredsim.simulation.sim import Settings

DAMPING = 0.2, 0.5  # of the OTF: what the even microscope does not have
SPHERICAL_WAVES = 0.04, 0.16  # of rms wavefront: of an objective that fits, but not to this depth or slide
FINE_PIXEL_UM = 0.03, 0.06
FAINT = (0.1, 0.3), (0.1, 0.3)  # contrasts of the first order and of the second
IN_FOCUS = 0.2, 0.8  # share of the light
DEPTH_UM = 0.3, 2.0  # from the focus to where haze comes from, log-uniformly
PLANES = 3, 5
THICK_IN_FOCUS = 0.04, 0.2
THICK_PLANES = 5, 8
DRIFT_PIXELS = 0.1, 1.0  # from an angle to the next, log-uniformly
LEFT = 0.2, 0.9  # light of the last frame over that of the first
DARK_CORNER = 0.3, 0.9  # illumination in the corner of the field over that of the centre, if that is in the middle
BEND = 1e-3, 5e-3  # relative change of k from the centre of the field to its edge, log-uniformly
HOT = 1e-4, 2e-3  # share of the pixels
SMOOTHED_PIXELS = 0.5, 0.8  # deviation of the Gaussian
JPEG_QUALITY = 75, 95
OVER_BACKGROUND = 0.0, 1.2  # offset that is taken off beyond the camera's, over the background
LOW_PERCENT, HIGH_PERCENT = (0.0, 2.0), (99.9, 100.0)  # what becomes 0 and 65535 when an angle is stretched
COLOURED = ("resampled", "smoothed", "denoised", "eight_bit", "noise_free")  # kinds of noise that exclude one another
KINDS_OF = {"resampled": ("zoomed", "zoomed_and_binned"), "smoothed": ("smoothed", "median")}
MULTIPLE = ("scmos", "em_gain")  # kinds of cameras


@dataclass(frozen=True)
class Imperfections:
    """Share of the stacks that have each: 0 switches it off, with 1 all have it."""

    damped: float = 0.0  # transfer function damped more than that of a good lens
    fine_pixels: float = 0.0  # down to 30 nm
    faint_stripes: float = 0.0  # little contrast
    even_light: float = 0.0  # no stripes: a control
    specimens: float = 0.0  # dense, crowded, beads: srredsim.simulation.specimens
    haze: float = 0.0  # light of other objects above and below the focus
    uneven_light: float = 0.0
    bent_stripes: float = 0.0  # vector and phase change over the field
    bleaching: float = 0.0
    drift: float = 0.0  # between angles
    scmos: float = 0.0  # offset, gain and read noise of each pixel
    em_gain: float = 0.0
    hot_pixels: float = 0.0
    resampled: float = 0.0  # twice the pixels by splines, kept or averaged again
    smoothed: float = 0.0  # by a Gaussian or a median
    denoised: float = 0.0
    eight_bit: float = 0.0  # with losses
    noise_free: float = 0.0  # as of another simulator, or averaged
    clipped: float = 0.0  # a wrong offset is taken off, and nothing is below 0
    rescaled: float = 0.0  # each angle is stretched to 16 bits by itself
    walls: float = 0.0  # specimens of wide lines, in place of any other
    thick: float = 0.0  # nearly all light is from above and below the focus, in place of the haze
    aberrated: float = 0.0  # spherical aberration of the lens

    def __post_init__(self):
        for name, share in asdict(self).items():
            if not 0 <= share <= 1:
                raise InputError(f"imperfections.{name} is a share of the stacks, from 0 to 1; got {share:g}")
        for group in (COLOURED, MULTIPLE):
            if (total := sum(getattr(self, name) for name in group)) > 1 + 1e-9:
                raise InputError(f"{' + '.join(group)} exclude one another, their sum is 1 at most; got {total:g}")


@dataclass(frozen=True)
class Flaws:
    """Those of one stack; a table has a row an angle."""

    specimen: str | None = None  # in place of the phantom of the settings
    depths_um: tuple[float, ...] = ()  # planes from which haze comes
    brightness: tuple[float, ...] = ()  # of each, relative to one another
    in_focus: float = 1.0  # share of the light
    drift_pixels: tuple[tuple[float, float], ...] = ()  # (y, x) of the object, raw pixels; their mean is 0
    lamps: tuple[tuple[float, float, float], ...] = ()  # centre (y, x) in half fields from the middle, darkest corner
    bend: tuple[tuple[float, float, float], ...] = ()  # yy, yx, xx: see `srredsim.simulation.microscope.bent`
    camera: str = "even"  # of srredsim.simulation.sensors
    hot_share: float = 0.0
    colour: str = "white"  # how the frames were changed
    strength: float = 0.0  # how much, where that can be said
    subtracted_adu: float = 0.0
    stretched_percent: tuple[tuple[float, float], ...] = ()


def draw(rng: np.random.Generator, settings: Settings, wanted: Imperfections) -> tuple[Settings, Flaws]:
    """The settings as they are with what was drawn, and the flaws."""
    own = dict(zip([field.name for field in fields(wanted)], rng.spawn(len(fields(wanted))), strict=True))
    has = {name: bool(generator.random() < getattr(wanted, name)) for name, generator in own.items()}
    for group in (COLOURED, MULTIPLE):
        has |= dict.fromkeys(group, False) | dict.fromkeys(_one_of(own[group[0]], wanted, group), True)
    angles = settings.angles
    found = Flaws(specimen=specimens.draw_kind(own["specimens"]) if has["specimens"] else None)
    if has["walls"]:
        found = replace(found, specimen="walls")
    if has["haze"]:
        found = replace(found, **_haze(own["haze"], PLANES, IN_FOCUS))
    if has["thick"]:
        found = replace(found, **_haze(own["thick"], THICK_PLANES, THICK_IN_FOCUS))
    if has["drift"]:
        found = replace(found, drift_pixels=_drift(own["drift"], angles))
    if has["uneven_light"]:
        found = replace(found, lamps=_lamps(own["uneven_light"], angles))
    if has["bent_stripes"]:
        found = replace(found, bend=_bends(own["bent_stripes"], angles))
    if has["hot_pixels"]:
        found = replace(found, hot_share=_log_uniform(own["hot_pixels"], HOT))
    found = replace(found, camera="scmos" if has["scmos"] else "em" if has["em_gain"] else "even")
    found = replace(found, **_colour(own, [name for name in COLOURED if has[name]]))
    if has["clipped"]:
        beyond = own["clipped"].uniform(*OVER_BACKGROUND) * settings.background_photons * settings.gain_adu
        found = replace(found, subtracted_adu=settings.offset_adu + beyond)
    if has["rescaled"]:
        ends = [own["rescaled"].uniform(*ends, angles).tolist() for ends in (LOW_PERCENT, HIGH_PERCENT)]
        found = replace(found, stretched_percent=tuple(zip(*ends, strict=True)))
    return _changed(own, has, settings, found), found


def _one_of(rng: np.random.Generator, wanted: Imperfections, group: tuple[str, ...]) -> list[str]:
    """At most one, each with its share."""
    limits = np.cumsum([getattr(wanted, name) for name in group])
    place = int(np.searchsorted(limits, rng.random(), side="right"))
    return list(group[place : place + 1])


def _changed(own: dict, has: dict[str, bool], settings: Settings, flaws: Flaws) -> Settings:
    """Optics, contrasts and intensities where they are other ones; haze is that of the flaws alone."""
    changes: dict = {"haze": 0.0}
    if has["damped"]:
        changes["otf_damping"] = own["damped"].uniform(*DAMPING)
    if has["aberrated"]:
        changes["spherical_waves"] = own["aberrated"].uniform(*SPHERICAL_WAVES)
    if has["fine_pixels"]:
        changes["pixel_size_um"] = own["fine_pixels"].uniform(*FINE_PIXEL_UM)
    if flaws.colour == "zoomed":  # the camera's pixel has twice the size
        changes["pixel_size_um"] = settings.pixel_size_um / 2
    if has["faint_stripes"]:
        ranges = np.array(FAINT[: settings.beams - 1])
        depths = own["faint_stripes"].uniform(*ranges.T, (settings.angles, settings.beams - 1))
        changes["modulation_depths"] = tuple(map(tuple, depths.tolist()))
    if has["even_light"]:
        changes["modulation_depths"] = ((0.0,) * (settings.beams - 1),) * settings.angles
    if has["bleaching"]:
        frames = np.linspace(0, 1, settings.angles * settings.phases).reshape(settings.angles, settings.phases)
        light = np.array(settings.intensities) * own["bleaching"].uniform(*LEFT) ** frames
        changes["intensities"] = tuple(map(tuple, (light / light.mean()).tolist()))
    return replace(settings, **changes)


def _haze(rng: np.random.Generator, planes: tuple[int, int], in_focus: tuple[float, float]) -> dict:
    count = int(rng.integers(planes[0], planes[1] + 1))
    depths_um = np.exp(rng.uniform(*np.log(DEPTH_UM), count)) * rng.choice([-1, 1], count)
    brightness = rng.uniform(0.3, 1.0, count)
    return {
        "depths_um": tuple(depths_um.tolist()),
        "brightness": tuple((brightness / brightness.sum()).tolist()),
        "in_focus": float(rng.uniform(*in_focus)),
    }


def _drift(rng: np.random.Generator, angles: int) -> tuple[tuple[float, float], ...]:
    """Steps of one length in directions that resemble one another."""
    length, turn = _log_uniform(rng, DRIFT_PIXELS), rng.uniform(0, 2 * np.pi) + rng.normal(0, 0.7, angles)
    place = np.cumsum(length * np.stack([np.sin(turn), np.cos(turn)], axis=1), axis=0)
    return tuple(map(tuple, (place - place.mean(axis=0)).tolist()))


def _lamps(rng: np.random.Generator, angles: int) -> tuple[tuple[float, float, float], ...]:
    centre = rng.uniform(-0.6, 0.6, 2) + rng.normal(0, 0.1, (angles, 2))
    corner = rng.uniform(*DARK_CORNER) ** rng.uniform(0.8, 1.25, angles)
    return tuple((float(y), float(x), float(dark)) for (y, x), dark in zip(centre, corner, strict=True))


def _bends(rng: np.random.Generator, angles: int) -> tuple[tuple[float, float, float], ...]:
    """The same lens bends all stripes, each as much as it crosses."""
    strength = _log_uniform(rng, BEND)
    rows = rng.normal(0, 1, (angles, 3))
    return tuple(map(tuple, (strength * rows / np.linalg.norm(rows, axis=1, keepdims=True)).tolist()))


def _colour(own: dict, chosen: list[str]) -> dict:
    """One of `srredsim.simulation.recording.COLOURS`, and how much."""
    if not chosen:
        return {}
    rng = own[chosen[0]]
    strengths = {"smoothed": SMOOTHED_PIXELS, "eight_bit": JPEG_QUALITY}
    low, high = strengths.get(chosen[0], (0.0, 0.0))
    colour = str(rng.choice(KINDS_OF.get(chosen[0], (chosen[0],))))
    return {"colour": colour, "strength": float(rng.uniform(low, high))}


def _log_uniform(rng: np.random.Generator, ends: tuple[float, float]) -> float:
    return float(np.exp(rng.uniform(*np.log(ends))))
