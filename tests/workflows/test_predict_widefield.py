"""Widefield images through networks: units, tiles, chains, and the commands as a user types them."""

import json

import keras
import numpy as np
import pytest
import tifffile
from scipy import ndimage

from srredsim import io
from srredsim.consistency.widefield import agreement
from srredsim.errors import InputError
from srredsim.workflows.export import export
from srredsim.zoo import models, recipe
from srredsim.zoo.chain import Chain
from srredsim.zoo.predict import predict

DENOISER = "network: {name: dncnn, depth: 4, filters: 4}\ndata: {input: widefield, target: average%s}\n"
SUBSAMPLED = (
    "network: {name: dncnn, depth: 4, filters: 4, subsampling: 2, batch_norm: false}\n"
    "data: {input: widefield, target: average}\n"
)
TWICE = (  # as long as it is not trained: bilinear interpolation
    "network: {name: red_net, input_channels: 1, depth: 3, filters: 4, widefield_skip: true}\n"
    "data: {input: widefield, target: sim%s}\n"
)
SHARPER = "network: {name: edsr, blocks: 2, filters: 4}\ndata: {input: widefield, target: sim%s}\n"
OF_SET = ", normalise: dataset, zscore: [150, 60], sim_zscore: [40, 50]"
RECIPES = {
    "denoiser": DENOISER % "",
    "denoiser_z": DENOISER % OF_SET,
    "denoiser_n": DENOISER % ", normalise: noise",
    "subsampled": SUBSAMPLED,
    "twice": TWICE % "",
    "twice_z": TWICE % OF_SET,
    "sharper": SHARPER % "",
    "sharper_z": SHARPER % OF_SET,
    "no_constants": TWICE % ", normalise: dataset",
}


@pytest.fixture(scope="module")
def zoo(tmp_path_factory):
    """Folder of models with random weights; those of a new denoiser do next to nothing, so it gets others."""
    home = tmp_path_factory.mktemp("models")
    for seed, (name, text) in enumerate(RECIPES.items()):
        (home / name).mkdir()
        (home / name / "recipe.yaml").write_text(text, encoding="utf-8")
        keras.utils.set_random_seed(seed)
        network = models.build_network(recipe.load(home / name))
        rng = np.random.default_rng(seed)
        for weight in network.weights if network.name == "dncnn" else ():
            weight.assign(rng.uniform(0.1, 0.6, weight.shape))
        network.save_weights(home / name / models.WEIGHTS)
    return home


def image_of(seed=1, size=(70, 90)):
    """Blobs on a background, in counts."""
    rng = np.random.default_rng(seed)
    blobs = ndimage.gaussian_filter(rng.random(size) ** 8, 1.5)
    return rng.poisson(100 + 400 * blobs / blobs.max()).astype(np.float32)


def bilinear(image):
    """Twice the pixels, centre-aligned: new pixels lie a quarter of an old one from its centre."""
    y, x = (np.arange(2 * n) / 2 - 0.25 for n in image.shape)
    return ndimage.map_coordinates(image, np.meshgrid(y, x, indexing="ij"), order=1, mode="nearest")


# Units


def test_a_super_resolved_image_is_in_the_units_of_the_input_above_background(zoo):
    image = image_of()
    expected = bilinear(image) - np.percentile(image, 1)
    np.testing.assert_allclose(Chain(zoo / "twice", "float32")(image), expected, atol=2e-3)


def test_a_model_of_z_scores_answers_in_the_units_of_the_sim_images(zoo):
    image = image_of()
    expected = (bilinear(image) - 150) / 60 * 50 + 40
    np.testing.assert_allclose(Chain(zoo / "twice_z", "float32")(image), expected, atol=2e-3)


