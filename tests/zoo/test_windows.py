"""Windows of a network: the same image in tiles, or a note that says why not."""

import numpy as np
import pytest
from scipy import ndimage

from srredsim import networks
from srredsim.zoo import models, recipe
from srredsim.zoo.models import LoadedModel
from srredsim.zoo.windows import Network, default_tile


def loaded(name, **settings):
    described = recipe.from_dict(
        {
            "name": f"tiny_{name}",
            "network": {"name": name, **settings},
            "data": {"input": "widefield", "normalise": "dataset", "zscore": [0.0, 255.0]},
        }
    )
    network, module = networks.build(name, **settings), networks.module(name)
    field = module.receptive_field(**settings)
    return LoadedModel(described.name, None, described, network, field, models.scale_of(network), "float32")


@pytest.mark.parametrize(("name", "same"), [("vdsr", True), ("enlcn", False)])
def test_a_network_that_sees_all_says_its_windows(name, same):
    model = loaded(name, **networks.module(name).SMALL)
    frames = np.random.default_rng(0).random((40, 61, 1)).astype("float32")
    whole, tiled = Network(model), Network(model)
    expected, found = whole.in_tiles(frames), tiled.in_tiles(frames, tile=16)
    assert found.shape == expected.shape == (80, 122)
    assert (np.abs(found - expected).max() < 1e-5) == same
    expects = f"tiny_{name} expects grey levels from 0 to 255, as an 8-bit image has"
    assert whole.notes() == [expects]
    assert 16 < tiled.side <= 16 + 2 * model.receptive_field
    said = f"looks at the whole of what it is given, here windows of {tiled.side} pixels; with others"
    assert (said in " ".join(tiled.notes())) != same


MEMNET = {"filters": 64, "units": 6, "residuals": 6, "recursive": True, "skip": True, "last": 1}


@pytest.mark.parametrize("scale", [2, 8])
@pytest.mark.parametrize("name", ["act", "dbpn", "drrn", "memnet", "nlsn", "prosr", "srfbn", "vdsr"])
def test_windows_have_room_for_the_context_and_no_more_pixels_than_fit(name, scale):
    """As large as published: what was measured at twice the pixels to need less than 4 GiB."""
    module, settings = networks.module(name), {"scale": scale, **(MEMNET if name == "memnet" else {})}
    field, largest = module.receptive_field(**settings), module.largest_window(**settings)
    described = recipe.from_dict({"name": "x", "network": {"name": name, **settings}, "data": {"input": "widefield"}})
    tile = default_tile(LoadedModel("x", None, described, None, field, scale, "float32"))
    assert tile >= 128 // scale
    assert tile + 2 * field <= largest


@pytest.mark.slow
@pytest.mark.parametrize(("name", "few"), [("dbpn", {"filters": 8}), ("prosr", {"filters": 16, "growth": 4})])
def test_what_lies_beyond_the_context_does_not_show(name, few):
    """As deep as published, at x8, with few filters: the middle of a window is that of a larger image."""
    settings = {"scale": 8, **few}
    context = networks.module(name).receptive_field(**settings)
    network = networks.build(name, **settings)
    rng = np.random.default_rng(0)
    image = ndimage.gaussian_filter(rng.random((64, 64)), 1.0).astype("f4")
    image = (image - image.min()) / np.ptp(image)

    def middle(half):
        inside = image[None, 32 - half : 32 + half, 32 - half : 32 + half, None]
        made = np.asarray(network.predict_on_batch(inside))[0, ..., 0]
        return made[8 * (half - 2) : 8 * (half + 2), 8 * (half - 2) : 8 * (half + 2)], made.std()

    (whole, spread), (window, _), (near, _) = middle(32), middle(context + 2), middle(4)
    assert context == 16
    assert np.abs(window - whole).max() < 2e-6 * spread
    assert np.abs(near - whole).max() > 2e-5 * spread  # two pixels of context show
