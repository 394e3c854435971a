"""The picture: round scale bars of the right length, the right region, both panels the same field."""

import io

import numpy as np
import pytest
from PIL import Image

from srredsim import picture


@pytest.mark.parametrize(
    ("field", "length"), [(41.0, 10), (20.0, 5), (4.1, 1), (9.0, 2), (0.77, 0.2), (128, 20), (1024, 200), (256, 50)]
)
def test_scale_bar_is_round_and_about_a_fifth(field, length):
    assert picture.bar_length(field) == pytest.approx(length)
    assert field / 8 < length < field / 3


def test_the_most_detailed_region_is_found():
    image = np.zeros((400, 640))
    image[220:280, 500:560] = np.random.default_rng(0).random((60, 60))  # raw rows 110 ... 140, columns 250 ... 280
    row, column, side = picture.most_detailed(image, (200, 320))
    assert side == 48
    assert row <= 110
    assert row + side >= 140
    assert column <= 250
    assert column + side >= 280


@pytest.mark.parametrize("shape", [(40, 300), (300, 40), (300, 17), (20, 20), (48, 48), (1100, 700)])
def test_the_region_lies_inside(shape):
    for scale in (2, 4):  # 68 pixels in blocks of 3 are fewer than the square should have
        image = np.random.default_rng(1).random((scale * shape[0], scale * shape[1]))
        row, column, side = picture.most_detailed(image, shape)
        assert row >= 0
        assert column >= 0
        assert row + side <= shape[0]
        assert column + side <= shape[1]


def test_reduced_is_the_mean_of_blocks():
    plane = np.arange(7 * 12, dtype=np.uint16).reshape(7, 12)
    small = picture.reduced(plane, 4)  # blocks of 3 x 3
    expected = [[plane[y : y + 3, x : x + 3].mean() for x in (0, 3, 6, 9)] for y in (0, 3)]
    np.testing.assert_allclose(small, expected)
    assert picture.reduced(plane, 12).dtype == np.float32


def test_scale_bars_have_their_length(tmp_path):
    """100 raw pixels of 0.1 um: the bar of 2 um is a fifth of the panel wide."""
    black = np.zeros((100, 100))
    picture.side_by_side(tmp_path / "a.png", black, np.zeros((200, 200)), pixel_size_um=0.1)
    edge = picture.MARGIN
    panel = pixels(tmp_path / "a.png")[picture_top() :, edge:][: picture.PANEL, : picture.PANEL]
    bar = np.max(np.sum(panel[-60:] > 250, axis=1))
    assert bar == pytest.approx(0.2 * picture.PANEL, abs=4)


def test_both_panels_show_the_same_field(tmp_path):
    """A bright square in raw pixels 20 ... 40 and 60 ... 70 covers the same place in both overviews."""
    widefield = np.zeros((100, 100))
    widefield[20:40, 60:70] = 1
    image = np.kron(widefield, np.ones((2, 2)))
    picture.side_by_side(tmp_path / "a.png", widefield, image)
    top, edge = picture_top(), picture.MARGIN
    panels = [
        pixels(tmp_path / "a.png")[top:, left:][: picture.PANEL, : picture.PANEL]
        for left in (edge, 2 * edge + picture.PANEL)
    ]
    for panel in panels:
        y, x = np.nonzero(panel[: 4 * picture.PANEL // 5] > 250)
        np.testing.assert_allclose([y.mean() / 512, x.mean() / 512], [0.30, 0.65], atol=0.02)


def test_no_state_of_pyplot_is_touched(tmp_path):
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    picture.side_by_side(
        tmp_path / "a.png", np.eye(64), np.eye(128), pixel_size_um=0.08, title=r"a $\frac$ in the_name"
    )
    assert plt.get_fignums() == before


@pytest.mark.parametrize("shape", [(24, 200), (200, 24), (16, 16)])
@pytest.mark.parametrize("scale", [0.5, 1, 1.5, 2, 3, 8])
def test_any_shape_and_scale(tmp_path, shape, scale):
    rng = np.random.default_rng(2)
    image = rng.random([int(scale * side) for side in shape]).astype(np.float32)
    picture.side_by_side(tmp_path / "a.png", rng.random(shape), image)
    height, width = pixels(tmp_path / "a.png").shape
    assert 0.5 < height / width < 2


@pytest.mark.parametrize("scales", [(1,), (1, 2, 4), (1, 0.5), (1, 1.5, 3)])
def test_every_panel_shows_the_same_field_at_its_own_scale(scales):
    """The bright square is at the same place of the field in each panel, in memory as in a file."""
    field = np.zeros((96, 96))
    field[24:36, 60:72] = 1
    images = []
    for scale in scales:
        places = np.floor(np.arange(int(96 * scale)) / scale).astype(int)
        images.append((f"x{scale}", field[np.ix_(places, places)]))
    file = io.BytesIO()
    picture.panels(file, images, side=192)
    painted = pixels(file)
    assert painted.shape[1] == len(scales) * (192 + picture.MARGIN) + picture.MARGIN
    for number in range(len(scales)):
        left = picture.MARGIN + number * (192 + picture.MARGIN)
        panel = painted[picture_top() :, left:][:192, :192]
        y, x = np.nonzero(panel[:150] > 250)
        np.testing.assert_allclose([y.mean() / 192, x.mean() / 192], [0.3125, 0.6875], atol=0.02)


def test_channels_are_laid_over_one_another_in_their_colours(tmp_path):
    """Three bright squares, of which the second lies half over the first; what outlines the detail stays golden."""
    channels = np.zeros((3, 100, 100), np.float32)
    channels[0, 10:30, 10:30] = channels[1, 10:30, 20:40] = 7
    channels[2, 60:80, 10:30] = 0.01
    picture.side_by_side(tmp_path / "a.png", channels, np.kron(channels, np.ones((2, 2))), pixel_size_um=0.1)
    painted = np.asarray(Image.open(tmp_path / "a.png").convert("RGB")).astype(int)
    for left in (picture.MARGIN, 2 * picture.MARGIN + picture.PANEL):
        panel = painted[picture_top() :, left:][: picture.PANEL, : picture.PANEL]
        colours = {
            (20, 15): (1, 0, 0),
            (20, 25): (1, 1, 0),
            (20, 35): (0, 1, 0),
            (70, 20): (0, 0, 1),
            (45, 70): (0, 0, 0),
        }
        for place, colour in colours.items():
            y, x = (int(pixel * picture.PANEL / 100) for pixel in place)
            np.testing.assert_allclose(panel[y, x] / 255, colour, atol=0.08)
        golden = np.all(panel == picture.GOLDEN, axis=-1)
        sides = [np.count_nonzero(golden.sum(axis=axis) > 60) for axis in (0, 1)]  # of a square: two, and two
        assert sides == [2, 2]
    assert picture.in_colours(("DAPI", "Alexa 561"), 2) == "DAPI red, Alexa 561 green"
    assert picture.in_colours(None, 3) == "channel 1 red, channel 2 green, channel 3 blue"
    assert picture.in_colours(("DAPI",), 1) == ""


def test_images_of_unlike_fields_are_refused(tmp_path):
    with pytest.raises(ValueError, match="do not show the same field"):
        picture.side_by_side(tmp_path / "a.png", np.eye(40), np.ones((80, 90)))
    picture.side_by_side(tmp_path / "a.png", np.eye(41), np.ones((20, 21)))  # half of an odd number, rounded


def picture_top():
    return 2 * picture.HEADING


def pixels(path):
    return np.asarray(Image.open(path).convert("L")).astype(int)
