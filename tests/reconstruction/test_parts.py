"""The Wiener image in parts: their sum, and each of them in closed form."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import fft

from srredsim.optics.otf import apodisation
from srredsim.optics.sampling import frequencies_per_um
from srredsim.optics.transfer import Transfer
from srredsim.reconstruction.parts import count, parts, summed
from srredsim.reconstruction.wiener import reconstruct
from srredsim.simulation import sim
from srredsim.stripes.parameters import Angle, Order, Parameters
from srredsim.stripes.preprocess import Prepared

WIENER = 0.1


@pytest.fixture(scope="module", params=[3, 5])
def known(request):
    """Frames without noise or background, the stripes that made them, and the object on the padded grid."""
    phases = request.param
    even = {"intensities": ((1.0,) * phases,) * 3, "background_photons": 0.0, "haze": 0.0}
    settings = sim.draw(np.random.default_rng(6), 3, phases, size=(80, 96), photons=(50, 50), **even)
    obj = sim.object_in_view(np.random.default_rng(7), settings)
    frames, _ = sim.expected(settings, obj)
    peak = np.percentile(sim.crop(sim.image_of(fft.fft2(obj) * lens(settings, obj.shape)), settings).real, 99.9)
    angles = tuple(
        Angle("measured", k0, tuple(np.subtract(row, row[0])), "measured", 0.0, 1.0, tuple(orders(k0, row[0], depths)))
        for k0, row, depths in zip(settings.k0_per_um, settings.phases_rad, settings.modulation_depths, strict=True)
    )
    prepared = Prepared(frames, (0.0,) * 3, even["intensities"])
    transfer = Transfer(settings.cutoff_per_um, settings.pixel_size_um, settings.otf_damping)
    return prepared, Parameters(angles), transfer, settings, obj * (settings.photons / peak)


def orders(k0, phase_rad, depths):
    for order, depth in enumerate(depths, start=1):
        yield Order(order, tuple(order * k for k in k0), order * phase_rad, depth, 0.0, 9.0, "measured")


def lens(settings, shape, k_per_um=(0.0, 0.0)):
    """Transfer of lens and pixel at f + k, written without the package's `Transfer`."""
    fy, fx = (f + k for f, k in zip(frequencies_per_um(shape, settings.pixel_size_um / 2), k_per_um, strict=True))
    v = np.minimum(np.hypot(fy, fx) / settings.cutoff_per_um, 1)
    ideal = 2 / np.pi * (np.arccos(v) - v * np.sqrt(1 - v * v)) * settings.otf_damping**v
    return ideal * np.sinc(fy * settings.pixel_size_um) * np.sinc(fx * settings.pixel_size_um)


def test_the_sum_is_the_wiener_image(known):
    prepared, stripes, transfer, settings, _ = known
    image, _ = reconstruct(prepared, stripes, transfer)
    channels = parts(prepared, stripes, transfer)
    assert channels.shape[-1] == count(3, settings.phases) == 3 * settings.phases
    total = channels[..., summed(3, settings.phases)].sum(-1)
    np.testing.assert_allclose(total, image, atol=5e-4 * image.max())


def test_each_part_is_the_object_through_the_shifted_otf(known):
    """Real and imaginary part of every order: a wrong sign of k or of the phase turns one of them round."""
    prepared, stripes, transfer, settings, obj = known
    channels = parts(prepared, stripes, transfer, WIENER)
    shape, of_angle = obj.shape, settings.phases
    every = [(o.modulation_depth / 2, o.k_per_um) for a in stripes.angles for o in a.orders]
    below = 3 * lens(settings, shape) ** 2 + WIENER**2
    for half, (ky, kx) in every:
        below = below + half**2 * (lens(settings, shape, (ky, kx)) ** 2 + lens(settings, shape, (-ky, -kx)) ** 2)
    f = np.hypot(*frequencies_per_um(shape, settings.pixel_size_um / 2))
    seen = fft.fft2(obj) * apodisation(f, settings.cutoff_per_um + settings.k_max_per_um) / below
    middle = np.s_[40:-40, 40:-40]  # what lies beyond the borders is not known
    for number, angle in enumerate(stripes.angles):
        wanted = [fft.ifft2(seen * lens(settings, shape) ** 2).real]
        for order in angle.orders:
            weight = 2 * (order.modulation_depth / 2) ** 2 * lens(settings, shape, order.k_per_um) ** 2
            band = fft.ifft2(seen * weight)
            wanted += [band.real, band.imag]
        for place, image in enumerate(wanted):
            expected = sim.crop(image, settings, 2)[middle]
            found = channels[..., number * of_angle + place][middle]
            assert np.std(found - expected) < 0.05 * np.std(expected), (number, place)


def test_an_order_that_was_not_found_is_empty(known):
    prepared, stripes, transfer, settings, _ = known
    first = stripes.angles[0]
    lost = replace(first, orders=tuple(replace(order, status="failed") for order in first.orders))
    channels = parts(prepared, replace(stripes, angles=(lost, *stripes.angles[1:])), transfer)
    assert not channels[..., 1 : settings.phases].any()
    assert channels[..., 0].any()
    assert channels[..., settings.phases + 1].any()
