"""What networks have seen is sparse: in plenty of light, they must not spoil dense textures, which need no network."""

import numpy as np
import pytest

import srredsim
from srredsim.simulation import real
from srredsim.simulation.imperfections import Imperfections
from srredsim.zoo import models, recipe

LEAVES = (0, 4, 5)  # stacks of the seed that are dead leaves, over all of the field
MAY_LOSE_DB = {"red_wiener": 0.3, "srredsim": 0.9, "srredsim_3x3": 2.0, "unrolled": 1.7}  # a little more than cards say
OF_STRIPES = [
    (name, *pattern)
    for name in models.names()
    if (data := recipe.load(name).data).input in ("wiener", "bands", "lit_frames")
    for pattern in data.each_pattern
]


def error_db(image, truth):
    """Error of the image after a fit of gain and offset, over the range of the truth."""
    x, y = np.asarray(image, float).ravel(), truth.ravel().astype(float)
    fitted = np.polyval(np.polyfit(x, y, 1), x)
    return 20 * np.log10(np.sqrt(np.mean((fitted - y) ** 2)) / np.ptp(y))


@pytest.mark.parametrize(("name", "angles", "phases"), OF_STRIPES)
def test_no_model_is_behind_the_wiener_image_of_a_dense_texture_in_plenty_of_light(name, angles, phases):
    gained = []
    for index in LEAVES:
        sample = real.simulate_stack(
            555, Imperfections(specimens=1), index=index, angles=angles, phases=phases, size=128, photons=(1000, 1000)
        )
        assert sample.flaws.specimen == "leaves"
        known = {each: getattr(sample.settings, each) for each in ("na", "wavelength_em_um", "pixel_size_um")}
        wiener = srredsim.reconstruct(sample.raw, **known)
        image = srredsim.predict(sample.raw, model=name, **known)
        gained.append(error_db(wiener, sample.truth) - error_db(image, sample.truth))
    assert np.mean(gained) > -MAY_LOSE_DB.get(name, 0.0), gained
