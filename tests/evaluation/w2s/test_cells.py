"""The W2S benchmark: the right images compared, cells kept, figures of the paper where they belong."""

import json
from dataclasses import dataclass, field

import numpy as np
import pytest
from scipy import ndimage
from skimage.metrics import structural_similarity

from srredsim.data.stored import Ready
from srredsim.data.w2s.layout import layout
from srredsim.errors import InputError
from srredsim.evaluation.w2s import cells as w2s
from srredsim.evaluation.w2s import tables as w2s_tables
from srredsim.evaluation.w2s.published import published
from srredsim.normalise import Scaling
from srredsim.zoo import models
from srredsim.zoo import recipe as recipes

SIZE = 96


@dataclass
class FakeField:
    name: str
    truth: np.ndarray
    noise: np.ndarray
    facts: dict = field(default_factory=dict)
    reads: list = field(default_factory=list)

    def average(self, level):
        self.reads.append(level)
        noise = 0 if level == 400 else self.noise / np.sqrt(level)
        return (self.truth + noise).astype(np.float32)

    def sim(self):
        return (3 * np.kron(self.truth, np.ones((2, 2))) + 7).astype(np.float32)


class FakeFields(Ready, list):
    widefield, sim, calibrated, made_by = Scaling(150.0, 50.0), Scaling(460.0, 150.0), False, None
    levels, reference, scale = layout().levels, layout().reference, layout().scale

    def identity(self):
        return str([one.truth.sum() for one in self])


@pytest.fixture
def fields():
    rng = np.random.default_rng(4)
    made = FakeFields()
    for number in range(3):
        truth = 100 + 800 * ndimage.gaussian_filter(rng.random((SIZE, SIZE)), 6)
        made.append(FakeField(f"08{number}_0", truth, rng.normal(0, 10, truth.shape)))
    return made


@pytest.fixture
def model(tmp_path):
    """A function that makes a model's folder; its network gives the image back, of twice the pixels if wanted."""

    def make(name, target, **data):
        network = {"name": "dncnn", "depth": 2, "filters": 2} if target == "average" else {"name": "edsr"}
        if target == "sim":
            network |= {"blocks": 1, "filters": 2}
        recipe = recipes.from_dict(
            {"name": name, "network": network, "data": {"input": "widefield", "target": target} | data}
        )
        folder = tmp_path / "models" / name
        folder.mkdir(parents=True)
        recipes.save(recipe, folder / "recipe.yaml")
        built = models.build_network(recipe)
        if target == "average":
            built.get_layer("noise").set_weights([0 * w for w in built.get_layer("noise").get_weights()])
        built.save_weights(folder / models.WEIGHTS)
        return folder

    return make


def test_a_cell_is_of_a_precision_a_recipe_and_its_fields(tmp_path, fields, model):
    folder = model("epsr", "sim")
    chains = ["noisy", "bicubic", "pure_let+bicubic", "pure_let+epsr"]

    def keys(precision="float32", out=tmp_path / "out"):
        bench = w2s.Benchmark(fields, out, weights={"epsr": str(folder)}, precision=precision)
        return [bench.fingerprint(w2s.Cell(chain, 1)) for chain in chains]

    plain = keys()
    assert len({*plain}) == 4
    assert [one == other for one, other in zip(plain, keys("bfloat16"), strict=True)] == [True, True, True, False]
    with (folder / "recipe.yaml").open("a") as file:
        file.write("seed: 7\n")
    assert [one == other for one, other in zip(plain, keys(), strict=True)] == [True, True, True, False]
    fields[1].truth[5, 5] += 1
    assert not {*keys()} & {*plain}


def test_images_that_cells_share_are_those_of_the_fields(tmp_path, fields):
    cells = [w2s.Cell("pure_let+bicubic", 4)]
    before = w2s.Benchmark(fields, tmp_path / "out").run(cells)
    fields[1].truth[:40] += 300
    after = w2s.Benchmark(fields, tmp_path / "out").run(cells)
    anew = w2s.Benchmark(fields, tmp_path / "new").run(cells)
    found = [mean_of(result, cells[0].key) for result in (before, after, anew)]
    assert found[1] == found[2] != found[0]


def mean_of(result, key, score="rmse"):
    return result["cells"][key][score]["mean"]


