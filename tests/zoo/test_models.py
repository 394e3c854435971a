"""The zoo: found by name or folder, chosen by pattern, refused when damaged."""

import shutil

import numpy as np
import pytest

from srredsim.acquisition import Optics, Pattern
from srredsim.errors import InputError
from srredsim.zoo import models, recipe


def test_loaded_model_has_the_saved_weights(tiny_model):
    first, second = models.load(tiny_model, "float32"), models.load(tiny_model, "float32")
    frames = np.random.default_rng(0).random((1, 12, 14, 15), np.float32)
    np.testing.assert_array_equal(first.network(frames), second.network(frames))
    assert (first.scale, first.angles, first.phases, first.precision) == (2, 3, 5, "float32")


def test_bfloat16_answers_in_float32_and_nearly_the_same(tiny_model):
    frames = np.random.default_rng(0).random((1, 12, 14, 15), np.float32)
    whole, half = (np.asarray(models.load(tiny_model, p).network(frames)) for p in ("float32", "bfloat16"))
    assert half.dtype == np.float32
    np.testing.assert_allclose(half, whole, atol=0.05)


def test_shipped_models_fit_their_patterns():
    for name in models.names():
        data = recipe.load(name).data
        assert data.input != "frames" or models.fitting(Pattern(data.angles, data.phases)) == name
    with pytest.raises(InputError, match="no model for 5 angles x 2 phases; there are: "):
        models.fitting(Pattern(5, 2))


def test_where_known_optics_would_do_it_is_they_that_are_asked_for():
    hexagonal = Pattern(1, 7, kind="hexagonal")
    asked = "without NA, wavelength of emission and pixel size; give `na, wavelength_em_um, pixel_size_um`$"
    with pytest.raises(InputError, match=f"no model for one hexagonal pattern in 7 frames {asked}"):
        models.fitting(hexagonal)
    assert models.fitting(hexagonal, Optics(na=1.1, wavelength_em_um=0.52, pixel_size_um=0.08)) == "red_wiener"


def test_where_the_optics_are_known_a_model_of_wiener_images_is_taken():
    optics = Optics(na=1.4, wavelength_em_um=0.52, pixel_size_um=0.08)
    assert models.fitting(Pattern(3, 5), optics) == models.fitting(Pattern(5, 7), optics) == "red_wiener"
    assert models.fitting(Pattern(3, 3), optics.given(pixel_size_um=1.0)) == "red_frames_3x3"  # no such microscope
    assert models.fitting(Pattern(3, 3), Optics(na=1.4, pixel_size_um=0.08)) == "red_frames_3x3"


@pytest.mark.parametrize("damage", [b"", b"not an HDF5 file", "cut", "other network"])
def test_damaged_weights_are_refused(tiny_model, tmp_path, damage):
    folder = tmp_path / "damaged"
    shutil.copytree(tiny_model, folder)
    weights = folder / models.WEIGHTS
    if damage == "cut":
        weights.write_bytes(weights.read_bytes()[: weights.stat().st_size // 2])
    elif damage == "other network":
        text = (folder / "recipe.yaml").read_text()
        (folder / "recipe.yaml").write_text(text.replace("filters: 4", "filters: 6"))
    else:
        weights.write_bytes(damage)
    with pytest.raises(InputError, match="damaged or of another network") as caught:
        models.load(folder)
    assert "\n" not in str(caught.value)


def test_what_is_no_model(tmp_path):
    with pytest.raises(InputError, match=r"has no recipe\.yaml"):
        models.load(tmp_path)
    (tmp_path / "recipe.yaml").write_text("network: {name: red_net}\n")
    with pytest.raises(InputError, match="no weights yet"):
        models.load(tmp_path)
    with pytest.raises(InputError, match="srredsmi"):
        models.load("srredsmi")


def test_frames_must_fit_the_pattern(tmp_path):
    (tmp_path / "recipe.yaml").write_text("network: {name: red_net, input_channels: 14}\n")
    with pytest.raises(InputError, match=r"takes 14 frames.*set network\.input_channels=15"):
        models.build_network(recipe.load(tmp_path))


def test_nothing_is_said_of_the_lens_of_misread_frames():
    from types import SimpleNamespace

    from srredsim.inspection.readings import WRONG_ORDER
    from srredsim.zoo.predict import about_lens

    survey = SimpleNamespace(remarks=["the lens has an aberration"], made_with=())
    assert about_lens(survey, ["a hot pixel"]) == ["the lens has an aberration", "a hot pixel"]
    assert about_lens(survey, [f"{WRONG_ORDER}another"]) == [f"{WRONG_ORDER}another"]
