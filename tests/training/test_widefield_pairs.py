"""A user's own pairs of widefield images: trained on at any scale, resumed, used, and refused where they are wrong."""

import inspect
import json

import numpy as np
import pytest
from scipy import ndimage

from srredsim import io, networks
from srredsim.data import catalogue
from srredsim.errors import InputError
from srredsim.evaluation.evaluate import evaluate
from srredsim.training.fit import train
from srredsim.workflows.predict import predict_file
from srredsim.zoo import models, recipe

SMALL = {"depth": 3, "filters": 4, "batch_norm": False}
SETTINGS = ["data.crop=16", "data.batch=2", "data.validation_crop=24", "steps=2", "epochs=1", "precision=float32"]


def field(seed, scale, size=24):
    """An image and the same field with ``scale`` times the pixels, whose pixel areas it is the mean of."""
    rng = np.random.default_rng(seed)
    fine = ndimage.gaussian_filter(rng.random((size * scale, (size + 8) * scale)), 1.5 * scale)
    fine = 100 + 1e4 * (fine - fine.min())
    return fine.reshape(size, scale, size + 8, scale).mean(axis=(1, 3)), fine


def folder(home, scale, names="abc", suffix="tif"):
    """Truths have another intensity scale: 3 and -0.002 per count."""
    for seed, name in enumerate(names):
        image, truth = field(seed, scale)
        for part, array in (("raw", image), ("truth", 3 + 0.002 * truth)):
            path = home / "train" / part / f"{name}.{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            if suffix == "npy":
                np.save(path, array)
            else:
                io.write_image(path, array.astype(np.float32))
    return home


def asked(home, scale, *more):
    network = json.dumps({"name": "dncnn", "scale": scale, **SMALL})
    return recipe.load("widefield_pairs", [f"data.name={home}", f"network={network}", *SETTINGS, *more])


@pytest.mark.parametrize(
    ("scale", "suffix"),
    [(1, "npy"), (2, "tif"), (3, "tif"), *(pytest.param(n, "tif", marks=pytest.mark.slow) for n in (4, 8))],
)
def test_any_scale(tmp_path, scale, suffix, request):
    """Trained and used, at one scale resumed too: the image has so many times the pixels, and a pixel size to match."""
    home = folder(tmp_path / "mine", scale, suffix=suffix)
    if scale != 2:
        request.getfixturevalue("eagerly")
    run = train(asked(home, scale), out=tmp_path / "run")
    if scale == 2:
        train(recipe.load(run, ["epochs=2"]), out=run, resume=True)
        assert len(json.loads((run / "checkpoint" / "state.json").read_text())["history"]) == 2
    model = models.load(run)
    assert (model.scale, model.recipe.data.target) == (scale, "truth")
    report = predict_file(home / "train" / "raw" / f"b.{suffix}", model, reading=io.Reading(pixel_size_um=0.12))
    image, pixel_size_um = io.read_image(report["paths"][0])
    assert image.shape == (1, 1, 1, 24 * scale, 32 * scale)
    assert pixel_size_um == pytest.approx(0.12 / scale)
    plane = field(1, scale)[0]
    assert np.isfinite(image).all()
    assert plane.min() < np.median(image) < plane.max()  # in its units
    methods = evaluate(model, home)["groups"][0]["methods"]
    assert set(methods) == {
        model.name,
        *(("widefield",) if scale == 1 else ("widefield (Fourier)", "widefield (bicubic)")),
    }
    assert all(np.isfinite(score["psnr"]["mean"]) for score in methods.values())


@pytest.mark.parametrize("suffix", ["tif", "npy"])
def test_the_truth_is_in_the_units_of_the_input(tmp_path, suffix):
    home = folder(tmp_path, 3, suffix=suffix)
    pairs = catalogue.open_images(home, "train", asked(home, 3).data.wanted("train")).pairs
    assert (len(pairs), pairs.scale, pairs.pattern, pairs.augmentation) == (2, 3, None, "any_turn")
    image, truth = field(1, 3)  # the first of every ten is held back
    np.testing.assert_allclose(pairs[0].frames[..., 0], image, rtol=1e-6)
    np.testing.assert_allclose(pairs[0].truth + pairs[0].scaling.offset, truth, rtol=2e-3)
    held_back = catalogue.open_images(home, "validation", asked(home, 3).data.wanted("validation")).pairs
    assert held_back[0].facts["source"].endswith(f"a.{suffix}")


def test_of_a_file_with_several_planes_each_is_a_pair(tmp_path):
    images, truths = zip(*(field(seed, 2) for seed in range(4)), strict=True)
    for part, arrays in (("raw", images), ("truth", truths)):
        (tmp_path / part).mkdir()
        io.write_image(tmp_path / part / "a.tif", np.array(arrays, np.float32).reshape(2, 1, 2, *arrays[0].shape))
    pairs = catalogue.open_images(tmp_path, "train", asked(tmp_path, 2).data.wanted("train")).pairs
    assert len(pairs) == 4
    np.testing.assert_allclose(pairs[2].frames[..., 0], images[2], rtol=1e-6)
    np.testing.assert_allclose(pairs[2].truth + pairs[2].scaling.offset, truths[2], rtol=2e-3)


def nan(image):
    image[3, 4] = np.nan
    return image


