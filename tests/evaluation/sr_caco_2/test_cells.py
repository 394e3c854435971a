"""The SR-CACO-2 benchmark on small simulated patches: scores worked out beside it, subsets, models, what is refused."""

import json

import keras
import numpy as np
import pytest
import tifffile
import yaml
from keras import ops

import srredsim
from srredsim.checkpoints.keras_file import save_weights
from srredsim.cli.main import main
from srredsim.data import catalogue
from srredsim.data.readers import Wanted
from srredsim.errors import InputError
from srredsim.evaluation.sr_caco_2 import cells as cells_module
from srredsim.evaluation.sr_caco_2 import tables
from srredsim.evaluation.sr_caco_2.cells import Benchmark, Cell
from srredsim.evaluation.sr_caco_2.published import METHODS, published
from srredsim.evaluation.tables import in_one_line
from srredsim.quality import eight_bit
from srredsim.reconstruction.bicubic import enlarged
from srredsim.zoo import models, recipe


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A data set of four fields of 64 pixels, one on each tile of the test."""
    folder = tmp_path_factory.mktemp("small")
    test = {"seed": 5, "count": 4, "size": 64, "fields": "test"}
    splits = {"train": test, "test": test, "clean": test | {"part": "clean"}}
    described = {"reader": "caco2_simulated", "splits": splits}
    (folder / "dataset.yaml").write_text(yaml.safe_dump(described))
    return folder


def patches(folder, scale, cell, split="test"):
    wanted = Wanted(normalise="dataset", options={"scale": scale, "cell": cell})
    pairs = catalogue.open_images(folder, split, wanted).pairs
    return [pairs.grey_levels(index) for index in range(len(pairs))]


def ran(folder, out, **chosen):
    benchmark = Benchmark(folder, "test", out)
    return benchmark.run(benchmark.plan(["bicubic"], **chosen)[0])


def test_bicubic_is_that_of_tensorflow_and_its_scores_are_means_of_images(small, tmp_path):
    result = ran(small, tmp_path, scales=[4], cells=["CELL2"])
    (cell,) = result["cells"].values()
    rows = []
    for low, high in patches(small, 4, "CELL2"):
        image = ops.image.resize(low[..., None] / 255, high.shape, interpolation="bicubic")
        pair = high / 255, ops.convert_to_numpy(image)[..., 0]
        rows.append((eight_bit.scores(*pair, 4), eight_bit.roi_scores(*pair, 4, empty_counts=True)))
    for place, part in enumerate(("full", "roi")):
        for name in ("psnr", "nrmse", "ssim"):
            values = [row[place][name] for row in rows]
            assert cell[f"{part}_{name}"]["mean"] == pytest.approx(np.mean(values), rel=1e-4)
            assert cell[f"clean_{part}_{name}"]["mean"] == pytest.approx(np.mean(values[:2]), rel=1e-4)
    assert (cell["images"], cell["clean_images"], result["images"]) == (4, 2, 4)


def test_the_clean_subset_is_the_tiles_9_and_10(small, tmp_path):
    whole = ran(small, tmp_path / "a", scales=[8], cells=["CELL0"])["cells"]["bicubic@8/CELL0"]
    clean = ran(small, tmp_path / "b", scales=[8], cells=["CELL0"], subset="clean")
    cell = clean["cells"]["bicubic@8/CELL0"]
    assert clean["images"] == 2
    for name in ("roi_ssim", "full_psnr"):
        assert cell[name]["mean"] == cell[f"clean_{name}"]["mean"] == whole[f"clean_{name}"]["mean"]
    with pytest.raises(InputError, match="other data"):
        ran(small, tmp_path / "a", scales=[8], cells=["CELL0"], subset="clean")
    with pytest.raises(InputError, match="`subset` is clean, a part of the split test; got clean of train"):
        Benchmark(small, "train", None).plan(subset="clean")


def test_what_is_done_is_not_done_again(small, tmp_path, monkeypatch):
    first = ran(small, tmp_path, scales=[2], cells=["CELL1"])
    monkeypatch.setattr(Benchmark, "_image", None)
    again = ran(small, tmp_path, scales=[2], cells=["CELL1"])
    assert again["cells"] == first["cells"]


@pytest.fixture
def plain_vdsr(tmp_path):
    """Folder of a model that adds nothing to the enlarged image."""
    data = {"name": "caco2_simulated", "input": "widefield", "normalise": "dataset", "scale": 2, "cell": "CELL2"}
    data |= {"zscore": [0, 255], "sim_zscore": [0, 255]}
    network = {"name": "vdsr", "depth": 2, "filters": 2}
    described = recipe.from_dict({"name": "plain", "network": network, "data": data})
    network = models.build_network(described)
    network.set_weights([np.zeros_like(weight) for weight in network.get_weights()])
    folder = tmp_path / "vdsr_2_CELL2"
    folder.mkdir()
    save_weights(network, folder / models.WEIGHTS)
    recipe.save(described, folder / models.RECIPE)
    keras.backend.clear_session()
    return folder


def test_a_model_is_taken_by_scale_and_cell(small, plain_vdsr):
    place = str(plain_vdsr).replace("_2_CELL2", "_{scale}_{cell}")
    benchmark = Benchmark(small, "test", None, weights={"vdsr": place}, precision="float32")
    with pytest.raises(InputError, match="vdsr_4_CELL2"):
        benchmark.plan(["vdsr"], scales=[4], cells=["CELL2"])
    cells, lacking = benchmark.plan(["vdsr"], scales=[2], cells=["CELL2"])
    assert (cells, lacking) == ([Cell("vdsr", 2, "CELL2")], {})
    (cell,) = benchmark.run(cells)["cells"].values()
    expected = [
        eight_bit.roi_scores(high / 255, np.clip(enlarged(low / 255, 2), 0, 1), 2, empty_counts=True)["psnr"]
        for low, high in patches(small, 2, "CELL2")
    ]
    assert cell["roi_psnr"]["mean"] == pytest.approx(np.mean(expected), abs=2e-3)


def test_what_cannot_be_computed_says_why(small, plain_vdsr):
    cells, lacking = Benchmark(small, "test", None).plan(untrained=False)
    trained = {method for method in METHODS if f"caco2_{method}" in models.names()}
    own = {"confocal_sr"} & set(models.names())
    assert {cell.method for cell in cells} == {"bicubic"} | trained | own
    assert "nlsn" in lacking["nlsn@8/CELL1"]
    other = Benchmark(small, "test", None, weights={"mine": str(plain_vdsr)}).plan(["mine"], scales=[4])[1]
    assert all("at scale 2, none of images at 4" in reason for reason in other.values())
    assert len(other) == 3
    with pytest.raises(InputError, match=r"vdsr_2_CELL2 is of the network vdsr, not drrn, whose figures"):
        Benchmark(small, "test", None, weights={"drrn": str(plain_vdsr)}).plan(["drrn"], scales=[2])
    with pytest.raises(InputError, match=r"given for vdsr, which is none of the methods: bicubic; name it in"):
        Benchmark(small, "test", None, weights={"vdsr": str(plain_vdsr)}).plan(["bicubic"], scales=[2])
    for name in ("simulated", "w2s_simulated"):
        with pytest.raises(InputError, match=f"{name} has no patches as SR-CACO-2; take caco2_simulated"):
            Benchmark(name, "test", None)


def test_networks_without_weights_are_tried_on_a_part_of_a_patch_and_said_to_be_untrained(
    small, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(cells_module, "TRIED", 32)
    flags = ["--data", small, "--limit", 2, "--scales", 4, "--cells", "CELL2", "--methods", "mslapsrn", "bicubic"]
    for _ in range(2):
        assert main(["benchmark", "sr-caco-2", *map(str, flags), "--out", str(tmp_path)]) == 0
        lines = [line.split("|") for line in capsys.readouterr().out.splitlines() if "/" in line and "|" in line]
        assert {line[1].strip() for line in lines} == {"bicubic", "mslapsrn (untrained)"}
        words = {cell.strip().split(" (")[0] for line in lines if "untrained" in line[1] for cell in line[2:-1]}
        assert words == {"runs", "-"}  # its scores mean nothing
    cells = json.loads((tmp_path / "results.json").read_text())["cells"]
    assert (cells["mslapsrn@4/CELL2"]["weights"], cells["mslapsrn@4/CELL2"]["images"]) == ("untrained", 1)
    assert cells["bicubic@4/CELL2"]["images"] == 2
    low, high = patches(small, 4, "CELL2")[0]
    low, high = low[2:14, 2:14], high[8:56, 8:56]  # 12 pixels of LR at least
    keras.utils.set_random_seed(0)
    network = models.build_network(recipe.load("caco2_mslapsrn", ["data.scale=4"]))
    image = network.predict((low / 255)[None, ..., None], verbose=0)[0, ..., 0]
    expected = eight_bit.scores(high / 255, image, 4)["psnr"]
    assert cells["mslapsrn@4/CELL2"]["full_psnr"]["mean"] == pytest.approx(expected, abs=0.1)  # bfloat16 or float32


def test_untrained_networks_are_tried_unasked_on_simulated_patches_alone(small, monkeypatch):
    chosen = {"methods": ["nlsn"], "scales": [8], "cells": ["CELL1"]}
    assert Benchmark(small, "test", None).plan(**chosen)[0] == [Cell("nlsn", 8, "CELL1")]
    opened = Benchmark(small, "test", None)
    monkeypatch.setattr(opened, "_scanned", True)
    assert opened.plan(**chosen)[0] == []
    assert opened.plan(**chosen, untrained=True)[0] == [Cell("nlsn", 8, "CELL1")]


def test_patches_of_ones_own_tiles_have_their_own_scales_and_markers(tmp_path):
    """No clean tiles, whatever their numbers."""
    described = {"reader": "sr_caco_2", "scales": [4], "cells": ["CELL0"], "size": 32, "margin": 4}
    described |= {"splits": {"train": {1: 1}, "test": {9: 1}}, "folds": {"train": "train", "test": "test"}}
    (tmp_path / "dataset.yaml").write_text(yaml.safe_dump(described))
    names = [f"hr_div_{s}/tile_a-9_0_0_{40 // s}_0_{40 // s}_CELL0.tif" for s in (4, 1)]
    for name, side in zip(names, (8, 32), strict=True):
        (tmp_path / name).parent.mkdir()
        image = np.random.default_rng(side).integers(0, 255, (side, side), dtype=np.uint8)
        tifffile.imwrite(tmp_path / name, image)
    lists = tmp_path / "folds" / "super-resolution" / "caco2_test_X_4_in_8_out_32_cell_CELL0"
    lists.mkdir(parents=True)
    (lists / "l_h.txt").write_text(",".join(names) + "\n")
    benchmark = Benchmark(tmp_path, "test", None)
    cells, _ = benchmark.plan(["bicubic"])
    assert cells == [Cell("bicubic", 4, "CELL0")]
    (cell,) = benchmark.run(cells)["cells"].values()
    assert (cell["images"], cell["clean_images"]) == (1, 0)
    with pytest.raises(InputError, match=r"no scale 2, data\.scale is one of 4"):
        benchmark.plan(["bicubic"], scales=[2])


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"methods": ["swinr"]}, "no method called 'swinr'.*mean 'swinir'"),
        ({"scales": [3]}, r"`scales`: no scale 3, data\.scale is one of 2, 4, 8"),
        ({"cells": ["nuclei"]}, "`cells`: no cell nuclei"),
    ],
)
def test_refused(small, chosen, words):
    with pytest.raises(InputError, match=words):
        Benchmark(small, "test", None).plan(**chosen)


def mean_roi_psnr(method, scale):
    return np.mean([published(method, scale, f"CELL{number}", True)["psnr"] for number in range(3)])


def test_published_figures():
    """Some of both tables; SwinIR's rows at 4 and 8 as in the first version of the paper."""
    assert published("enlcn", 2, "CELL0", True) == {"psnr": 38.05, "nrmse": 0.0695, "ssim": 0.8703}
    assert published("bicubic", 8, "CELL2", False) == {"psnr": 31.01, "nrmse": 0.0935, "ssim": 0.8512}
    assert published("swinir", 8, "CELL1", True)["psnr"] == 27.31
    assert published("swinir", 2, "CELL0", False)["psnr"] == 28.93
    assert published("mine", 2, "CELL0", True) is None
    assert len(METHODS) == 16
    best = {scale: max(METHODS, key=lambda method: mean_roi_psnr(method, scale)) for scale in (2, 4, 8)}
    assert best == {2: "enlcn", 4: "nlsn", 8: "srcnn"}