def test_noise_is_scored_in_units_of_the_widefield_images_deviation(tmp_path, fields):
    bench = w2s.Benchmark(fields, tmp_path)
    cells, _ = bench.plan(["noisy"], [1, 4])
    result = bench.run(cells)
    rms = [np.sqrt(np.mean(one.noise**2)) / 50 for one in fields]
    assert mean_of(result, "noisy@1") == pytest.approx(np.mean(rms), rel=1e-4)
    assert mean_of(result, "noisy@4") == pytest.approx(np.mean(rms) / 2, rel=1e-4)
    assert result["cells"]["noisy@1"]["rmse"]["std"] == pytest.approx(np.std(rms), rel=1e-3)
    truths = [(one.truth - 150) / 50 for one in fields]
    ssim = [
        structural_similarity(truth, truth + one.noise / 50, data_range=np.ptp(truth))
        for truth, one in zip(truths, fields, strict=True)
    ]
    assert mean_of(result, "noisy@1", "ssim") == pytest.approx(np.mean(ssim), abs=1e-4)


def test_twice_the_pixels_are_compared_with_the_sim_image(tmp_path, fields):
    result = w2s.Benchmark(fields, tmp_path).run([w2s.Cell("bicubic", 400)])
    rows, fitted = [], []
    for one in fields:
        upscaled = ndimage.zoom(one.truth.astype(np.float32), 2, order=3, mode="reflect", grid_mode=True)
        image, truth = (upscaled - 150) / 50, (one.sim().astype(float) - 460) / 150
        rows.append(np.sqrt(np.mean((image - truth) ** 2)))
        gain, offset = np.polyfit(image.ravel(), truth.ravel(), 1)
        fitted.append(np.sqrt(np.mean((gain * image + offset - truth) ** 2)))
    assert mean_of(result, "bicubic@400") == pytest.approx(np.mean(rows), rel=1e-3)
    assert mean_of(result, "bicubic@400", "rmse_fitted") == pytest.approx(np.mean(fitted), rel=1e-3)


def test_a_chain_is_one_method_after_the_other(tmp_path, fields, model):
    identity = model("identity", "average")
    bench = w2s.Benchmark(fields, tmp_path / "out", weights={"dncnn": str(identity)})
    cells, lacking = bench.plan(["dncnn", "dncnn+bicubic", "noisy", "bicubic"], [1])
    result = bench.run(cells)
    assert not lacking
    assert mean_of(result, "dncnn@1") == pytest.approx(mean_of(result, "noisy@1"), rel=1e-4)
    assert mean_of(result, "dncnn+bicubic@1") == pytest.approx(mean_of(result, "bicubic@1"), rel=1e-4)
    assert len(list((tmp_path / "out" / "images").rglob("*.npy"))) == len(fields)  # dncnn, once for both chains


@pytest.mark.parametrize("normalise", ["image", "dataset"])
def test_networks_are_scored_by_the_constants_of_what_they_answer(tmp_path, fields, model, normalise):
    constants = {"zscore": [150.0, 50.0], "sim_zscore": [460.0, 150.0]} if normalise == "dataset" else {}
    folder = model("twice", "sim", normalise=normalise, **constants)
    result = w2s.Benchmark(fields, tmp_path / "out", weights={"epsr": str(folder)}).run([w2s.Cell("epsr", 1)])
    network = models.load(folder, "float32").network
    rows = []
    for one in fields:
        noisy = one.average(1)
        low, high = (150.0, 200.0) if normalise == "dataset" else np.percentile(noisy, [1, 99.9])
        made = network.predict_on_batch(((noisy - low) / (high - low))[None, ..., None])[0, ..., 0]
        image = made if normalise == "dataset" else ((high - low) * made + low - 150) / 50
        rows.append(np.sqrt(np.mean((image - (one.sim() - 460) / 150) ** 2)))
    assert mean_of(result, "epsr@1") == pytest.approx(np.mean(rows), rel=2e-2)  # bfloat16 where the processor has it


def test_what_is_done_is_not_done_again(tmp_path, fields):
    bench = w2s.Benchmark(fields, tmp_path)
    cells, _ = bench.plan(["noisy"], [1])
    first = bench.run(cells)
    for one in fields:
        one.reads.clear()
    again = w2s.Benchmark(fields, tmp_path).run([*cells, w2s.Cell("noisy", 2)])
    assert again["cells"]["noisy@1"] == first["cells"]["noisy@1"]
    assert {level for one in fields for level in one.reads} == {2, 400}


def test_other_weights_are_another_cell(tmp_path, fields, model):
    folder = model("twice", "sim")
    cell = w2s.Cell("epsr", 1)
    before = w2s.Benchmark(fields, tmp_path / "out", weights={"epsr": str(folder)}).run([cell])
    built = models.build_network(recipes.load(folder))
    built.save_weights(folder / models.WEIGHTS)  # begun anew
    after = w2s.Benchmark(fields, tmp_path / "out", weights={"epsr": str(folder)}).run([cell])
    assert mean_of(after, "epsr@1") != mean_of(before, "epsr@1")