@pytest.mark.parametrize("name", ["denoiser", "denoiser_z"])
def test_a_denoised_image_is_in_the_units_of_the_input(zoo, name):
    """offset + gain * network((image - offset) / gain), with the network taken by itself."""
    image = image_of()
    low, high = np.percentile(image, [1, 99.9]) if name == "denoiser" else (150, 210)
    network = models.load(zoo / name, "float32").network
    answer = np.asarray(network((image - low)[None, ..., None] / (high - low)))[0, ..., 0]
    np.testing.assert_allclose(Chain(zoo / name, "float32")(image), low + (high - low) * answer, rtol=1e-4)


@pytest.mark.parametrize(("name", "background"), [("denoiser", 1), ("denoiser_n", 1), ("sharper", 0)])
def test_another_camera_gives_the_same_image_in_its_units(zoo, name, background):
    """7 times the gain and 30 counts more: so is the denoised image; of a super-resolved one, the gain alone."""
    chain, image = Chain(zoo / name, "float32"), image_of()
    expected = 7 * chain(image) + background * 30
    np.testing.assert_allclose(chain(7 * image + 30), expected, atol=2e-4 * np.abs(expected).max())


def test_z_scores_do_not_forgive_another_camera(zoo):
    chain, image = Chain(zoo / "denoiser_z", "float32"), image_of()
    assert np.abs(chain(7 * image + 30) - 7 * chain(image) - 30).max() > 10
    assert chain.notes == ["denoiser_z expects counts as those of its data set: mean 150, standard deviation 60"]


@pytest.mark.parametrize(("name", "guesses"), [("twice", True), ("denoiser", False)])
def test_an_image_finer_than_the_lens_is_always_a_warning(zoo, name, guesses):
    warned = [note for note in Chain(zoo / name, "float32").notes if note.startswith("warning: ")]
    assert [f"{name} infers detail finer than the lens shows" in note for note in warned] == [True] * guesses


# Tiles and chains


@pytest.mark.parametrize("name", ["denoiser", "subsampled", "sharper", "twice_z"])
def test_tiles_make_the_whole_image(zoo, name):
    image = image_of(size=(75, 121))
    whole = Chain(zoo / name, "float32")(image)
    np.testing.assert_allclose(Chain(zoo / name, "float32")(image, tile=17), whole, atol=1e-4 * np.abs(whole).max())


def test_a_chain_is_its_models_one_after_the_other(zoo):
    names, image = ["denoiser", "sharper", "denoiser_z"], image_of()
    chain = Chain("+".join(str(zoo / name) for name in names), "float32")
    assert (chain.name, chain.scale) == ("denoiser+sharper+denoiser_z", 2)
    step = image
    for name in names:
        step = Chain(zoo / name, "float32")(step)
    np.testing.assert_array_equal(chain(image), step)
    assert chain(image).shape == (140, 180)
    other = Chain([zoo / name for name in ("sharper", "denoiser", "denoiser_z")], "float32")(image)
    assert np.abs(other - step).max() > 1e-2 * np.abs(step).max()  # the order matters


def test_a_plus_in_the_name_of_a_folder(zoo, tmp_path):
    folder = tmp_path / "a+b"
    (zoo / "denoiser").rename(folder)
    try:
        assert Chain(folder).name == "a+b"
    finally:
        folder.rename(zoo / "denoiser")


def test_one_model_of_raw_stacks_is_a_chain_too_but_takes_no_plane(tiny_model):
    chain = Chain(tiny_model)
    assert (chain.name, chain.scale, chain.kind.OF_STACKS) == ("tiny", 2, True)
    with pytest.raises(InputError, match="the model tiny takes raw frames, not widefield images"):
        chain(image_of())


def test_mistakes_in_a_chain(zoo, tiny_model, tiny_cleaner):
    denoiser = zoo / "denoiser"
    for chain, words in {
        f"{denoiser}+{tiny_model}": "tiny takes raw frames, not widefield images",
        f"{tiny_cleaner}+{denoiser}": "cleaner takes Wiener images, not widefield images",
        f"{denoiser}+": "a chain has a model on each side of",
        f"{denoiser}+w2s_rcn": "did you mean 'w2s_rcan'",
        f"{denoiser}+w2s_rcan": "w2s_rcan has no weights yet",
        str(zoo / "no_constants"): r"data\.normalise: dataset, but no data\.zscore",
    }.items():
        with pytest.raises(InputError, match=words):
            Chain(chain)
    for image, words in {"nan": "NaN or infinite", "flat": "constant"}.items():
        wrong = np.where(np.eye(40) == 1, np.nan if image == "nan" else 5, 5)
        with pytest.raises(InputError, match=words):
            Chain(denoiser)(wrong)


