r"""Raw SIM stacks with the truth that belongs to them, made from a seed.

Frame :math:`p` of angle :math:`d` shows the object :math:`S` through the OTF, with point spread function :math:`h`:

.. math::

    I_{dp} = a_{dp} \left[ \left( S \left( 1 + \sum_b m_{db} \cos(2 \pi b k_d r + b \phi_{dp}) \right) \right) * h
             + \text{haze} \right] + \text{background}

Frames of one angle differ only in their phase, so each order is imaged once, as a complex band, and the frames are
combined from the bands; those of a hexagonal pattern have three directions d in them. The object lives on the output
grid, half the raw pixel, which is fine enough: stripes times structures beyond that grid fold back outside the OTF as
long as a raw pixel is at most ``1 / (f_c + max(k_max, f_c))``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from scipy import fft

from srredsim import checks
from srredsim.errors import InputError
from srredsim.optics import aberration, illumination, plausible, sampling
from srredsim.optics.otf import apodisation, cutoff_per_um, otf
from srredsim.simulation import hexagonal, phantoms
from srredsim.simulation.camera import expose

MARGIN = 16  # raw pixels simulated beyond each side of the stack
PEAK_PERCENT = 99.9  # percentile of the expected in-focus widefield image: what `photons` refers to


@dataclass(frozen=True)
class Settings:
    """Everything a simulated stack depends on besides its seed. One entry an angle, or one an angle and phase.

    The directions of a hexagonal pattern are angles, too, but light the same frames: ``intensities`` has one row then.
    """

    size: tuple[int, int]  # raw pixels (y, x)
    phantom: str
    beams: int
    na: float
    wavelength_em_um: float
    pixel_size_um: float  # that of the raw frames
    otf_damping: float
    k0_per_um: tuple[tuple[float, float], ...]  # (ky, kx) of the FIRST order, in cycles/um, y down
    phases_rad: tuple[tuple[float, ...], ...]  # phase of the first order at the centre of raw pixel (0, 0)
    modulation_depths: tuple[tuple[float, ...], ...]  # one for each of the orders 1 to beams - 1
    intensities: tuple[tuple[float, ...], ...]  # brightness of the frames, mean 1: angles lit unequally, bleaching
    haze: float  # out-of-focus light as a share of the light in focus
    haze_sigma_um: float
    background_photons: float
    photons: float  # peak of the expected in-focus widefield image, per raw pixel and frame
    gain_adu: float  # per electron
    offset_adu: float
    read_noise_e: float
    truth_power: float  # see `srredsim.optics.otf.apodisation`
    pattern: str = "stripes"  # one of `srredsim.optics.illumination.PATTERNS`
    spherical_waves: float = 0.0  # aberration of the lens, see `srredsim.optics.aberration`

    @property
    def at_once(self) -> int:
        """Angles that light the same frames."""
        return illumination.DIRECTIONS if self.pattern == "hexagonal" else 1

    @property
    def groups(self) -> int:
        """Angles of the raw frames: 1 of a hexagonal pattern."""
        return self.angles // self.at_once

    @property
    def angles(self) -> int:
        return len(self.phases_rad)

    @property
    def phases(self) -> int:
        return len(self.phases_rad[0])

    @property
    def cutoff_per_um(self) -> float:
        return cutoff_per_um(self.na, self.wavelength_em_um)

    @property
    def k_max_per_um(self) -> float:
        """Frequency of the finest stripes."""
        return (self.beams - 1) * float(np.hypot(*np.transpose(self.k0_per_um)).max())


@dataclass(frozen=True)
class Sample:
    """``raw`` (angles, phases, y, x) uint16 in ADU; ``truth`` (2y, 2x) float32 in ADU above background."""

    raw: np.ndarray
    truth: np.ndarray
    settings: Settings


def simulate_stack(
    seed, *, index=0, angles=3, phases=5, size=128, photons=(20.0, 5000.0), beams=None, **fixed
) -> Sample:
    """Raw stack number ``index`` of a seed, with its truth; the same whoever asks, and in whatever order.

    Object, pattern, light and noise have random generators of their own: the same seed and index under another
    ``photons`` is the same field under the same pattern, brighter or dimmer.

    Parameters
    ----------
    seed, index : int
    angles, phases : int
    size : int or (int, int)
        Raw pixels (y, x).
    photons : (float, float)
        Range, drawn log-uniformly, of the peak of the expected in-focus widefield image, per raw pixel and frame.
    beams : int, optional
        2 or 3; left out, 3 for five phases and more, otherwise 2.
    pattern : {"stripes", "hexagonal"}, optional
        A hexagonal pattern has three directions at once and seven frames; `angles`, `phases` and `beams` are left out.
    **fixed
        Any other field of `Settings` that is to be this instead of drawn, as ``na=1.4`` or ``phantom="filaments"``.

    Raises
    ------
    InputError
        If the settings are none of a microscope: too few phases, too coarse a pixel, negative light.
    """
    fixed |= {"angles": angles, "phases": phases, "size": size, "photons": photons, "beams": beams}
    frames, truth, settings, camera_rng = drawn(seed, index, fixed)
    camera = {name: getattr(settings, name) for name in ("gain_adu", "offset_adu", "read_noise_e")}
    return Sample(expose(frames, camera_rng, **camera), truth, settings)


def drawn(seed: int, index: int, asked: dict) -> tuple[np.ndarray, np.ndarray, Settings, np.random.Generator]:
    """Frames as `expected` has them, with truth and settings, and what the noise of `simulate_stack` is drawn from."""
    checks.count("seed", seed)
    checks.count("index", index)
    object_rng, settings_rng, camera_rng = np.random.default_rng([seed, index]).spawn(3)
    settings = draw(settings_rng, **asked)
    return *expected(settings, object_in_view(object_rng, settings)), settings, camera_rng


def draw(rng, angles=3, phases=5, *, size=128, photons=(20.0, 5000.0), beams=None, **fixed) -> Settings:
    """Settings over the whole range of real microscopes; ``fixed`` as in `simulate_stack`."""
    _known(fixed)
    checks.positive("angles", angles)
    if fixed.get("pattern", "stripes") == "hexagonal":
        angles, phases, beams = _hexagonal(angles, phases, beams)
    beams = _beams(checks.positive("phases", phases), beams)
    sides = (size,) if np.ndim(size) == 0 else tuple(size)
    size = tuple(int(checks.positive("size", side)) for side in sides) * (2 if np.ndim(size) == 0 else 1)
    if len(size) != 2 or min(size) < 8:
        raise InputError(f"a stack has at least 8 x 8 pixels; got the size {' x '.join(map(str, size))}")
    optics_rng, pattern_rng, light_rng, phantom_rng = rng.spawn(4)
    optics = _draw_optics(optics_rng, beams, fixed)
    k_max_per_um = optics.pop("k_max_per_um")
    low, high = checks.numbers("photons", photons, "a range (LOW, HIGH) above 0", shape=(2,)).tolist()
    if not 0 < low <= high:
        raise InputError(f"photons are a range LOW HIGH above 0; got {low:g} {high:g}")
    drawn = {
        **optics,
        **_draw_pattern(pattern_rng, angles, phases, beams, k_max_per_um, fixed.get("pattern")),
        "haze": light_rng.uniform(0.0, 1.0),
        "haze_sigma_um": light_rng.uniform(0.5, 1.5),
        "background_photons": light_rng.uniform(0.0, 20.0),
        "photons": float(np.exp(light_rng.uniform(np.log(low), np.log(high)))),
        "gain_adu": light_rng.uniform(0.3, 2.2),
        "offset_adu": 100.0,
        "read_noise_e": light_rng.uniform(1.0, 2.0),
    }
    kind = phantoms.draw_kind(phantom_rng)
    settings = Settings(size=size, phantom=kind, beams=beams, truth_power=0.85, **drawn)
    settings = replace(settings, **fixed)
    _check(settings)
    return settings


def _known(fixed):
    kinds = {field.name: field.type for field in fields(Settings) if field.name not in ("size", "beams", "photons")}
    for name in fixed:
        if name not in kinds:
            raise InputError(f"no setting `{name}`; there are: {', '.join(kinds)}")
    for name, value in fixed.items():
        if name in ("na", "wavelength_em_um", "pixel_size_um"):
            plausible.check(name, checks.above_zero(name, value))
        elif name == "spherical_waves":
            aberration.check(name, value)
        elif name == "pattern":
            checks.one_of(name, value, illumination.PATTERNS)
        elif kinds[name] == "float":
            checks.finite(name, value)


def _hexagonal(angles, phases, beams) -> tuple[int, int, int]:
    """Directions, frames and the beams of each direction; those of stripes are what they are if left out."""
    if (angles, phases) not in ((3, 5), (1, illumination.HEXAGONAL_FRAMES)) or beams not in (None, 2):
        raise InputError(
            f"a hexagonal pattern has {illumination.HEXAGONAL_FRAMES} frames; leave out `angles`, `phases` and `beams`"
        )
    return illumination.DIRECTIONS, illumination.HEXAGONAL_FRAMES, 2


def _beams(phases, beams) -> int:
    if beams not in (None, 2, 3):
        raise InputError(f"patterns are made by 2 or 3 beams; got {beams}")
    beams = beams or (3 if phases >= 5 else 2)
    illumination.check_phases(phases, beams)
    return beams


def _draw_optics(rng, beams, fixed) -> dict:
    """Objective, dye, pixel, and a pattern that the pixel can carry; tries again until they fit each other."""
    for _ in range(1000):
        optics = {
            "na": rng.uniform(1.2, 1.49),
            "wavelength_em_um": rng.uniform(0.5, 0.68),
            "pixel_size_um": rng.uniform(0.06, 0.1),
            "otf_damping": rng.uniform(0.5, 1.0),
        }
        total_internal_reflection = beams == 2 and rng.random() < 0.2
        relative_k = rng.uniform(0.95, 1.1) if total_internal_reflection else rng.uniform(0.75, 0.95)
        optics |= {name: fixed[name] for name in optics if name in fixed}
        cutoff = cutoff_per_um(optics["na"], optics["wavelength_em_um"])
        optics["k_max_per_um"] = relative_k * cutoff
        # 2 %: angles differ in |k|
        if optics["pixel_size_um"] * 1.02 <= coarsest_pixel_um(cutoff, relative_k * cutoff):
            return optics
    given = ", ".join(f"{name} {fixed[name]:g}" for name in optics if name in fixed)
    raise InputError(f"no microscope fits {given}: a pixel must be smaller than wavelength_em / (4 NA)")


def coarsest_pixel_um(cutoff_per_um: float, k_max_per_um: float) -> float:
    """Largest raw pixel: ``1 / 2 f_c`` samples the image, half of ``1 / (f_c + k_max)`` samples the truth."""
    return 1.0 / (cutoff_per_um + max(k_max_per_um, cutoff_per_um))


def _draw_pattern(rng, angles, phases, beams, k_max_per_um, pattern) -> dict:
    if pattern == "hexagonal":
        return {name: _tuples(table) for name, table in hexagonal.draw_pattern(rng, k_max_per_um).items()}
    # An odd number of directions may also be spread over the whole turn: every other one then points the other way.
    spread = 2 * np.pi if angles % 2 and rng.random() < 0.25 else np.pi
    turning, stepping = rng.choice([-1, 1], 2)
    angles_rad = rng.uniform(0, 2 * np.pi) + turning * spread * np.arange(angles) / angles
    angles_rad = angles_rad + np.deg2rad(rng.normal(0.0, 0.3, angles))
    lengths_per_um = k_max_per_um / (beams - 1) * (1.0 + 0.004 * np.clip(rng.normal(size=angles), -3, 3))

    step_error = np.deg2rad(10.0 if rng.random() < 0.1 else 3.0)
    phases_rad = rng.uniform(0, 2 * np.pi, (angles, 1)) + stepping * 2 * np.pi * np.arange(phases) / phases
    phases_rad = phases_rad + rng.normal(0.0, step_error, (angles, phases))

    depths = np.array([rng.uniform(0.3, 0.9), rng.uniform(0.2, 0.7)])[: beams - 1]
    depths = depths * rng.uniform(0.85, 1.0, (angles, 1))  # always above darkness: 0.155 at least
    bleached = (1.0 - rng.uniform(0.0, 0.01)) ** np.arange(angles * phases).reshape(angles, phases)
    intensities = bleached * rng.uniform(0.9, 1.1, (angles, 1))
    return {
        "k0_per_um": _tuples(illumination.wave_vectors_per_um(angles_rad, lengths_per_um)),
        "phases_rad": _tuples(phases_rad),
        "modulation_depths": _tuples(depths),
        "intensities": _tuples(intensities / intensities.mean()),
    }


def _tuples(table: np.ndarray) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(row) for row in table.tolist())


def _check(settings: Settings):
    per_angle = (settings.k0_per_um, settings.modulation_depths, settings.intensities * settings.at_once)
    per_frame = (settings.phases_rad, settings.intensities)
    if any(len(table) != settings.angles for table in per_angle):
        raise InputError(
            f"every table has one row an angle, {settings.angles}; got {[len(table) for table in per_angle]}"
        )
    if any(len(row) != settings.phases for table in per_frame for row in table):
        raise InputError(f"phases and intensities have one value a frame, {settings.phases} in every angle")
    if any(len(row) != settings.beams - 1 for row in settings.modulation_depths):
        raise InputError(f"{settings.beams} beams have {settings.beams - 1} modulation depths an angle")
    for depths, darkest in _darkest(settings):
        if darkest < -1e-9:
            raise InputError(f"modulation depths {depths} make light negative ({darkest:.3g} at the darkest)")
    largest = coarsest_pixel_um(settings.cutoff_per_um, settings.k_max_per_um)
    if settings.pixel_size_um > largest:
        raise InputError(
            f"a pixel of {settings.pixel_size_um:g} um is too coarse for NA {settings.na:g}, "
            f"{settings.wavelength_em_um:g} um and stripes of {settings.k_max_per_um:.3g} per um: "
            f"it can be {largest:.4g} um at most"
        )


def _darkest(settings: Settings) -> list[tuple[tuple[float, ...], float]]:
    """Modulation depths of what lights the same frames, and the darkest light that they make."""
    if settings.pattern != "hexagonal":
        return [(depths, illumination.darkest(depths)) for depths in settings.modulation_depths]
    depths = tuple(depth for (depth,) in settings.modulation_depths)
    turns = np.exp(1j * np.sum(settings.phases_rad, axis=0))
    closed = np.hypot(*np.sum(settings.k0_per_um, axis=0)) < 1e-9 * settings.k_max_per_um
    return [(depths, illumination.darkest_of_three(depths, bool(closed and np.allclose(turns, 1.0))))]


def padded_shape(settings: Settings) -> tuple[int, int]:
    """Raw pixels (y, x) of the periodic grid that is simulated: at least `MARGIN` more on each side."""
    y, x = (fft.next_fast_len(n + 2 * MARGIN) for n in settings.size)
    return y, x


def crop(image: np.ndarray, settings: Settings, scale: int = 1) -> np.ndarray:
    y, x = settings.size
    start = scale * MARGIN
    return image[..., start : start + scale * y, start : start + scale * x]


def object_in_view(rng, settings: Settings) -> np.ndarray:
    """A phantom on the padded output grid; drawn again as long as hardly anything of it lies in view."""
    fine = 2 * sampling.SCALE
    y, x = padded_shape(settings)
    field = phantoms.Field((fine * y, fine * x), settings.pixel_size_um / fine)
    while True:
        fine_object = phantoms.draw(rng, field, settings.phantom)
        in_view = crop(sampling.bin_pixels(fine_object, fine), settings)
        if np.percentile(in_view, PEAK_PERCENT) > 0.05 * in_view.max():
            return sampling.halve_band_limited(fine_object)


def expected(settings: Settings, obj: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Noise-free frames in photo-electrons, and the truth in ADU, of an object on the padded output grid.

    Parameters
    ----------
    settings : Settings
    obj : (2y, 2x) ndarray
        Fluorophores, in any unit, on the output grid of `padded_shape`; its brightness is set by ``settings.photons``.

    Returns
    -------
    frames : (groups, phases, y, x) ndarray
    truth : (2y, 2x) ndarray of float32
        The object in focus through the apodised SIM OTF (cut-off ``f_c + k_max``), on the scale of the expected
        in-focus widefield image: without haze, background and offset, times the gain.
    """
    y, x = padded_shape(settings)
    shape = sampling.SCALE * y, sampling.SCALE * x
    if obj.shape != shape:
        raise ValueError(f"the object is {obj.shape}, the padded output grid {shape}")
    f_per_um = sampling.radial_frequency_per_um(shape, settings.pixel_size_um / sampling.SCALE)
    transfer = lens_of(settings, f_per_um)
    obj = obj.astype(np.float32)
    spectrum = fft.fft2(obj)

    widefield = crop(image_of(spectrum * transfer), settings).real
    peak = np.percentile(widefield, PEAK_PERCENT)
    if not peak > 0:
        raise InputError("there is nothing in view: the object is empty")
    photons = settings.photons / peak

    blur = np.exp(-2 * (np.pi * settings.haze_sigma_um * f_per_um) ** 2).astype(np.float32)
    elsewhere = spectrum + np.conj(
        spectrum
    )  # above and below the focus lie this object and its mirror image, half each
    unmodulated = widefield + settings.haze / 2 * crop(image_of(elsewhere * blur), settings).real

    y_um, x_um = (sampling.output_positions_um(n, settings.pixel_size_um, first_raw_pixel=MARGIN) for n in shape)
    frames = np.empty((settings.groups, settings.phases, *settings.size), np.float32)
    frames[:] = unmodulated
    for angle, k_per_um in enumerate(settings.k0_per_um):
        stripes = illumination.carrier(y_um, x_um, k_per_um)
        modulated = obj
        for order, depth in enumerate(settings.modulation_depths[angle], start=1):
            modulated = modulated * stripes
            band = depth * crop(image_of(fft.fft2(modulated) * transfer), settings)
            for phase, phase_rad in enumerate(settings.phases_rad[angle]):
                turn = np.exp(1j * order * phase_rad)
                frames[angle // settings.at_once, phase] += (
                    np.float32(turn.real) * band.real - np.float32(turn.imag) * band.imag
                )
    return in_photons(frames, settings, photons), truth_of(spectrum, f_per_um, settings, photons)


