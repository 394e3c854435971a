"""Simulated patches: a scan is lines, not sums; its noise is that of one scan; names and tiles are the real ones."""

from pathlib import Path

import numpy as np
import pytest

from srredsim.data import catalogue, description
from srredsim.data.caco2 import folds, simulated
from srredsim.data.caco2.layout import layout
from srredsim.data.caco2.patches import in_turn
from srredsim.data.readers import Wanted
from srredsim.errors import InputError

SIDE, MARGIN = 32, simulated.MARGIN


def grid():
    """Coordinates in HR pixels, 0 at the first inside the margin."""
    return np.mgrid[-MARGIN : SIDE + MARGIN, -MARGIN : SIDE + MARGIN].astype(float)


@pytest.mark.parametrize("scale", [1, 2, 4, 8])
def test_a_scan_lies_in_the_middle_of_its_pixels(scale):
    """A ramp is seen where the pixels are, and as far beside as the scan was made."""
    y, x = grid()
    middles = np.arange(SIDE // scale) * scale + (scale - 1) / 2
    found = simulated.seen(y + 100 * x, SIDE, scale, (0.3, -0.2))
    expected = (middles[:, None] + 0.3) + 100 * (middles[None] - 0.2)
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_a_scan_sees_one_line_but_all_along_it():
    y, x = grid()
    rows = simulated.seen(y % 4, SIDE, 4)  # 0 1 2 3: the line is between 1 and 2
    np.testing.assert_allclose(rows, 1.5)
    between = simulated.seen(np.isin(y % 4, (0, 3)).astype(float), SIDE, 4)  # nothing of what is between the lines
    np.testing.assert_allclose(between, 0)
    along = simulated.seen(np.isin(x % 4, (0, 3)).astype(float), SIDE, 4)
    np.testing.assert_allclose(along, 0.5)


def test_noise_of_one_scan_and_of_the_mean_of_nine():
    rng, light, gain = np.random.default_rng(5), np.full((300, 300), 79.0), 0.5
    for scans in (1, 9):
        grey = simulated._exposed(rng, light, gain, 1.0, scans).astype(float)
        variance = (gain * 80 + simulated.READ_NOISE**2) / scans + 1 / 12
        assert grey.mean() == pytest.approx(80, abs=0.1)
        assert grey.var() == pytest.approx(variance, rel=0.03)


@pytest.fixture(scope="module")
def field():
    return simulated.scans(7, 3, 128, (2, 4, 8))


def test_a_field_is_the_same_whoever_asks(field):
    assert [one.shape for one in field] == [(3, 128 // s, 128 // s) for s in (1, 2, 4, 8)]
    for one, other in zip(field, simulated.scans(7, 3, 128, (2, 4, 8)), strict=True):
        assert one.dtype == np.uint8
        np.testing.assert_array_equal(one, other)
    assert (field[0] != simulated.scans(7, 4, 128, (2, 4, 8))[0]).any()


def test_low_and_high_show_the_same_cells(field):
    for scale, low in zip((2, 4, 8), field[1:], strict=True):
        high = field[0][2].reshape(128 // scale, scale, -1, scale).mean((1, 3))
        assert np.corrcoef(low[2].ravel(), high.ravel())[0, 1] > 0.93
        turned = np.corrcoef(low[2].T.ravel(), high.ravel())[0, 1]
        assert turned < 0.8
    brightest = field[0].max(axis=(1, 2)).astype(int)
    assert brightest[0] < brightest[2]


def asked(**options):
    return Wanted(normalise="dataset", options={"scale": 4, "cell": "CELL2"} | options)


def test_names_and_tiles_are_those_of_the_released_patches():
    opened = {split: catalogue.open_images("caco2_simulated", split, asked()).pairs for split in layout().splits}
    for split, pairs in opened.items():
        facts = [pairs.facts(index) for index in range(len(pairs))]
        assert {one["tile"] for one in facts} == set(layout().splits[split])
        for one in facts:
            match = folds.PATCH.fullmatch(f"hr_div_1/{one['name']}.tif")
            assert (match[2], match[4]) == (str(one["tile"]), "CELL2")
        assert len({one["name"] for one in facts}) == len(facts)
    test, clean = ([one.facts(n)["name"] for n in range(len(one))] for one in (opened["test"], opened["clean"]))
    assert clean == [name for name in test if "-9_" in name or "-10_" in name]
    series = opened["test"].fields.series
    assert Path(series.name(5, 8, "CELL0")).name == "tile_LowRes128-10_1_0_80_32_112_CELL0.tif"
    assert series.name(5, 8, "CELL0").startswith("hr_div_8/")


def test_several_cells_in_turn():
    """So that the first images, by which a training is validated, are of all of them."""
    one, two = (catalogue.open_images("caco2_simulated", "test", asked(cell=c)).pairs for c in ("CELL1", "CELL0+CELL1"))
    assert len(two) == 2 * len(one)
    assert [two.facts(n)["cell"] for n in range(4)] == ["CELL0", "CELL1"] * 2
    assert two.facts(7) == one.facts(3)
    assert two.missing([0, 1]) == two.missing([0])  # one field
    assert in_turn({"a": "xyz", "b": "u"}) == [("a", "x"), ("b", "u"), ("a", "y"), ("a", "z")]


def test_splits_of_the_measured_data():
    assert layout().counts() == {"train": 7349, "val": 1117, "test": 1471}
    assert layout().largest() == {"train": "train", "val": "validation", "test": "test"}  # not clean, a part of it
    assert layout().count("clean") == 582
    tiles = [set(layout().splits[split]) for split in ("train", "validation", "test")]
    assert sorted(set.union(*tiles)) == list(range(1, 23))
    assert sum(map(len, tiles)) == 22
    assert set(description.of_entry("caco2_simulated").splits) == set(layout().splits)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"scale": 3}, r"caco2_simulated: no scale 3, data\.scale is one of 2, 4, 8"),
        ({"scale": None}, "say at which scale"),
        ({"cell": "CELL3"}, r"no cell CELL3, data\.cell is one of CELL0, CELL1, CELL2, or several, as CELL0\+CELL1"),
        ({"cell": None}, "say which cell"),
        ({"sampler": "edge"}, r"no data\.sampler 'edge'"),
    ],
)
def test_what_there_is_not(options, words):
    with pytest.raises(InputError, match=words):
        catalogue.open_images("caco2_simulated", "test", asked(**options))
    with pytest.raises(InputError, match=r"no data\.target 'sim' in caco2_simulated"):
        catalogue.open_images("caco2_simulated", "test", Wanted(target="sim", options={"scale": 2, "cell": "CELL0"}))
    with pytest.raises(InputError, match="take caco2_simulated, or the folder that srredsim prepare sr-caco-2"):
        catalogue.open_images("sr_caco_2", "test", asked())
