"""A saved estimate used again: the same image, other stacks of the microscope, and files that are none."""

import json
from contextlib import suppress

import numpy as np
import pytest

from srredsim import io
from srredsim.acquisition import Optics
from srredsim.cli.main import main
from srredsim.errors import InputError
from srredsim.simulation.sim import simulate_stack
from srredsim.stripes import saved

SAMPLE = simulate_stack(41, phases=3, photons=(800, 800), size=(72, 64), phantom="filaments")
OPTICS = Optics(SAMPLE.settings.na, SAMPLE.settings.wavelength_em_um, SAMPLE.settings.pixel_size_um)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    dim = (SAMPLE.raw // 2 + 50).astype(np.uint16)
    later = np.stack([SAMPLE.raw, np.roll(dim, 1, axis=1)])  # half the light, and all phases a step on
    for name, raw in {"one": SAMPLE.raw, "backwards": SAMPLE.raw[:, ::-1], "later": later[:, None, None]}.items():
        io.write_raw(folder / f"{name}.tif", raw, optics=OPTICS)
    np.save(folder / "bare.npy", SAMPLE.raw.reshape(9, 72, 64))
    assert main(["reconstruct", str(folder / "one.tif")]) == 0
    return folder


def again(folder, name, *flags):
    out = folder / "again"
    flags = ["--parameters", folder / "one_wiener.json", "--out", out, "--overwrite", *flags]
    status = main(["reconstruct", str(folder / name), *map(str, flags)])
    assert status == 0
    stem = name.rsplit(".", 1)[0]
    image, _ = io.read_image(out / f"{stem}_wiener.tif")
    return image, json.loads((out / f"{stem}_wiener.json").read_text())


def test_the_same_image_again(folder):
    first, _ = io.read_image(folder / "one_wiener.tif")
    report = json.loads((folder / "one_wiener.json").read_text())
    image, repeated = again(folder, "one.tif")
    np.testing.assert_allclose(image, first, atol=1e-5 * np.ptp(first))
    assert repeated["verdict"] == report["verdict"]
    for one, other in zip(report["channels"][0]["angles"], repeated["channels"][0]["angles"], strict=True):
        np.testing.assert_allclose(one["phases_rad"], other["phases_rad"], atol=1e-4)
        assert (one["status"], one["orders"][0]["z"]) == (other["status"], other["orders"][0]["z"])


def test_optics_that_a_file_does_not_hold_come_along(folder):
    first, _ = io.read_image(folder / "one_wiener.tif")
    image, report = again(folder, "bare.npy")
    assert report["optics"]["na"] == OPTICS.na
    np.testing.assert_allclose(image, first, atol=1e-5 * np.ptp(first))


def test_phases_and_light_are_those_of_each_time(folder):
    _, report = again(folder, "later.tif")
    before, after = report["channels"][0]["times"]
    moved = np.angle(np.exp(1j * np.subtract(after["phases_rad"], before["phases_rad"])))
    steps = np.diff(np.array(before["phases_rad"])[:, [0, 1, 2, 0]], axis=1)  # frame p now is what frame p - 1 was
    expected = -np.angle(np.exp(1j * steps))[:, [2, 0, 1]]
    np.testing.assert_allclose(moved.mean(axis=1), np.angle(np.exp(1j * expected)).mean(axis=1), atol=0.15)
    np.testing.assert_allclose(before["modulation_depths"], after["modulation_depths"], atol=0.1)


def test_phases_that_run_backwards_are_noticed(folder):
    first, _ = io.read_image(folder / "one_wiener.tif")
    image, report = again(folder, "backwards.tif")
    (channel,) = report["channels"]
    assert sum("other way round" in note for note in channel["notes"]) == 3
    assert np.corrcoef(image.ravel(), first.ravel())[0, 1] > 0.995


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--angles", 1, "--phases", 9], "3 angles x 3 phases, this stack has 1 x 9"),
        (["--pixel-size-um", 0.05], "pixel_size_um"),
        (["--k", "1,2"], "leave out --k"),
    ],
)
def test_another_microscope_is_refused(folder, capsys, flags, said):
    arguments = ["--parameters", folder / "one_wiener.json", "--out", folder / "refused", *flags]
    assert main(["reconstruct", str(folder / "bare.npy"), *map(str, arguments)]) == 2
    assert said in capsys.readouterr().err


def test_damaged_files_are_said_to_be_damaged(folder, tmp_path):
    whole = json.loads((folder / "one_wiener.json").read_text())
    path = tmp_path / "damaged.json"

    def places(part, way=()):
        yield way
        if isinstance(part, dict | list):
            for key, value in part.items() if isinstance(part, dict) else enumerate(part[:1]):
                yield from places(value, (*way, key))

    refused = set()
    for way in list(places(whole)):
        for nonsense in (None, "x", [], {}, -1e400):
            text = json.dumps(_with(whole, way, nonsense))
            path.write_text(text)
            with suppress(InputError):  # any other exception is a defect
                saved.load_parameters(path)
                continue
            refused.add(way)
    matters = {("optics", "na"), ("channels",), ("channels", 0, "angles", 0, "k0_per_um", 0)}
    matters |= {("channels", 0, "angles", 0, name) for name in ("status", "phases_rad", "orders")}
    assert refused >= matters
    for text in ("", "[]", "no JSON", '{"angles": 3}'):
        path.write_text(text)
        with pytest.raises(InputError, match="srredsim reconstruct"):
            saved.load_parameters(path)


def _with(part, way, value):
    if not way:
        return value
    copy = list(part) if isinstance(part, list) else dict(part)
    copy[way[0]] = _with(part[way[0]], way[1:], value)
    return copy