@pytest.mark.parametrize(
    ("part", "change", "words"),
    [
        ("raw", lambda image: image[:, :-3], r"truth.c\.tif: 48 x 64 pixels are no whole .* 24 x 29 of .*raw.c\.tif"),
        ("raw", lambda image: image[::2, ::2], r"raw.c\.tif: the input has 12 x 16 .* 48 x 64; .* scale 2, .*scale=4$"),
        ("raw", lambda image: image[:14, :14], r"truth.c\.tif: 48 x 64 pixels are no whole .* 14 x 14 of .*raw.c\.tif"),
        ("raw", lambda image: 0 * image + 7, r"raw.c\.tif: the image is constant \(7 in nearly"),
        ("raw", nan, r"raw.c\.tif: 1 pixels are NaN"),
        ("truth", lambda image: 0 * image, r"truth.c\.tif: the reference image is constant or not finite"),
        ("truth", lambda image: 0 * image + 0.1, r"truth.c\.tif: the reference image is constant or not finite"),
        ("raw", lambda image: image * 1e20, r"raw.c\.tif: the largest pixel of frame 1 is .*, wanted between"),
        ("truth", nan, r"truth.c\.tif: the reference image is constant or not finite"),
        ("truth", lambda image: -image, r"truth.c\.tif: .* does not resemble the widefield image"),
    ],
)
def test_every_pair_is_looked_at_before_a_run_is_made(tmp_path, part, change, words):
    home = folder(tmp_path / "mine", 2)
    path = home / "train" / part / "c.tif"
    io.write_image(path, change(io.read_image(path)[0][0, 0, 0]), overwrite=True)
    with pytest.raises(InputError, match=words) as caught:
        train(asked(home, 2), out=tmp_path / "run")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_two_truths_of_one_name_are_refused(tmp_path):
    home = folder(tmp_path / "mine", 2) / "train" / "truth"
    np.save(home / "c.npy", io.read_image(home / "c.tif")[0][0, 0, 0])
    with pytest.raises(InputError, match=r"has two truths called c: c\.(npy|tif) and c\.(npy|tif)"):
        train(asked(tmp_path / "mine", 2), out=tmp_path / "run")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            ["network.scale=4"],
            r"b\.tif: the input has 24 x 32 pixels, its truth 48 x 64; .* has scale 4, .* 96 x 128",
        ),
        (["data.crop=25"], r"b\.tif: a crop of 25 pixels does not fit in 24 x 32 pixels; set data\.crop lower"),
        (["data.normalise=dataset"], r"has no constants for data\.normalise: dataset; set .* image, noise"),
        (["data.noise_level=4"], r"has no noise levels; set data\.noise_level=null"),
        (["data.target=truht"], r"no data\.target 'truht' in .*; a folder of pairs has one: truth"),
        (["data.name=pairs"], r"pairs is a layout, not data; give your own folder with train/raw"),
        (["network.input_channels=3"], "takes 1 channel, this one takes 3"),
    ],
)
def test_a_recipe_that_does_not_fit(tmp_path, changes, words):
    home = folder(tmp_path / "mine", 2)
    with pytest.raises(InputError, match=words):
        train(asked(home, 2, *changes), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_single_images_are_no_raw_frames(tmp_path):
    home = folder(tmp_path / "mine", 2)
    as_frames = ["data.input=frames", "data.angles=1", "data.phases=1", "data.target=average", "network.scale=4"]
    with pytest.raises(InputError, match=r"1 angle x 1 phase is a single image: set data.input=widefield"):
        train(asked(home, 2, *as_frames), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_raw_stacks_are_checked_one_and_all(tmp_path):
    from srredsim.simulation import sim

    for index, name in enumerate("abc"):
        sample = sim.simulate_stack(9, index=index, angles=3, phases=3, size=32, photons=(500, 500))
        for part in ("raw", "truth"):
            (tmp_path / "mine" / part).mkdir(parents=True, exist_ok=True)
        truth = sample.truth if name != "c" else np.kron(sample.truth, np.ones((2, 2)))
        io.write_raw(tmp_path / "mine" / "raw" / f"{name}.tif", sample.raw)
        io.write_image(tmp_path / "mine" / "truth" / f"{name}.tif", truth.astype(np.float32))
    network = {"name": "red_net", "input_channels": 9, "depth": 3, "filters": 4}
    data = {"name": str(tmp_path / "mine"), "angles": 3, "phases": 3, "crop": 16, "batch": 2}
    wanted = recipe.from_dict({"name": "x", "network": network, "data": data, "epochs": 1, "steps": 1})
    with pytest.raises(
        InputError, match=r"c\.tif: the input has 32 x 32 pixels, its truth 128 x 128; .* set network\.scale=4"
    ):
        train(wanted, out=tmp_path / "run")


@pytest.mark.parametrize("name", ["dncnn", "edsr", "rcan", "rdn", "rrdb", "san", "srfbn", "unet", "memnet", "ridnet"])
def test_the_network_is_changed_by_its_name_alone(name):
    """What the recipe says of its own network is known to every other."""
    wanted = recipe.load("widefield_pairs", [f"network.name={name}", "network.scale=4"])
    settings = {key: value for key, value in wanted.network.items() if key != "name"}
    inspect.signature(networks.module(name).build).bind(**settings)