def test_figures_of_the_paper_stand_beside_its_own_networks_alone(tmp_path, fields, model):
    folder = model("twice", "sim")
    with pytest.raises(InputError, match=r"twice is of the network edsr, not rcan, as rcan of.*by its folder"):
        w2s.Benchmark(fields, tmp_path / "out", weights={"rcan": str(folder)}).plan(["rcan"], [1])
    assert w2s.Benchmark(fields, tmp_path / "out").plan([str(folder)], [1])[1] == {}


def test_an_image_that_a_method_cannot_take_costs_its_cell_alone(tmp_path, fields):
    fields[1].noise = 300 - fields[1].truth  # a constant image
    result = w2s.Benchmark(fields, tmp_path).run([w2s.Cell("vst_bm3d", 1), w2s.Cell("noisy", 1)])
    assert list(result["cells"]) == ["noisy@1"]
    assert result["failures"][0]["input"] == "vst_bm3d@1"
    assert "081_0: noise cannot be measured" in result["failures"][0]["error"]
    assert "failures" not in json.loads((tmp_path / "results.json").read_text())


def test_a_truth_without_structure_is_named(tmp_path, fields):
    fields[2].truth = np.full_like(fields[2].truth, 250)
    result = w2s.Benchmark(fields, tmp_path).run([w2s.Cell("noisy", 1)])
    assert result["failures"] == [{"input": "noisy@1", "error": "082_0: the image to compare with is constant"}]


def test_other_data_do_not_mix(tmp_path, fields):
    w2s.Benchmark(fields, tmp_path).run([w2s.Cell("noisy", 1)])
    with pytest.raises(InputError, match="its images is 3, not 2; give another `out`"):
        w2s.Benchmark(fields, tmp_path, limit=2).run([w2s.Cell("noisy", 1)])


def test_images_that_are_kept_do_not_mix_either(tmp_path, fields):
    """The second image fails, so there is no cell; the first is kept all the same."""
    fields[1].noise = 300 - fields[1].truth  # a constant image
    w2s.Benchmark(fields, tmp_path, data="one").run([w2s.Cell("vst_bm3d", 1)])
    assert len(list((tmp_path / "images").rglob("*.npy"))) == 1
    with pytest.raises(InputError, match="its data is one, not other"):
        w2s.Benchmark(fields, tmp_path, data="other").run([w2s.Cell("vst_bm3d", 1)])


def test_fields_of_another_simulator_are_other_data(tmp_path, fields):
    fields.made_by = "one"
    w2s.Benchmark(fields, tmp_path).run([w2s.Cell("noisy", 1)])
    fields.made_by = "other"
    with pytest.raises(InputError, match="its made_by is one, not other; give another `out`"):
        w2s.Benchmark(fields, tmp_path).run([w2s.Cell("noisy", 1)])


def test_a_weight_for_each_noise_level(tmp_path, fields, model):
    model("denoiser_2", "average")
    place = str(tmp_path / "models" / "denoiser_{level}")
    bench = w2s.Benchmark(fields, tmp_path / "out", weights={"dncnn": place})
    assert bench.plan(["dncnn"], [2])[0] == [w2s.Cell("dncnn", 2)]
    with pytest.raises(InputError, match="denoiser_4"):
        bench.plan(["dncnn"], [4])


def test_what_has_no_weights_is_named_and_left_out(tmp_path, fields):
    cells, lacking = w2s.Benchmark(fields, tmp_path).plan((), [1])
    assert w2s.Cell("vst_bm3d+bicubic", 1) in cells
    assert "w2s_rdn has no weights yet" in lacking["vst_bm3d+rdn@1"]
    assert all(cell.level == 1 for cell in cells)


def test_levels_are_those_of_the_fields(tmp_path, fields):
    """A data set that averages 3 and 32 captures is planned and refused by these, not by the published ones."""
    fields.levels, fields.reference = (1, 3, 32), 32
    bench = w2s.Benchmark(fields, tmp_path)
    cells, lacking = bench.plan()
    assert {cell.level for cell in cells if cell.chain == "vst_bm3d"} == {1, 3}
    assert {cell.level for cell in cells if cell.chain == "bicubic"} == {1, 3, 32}
    assert lacking == {key: why for key, why in lacking.items() if key.rpartition("@")[2] in ("1", "3", "32")}
    _, lacking = bench.plan(["noisy"], [32])
    assert lacking["noisy@32"] == "noisy of 32 captures would be compared with its own input"
    with pytest.raises(InputError, match="no average of 400 captures; `noise_levels` are 1, 3, 32"):
        bench.plan(["noisy"], [400])


def test_the_tables_of_the_paper_are_all_planned():
    cells = {cell for table in w2s.tables(layout().levels, layout().reference).values() for cell in table}
    with_figures = {cell for cell in cells if published(cell.chain, cell.level)}
    assert (
        len(with_figures) == 6 * 5 + 8 * 6 + 5 * 4 - 2
    )  # DnCNN + RCAN and + ESRGAN at one capture stand in two tables
    assert {cell.level for cell in cells} == set(layout().levels)


