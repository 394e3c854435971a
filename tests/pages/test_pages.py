"""Pages ask for nothing from elsewhere, show what was computed, and no name of a file becomes a part of them."""

import base64
import json
import re
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from scipy.ndimage import gaussian_filter

from srredsim import io
from srredsim.acquisition import OPTICS, Optics
from srredsim.pages.compared import compared
from srredsim.pages.curve import curve
from srredsim.pages.parts import element, facts_of, page, table
from srredsim.picture import PERCENTILES
from srredsim.simulation.sim import simulate_stack

EVIL = '</script><script>alert("x")</script>'
FLAGS = ("na", "wavelength-em-um", "pixel-size-um")
ALONE = {"meta", "img", "input"}  # elements that nothing closes


class Read(HTMLParser):
    """Whether elements are closed in turn; sources of all pictures, and all text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.sources, self.wrong, self.scripts, self.texts = [], [], [], 0, []
        self.feed(text)
        self.wrong += self.open

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        self.scripts += tag == "script"
        self.sources += [named[key] for key in ("src", "href") if key in named]
        if tag not in ALONE:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data):
        self.texts.append(data)


def decoded(source):
    head, data = source.split(",", 1)
    assert head.startswith("data:image/")
    return np.asarray(Image.open(BytesIO(base64.b64decode(data))))


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    sample = simulate_stack(41, phases=3, photons=(300, 300), size=(56, 48), phantom="filaments")
    optics = Optics(sample.settings.na, sample.settings.wavelength_em_um, sample.settings.pixel_size_um)
    path = tmp_path_factory.mktemp("pages") / "cells & <b>.tif"
    io.write_raw(path, sample.raw, optics=optics)
    return path


def test_text_of_others_stays_text():
    text = page(EVIL, [element("p", EVIL, title=EVIL), table(["a"], [[EVIL]])], {"input": EVIL})
    read = Read(text)
    assert read.wrong == []
    assert read.scripts == 2  # the facts, and the script of the page
    assert read.texts.count(EVIL) == 4  # title, heading, paragraph, cell
    assert facts_of(text) == {"input": EVIL}
    assert facts_of(text.replace("srredsim page", "another page")) is None
    assert facts_of(text.replace('"input"', '"input')) is None


def test_images_are_those_that_were_given_between_their_own_black_and_white():
    planes = [np.random.default_rng(n).gamma(2.0, 100.0, (40, 30)).cumsum(0).cumsum(1) for n in range(2)]
    figure = compared([("one", planes[0]), ("other", planes[1])], 0.05)
    read = Read(figure)
    assert read.wrong == []
    assert 'data-pixel-um="0.05"' in figure
    assert "From left to right: one, other. Each is 1.5 um wide." in read.texts
    for source, plane in zip(read.sources, planes, strict=True):
        low, high = np.percentile(plane[::2, ::2], PERCENTILES)
        expected = 255 * np.clip((plane - low) / (high - low), 0, 1)
        assert np.abs(decoded(source).astype(float) - expected).mean() < 3  # JPEG
    wide = compared([("one", np.ones((1300, 2600)) * np.arange(2600))], 0.05)
    assert decoded(Read(wide).sources[0]).shape == (433, 866)
    assert 'data-pixel-um="0.15"' in wide


def test_a_curve_goes_through_its_points():
    drawn = curve([("halves", np.array([1.0, 2.0, 4.0]), np.array([1.0, 0.5, -0.2]))], 1 / 7, [("lens", 2.0)])
    places = re.search(r'points="([^"]+)"', drawn)[1].split()
    (x1, y1), (x2, y2), (x3, y3) = (map(float, place.split(",")) for place in places)
    assert (x3 - x2) == pytest.approx(2 * (x2 - x1), abs=0.2)
    assert y1 < y2 < y3
    assert y3 == pytest.approx(y1 + 2 * (y2 - y1), abs=0.2)  # below 0 is drawn at 0


def test_reconstruct_writes_a_page_with_the_image_and_its_stripes(stack, run, tmp_path):
    status, out, _ = run("reconstruct", stack, "--out", tmp_path, "--report", "--json")
    report = json.loads(out)["results"][0]
    (path,) = (Path(one) for one in report["paths"] if one.endswith(".html"))
    text = path.read_text(encoding="utf-8")
    read = Read(text)
    assert (status, read.wrong) == (0, [])
    assert [source[:11] for source in read.sources] == ["data:image/"] * 3
    assert not re.search(r"https?://|url\(|@import", text)
    assert "cells & <b>.tif: wiener" in read.texts
    widefield, image = (decoded(source).astype(float) for source in read.sources[:2])
    written = tifffile.imread(tmp_path / "cells & <b>_wiener.tif")
    assert widefield.shape == image.shape == written.shape
    assert np.corrcoef(image.ravel(), written.ravel())[0, 1] > 0.98  # but for its own black and white
    for angle in report["channels"][0]["angles"]:
        assert f"{1000 * angle['orders'][0]['line_spacing_um']:.1f} nm" in text
    assert facts_of(text)["made"] == "wiener"


def test_the_stripes_of_a_page_are_those_of_the_result(stack, run, tmp_path):
    """The z-plane that is shown has none: they were found in the other."""
    raw, optics = io.read(stack).raw(), io.read(stack).optics
    blurred = np.broadcast_to(gaussian_filter(raw.mean(axis=(0, 1), dtype=float), 3), raw.shape)
    even = np.random.default_rng(3).poisson(blurred).astype(raw.dtype)
    tifffile.imwrite(tmp_path / "two.tif", np.concatenate([raw, even]).reshape(18, *raw.shape[2:]))
    told = [f"--{name}={getattr(optics, key)}" for name, key in zip(FLAGS, OPTICS, strict=True)]
    status, out, err = run("reconstruct", tmp_path / "two.tif", *told, "--report", "--json")
    assert status == 0, err
    (channel,) = json.loads(out)["results"][0]["channels"]
    text = (tmp_path / "two_wiener.html").read_text(encoding="utf-8")
    assert channel["estimated_in_slice"] == 0
    assert "Shown: z-plane 2 of 2." in text
    assert channel["verdict"] in text
    for angle in channel["angles"]:
        assert f"{1000 * angle['orders'][0]['line_spacing_um']:.1f} nm" in text
    tifffile.imwrite(tmp_path / "bare.tif", raw.reshape(9, *raw.shape[2:]))  # its optics are those of the parameters
    assert (
        run("reconstruct", tmp_path / "bare.tif", "--parameters", tmp_path / "two_wiener.json", "--report").status == 0
    )
    text = (tmp_path / "bare_wiener.html").read_text(encoding="utf-8")
    assert "no classical image" not in text
    assert 'class="curve"' in text  # which needs a scale


def test_the_index_names_every_page_of_the_folder_and_replaces_no_other_file(stack, run, tmp_path, tiny_cleaner):
    (tmp_path / "bad <i>.tif").write_bytes(b"")
    assert run("reconstruct", stack, tmp_path / "bad <i>.tif", "--out", tmp_path, "--report").status == 2
    assert {"1 stack", "bad <i>.tif", "the file is empty (0 bytes)"} <= set(
        Read((tmp_path / "reports.html").read_text(encoding="utf-8")).texts
    )
    assert run("predict", stack, "--out", tmp_path, "--report", "--model", tiny_cleaner).status == 0
    read = Read((tmp_path / "reports.html").read_text(encoding="utf-8"))
    assert read.wrong == []
    assert read.sources == [f"cells%20%26%20%3Cb%3E_{name}.html" for name in ("cleaner", "wiener")]
    (tmp_path / "reports.html").write_text("mine")
    err = run("reconstruct", stack, "--out", tmp_path, "--report", "--overwrite").err
    assert "has a reports.html of another kind, which stays" in err
    assert (tmp_path / "reports.html").read_text() == "mine"


def test_a_page_appears_with_its_image_or_neither_does(stack, run, refused, tmp_path, monkeypatch):
    def broken(found):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("srredsim.workflows.page.page_of", broken)
        refused("reconstruct", stack, "--out", tmp_path, "--report")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "cells & <b>_wiener.html").write_text("mine")
    assert "_wiener.html exists already" in refused("reconstruct", stack, "--out", tmp_path, "--report")
    assert len(list(tmp_path.iterdir())) == 1


def test_single_images_have_no_page(refused, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.random.default_rng(1).poisson(50, (40, 40)).astype(np.uint16))
    line = refused("predict", tmp_path / "a.tif", "--model", "w2s_dncnn", "--out", tmp_path / "o", "--report")
    assert "--report is for raw stacks" in line
