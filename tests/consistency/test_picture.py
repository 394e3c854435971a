"""The picture of a comparison: each panel shows its part of the field, the right way round and in its colours."""

from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.image import imread

from srredsim.consistency import picture as judging_picture

PANEL = round(judging_picture.PANEL * judging_picture.DPI)  # pixels on a side


def test_what_stands_where(tmp_path):
    """A field of four quarters, each panel with another one set off; below, all of it again, as it is so small."""
    upper, left = (slice(None, 32), slice(None)), (slice(None), slice(None, 32))
    image, residual, score = (np.full((64, 64), value, np.float32) for value in (10, 1, 0))
    image[upper], residual[left], score[:32, :32], score[32:, 32:] = 90, 8, 15, np.nan
    nothing = np.zeros((64, 64), bool)
    found = SimpleNamespace(residual=residual, score=score, unsupported=nothing, missing=score == 15, summary=None)
    judging_picture.picture(tmp_path / "p.png", image, found)
    picture = imread(tmp_path / "p.png")[..., :3]
    gap, colours, words = (round(judging_picture.DPI * inches) for inches in (0.12, 0.75, 0.75))
    for bottom in (words, words + PANEL + gap):
        top = len(picture) - bottom - PANEL
        firsts = gap // 2, gap + PANEL, gap + 2 * PANEL + colours
        shown = {}
        for name, first in zip(("image", "residual", "score"), firsts, strict=True):
            panel = picture[top : top + PANEL, first : first + PANEL]
            # at an eighth and a bit, off every line and word
            shown[name] = [[panel[int(y * PANEL), int(x * PANEL)] for x in (0.2, 0.7)] for y in (0.2, 0.7)]
        (dark_red, white), (green, zero), grey = shown["residual"][0], shown["score"][0], shown["score"][1][1]
        np.testing.assert_allclose(shown["image"], [[np.ones(3)] * 2, [np.zeros(3)] * 2], atol=0.01)
        np.testing.assert_allclose(shown["residual"][1], [dark_red, white])
        assert dark_red[0] > 0.3 > 0.2 > dark_red[1]
        assert white.min() > 0.95
        assert green[1] > 0.3 > green[0]
        assert zero.min() > 0.95
        np.testing.assert_allclose(shown["score"][1][0], zero)
        np.testing.assert_allclose(grey, 0.75, atol=0.01)
    panel = picture[len(picture) - words - PANEL : len(picture) - words, gap // 2 :][2:-2, 2 : PANEL - 2]
    rows, columns = np.nonzero(panel[..., 1] - panel[..., [0, 2]].max(-1) > 0.1)  # the line around what is missing
    half = PANEL * 31.5 / 63 - 2  # of lines between the middles of pixels
    assert (rows.max(), columns.max()) == pytest.approx((half, half), abs=3)
    assert np.all((np.abs(rows - half) < 4) | (np.abs(columns - half) < 4))
