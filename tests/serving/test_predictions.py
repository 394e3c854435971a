"""What the server makes of a stack: the image and the notes of `srredsim predict`, or one line of refusal."""

import io
import json
import sys
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest
import tifffile
from servers import get, packed, post, refusal, running

import srredsim
from srredsim import client
from srredsim.errors import InputError
from srredsim.io import write_raw
from srredsim.io.asked import Writing
from srredsim.serving.app import LONGEST_REPORT, REPORT, header_of
from srredsim.serving.asked import asked
from srredsim.serving.work import Served
from srredsim.workflows.predict import predict_file

LARGEST = 2**20  # bytes


@pytest.fixture(scope="module")
def served(tiny_model, tiny_cleaner):
    return Served([tiny_model, tiny_cleaner], LARGEST, "float32", "tensorflow")


@pytest.fixture(scope="module")
def port(served):
    with running(served, max_mib=LARGEST / 2**20) as port:
        yield port


@pytest.fixture(scope="module")
def stack():
    return srredsim.simulate(seed=5, size=(48, 64), photons=(3000, 3000))[0]


@pytest.fixture(scope="module")
def stack_file(stack, tmp_path_factory):
    """Two times of one stack, whose optics the file says."""
    array = np.concatenate([stack.array, stack.array // 2])
    return write_raw(tmp_path_factory.mktemp("raw") / "cells.ome.tif", array, optics=stack.optics)


@pytest.mark.parametrize("name", ["tiny", pytest.param("cleaner", marks=pytest.mark.slow)])
def test_the_image_is_that_of_predict(name, port, served, stack_file, tmp_path):
    report = predict_file(stack_file, served.chain(name), writing=Writing(tmp_path), consistency=False)
    expected = tifffile.imread(report["paths"][0])
    answer = client.predict(f"http://127.0.0.1:{port}", stack_file, model=name)
    np.testing.assert_allclose(answer.image, expected, rtol=1e-5, atol=1e-5 * expected.max())
    assert (answer.notes, answer.report["axes"]) == (report["notes"], "TYX")
    for key in ("model", "engine", "precision", "pixel_size_um"):
        assert answer.report[key] == report[key]
    _, headers, body = post(port, stack_file.read_bytes(), f"model={name}")
    assert headers["Content-Type"] == "image/tiff"
    with tifffile.TiffFile(io.BytesIO(body)) as sent, tifffile.TiffFile(report["paths"][0]) as written:
        assert sent.imagej_metadata == written.imagej_metadata
        assert sent.pages[0].tags["XResolution"].value == written.pages[0].tags["XResolution"].value
        np.testing.assert_array_equal(sent.asarray(), answer.image)


def test_what_a_client_says_of_its_stack_is_heeded(port, served, stack):
    """Frames with the phases outermost are those of the other order sorted anew."""
    url, frames = f"http://127.0.0.1:{port}", stack.raw()
    known = {"na": 1.31, "wavelength_em_um": 0.6, "pixel_size_um": 0.09}
    as_usual = client.predict(url, frames.reshape(15, 48, 64), **known)
    by_phase = client.predict(url, frames.swapaxes(0, 1).reshape(15, 48, 64), order="APZ", dtype="uint16", **known)
    expected = srredsim.predict(stack, model=served.chain("tiny"))
    np.testing.assert_allclose(as_usual.image, expected, rtol=1e-5, atol=1e-4)
    np.testing.assert_array_equal(by_phase.image, np.clip(np.rint(as_usual.image), 0, 65535))
    assert by_phase.image.dtype == np.uint16
    assert as_usual.report["pixel_size_um"] == 0.045


def test_an_image_is_compared_with_the_frames_where_that_is_asked_for(port, served, stack):
    with io.BytesIO() as file:
        np.save(file, stack.raw().reshape(15, 48, 64))
        frames = file.getvalue()
    optics = {name: getattr(stack.optics, name) for name in ("na", "wavelength_em_um", "pixel_size_um")}
    known = urlencode(optics)
    reports = [json.loads(post(port, frames, f"{known}&consistency={yes}")[1][REPORT]) for yes in ("yes", "no")]
    image = srredsim.predict(stack, model=served.chain("tiny"))
    assert reports[0]["consistency"] == srredsim.compare_with_frames(image, stack).found["line"]
    assert "consistency" not in reports[1]


FRAMES = np.full((15, 48, 64), 100, np.uint16) + np.arange(64, dtype=np.uint16)
LARGE = np.tile(FRAMES[:, :24], (1, 11, 5)).astype(np.uint8)[:, :, :300]  # 15 x 264 x 300
with io.BytesIO() as _file:
    np.save(_file, np.array([{}, None]), allow_pickle=True)
    OBJECTS = _file.getvalue()
REFUSED = {  # query, body, status, what the line says
    "no image": ("", b"PK\3\4 something else", 415, "neither a TIFF nor a .npy file"),
    "nothing": ("", b"", 422, "there is no body"),
    "cut short": ("", packed(FRAMES)[:-1], 422, "incomplete"),
    "objects": ("", OBJECTS, 422, "Python objects"),
    "computing header": ("", packed(FRAMES).replace(b"(15, 48, 64), }", b"(1,)*99999999 }"), 422, "BinOp object>"),
    "frames": ("", packed(FRAMES[:14]), 422, "14 frames do not make 3 angles x 5 phases"),
    "one number": ("", packed(np.float32(3)), 422, "is no image"),
    "not finite": ("", packed(np.where(FRAMES > 110, np.nan, FRAMES)), 422, "NaN"),
    "constant": ("", packed(np.zeros_like(FRAMES)), 422, "constant"),
    "unknown name": ("naa=1.4", packed(FRAMES), 400, "did you mean 'na'?"),
    "no number": ("na=high", packed(FRAMES), 400, "`na` is a number; got 'high'"),
    "impossible": ("na=-1", packed(FRAMES), 400, "`na`"),
    "twice": ("na=1.4&na=1.3", packed(FRAMES), 400, "`na` is given twice"),
    "order": ("order=PAX", packed(FRAMES), 400, "PAZ"),
    "format": ("format=png", packed(FRAMES), 400, "npy, tiff"),
    "model": ("model=../../etc/passwd", packed(FRAMES), 404, "there are: tiny, cleaner"),
    "folder": ("stack=yes", packed(FRAMES), 400, "no parameter called 'stack'"),
    "comparison": ("consistency=maybe", packed(FRAMES), 400, "`consistency` is yes or no; got 'maybe'"),
    "optics": ("model=cleaner", packed(FRAMES[:, :16, :16]), 422, "give `na, wavelength_em_um, pixel_size_um`"),
    "large body": ("", packed(LARGE), 413, "the body is larger than 1 MiB"),
    "large image": ("", packed(LARGE[:, :220]), 413, "the image has 1.007 MiB (1 x 1 x 1 x 440 x 600 pixels)"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_used_is_refused_in_one_line(name, port):
    query, body, status, words = REFUSED[name]
    found, line = refusal(port, body, query)
    assert (found, words in line) == (status, True), line
    assert "srredsim-serve" not in line  # where the server keeps its files is nobody's business


def test_a_form_is_told_how_to_send_a_file(port):
    boundary = {"Content-Type": "multipart/form-data; boundary=x"}
    body = b"--x\r\nContent-Disposition: form-data; name=file\r\n\r\n" + packed(FRAMES) + b"\r\n--x--\r\n"
    status, line = refusal(port, body, headers=boundary)
    assert (status, "this is a form: send the bytes of the file alone as the body" in line) == (415, True), line


def test_a_page_that_is_asked_for_in_the_wrong_way(port):
    status, answer = get(port, "/predict")
    assert status == 405
    assert answer["error"] == "/predict is not answered to GET: there are POST /predict, GET /models and GET /health"


def test_a_stack_is_refused_before_it_is_unpacked(port):
    with io.BytesIO() as file:
        tifffile.imwrite(file, np.zeros((15, 512, 512), np.uint16), compression="zlib", photometric="minisblack")
        assert len(file.getvalue()) < LARGEST / 16
        status, line = refusal(port, file.getvalue())
    assert (status, line.startswith("the stack, unpacked, has 7.5 MiB (15 x 512 x 512 pixels)")) == (413, True)


OPENED: list[str] | None = None


def _watch(event, arguments):
    if event == "open" and OPENED is not None:
        OPENED.append(str(arguments[0]))


def test_a_file_that_a_stack_names_is_not_opened(port, stack_file, tmp_path, monkeypatch):
    """The metadata of an OME-TIFF may say that its planes are in another file, of whatever path."""
    secret = tmp_path / "secret.ome.tif"
    secret.write_bytes(stack_file.read_bytes())
    outer = tmp_path / "outer.ome.tif"
    outer.write_bytes(stack_file.read_bytes())
    xml = tifffile.tiffcomment(outer)
    part = f'<TiffData IFD="0" PlaneCount="15"><UUID FileName="{secret}">urn:uuid:1</UUID></TiffData>'
    start, end = xml.index("<TiffData"), xml.index("</Pixels>")
    for named in (part, part.replace("<UUID", "<UUID xmlns='' ")):
        tifffile.tiffcomment(outer, (xml[:start] + named + xml[end:]).encode())
        with tifffile.TiffFile(outer) as believed:  # as is done where the file is one's own
            pages = list(filter(None, believed.series[0].pages))
            assert {Path(page.parent.filehandle.path).name for page in pages} == {secret.name}
        body = outer.read_bytes()
        sys.addaudithook(_watch)
        monkeypatch.setattr(sys.modules[__name__], "OPENED", [])
        status, line = refusal(port, body)
        assert (status, "name other files" in line) == (422, True), line
        assert OPENED  # the hook works
        assert not [path for path in OPENED if "secret" in path]
        monkeypatch.setattr(sys.modules[__name__], "OPENED", None)


def test_the_report_fits_into_a_header():
    notes = [f"note {n} of µm: " + 50 * "x" for n in range(200)]
    header = header_of({"model": "tiny", "notes": notes})
    assert len(header) <= LONGEST_REPORT
    assert header.isascii()
    told = json.loads(header)["notes"]
    assert told[:-1] == notes[: len(told) - 1]
    assert told[-1].startswith(f"{200 - len(told) + 1} more notes")


def test_a_query_is_read(served):
    found = asked([("wavelength_em_um", "0.46,0.53"), ("rolling", "yes"), ("scene", "2"), ("keep_hot_pixels", "0")])
    assert found.reading == srredsim.io.Reading(wavelength_em_um=(0.46, 0.53), rolling=True, scene=2)


def test_models_of_one_name(tiny_model):
    with pytest.raises(InputError, match="two models are called tiny"):
        Served([tiny_model, tiny_model], LARGEST, "float32", "tensorflow")