def test_the_command_writes_tables_with_the_papers_figures(small, tmp_path, capsys):
    flags = "--data", small, "--limit", 2, "--scales", 4, "--methods", "bicubic", "--out", tmp_path / "out"
    assert main(["benchmark", "sr-caco-2", *map(str, flags)]) == 0
    said = capsys.readouterr().out
    assert "(32.03/0.0586/0.8002)" in said
    result = json.loads((tmp_path / "out" / "results.json").read_text())
    assert result["images"] == 2
    roi = [result["cells"][f"bicubic@4/CELL{c}"]["roi_psnr"]["mean"] for c in range(3)]
    assert f"{np.mean(roi):.2f}/" in said.split("Whole images")[0].strip().splitlines()[-1]
    lines = tables.as_csv(result).splitlines()
    assert len(lines) == 4
    row = dict(zip(lines[0].split(","), lines[1].split(","), strict=True))
    assert (row["method"], row["scale"], row["paper_full_ssim"]) == ("bicubic", "4", "0.947")
    assert float(row["roi_psnr_mean"]) == roi[0]
    assert "Seconds an image" in (tmp_path / "out" / "tables.md").read_text()


def test_denoised_before_it_is_enlarged(tmp_path):
    """By the denoiser on grey levels, then as TensorFlow enlarges; large enough that the noise can be measured."""
    split = {"seed": 5, "count": 1, "size": 256, "fields": "test"}
    described = {"reader": "caco2_simulated", "splits": {"train": split, "test": split}}
    (tmp_path / "dataset.yaml").write_text(yaml.safe_dump(described))
    (cell,) = Benchmark(tmp_path, "test", None, limit=1).plan(["pure_let+bicubic"], [2], ["CELL1"])[0]
    (found,) = Benchmark(tmp_path, "test", None, limit=1).run([cell])["cells"].values()
    low, high = patches(tmp_path, 2, "CELL1")[0]
    denoised = srredsim.denoise(low.astype(float), method="pure_let").array.squeeze()
    image = ops.image.resize(denoised[..., None] / 255, high.shape, interpolation="bicubic")
    expected = eight_bit.scores(high / 255, ops.convert_to_numpy(image)[..., 0], 2)
    assert found["full_psnr"]["mean"] == pytest.approx(expected["psnr"], abs=2e-3)
    assert found["weights"].startswith("classical-")


