"""Shipped networks give the same image whatever unit the pixels are in, and whatever was taken off them."""

import numpy as np
import pytest

import srredsim
from srredsim import inputs
from srredsim.simulation.sim import simulate_stack
from srredsim.zoo import models, recipe

UNITS = [(1e-6, -3e-5), (0.25, 25.0)]  # below 0, and a pedestal as of a camera
OF_ANY_UNIT = [name for name in models.names() if recipe.load(name).data.normalise != "dataset"]  # not of grey levels


def images_for(name):
    """A small raw stack or widefield image that the model takes, how it is read, and whether its offset comes back."""
    data = recipe.load(name).data
    of_stacks = inputs.module(data.input).OF_STACKS
    angles, phases = data.each_pattern[0] if of_stacks else (3, 5)
    made = simulate_stack(5, size=36, angles=angles, phases=phases, photons=(80.0, 80.0))
    if not of_stacks:
        return made.raw[0, 0], {}, data.target == "average"
    optics = {key: getattr(made.settings, key) for key in ("na", "wavelength_em_um", "pixel_size_um")}
    return made.raw, {"axes": "APYX"} | optics, False


@pytest.mark.parametrize("name", OF_ANY_UNIT)
def test_the_image_goes_with_gain_and_offset_of_the_input(name):
    """An image of frames is above their background, whatever that is; a denoised image keeps it."""
    pixels, how, keeps_offset = images_for(name)
    chain = srredsim.load_model(name, "float32")
    expected = srredsim.predict(pixels, model=chain, **how).array
    assert np.ptp(expected) > 0.2 * np.ptp(pixels)
    for gain, offset in UNITS:
        moved = (gain * pixels.astype(float) + offset).astype(np.float32)
        image = srredsim.predict(moved, model=chain, **how).array.astype(float)
        back = (image - offset * keeps_offset) / gain
        np.testing.assert_allclose(back, expected, atol=2e-3 * np.ptp(expected), err_msg=f"{gain} x + {offset}")
