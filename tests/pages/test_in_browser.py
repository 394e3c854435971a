"""Pages in a browser: the line between two images lies where the slider is, tables are sorted, and no script fails."""

import html
import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image

from srredsim import io
from srredsim.acquisition import Optics
from srredsim.pages.compared import compared
from srredsim.pages.parts import page, table
from srredsim.simulation.sim import simulate_stack

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
HEADLESS = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=900,1600"]
WATCHED = ["--enable-logging=stderr", "--virtual-time-budget=3000", "--dump-dom"]
MOVED = """
const line = document.querySelector(".line");
line.value = VALUE;
line.dispatchEvent(new Event("input"));
const box = document.querySelector(".window").getBoundingClientRect();
document.body.dataset.told = JSON.stringify([box.left, box.top, box.width, box.height]);
"""
SORTED = """
const heads = document.querySelectorAll("th button");
heads[1].click();
const up = [...document.querySelectorAll("tbody tr")].map((row) => row.cells[0].textContent);
heads[1].click();
const down = [...document.querySelectorAll("tbody tr")].map((row) => row.cells[0].textContent);
document.body.dataset.told = JSON.stringify([up, down]);
"""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="there is no Chromium to open pages with"),
]


@pytest.fixture
def opened(tmp_path):
    """Function: what a page tells after a script has used it, and a picture of it; no script may have failed."""

    def opened(text: str, script: str):
        path, shot = tmp_path / "page.html", tmp_path / "page.png"
        path.write_text(text.replace("</body>", f"<script>{script}</script></body>"), encoding="utf-8")
        command = [BROWSER, *HEADLESS, f"--user-data-dir={tmp_path / 'browser'}", *WATCHED, f"--screenshot={shot}"]
        done = subprocess.run([*command, path.as_uri()], capture_output=True, text=True, timeout=120, check=True)
        assert "CONSOLE" not in done.stderr, done.stderr
        told = json.loads(html.unescape(re.search(r'data-told="([^"]*)"', done.stdout)[1]))
        return told, np.asarray(Image.open(shot).convert("L"), float)

    return opened


@pytest.mark.parametrize("share", [0.25, 0.75])
def test_the_border_of_two_images_is_where_the_slider_is(opened, share):
    """One image is bright above, the other below: so each column of the screen tells which of them it shows."""
    above = np.repeat([[200.0], [0.0]], 40, axis=0) * np.ones(80)
    figure = compared([("one", above), ("other", 200 - above)], 0.05)
    (left, top, width, height), shown = opened(page("Two", [figure], {}), MOVED.replace("VALUE", str(1000 * share)))
    inside = shown[round(top) : round(top + height), round(left) : round(left + width)]
    upper, lower = (inside[round(y * height) : round((y + 0.1) * height)].mean(axis=0) for y in (0.2, 0.6))
    first = upper > lower + 100
    assert first.mean() == pytest.approx(share, abs=0.02)
    assert np.count_nonzero(np.diff(first)) == 1
    assert first[2]


def test_a_table_is_sorted_by_number_and_back(opened):
    rows = [["a", "10"], ["b", "9"], ["c", "200"]]
    told, _ = opened(page("Table", [table(["name", "value"], rows, class_="sortable")], {}), SORTED)
    assert told == [["b", "a", "c"], ["c", "a", "b"]]


def test_the_page_of_a_stack_opens(opened, run, tmp_path):
    sample = simulate_stack(41, phases=3, photons=(300, 300), size=(56, 48), phantom="filaments")
    optics = Optics(sample.settings.na, sample.settings.wavelength_em_um, sample.settings.pixel_size_um)
    io.write_raw(tmp_path / "cells.tif", sample.raw, optics=optics)
    assert run("reconstruct", tmp_path / "cells.tif", "--report").status == 0
    text = (tmp_path / "cells_wiener.html").read_text(encoding="utf-8")
    (left, top, width, height), shown = opened(text, MOVED.replace("VALUE", "0"))
    inside = shown[round(top) : round(top + height), round(left) : round(left + width)]
    assert inside.std() > 20
    assert shown.shape == (1600, 900)
