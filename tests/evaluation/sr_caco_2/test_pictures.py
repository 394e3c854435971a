"""Pictures of the SR-CACO-2 benchmark: every panel shows its image, all details the same place, the error its sign."""

import numpy as np
import pytest
import yaml
from PIL import Image

from srredsim.cli.main import main
from srredsim.evaluation.sr_caco_2 import pictures
from srredsim.evaluation.sr_caco_2.cells import Cell, Images


@pytest.fixture
def images():
    """HR with its number of the row as grey level, brighter where there is something; LR of the same field."""
    high = np.repeat(np.arange(160.0)[:, None], 160, axis=1) / 255
    high[64:80, 96:112:2] += 90 / 255  # the only fine detail
    low = high.reshape(40, 4, 40, 4).mean((1, 3))
    return Images("field", low, high, np.kron(low, np.ones((4, 4))), high + np.where(np.arange(160) < 80, 3, -5) / 255)


def test_details_show_one_place_and_errors_have_their_sign(images):
    axes = pictures._figure(images, Cell("swinir", 4, "CELL2")).axes
    shown = [axis.images[0] for axis in axes[:10]]
    titles = [axis.get_title() for axis in axes[:5]]
    assert [title.split(",")[0] for title in titles] == ["LR", "bicubic", "swinir", "HR", "swinir - HR"]
    low, bicubic, image, high, error = (np.asarray(one.get_array()) for one in shown[:5])
    np.testing.assert_allclose(low, images.low)
    np.testing.assert_allclose(bicubic, images.bicubic)
    np.testing.assert_allclose(image, images.image)
    np.testing.assert_allclose(high, images.high)
    np.testing.assert_allclose(error[:, [0, -1]], [[3, -5]] * 160, atol=1e-9)
    details = [np.asarray(one.get_array()) for one in shown[5:]]
    np.testing.assert_allclose(details[3].reshape(*details[0].shape[:1], 4, -1, 4).mean((1, 3)), details[0])
    np.testing.assert_allclose(255 * (details[2] - details[3]), details[4], atol=1e-9)
    assert details[3].max() == high.max()  # the detail is in it
    for one in (shown[4], shown[9]):
        assert one.get_clim()[0] == -one.get_clim()[1]
        assert one.cmap(one.norm(-5.0))[2] > one.cmap(one.norm(-5.0))[0]  # too dark is blue
    assert len({one.get_clim() for one in shown[:4]}) == 1


def test_the_psnr_in_a_title_is_that_of_the_region_of_interest(images):
    region = images.high[4:-4, 4:-4] >= 10 / 255  # rows 4 to 9 are not in all of the seven
    assert region.all(axis=1)[6:].all()
    title = pictures._figure(images, Cell("swinir", 4, "CELL2")).axes[2].get_title()
    expected = 20 * np.log10(255 / np.sqrt((9 + 25) / 2))
    assert float(title.split("ROI ")[1].split()[0]) == pytest.approx(expected, abs=0.011)


def test_the_command_draws_the_first_patches(tmp_path, capsys):
    split = {"seed": 5, "count": 3, "size": 64, "fields": "test"}
    described = {"reader": "caco2_simulated", "splits": {"train": split, "test": split}}
    (tmp_path / "dataset.yaml").write_text(yaml.safe_dump(described))
    flags = ["--data", tmp_path, "--scales", 4, "--cells", "CELL2", "--methods", "bicubic", "--pictures", 2]
    for _ in range(2):  # the second time nothing is computed but the pictures
        assert main(["benchmark", "sr-caco-2", *map(str, flags), "--out", str(tmp_path / "out")]) == 0
        assert "bicubic_x4_CELL2_1.png" in capsys.readouterr().out
    drawn = sorted((tmp_path / "out" / "pictures").iterdir())
    assert [path.name for path in drawn] == ["bicubic_x4_CELL2_0.png", "bicubic_x4_CELL2_1.png"]
    with Image.open(drawn[0]) as picture:
        assert picture.size == (1040, 600)  # LR, bicubic, HR, error