# The commands


def test_predict_maps_times_channels_and_planes_and_halves_the_pixel(zoo, run, tmp_path):
    planes = np.stack([image_of(seed, (40, 52)) for seed in range(8)]).reshape(2, 2, 2, 40, 52).astype(np.uint16)
    tifffile.imwrite(
        tmp_path / "a.tif", planes, imagej=True, resolution=(10, 10), metadata={"axes": "TZCYX", "unit": "um"}
    )
    names = f"{zoo / 'denoiser'}+{zoo / 'twice'}"
    argv = "predict", "--model", names, "--precision", "float32", "--json", tmp_path / "a.tif"
    status, out, err = run(*argv)
    report = json.loads(out)
    (result,) = report["results"]
    assert (status, report["failures"]) == (0, [])
    assert result["paths"] == [str(tmp_path / f"a_denoiser+twice.{end}") for end in ("tif", "png")]
    assert (result["model"], result["shape_tczyx"]) == ("denoiser+twice", [2, 2, 2, 80, 104])
    found, pixel_size_um = io.read_image(tmp_path / "a_denoiser+twice.tif")
    assert pixel_size_um == pytest.approx(0.05)
    chain = Chain(names, "float32")
    for t, c, z in np.ndindex(2, 2, 2):
        np.testing.assert_allclose(found[t, c, z], chain(planes[t, z, c]), atol=1e-2)
    assert (tmp_path / "a_denoiser+twice.png").read_bytes().startswith(b"\x89PNG")
    before = (tmp_path / "a_denoiser+twice.tif").read_bytes()
    status, _, err = run(*argv)
    assert status == 2
    assert "exists already; give --overwrite or another --out" in err
    assert (tmp_path / "a_denoiser+twice.tif").read_bytes() == before
    assert run(*argv, "--overwrite")[0] == 0


@pytest.mark.parametrize(
    "flag",
    ["--order=PAZ", "--angles=3", "--phases=5", "--trailing-widefield", "--na=1.4", "--wavelength-em-um=0.5"],
)
def test_flags_of_raw_stacks_are_refused(zoo, run, tmp_path, flag):
    io.write_image(tmp_path / "a.tif", image_of())
    status, out, err = run("predict", "--model", zoo / "denoiser", flag, tmp_path / "a.tif")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert f"{flag.partition('=')[0]} is for raw stacks" in err
    assert [path.name for path in tmp_path.iterdir()] == ["a.tif"]


def test_denoise_by_a_network_says_what_predict_does(zoo, run, tmp_path):
    image = image_of()
    io.write_image(tmp_path / "a.tif", image)
    status, out, err = run("denoise", "--method", "dncnn", "--model", zoo / "denoiser_z", tmp_path / "a.tif")
    assert (status, out.split()) == (0, [str(tmp_path / f"a_denoiser_z.{end}") for end in ("tif", "png")])
    assert err == f"srredsim: {tmp_path / 'a.tif'}: {Chain(zoo / 'denoiser_z').notes[0]}\n"
    found, _ = io.read_image(tmp_path / "a_denoiser_z.tif")
    np.testing.assert_allclose(found[0, 0, 0], Chain(zoo / "denoiser_z")(image), rtol=1e-5)
    status, _, err = run("denoise", "--method", "dncnn", "--model", zoo / "twice", tmp_path / "a.tif")
    words = f"{tmp_path / 'a.tif'}: twice makes 2x the pixels: predict takes it as its --model"
    assert (status, err) == (2, f"srredsim: {words}\n")


