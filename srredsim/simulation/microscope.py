r"""Light on the camera of a microscope that is not perfect, in several planes of a thick specimen.

Frame :math:`p` of angle :math:`d` shows the planes :math:`S_z` through the transfer function of their depth, with
point spread function :math:`h_z`; in focus z is 0:

.. math::

    I_{dp} = a_{dp} \sum_z \left[ S_z(r - s_d) \, E_d(r) \left( 1 + \sum_b m_{db} \, c_b(z)
             \cos b [2 \pi k_d r + \theta_d(r) + \phi_{dp}] \right) \right] * h_z + \text{background}

with the drift :math:`s_d`, the illumination :math:`E_d`, mean 1 over the field, the bend :math:`\theta_d` of the
stripes and their contrast away from the focus: with three beams :math:`c_1 = \cos 2 \pi q z` where
:math:`q = (n - \sqrt{n^2 - \lambda^2 k^2}) / \lambda`, else 1.

Without flaws this is `srredsim.simulation.sim.expected` of an object without haze.
"""

from __future__ import annotations

import numpy as np
from scipy import fft

from srredsim.errors import InputError
from srredsim.optics import illumination, sampling
from srredsim.optics.defocus import IMMERSION, defocused_otf
from srredsim.simulation import phantoms, specimens
from srredsim.simulation.imperfections import Flaws
from srredsim.simulation.sim import (
    MARGIN,
    PEAK_PERCENT,
    Settings,
    crop,
    image_of,
    in_photons,
    lens_of,
    object_in_view,
    padded_shape,
    truth_of,
)

EXCITED = 0.92  # wavelength of the excitation over that of the emission


def planes_in_view(rng: np.random.Generator, settings: Settings, flaws: Flaws) -> list[np.ndarray]:
    """Objects on the padded output grid: that in focus, and one for each plane out of focus.

    Out of focus lies another specimen of the same kind, each plane another region of it.
    """
    y, x = padded_shape(settings)
    field = phantoms.Field((sampling.SCALE * y, sampling.SCALE * x), settings.pixel_size_um / sampling.SCALE)

    def draw() -> np.ndarray:
        if flaws.specimen is None:
            return phantoms.draw(rng, field, settings.phantom)
        return specimens.KINDS[flaws.specimen](rng, field)

    focus = object_in_view(rng, settings) if flaws.specimen is None else draw()
    while flaws.specimen and _hardly_in_view(focus, settings):
        focus = draw()
    if not flaws.depths_um:
        return [focus]
    other = draw()
    return [focus, *(_elsewhere(rng, other) for _ in flaws.depths_um)]


def _hardly_in_view(obj: np.ndarray, settings: Settings) -> bool:
    seen = crop(obj, settings, sampling.SCALE)
    return not np.percentile(seen, PEAK_PERCENT) > 0.05 * seen.max()


def _elsewhere(rng: np.random.Generator, obj: np.ndarray) -> np.ndarray:
    """Another region of an object that goes on and on, mirrored at times."""
    mirrored = obj[:: rng.choice([-1, 1]), :: rng.choice([-1, 1])]
    return np.roll(mirrored, [int(rng.integers(n)) for n in obj.shape], (0, 1))