def lens_of(settings: Settings, f_per_um: np.ndarray) -> np.ndarray:
    """Transfer function of the lens in focus, float32."""
    return otf(f_per_um, settings.cutoff_per_um, settings.otf_damping, settings.spherical_waves).astype(np.float32)


def in_photons(frames: np.ndarray, settings: Settings, photons: float) -> np.ndarray:
    """Frames in which an object of brightness 1 has so many photons, over their background; in place."""
    frames *= (photons * np.array(settings.intensities, np.float32))[:, :, None, None].astype(np.float32)
    np.maximum(frames, 0.0, out=frames)  # light is not negative: rounding, and ringing of the band-limited object
    frames += np.float32(settings.background_photons)
    return frames


def truth_of(spectrum: np.ndarray, f_per_um: np.ndarray, settings: Settings, photons: float) -> np.ndarray:
    """What SIM could show of an object of this spectrum, in the units of the camera."""
    sim_transfer = apodisation(f_per_um, settings.cutoff_per_um + settings.k_max_per_um, settings.truth_power)
    truth = crop(fft.ifft2(spectrum * sim_transfer.astype(np.float32)).real, settings, sampling.SCALE)
    return (truth * np.float32(photons * settings.gain_adu)).astype(np.float32)


def image_of(spectrum: np.ndarray) -> np.ndarray:
    """Raw image, complex, of a band-limited spectrum on the output grid."""
    return fft.ifft2(sampling.recorded_spectrum(spectrum))
