"""The scale of the data is that of the network, and of a crop that is given in pixels of the truth."""

import pytest

from srredsim.errors import InputError
from srredsim.zoo import recipe

CONTENT = {
    "name": "tiny",
    "network": {"name": "edsr"},
    "data": {"name": "caco2_simulated", "scale": 4, "cell": "CELL2", "truth_crop": 128, "input": "widefield"},
}


def changed(network=None, **data):
    content = CONTENT | {"data": CONTENT["data"] | data}
    return recipe.from_dict(content | ({"network": network} if network else {}))


def test_the_network_has_the_scale_of_the_data():
    assert changed().network == {"name": "edsr", "scale": 4}
    assert (changed().data.crop, changed(scale=8).data.crop, changed(scale=8, crop=99).data.crop) == (32, 16, 16)
    assert changed({"name": "edsr", "scale": 2}, scale=2).data.crop == 64
    assert CONTENT["network"] == {"name": "edsr"}


def test_what_is_saved_is_read_back_at_another_scale(tmp_path):
    recipe.save(changed(), tmp_path / "recipe.yaml")
    assert recipe.load(tmp_path / "recipe.yaml") == changed()
    other = recipe.load(tmp_path / "recipe.yaml", ["data.scale=8", "network.scale=8"])
    assert (other.network["scale"], other.data.crop, other.data.options["scale"]) == (8, 16, 8)
    with pytest.raises(
        InputError, match=r"data\.crop follows from data\.truth_crop and the scale; set data\.truth_crop"
    ):
        recipe.load(tmp_path / "recipe.yaml", ["data.crop=16"])
    freed = recipe.load(tmp_path / "recipe.yaml", ["data.crop=17", "data.truth_crop=null"])
    assert freed.data.crop == 17


def test_without_a_scale_of_the_data_nothing_changes():
    plain = recipe.from_dict(
        {"name": "a", "network": {"name": "dncnn"}, "data": {"name": "pairs", "input": "widefield"}}
    )
    assert plain.network == {"name": "dncnn"}
    assert (plain.data.crop, plain.data.truth_crop) == (64, None)


@pytest.mark.parametrize(
    ("network", "data", "words"),
    [
        ({"name": "edsr", "scale": 2}, {}, r"data\.scale is 4, network\.scale 2; leave that out or set it to 4"),
        (None, {"truth_crop": 130}, r"data\.truth_crop should be a multiple of the scale, 4; got 130"),
        (None, {"truth_crop": "wide"}, r"data\.truth_crop should be int"),
        (None, {"scale": "four"}, r"data\.scale should be int"),
    ],
)
def test_what_does_not_go_together(network, data, words):
    with pytest.raises(InputError, match=words):
        changed(network, **data)