@pytest.mark.parametrize(
    ("chain", "level", "figures"),
    [
        ("vst_bm3d", 1, (0.080, 0.897)),
        ("ridnet", 16, (0.034, 0.964)),
        ("pure_let+epsr", 1, (0.658, 0.594)),
        ("rdn", 400, (0.251, 0.837)),
        ("esrgan", 1, (0.815, 0.279)),
        ("jdsr_rrdb", 4, (0.318, 0.797)),
        ("dncnn+rcan", 8, (0.320, 0.813)),
    ],
)
def test_figures_of_the_paper(chain, level, figures):
    assert published(chain, level) == figures


def test_methods_are_known_by_name(tmp_path, fields):
    bench = w2s.Benchmark(fields, tmp_path)
    with pytest.raises(InputError, match="did you mean 'vst_bm3d'"):
        bench.plan(["vst_bm3+bicubic"], [1])
    with pytest.raises(InputError, match="no method called 'rccan'"):
        w2s.Benchmark(fields, tmp_path, weights={"rccan": "x"})
    with pytest.raises(InputError, match=r"method on each side of \+.*got noisy\+"):
        bench.plan(["noisy+"], [1])
    with pytest.raises(InputError, match="vst_bm3d is no network"):
        w2s.Benchmark(fields, tmp_path, weights={"vst_bm3d": "x"})
    with pytest.raises(InputError, match=r"no model called 'runs/\{epoch\}_1'"):  # a brace that stands for nothing
        w2s.Benchmark(fields, tmp_path, weights={"rcan": "runs/{epoch}_{level}"}).plan(["rcan"], [1])
    with pytest.raises(InputError, match=r"given for rcan, which is none of the methods: dncnn, bicubic; name"):
        w2s.Benchmark(fields, tmp_path, weights={"rcan": "x"}).plan(["dncnn+bicubic", "bicubic"])


def test_the_truth_is_not_compared_with_itself(tmp_path, fields):
    cells, lacking = w2s.Benchmark(fields, tmp_path).plan(["noisy", "vst_bm3d", "bicubic"], [400])
    assert cells == [w2s.Cell("bicubic", 400)]
    assert lacking["noisy@400"] == "noisy of 400 captures would be compared with its own input"


@pytest.mark.parametrize("content", ["{nonsense", "[]", "{}"])
def test_results_that_cannot_be_read_are_named(tmp_path, fields, content):
    (tmp_path / "results.json").write_text(content)
    with pytest.raises(InputError, match=r"results\.json is damaged, or not of this benchmark"):
        w2s.Benchmark(fields, tmp_path).run([w2s.Cell("noisy", 1)])
    assert (tmp_path / "results.json").read_text() == content


def row(table, name):
    """Cells of the row of that name."""
    (cells,) = ([cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if f"| {name} " in line)
    return cells[1:]


def test_tables_have_each_number_in_its_place(tmp_path, fields):
    bench = w2s.Benchmark(fields, tmp_path, data="fake", limit=1)
    cells, lacking = bench.plan(["noisy", "bicubic", "vst_bm3d", "noisy+bicubic"], [1, 2])
    result = bench.run(cells)
    denoising, networks, joint, other = w2s_tables.markdown(result).split("\n\n")[1::2]  # without titles
    assert f"{mean_of(result, 'vst_bm3d@2'):.3f}/" in row(denoising, "vst_bm3d")[1]
    assert "(0.072/0.921)" in row(denoising, "vst_bm3d")[1]
    assert "(0.080/0.897)" in row(denoising, "vst_bm3d")[0]
    assert row(networks, "noisy")[0].startswith(f"{mean_of(result, 'bicubic@1'):.3f}/")  # its first column
    assert row(joint, "bicubic")[1].startswith(f"{mean_of(result, 'bicubic@2'):.3f}/")
    assert row(other, "noisy+bicubic")[1] == row(joint, "bicubic")[1]
    report = w2s_tables.report(result, lacking | {"x": "w2s_rdn has no weights yet"})
    assert "w2s_rdn has no weights yet" in report
    assert "1 images a cell" in report
    lines = w2s_tables.as_csv(result).splitlines()
    bm3d = next(line for line in lines if line.startswith("vst_bm3d,2,1,")).split(",")
    header = lines[0].split(",")
    assert float(bm3d[header.index("rmse_mean")]) == mean_of(result, "vst_bm3d@2")
    assert bm3d[header.index("paper_rmse")] == "0.072"
    assert json.loads((tmp_path / "results.json").read_text())["cells"].keys() == result["cells"].keys()
