"""Evaluations: the same images for model and baseline, the right numbers in the right rows, nothing done twice."""

import csv
import json
from io import StringIO
from pathlib import Path

import numpy as np
import pytest

from srredsim.acquisition import Optics, frames_from_raw, raw_from_frames
from srredsim.data import baselines, catalogue
from srredsim.data.pairs import Pair, Pairs
from srredsim.errors import InputError
from srredsim.evaluation import methods, tables
from srredsim.evaluation.evaluate import evaluate
from srredsim.evaluation.scores import score
from srredsim.normalise import Scaling, scaling_of
from srredsim.optics.transfer import transfer_of
from srredsim.reconstruction.richardson_lucy import richardson_lucy
from srredsim.reconstruction.upscale import bicubic_upscale, fourier_upscale
from srredsim.reconstruction.wiener import reconstruct
from srredsim.simulation.sim import simulate_stack
from srredsim.stripes.estimate import estimate
from srredsim.stripes.haze import haze_of
from srredsim.stripes.preprocess import prepare
from srredsim.zoo import models
from srredsim.zoo import recipe as recipes

BEFORE = Path(__file__).parent / "scores_of_red_frames_3x3.json"


@pytest.fixture
def opens(monkeypatch):
    """A function: the pairs that any data set is to have."""

    def opens(pairs):
        opened = type("Opened", (), {"pairs": pairs})
        monkeypatch.setattr(catalogue, "open_split", lambda *_: opened)
        monkeypatch.setattr(catalogue, "open_images", lambda *_: opened)

    return opens