def expected(settings: Settings, flaws: Flaws, planes: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Noise-free frames in photo-electrons, and the truth, as `srredsim.simulation.sim.expected` has them.

    Parameters
    ----------
    planes : list of (2y, 2x) ndarray
        As from `planes_in_view`: the brightness of the first is set by ``settings.photons``, which is the peak of the
        light in focus, that of the others by ``flaws.in_focus``, the share of the first in all light of the field.

    Returns
    -------
    frames : (angles, phases, y, x) ndarray of float32
    truth : (2y, 2x) ndarray of float32
        The object in focus, as it is lit on average and where it is on average, through the apodised SIM OTF.
    """
    shape = planes[0].shape
    f_per_um = sampling.radial_frequency_per_um(shape, settings.pixel_size_um / sampling.SCALE)
    lenses = [_lens(settings, f_per_um, depth_um) for depth_um in (0.0, *flaws.depths_um)]
    lamps = [_lamp(shape, settings, flaws, angle) for angle in range(settings.angles)]
    lit = planes[0].astype(np.float32) * np.mean(lamps, axis=0)
    spectrum = fft.fft2(lit)
    widefield = crop(image_of(spectrum * lenses[0]), settings).real
    peak = np.percentile(widefield, PEAK_PERCENT)
    if not peak > 0:
        raise InputError("there is nothing in view: the object is empty")
    photons = settings.photons / peak
    spectra = [fft.fft2(plane) for plane in _weighted(planes, lenses, widefield, settings, flaws)]

    frames = np.empty((settings.angles, settings.phases, *settings.size), np.float32)
    for angle in range(settings.angles):
        frames[angle] = _angle(settings, flaws, angle, spectra, lenses, lamps[angle])
    return in_photons(frames, settings, photons), truth_of(spectrum, f_per_um, settings, photons)


def _angle(settings: Settings, flaws: Flaws, angle: int, spectra, lenses, lamp) -> np.ndarray:
    """Frames (phases, y, x) of one angle before they are scaled: each order is imaged once, from all planes."""
    shape = spectra[0].shape
    if flaws.drift_pixels:
        ramp = _moved(shape, flaws.drift_pixels[angle])
        lit = [fft.ifft2(spectrum * ramp).real * lamp for spectrum in spectra]
    else:
        lit = [fft.ifft2(spectrum).real * lamp for spectrum in spectra]

    def imaged(planes, contrasts) -> np.ndarray:
        parts = zip(planes, lenses, contrasts, strict=True)
        return crop(image_of(sum(fft.fft2(plane) * (lens * np.float32(c)) for plane, lens, c in parts)), settings)

    depths_um = (0.0, *flaws.depths_um)
    frames = np.repeat(imaged(lit, [1.0] * len(lit)).real[None], settings.phases, axis=0)
    stripes = _stripes(shape, settings, flaws, angle)
    for order, depth in enumerate(settings.modulation_depths[angle], start=1):
        lit = [plane * stripes for plane in lit]
        band = imaged(lit, [depth * axial_contrast(settings, angle, order, z_um) for z_um in depths_um])
        for phase, phase_rad in enumerate(settings.phases_rad[angle]):
            turn = np.exp(1j * order * phase_rad)
            frames[phase] += np.float32(turn.real) * band.real - np.float32(turn.imag) * band.imag
    return frames


def axial_contrast(settings: Settings, angle: int, order: int, z_um: float) -> float:
    """Contrast of the stripes of an order at a distance from the focus, over that in focus."""
    if settings.beams < 3 or order != 1:
        return 1.0
    wavelength_um = EXCITED * settings.wavelength_em_um
    tilt = wavelength_um * np.hypot(*settings.k0_per_um[angle])
    q_per_um = (IMMERSION - np.sqrt(IMMERSION**2 - tilt**2)) / wavelength_um
    return float(np.cos(2 * np.pi * q_per_um * z_um))


def bent(y: np.ndarray, x: np.ndarray, rows: tuple[float, float, float]) -> np.ndarray:
    """Bend in cycles over those of the stripes from the middle of the field to its edge, at places in half fields.

    From ``rows`` (yy, yx, xx), the second derivatives: the vector of the stripes changes by ``yy`` and ``yx`` of its
    length from the middle to the edge along y, by ``yx`` and ``xx`` along x.
    """
    yy, yx, xx = rows
    return 0.5 * (yy * y[:, None] ** 2 + 2 * yx * y[:, None] * x + xx * x**2)


def _lens(settings: Settings, f_per_um: np.ndarray, depth_um: float) -> np.ndarray:
    if depth_um == 0:
        return lens_of(settings, f_per_um)
    optics = settings.na, settings.wavelength_em_um
    pupil = defocused_otf(f_per_um, depth_um, *optics, spherical_waves=settings.spherical_waves)
    return (pupil * settings.otf_damping ** (f_per_um / settings.cutoff_per_um)).astype(np.float32)


def _places(shape: tuple[int, int], settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """Places (y, x) of the output grid in half fields from the middle of the field."""
    rows, columns = (
        (np.arange(n) - sampling.SCALE * MARGIN + 0.5) / (side * sampling.SCALE / 2) - 1
        for n, side in zip(shape, settings.size, strict=True)
    )
    return rows, columns


def _lamp(shape: tuple[int, int], settings: Settings, flaws: Flaws, angle: int) -> np.ndarray:
    """Illumination (y, x) float32 of one angle: a Gaussian spot, mean 1 over the field."""
    if not flaws.lamps:
        return np.ones(shape, np.float32)
    (y, x), (centre_y, centre_x, dark) = _places(shape, settings), flaws.lamps[angle]
    distance = ((y - centre_y) ** 2)[:, None] + (x - centre_x) ** 2
    light = dark ** (distance / 2)  # at (1, 1) from its centre
    return (light / crop(light, settings, sampling.SCALE).mean()).astype(np.float32)


def _stripes(shape: tuple[int, int], settings: Settings, flaws: Flaws, angle: int) -> np.ndarray:
    """``exp(i (2 pi k.r + theta(r)))``, complex64."""
    k_per_um = settings.k0_per_um[angle]
    y_um, x_um = (sampling.output_positions_um(n, settings.pixel_size_um, first_raw_pixel=MARGIN) for n in shape)
    stripes = illumination.carrier(y_um, x_um, k_per_um)
    if not flaws.bend:
        return stripes
    half_um = max(settings.size) * settings.pixel_size_um / 2
    cycles = np.hypot(*k_per_um) * half_um * bent(*_places(shape, settings), flaws.bend[angle])
    return stripes * np.exp(2j * np.pi * cycles).astype(np.complex64)


def _moved(shape: tuple[int, int], drift_pixels: tuple[float, float]) -> np.ndarray:
    """What moves an image on the output grid by so many raw pixels (y, x)."""
    turns = [
        np.exp(-2j * np.pi * np.fft.fftfreq(n) * sampling.SCALE * by) for n, by in zip(shape, drift_pixels, strict=True)
    ]
    return (turns[0][:, None] * turns[1]).astype(np.complex64)


def _weighted(planes, lenses, widefield: np.ndarray, settings: Settings, flaws: Flaws) -> list[np.ndarray]:
    """The planes as bright, beside that in focus, as the flaws say."""
    weighted = [planes[0].astype(np.float32)]
    others = widefield.mean() * (1 / flaws.in_focus - 1)
    for plane, lens, share in zip(planes[1:], lenses[1:], flaws.brightness, strict=True):
        light = crop(image_of(fft.fft2(plane.astype(np.float32)) * lens), settings).real.mean()
        weighted.append(plane.astype(np.float32) * np.float32(share * others / light))
    return weighted
