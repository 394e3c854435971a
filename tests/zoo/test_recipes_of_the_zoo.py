"""Every recipe that is shipped: it loads, its network and its losses exist, and it fits its data."""

import dataclasses
import inspect
import json
import re
from functools import cache

import pytest

from srredsim import losses, metrics, networks, resources
from srredsim.data import catalogue
from srredsim.errors import InputError
from srredsim.evaluation.w2s.published import published
from srredsim.zoo import models, recipe

RECIPES = [
    f"{name}/{variant}" if variant else name
    for name in resources.entries("models")
    for variant in ("", *recipe.variants(resources.entry("models", name)))
]
loaded = cache(recipe.load)
W2S = [name for name in RECIPES if loaded(name).data.name == "w2s_simulated"]
CACO2 = [name for name in RECIPES if name.startswith("caco2_") and not name.endswith("/simulated")]
SIMULATED = [name for name in RECIPES if name.endswith("/simulated")]
SLOW = ("act", "enlcn", "grl", "nlsn", "omnisr", "swinir")  # to build at each scale
OF_FEATURES = [name for name in RECIPES if set(losses.names_of_features()) & set(loaded(name).as_dict()["loss"])]


def build_small(wanted):
    """Build a network of the same kind, input and scale, as small as tests have it; once for all that are alike."""
    data = wanted.as_dict()["data"] | {"noise_level": None, "count": None}
    data.pop("snap", None)  # in which the variants of SR-CACO-2 differ
    _build_small(json.dumps([wanted.network, data, losses.is_over_steps(wanted.loss)]))


@cache
def _build_small(key):
    network, data, over_steps = json.loads(key)
    wanted = recipe.from_dict({"name": "small", "network": network, "data": data})
    build = inspect.signature(networks.module(wanted.network["name"]).build)
    kept = {key: wanted.network[key] for key in ("input_channels", "scale") if key in wanted.network}
    kept |= {
        key: build.parameters[key].default
        for key in ("input_channels", "scale")
        if key in build.parameters and key not in kept
    }
    settings = {"name": wanted.network["name"], **networks.module(wanted.network["name"]).SMALL, **kept}
    models.build_network(dataclasses.replace(wanted, network=settings), outputs="steps" if over_steps else None)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_one_that_can_be_trained(name):
    wanted = loaded(name)
    assert wanted.name == name.replace("/", "-")
    build = inspect.signature(networks.module(wanted.network["name"]).build)
    build.bind(**{key: value for key, value in wanted.network.items() if key != "name"})  # every setting is known
    build_small(wanted)  # refuses what does not fit the data
    assert metrics.get(wanted.metrics[0], 1.0)
    if name not in OF_FEATURES:
        assert callable(losses.get(wanted.loss))


@pytest.mark.parametrize("name", W2S)
def test_a_recipe_of_widefield_images_finds_them(name):
    data = loaded(name).data
    opened = catalogue.open_images(data.name, "train", data.wanted("train"))
    assert len(opened.pairs) == 1200 * (5 if data.noise_level is None else 1)
    opened.pairs.check(loaded(name).network.get("scale", {"average": 1, "sim": 2}[data.target]), data.crop)
    assert data.crop <= opened.pairs.fields.series.size
    validation = catalogue.open_images(data.name, "validation", data.wanted("validation"))
    assert data.validation_count <= len(validation.pairs)
    assert data.validation_crop <= validation.pairs.fields.series.size


@pytest.mark.parametrize("name", [name for name in W2S if "# Paper, Table" in recipe.find(name).read_text("utf-8")])
def test_the_head_of_a_recipe_has_the_figures_of_the_paper(name):
    model, data = name.partition("/")[0], loaded(name).data
    head = re.search(
        r"(?<=# Paper, ).*?(?=\.$|\. Not)", recipe.find(name).read_text("utf-8"), re.DOTALL | re.MULTILINE
    )[0]
    levels = (400,) if data.noise_level == 400 else (1, 2, 4, 8, 16)
    cells = [published(model.removeprefix("w2s_"), level) for level in levels]
    assert re.findall(r"0\.\d{3}/0\.\d{3}", head) == [f"{rmse:.3f}/{ssim:.3f}" for rmse, ssim in filter(None, cells)]


@pytest.mark.parametrize(
    ("name", "scale"),
    [
        pytest.param(name, scale, marks=pytest.mark.slow if name.removeprefix("caco2_") in SLOW else ())
        for name in CACO2
        if not name.endswith("/code")
        for scale in (2, 4, 8)
    ],
)
def test_a_recipe_of_sr_caco_2_has_a_network_at_each_scale(name, scale):
    wanted = recipe.load(name, [f"data.scale={scale}"])
    build, small = networks.module(wanted.network["name"]).build, networks.module(wanted.network["name"]).SMALL
    network = build(**{**small, "scale": wanted.network["scale"]})
    assert network.compute_output_shape((1, 16, 16, 1)) == (1, 16 * scale, 16 * scale, 1)
    assert (wanted.data.crop, wanted.data.options["scale"]) == (128 // scale, scale)


def test_the_fifteen_of_sr_caco_2_and_what_their_variants_change():
    assert len(CACO2) == 30
    for name in CACO2[::2]:
        ours, code = (recipe.load(one) for one in (name, f"{name}/code"))
        assert ours.network == code.network
        assert (ours.loss, ours.metrics, ours.epochs, ours.steps) == (code.loss, code.metrics, code.epochs, code.steps)
        assert (ours.data.options["snap"], code.data.options["snap"]) == (True, False)
        assert code.data == dataclasses.replace(ours.data, options=ours.data.options | {"snap": False})


@pytest.mark.parametrize("name", SIMULATED)
def test_a_short_training_on_simulated_patches_is_of_the_same_network_by_the_same_loss(name):
    ours, short = (recipe.load(one) for one in (name.partition("/")[0], name))
    assert ours.network == short.network
    assert (ours.metrics, ours.data.zscore) == (short.metrics, short.data.zscore)
    assert {key.removesuffix("_over_levels"): value for key, value in ours.loss.items()} == short.loss  # there is one
    assert short.data.options["cell"] == "CELL0+CELL1+CELL2"
    assert short.epochs * short.steps < ours.epochs * ours.steps


def test_those_with_losses_of_features():
    assert {name.partition("/")[0] for name in OF_FEATURES} == {"jdsr_esrgan", "jdsr_rrdb", "w2s_epsr", "w2s_esrgan"}


@pytest.mark.parametrize("name", OF_FEATURES)
def test_without_the_weights_of_vgg19_it_is_said_how_to_get_them(name, monkeypatch, tmp_path):
    for variable in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")  # nothing can be downloaded
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("SRREDSIM_CACHE", str(tmp_path))
    with pytest.raises(InputError, match=r"cannot be downloaded from https.*; give `vgg_weights`, a file"):
        losses.get(loaded(name).loss)