class TwoLevels(Pairs):
    """Two fields at two light levels; the frames are the binned truth, so widefield scores are known to be high."""

    def __len__(self):
        return 4

    def __getitem__(self, index):
        rng = np.random.default_rng(index % 2)
        truth = np.kron(rng.random((24, 20)), np.ones((2, 2))).astype(np.float32)
        noise = (0.5, 0.0)[index // 2] * np.random.default_rng(9).normal(size=(24, 20, 15))
        return Pair(truth[::2, ::2, None] + noise, truth, Scaling(0.0, 1.0), {"photons": (10.0, 90.0)[index // 2]})


class Chosen(Pairs):
    def __init__(self, pairs):
        self.pairs = pairs

    def __len__(self):
        return len(self.pairs)

    def __getitem__(self, index):
        return self.pairs[index]


def test_every_level_has_its_own_rows(tiny_model, opens):
    opens(TwoLevels())
    result = evaluate(models.load(tiny_model, "float32"), "simulated")
    assert [(group["photons"], group["images"]) for group in result["groups"]] == [(10.0, 2), (90.0, 2)]
    dim, bright = (group["methods"]["widefield (bicubic)"] for group in result["groups"])
    assert bright["psnr"]["mean"] > dim["psnr"]["mean"] + 1
    pair = TwoLevels()[3]
    one = score(pair.truth, methods.images(models.load(tiny_model, "float32"), pair, "3x5")["widefield (Fourier)"])
    other = score(TwoLevels()[2].truth, fourier_upscale(TwoLevels()[2].frames.mean(-1)))
    expected = [(one["psnr"] + other["psnr"]) / 2, abs(one["psnr"] - other["psnr"]) / 2]
    found = result["groups"][1]["methods"]["widefield (Fourier)"]["psnr"]
    np.testing.assert_allclose([found["mean"], found["std"]], expected, rtol=1e-4)
    json.dumps(result)
    table = tables.text(result).splitlines()
    assert len(table) == 2 + 2 * 3
    assert f"{found['mean']:.2f} ± {found['std']:.2f}" in table[6]


def test_every_image_has_its_own_scores(tiny_model, opens):
    opens(TwoLevels())
    result = evaluate(models.load(tiny_model, "float32"), "simulated")
    rows = list(csv.DictReader(StringIO(tables.of_each(result["each"]))))
    assert [row["method"] for row in rows[:4]] == ["tiny"] * 4
    found = [row for row in rows if row["method"] == "widefield (bicubic)"]
    assert [(row["pattern"], row["photons"], row["image"]) for row in found] == [
        ("3x5", "10.0", "0"),
        ("3x5", "10.0", "1"),
        ("3x5", "90.0", "2"),
        ("3x5", "90.0", "3"),
    ]
    for row, pair in zip(found, map(TwoLevels().__getitem__, range(4)), strict=True):
        expected = score(pair.truth, bicubic_upscale(pair.frames.mean(-1)))
        assert {name: float(row[name]) for name in expected} == pytest.approx(expected, rel=1e-4)


def test_an_image_is_called_by_its_file(tiny_model, opens):
    pair = TwoLevels()[0]
    opens(Chosen([Pair(pair.frames, pair.truth, pair.scaling, {"index": 7, "source": "cells, 1.tif"})]))
    rows = csv.DictReader(StringIO(tables.of_each(evaluate(models.load(tiny_model, "float32"), "simulated")["each"])))
    assert {row["image"] for row in rows} == {"cells, 1.tif"}


class Stacks(Pairs):
    """Four simulated stacks, two at each light level; with or without what is known of the microscope."""

    def __init__(self, angles, phases, optics=False):
        self.angles, self.phases, self.optics = angles, phases, optics

    def __len__(self):
        return 4

    def __getitem__(self, index):
        light = (100.0, 1000.0)[index // 2]
        pattern = {"angles": self.angles, "phases": self.phases}
        sample = simulate_stack(5, index=index, size=64, photons=(light, light), **pattern)
        frames, facts = frames_from_raw(sample.raw), {"photons": light}
        if self.optics:
            names = ("na", "wavelength_em_um", "pixel_size_um")
            facts["optics"] = {name: getattr(sample.settings, name) for name in names}
        return Pair(frames, sample.truth, scaling_of(frames), facts)


def test_scores_are_what_they_were(opens):
    """Scores of a shipped model, stored before evaluations went cell by cell, and again for pixels that are squares."""
    opens(Stacks(3, 3))
    found, before = evaluate(models.load("red_frames_3x3", "float32")), json.loads(BEFORE.read_text())
    assert [name for name in found if name != "each"] == list(before)
    for group, expected in zip(found["groups"], before["groups"], strict=True):
        assert list(group["methods"]) == list(expected["methods"])
        assert (group["pattern"], group["photons"], group["images"]) == tuple(list(expected.values())[:3])
        for method, scores in expected["methods"].items():
            for name, value in scores.items():
                assert group["methods"][method][name] == pytest.approx(value, rel=1e-4, abs=1e-5)


class Counted(Stacks):
    """Says which stacks were asked for."""

    asked: list

    def __getitem__(self, index):
        self.asked.append(index)
        return super().__getitem__(index)


def test_what_two_models_have_in_common_is_computed_once(tmp_path, opens, tiny_model):
    pairs = Counted(3, 5)
    pairs.asked = []
    opens(pairs)
    model = models.load(tiny_model, "float32")
    first = evaluate(model, work=tmp_path)
    pairs.asked.clear()
    assert evaluate(model, work=tmp_path) == first
    opening = len(pairs.asked)
    cells = json.loads((tmp_path / "results.json").read_text())["cells"]
    assert set(cells) == {f"{name}@3x5" for name in first["groups"][0]["methods"]} | {"Wiener@3x5"}
    (tmp_path / "other").mkdir()
    for name in ("recipe.yaml", "model.weights.h5"):
        (tmp_path / "other" / name).write_bytes((tiny_model / name).read_bytes())
    renamed = recipes.load(tmp_path / "other").as_dict() | {"name": "renamed"}
    recipes.save(recipes.from_dict(renamed), tmp_path / "other" / "recipe.yaml")
    pairs.asked.clear()
    second = evaluate(models.load(tmp_path / "other", "float32"), work=tmp_path)
    assert len(pairs.asked) == opening + len(pairs)  # for the one cell that is new
    for one, other in zip(first["groups"], second["groups"], strict=True):
        assert one["methods"]["widefield (bicubic)"] == other["methods"]["widefield (bicubic)"]
        assert one["methods"]["tiny"] == other["methods"]["renamed"]


def test_other_data_do_not_mix(tmp_path, opens, tiny_model):
    opens(TwoLevels())
    model = models.load(tiny_model, "float32")
    evaluate(model, "one", work=tmp_path)
    with pytest.raises(InputError, match="its data is one, not other; give another `out`"):
        evaluate(model, "other", work=tmp_path)


def test_other_images_under_the_same_name_are_other_cells(tmp_path, opens, tiny_model):
    model, few = models.load(tiny_model, "float32"), TwoLevels()
    opens(few)
    first = evaluate(model, work=tmp_path)
    opens(Chosen([few[index] for index in range(3)]))
    again = evaluate(model, work=tmp_path)
    assert (first["images"], again["images"]) == (4, 3)
    assert [group["images"] for group in again["groups"]] == [2, 1]


def test_the_wiener_image_is_scored_where_the_optics_are_known(opens, tiny_model):
    with_optics, without = Stacks(3, 5, optics=True), Stacks(3, 5)
    opens(Chosen([with_optics[0], without[1]]))
    (group,) = evaluate(models.load(tiny_model, "float32"))["groups"]
    pair = with_optics[0]
    expected = score(pair.truth, baselines.wiener_image(pair, 3, 5), pair.facts["optics"]["pixel_size_um"] / 2)
    assert {name: found["mean"] for name, found in group["methods"]["Wiener"].items()} == pytest.approx(expected)
    assert group["images"] == 2
    assert group["methods"]["tiny"]["frc_per_um"]["std"] == 0  # there is one image


def test_what_stands_beside_is_scored_where_the_data_ask_for_it(opens, tiny_model):
    """Richardson-Lucy on the Wiener image, with the stripes and the lens that were found in the frames."""
    pairs = Chosen([Stacks(3, 5, optics=True)[2]])
    pairs.beside = ("Richardson-Lucy", "Wiener")
    opens(pairs)
    (group,) = evaluate(models.load(tiny_model, "float32"))["groups"]
    assert list(group["methods"]) == ["tiny", "Richardson-Lucy", "Wiener", "widefield (Fourier)", "widefield (bicubic)"]
    pair = pairs[0]
    transfer = transfer_of(Optics(**pair.facts["optics"]))
    prepared = prepare(raw_from_frames(pair.frames, 3, 5))
    found = estimate(prepared, transfer)
    lens = found.lens(transfer)
    haze = haze_of(prepared.frames, found, transfer)
    assert haze.share > 0
    image, _ = reconstruct(prepared, found, lens, attenuation=haze)
    image = richardson_lucy(prepared, found, lens, image, attenuation=haze)
    expected = score(pair.truth, image, pair.facts["optics"]["pixel_size_um"] / 2)
    measured = {name: one["mean"] for name, one in group["methods"]["Richardson-Lucy"].items()}
    assert measured == pytest.approx(expected, rel=1e-5)


class Widefield(Pairs):
    """Images and truths of a number of times their pixels, at two noise levels."""

    def __init__(self, times):
        self.times = times

    def __len__(self):
        return 2

    def __getitem__(self, index):
        truth = np.random.default_rng(7).random((24 * self.times, 20 * self.times)).astype(np.float32)
        image = truth.reshape(24, self.times, 20, self.times).mean(axis=(1, 3))
        noise = np.random.default_rng(8).normal(0, (0.3, 0.01)[index], image.shape)
        image = (image + noise).astype(np.float32)[..., None]
        return Pair(image, truth, scaling_of(image), {"name": "a", "noise_level": (1, 16)[index]})


@pytest.fixture
def widefield_model(tmp_path):
    """A function: a model of widefield images with first, random weights, that makes so many times the pixels."""

    def make(called, **network):
        target = "average" if network["name"] == "dncnn" else "sim"
        wanted = {"name": called, "network": network, "data": {"input": "widefield", "target": target}}
        recipe = recipes.from_dict(wanted)
        recipes.save(recipe, tmp_path / "recipe.yaml")
        models.build_network(recipe).save_weights(tmp_path / models.WEIGHTS)
        return models.load(tmp_path, "float32")

    return make


def test_a_model_of_widefield_images_is_compared_with_the_image_itself(opens, widefield_model):
    opens(Widefield(1))
    result = evaluate(widefield_model("cleaner", name="dncnn", depth=2, filters=2))
    assert [group["noise_level"] for group in result["groups"]] == [1, 16]
    assert [set(group["methods"]) for group in result["groups"]] == [{"cleaner", "widefield"}] * 2
    pair = Widefield(1)[0]
    expected = score(pair.truth, pair.frames[..., 0])
    found = result["groups"][0]["methods"]["widefield"]
    assert {name: value["mean"] for name, value in found.items()} == pytest.approx(expected, rel=1e-5)
    assert "| avg16 " in tables.text(result)


def test_one_of_more_pixels_with_the_image_interpolated_to_them(opens, widefield_model):
    opens(Widefield(2))
    result = evaluate(widefield_model("sharper", name="edsr", blocks=1, filters=2))
    assert set(result["groups"][0]["methods"]) == {"sharper", "widefield (Fourier)", "widefield (bicubic)"}
    pair = Widefield(2)[1]
    found = result["groups"][1]["methods"]["widefield (bicubic)"]["psnr"]["mean"]
    assert found == pytest.approx(score(pair.truth, bicubic_upscale(pair.frames[..., 0], 2))["psnr"], rel=1e-5)
    opens(Widefield(4))
    with pytest.raises(InputError, match="this network has scale 2"):
        evaluate(models.load(widefield_model("sharper", name="edsr", blocks=1, filters=2).folder, "float32"))


def test_the_pattern_of_a_folder_is_that_of_its_stacks(monkeypatch, tmp_path, tiny_cleaner):
    """The model is for 3x5 and 3x3: what the files are is taken; if they can be both, it is asked for."""
    model, readable = models.load(tiny_cleaner, "float32"), {(3, 3)}

    def open_split(data, split, angles, phases, *_):
        if (angles, phases) not in readable:
            raise InputError(f"the files are not {angles} x {phases}")
        return type("Opened", (), {"pairs": TwoLevels()})

    monkeypatch.setattr(catalogue, "open_split", open_split)
    assert list(model.kind.scored(model, tmp_path, "test", None)) == ["3x3"]
    readable.add((3, 5))
    with pytest.raises(InputError, match="of 3x5 and of 3x3 frames; say with `pattern` which"):
        model.kind.scored(model, tmp_path, "test", None)
    assert list(model.kind.scored(model, tmp_path, "test", (3, 5))) == ["3x5"]
    readable.clear()
    with pytest.raises(InputError, match="not 3 x 5"):
        model.kind.scored(model, tmp_path, "test", None)
