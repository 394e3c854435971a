"""Light clearly out of focus is kept from networks: on simulated filaments under a cell that is much brighter."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import fft, ndimage

from srredsim.normalise import scaling_of
from srredsim.optics.defocus import defocused_otf
from srredsim.optics.sampling import radial_frequency_per_um
from srredsim.optics.transfer import Transfer
from srredsim.reconstruction.channels import channels
from srredsim.reconstruction.for_networks import hidden, lit_with, much, of_optics
from srredsim.reconstruction.lit import NUMBERS
from srredsim.reconstruction.planes import Channel
from srredsim.simulation import sim
from srredsim.simulation.camera import expose
from srredsim.stripes.haze import NONE, Haze
from srredsim.stripes.preprocess import prepare
from srredsim.zoo import models
from srredsim.zoo.windows import Network


def cell(shape, rng) -> np.ndarray:
    """Cloudy, over half of the field."""
    y, x = (np.linspace(-1, 1, n) for n in shape)
    return np.exp(5 * ndimage.gaussian_filter(rng.standard_normal(shape), 4)) * (np.hypot(y[:, None] - 0.2, x) < 0.8)


@cache
def stack(in_focus: float):
    """Raw frames (3, 5, y, x), their truth, what of the mean is out of focus, and the optics."""
    of_object, of_settings, of_camera, *of_others = np.random.default_rng([9, 4]).spawn(5)
    settings = sim.draw(of_settings, 3, 5, size=128, photons=(60.0, 60.0), haze=0.0, otf_damping=0.75)
    obj = sim.object_in_view(of_object, replace(settings, phantom="filaments"))
    frames, truth = sim.expected(settings, obj)
    f_per_um = radial_frequency_per_um(obj.shape, settings.pixel_size_um / 2)
    light, dark = (frames - settings.background_photons).mean(), np.zeros(frames.shape[2:])
    for rng, depth_um in zip(of_others, (0.9, 1.6), strict=True):
        other = cell(obj.shape, rng)
        passed = defocused_otf(f_per_um, depth_um, settings.na, settings.wavelength_em_um)
        blurred = sim.crop(sim.image_of(fft.fft2(other) * passed).real, settings)
        dark += blurred * light / blurred.mean() * (1 - in_focus) / in_focus / 2
    camera = {name: getattr(settings, name) for name in ("gain_adu", "offset_adu", "read_noise_e")}
    raw = expose(np.maximum(frames + dark, 0), of_camera, **camera).astype(np.float32)
    optics = Transfer(settings.cutoff_per_um, settings.pixel_size_um, 1.0)
    return raw, truth, dark * settings.gain_adu, optics


@cache
def made(in_focus: float):
    raw, _, _, optics = stack(in_focus)
    return prepare(raw), of_optics(prepare(raw), optics)


def test_what_is_hidden_is_what_is_out_of_focus():
    """Coarse structures of it: in correlation, and in brightness above its darkest place."""
    dark = stack(0.1)[2]
    _, found = made(0.1)
    assert hidden(found.attenuation)
    assert np.corrcoef(found.dark.ravel(), dark.ravel())[0, 1] > 0.98
    assert np.polyfit(dark.ravel(), found.dark.ravel(), 1)[0] == pytest.approx(1, abs=0.15)


def test_of_a_thin_sample_nothing_is():
    assert np.all(made(1.0)[1].dark == 0)


def test_a_network_makes_a_better_image_of_what_is_left():
    """`red_wiener`, given the widefield image with and without what is out of focus."""
    raw, truth, _, optics = stack(0.1)
    _, found = made(0.1)
    network, scaling, widefield = Network(models.load("red_wiener")), scaling_of(raw), raw.mean(axis=(0, 1))
    with_haze, without = (
        np.corrcoef(network.in_tiles(channels(found.image, seen, scaling, optics)).ravel(), truth.ravel())[0, 1]
        for seen in (widefield, widefield - found.dark)
    )
    assert without > with_haze + 0.01


@pytest.mark.parametrize("in_focus", [0.1, 1.0])
def test_frames_without_it_keep_its_noise(in_focus):
    """The light of frames and haze together, and the variance at their mean, are what they are with it."""
    raw, *_ = stack(in_focus)
    prepared, found = made(in_focus)
    scaling = scaling_of(raw)
    one, other = (
        lit_with(raw, prepared, Channel(found.parameters, found.transfer, haze=haze), scaling)
        for haze in (found.attenuation, replace(found.attenuation, share=0.1))
    )
    assert much(found.attenuation) == (in_focus < 1)
    gain, dark = (NUMBERS.index(name) for name in ("noise_gain", "noise_dark"))
    variances = [each.numbers[gain] * each.frames.mean() + each.numbers[dark] for each in (one, other)]
    assert variances[0] == pytest.approx(variances[1], rel=1e-3)
    if in_focus < 1:
        assert not one.haze.any()
        np.testing.assert_allclose(one.frames.mean(axis=0) + other.haze, other.frames.mean(axis=0), atol=2e-3)


def test_how_much_is_much():
    """Fine stripes of two beams show coarse structures too badly to do without the widefield image sooner."""
    likely = Haze(0.5, 0.1, 9.0, (0.5, 0.0))
    assert [much(each) for each in (NONE, 0.9, Haze(0.4, 0.1), Haze(0.5, 0.1), likely)] == [False] * 3 + [True] * 2
    assert [hidden(each) for each in (NONE, 0.9, Haze(0.5, 0.1), Haze(0.9, 0.1), likely)] == [False] * 3 + [True] * 2
    assert not hidden(replace(likely, share=0.4))