def test_predict_says_what_is_wrong_and_goes_on(zoo, run, tmp_path):
    io.write_raw(tmp_path / "raw.tif", np.random.default_rng(0).integers(0, 99, (3, 5, 24, 24)).astype(np.uint16))
    io.write_image(tmp_path / "good.tif", image_of())
    status, out, err = run(
        "predict", "--model", zoo / "sharper", "--dtype", "uint16", "--pixel-size-um", "0.1", tmp_path
    )
    assert status == 2
    assert f"{tmp_path / 'raw.tif'}: this is a raw stack of structured illumination" in err
    assert "1 of 2 inputs failed" in err
    found, pixel_size_um = io.read_image(tmp_path / "good_sharper.tif")
    assert (found.dtype, pixel_size_um) == (np.uint16, pytest.approx(0.05))
    assert out.split() == [str(tmp_path / "good_sharper.tif"), str(tmp_path / "good_sharper.png")]


@pytest.mark.parametrize("name", ["denoiser", "denoiser_n", "denoiser_z", "subsampled", "sharper", "sharper_z"])
def test_an_exported_model_answers_as_the_chain_does(zoo, tmp_path, name):
    """Images of unlike brightness in one batch, of a size that was never seen."""
    path = export(zoo / name, tmp_path, "keras")
    images = np.stack([image_of(1, (33, 41)), 5 * image_of(2, (33, 41)) + 60])
    served = keras.saving.load_model(path, compile=False)
    assert served.input.name == "widefield"
    found = np.asarray(served(images[..., None])["image"])[..., 0]
    chain = Chain(zoo / name, "float32")
    for one, image in zip(found, images, strict=True):
        np.testing.assert_allclose(one, chain(image), atol=1e-4 * np.abs(one).max())


def test_predict_compares_an_image_with_its_input(zoo, run, tmp_path):
    """What the file holds is compared, plane by plane; another image of the same input would come to something else."""
    planes = np.stack([image_of(seed, (96, 100)) for seed in (1, 2)])
    io.write_image(tmp_path / "a.tif", planes[None, None])
    argv = "predict", "--model", zoo / "twice", "--precision", "float32", "--json", tmp_path / "a.tif"
    status, out, _ = run(*argv)
    (report,) = json.loads(out)["results"]
    assert (status, report["consistency"], len(report["notes"])) == (0, None, 1)
    assert "may draw what is not there" in report["notes"][0]
    images, _ = io.read_image(tmp_path / "a_twice.tif")
    for row, noisy, image in zip(report["agreement"], planes, images[0, 0], strict=True):
        wanted = agreement(noisy, image).report()
        assert {key: row[key] for key in wanted} == pytest.approx(wanted, rel=1e-4)
        assert row["residual"] < 2
    assert [row["z"] for row in report["agreement"]] == [0, 1]
    without = json.loads(run(*argv, "--overwrite", "--no-consistency")[1])["results"][0]
    assert without["agreement"] is None


def test_predict_names_noise_that_is_not_that_of_a_camera(zoo, run, tmp_path):
    image = image_of(3, (96, 100))
    io.write_image(tmp_path / "smoothed.tif", ndimage.gaussian_filter(image, 0.8))
    status, _, err = run("predict", "--model", zoo / "twice", tmp_path / "smoothed.tif")
    assert status == 0
    _, line = [line for line in err.splitlines() if "warning" in line]
    assert "twice was trained on images whose neighbouring pixels have noise of their own" in line


def test_predict_names_an_image_that_disagrees(zoo):
    """A network is told of that answers with the image of another field."""
    chain, image, other = Chain(zoo / "twice", "float32"), image_of(3, (96, 100)), image_of(4, (96, 100))
    for one, expected in ((image, 0), (other, 1)):
        chain.networks[0]._compute = lambda window, one=one: bilinear(one)
        found = predict(chain, image)
        assert sum("disagrees with its input" in note for note in found.notes) == expected
    assert found.agreement[0]["unexplained"] > 0.5