def test_a_cell_is_of_a_precision_and_of_its_patches(small, tmp_path):
    def keys(data, precision):
        benchmark = Benchmark(data, "test", tmp_path, precision=precision)
        cells, _ = benchmark.plan(["confocal_sr", "bicubic"], [4], ["CELL1", "CELL2"])
        return {cell.key: benchmark.fingerprint(cell) for cell in cells}

    plain, coarse = keys(small, "float32"), keys(small, "bfloat16")
    assert [key for key in plain if plain[key] != coarse[key]] == ["confocal_sr@4/CELL1", "confocal_sr@4/CELL2"]
    assert len({*plain.values()}) == 4
    described = yaml.safe_load((small / "dataset.yaml").read_text())
    described["splits"]["test"]["seed"] += 1
    (tmp_path / "dataset.yaml").write_text(yaml.safe_dump(described))
    assert not {*keys(tmp_path, "float32").values()} & {*plain.values()}


def test_tables_of_a_model_and_of_several():
    """The mean of the markers; our own models of three scales are one row."""

    def result(method, scale, psnr):
        cells = {}
        for number, marker in enumerate(("CELL0", "CELL1", "CELL2")):
            scores = {"roi_psnr": psnr + number, "full_psnr": psnr + 5, "roi_ssim": 0.5, "full_ssim": 0.75}
            named = {name: {"mean": value} for name, value in scores.items()}
            cells[f"{method}@{scale}/{marker}"] = {"method": method, "scale": scale, "cell": marker, **named}
        return {"model": method, "cells": cells}

    both = [result("confocal_sr", 4, 30.0), result("confocal_sr_x8", 8, 20.0)]
    rows = [[word.strip() for word in line.split("|")[1:-1]] for line in tables.summary(both).splitlines()]
    assert rows[2:] == [["confocal_sr", "-", "31.00 dB / 35.00 dB", "21.00 dB / 25.00 dB"]]
    lines = tables.by_marker(both[0]).splitlines()
    assert [word.strip() for word in lines[2].split("|")[2:-1]] == [f"{n}.00 dB (0.500)" for n in (30, 31, 32, 31)]
    assert "35.00 dB (0.750)" in lines[-1]
    for number in range(3):
        cell = both[0]["cells"][f"confocal_sr@4/CELL{number}"]
        both[0]["cells"][f"bicubic@4/CELL{number}"] = cell | {"method": "bicubic"}
    assert in_one_line(both[0]).startswith("PSNR in dB (of the best baseline): 35.0 (35.0) x4 CELL0")
