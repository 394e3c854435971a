"""Presets of microscopes: what they say of frames and lens, and what wins over them."""

from types import SimpleNamespace

import numpy as np
import pytest
from microscopes import known

import srredsim
from srredsim import io, resources
from srredsim.acquisition import Optics
from srredsim.errors import InputError
from srredsim.inputs import frames as model_of_frames
from srredsim.io.microscope import load
from srredsim.simulation.calibration_file import as_text

Y, X = 6, 8
PLANES, ANGLES, PHASES = 2, 3, 5


def numbered(letters):
    """Frames (n, y, x) in an order, the slowest axis first; every pixel says where: 100 a + 10 p + z."""
    sizes = {"Z": PLANES, "A": ANGLES, "P": PHASES}
    place = np.meshgrid(*(np.arange(sizes[letter]) for letter in letters), indexing="ij")
    told = dict(zip(letters, place, strict=True))
    values = (100 * told["A"] + 10 * told["P"] + told["Z"]).ravel()
    return (values[:, None, None] + np.zeros((Y, X))).astype(np.uint16)


EXPECTED = 100 * np.arange(ANGLES)[:, None] + 10 * np.arange(PHASES)


@pytest.mark.parametrize(("name", "letters"), [("omx", "AZP"), ("elyra", "PAZ"), ("deepsim", "ZAP")])
def test_frames_are_where_they_belong(name, letters):
    stack = srredsim.read(numbered(letters), microscope=name)
    for z in range(PLANES):
        np.testing.assert_array_equal(stack.raw(z=z)[..., 2, 3], EXPECTED + z)
    assert stack.notes[0].startswith(f"microscope {name} (")
    assert stack.optics == Optics(na=1.42 if name == "omx" else None)


def test_a_montage_of_nsim():
    tiles = numbered("ZAP").reshape(PLANES, ANGLES, PHASES, Y, X)
    stack = srredsim.read(np.block([[list(row) for row in tiles[0]]]).reshape(1, ANGLES * Y, -1), microscope="nsim")
    np.testing.assert_array_equal(stack.raw()[..., 2, 3], EXPECTED)
    with pytest.raises(InputError, match=r"does not divide into 3 x 5 .*read as of microscope nsim .*order tiled"):
        srredsim.read(numbered("ZAP"), microscope="nsim")
    frames = srredsim.read(numbered("ZAP"), microscope="nsim", order="PAZ")
    np.testing.assert_array_equal(frames.raw(z=1)[..., 2, 3], EXPECTED + 1)


def test_what_is_said_besides_wins():
    stack = srredsim.read(numbered("ZAP"), microscope="omx", order="PAZ", na=1.3, angles=3)
    np.testing.assert_array_equal(stack.raw(z=1)[..., 2, 3], EXPECTED + 1)
    assert stack.optics.na == 1.3
    assert stack.notes[:3] == (
        "microscope omx (DeltaVision OMX, 3D-SIM): 5 phases",
        "order PAZ as given; microscope omx has PZA",
        "numerical aperture 1.3 as given; microscope omx has 1.42",
    )


def test_what_a_file_says_wins(tmp_path):
    raw = np.random.default_rng(0).integers(50, 90, (2, 7, Y, X)).astype(np.uint16)
    path = io.write_raw(tmp_path / "a.tif", raw, optics=Optics(na=1.2, pixel_size_um=0.09))
    mine = tmp_path / "mine.yaml"
    mine.write_text("angles: 3\nphases: 5\norder: ZAP\nwidefield_frame: last\nna: 1.4\nwavelength_em_um: 0.6\n")
    stack = srredsim.read(path, microscope=mine)
    np.testing.assert_array_equal(stack.raw(), raw)
    assert stack.optics == Optics(1.2, 0.6, 0.09)
    assert f"2 angles of the file; microscope {mine} has 3" in stack.notes
    assert f"numerical aperture 1.2 of the file; microscope {mine} has 1.4" in stack.notes


def test_a_widefield_frame_and_a_calibration(tmp_path):
    frames = np.concatenate([np.full((1, Y, X), 999, np.uint16), numbered("ZAP")[:15]])
    mine = tmp_path / "mine.yaml"
    mine.write_text("widefield_frame: first\nabout: ours\n")
    np.testing.assert_array_equal(srredsim.read(frames, microscope=mine).raw()[..., 2, 3], EXPECTED)
    with pytest.raises(InputError, match="widefield frame first"):
        srredsim.read(frames, microscope=mine, angles=3, phases=7)
    mine.write_text("pattern: hexagonal\n")
    stack = srredsim.read(numbered("ZAP")[:14], microscope=mine)
    assert (stack.pattern.hexagonal, stack.pattern.phases, stack.sizes["Z"]) == (True, 7, 2)
    mine.write_text(as_text(known()))
    stack = srredsim.read(numbered("ZAP")[:27], microscope=str(mine))
    assert (stack.pattern.angles, stack.pattern.phases, stack.sizes["Z"]) == (3, 3, 3)
    assert stack.optics == Optics(1.42, 0.525, 0.08)


def test_a_model_decides_only_what_nobody_says():
    source, model = io.array_source(np.tile(numbered("ZAP"), (3, 1, 1))[:90]), SimpleNamespace(angles=3, phases=3)
    stack = model_of_frames.open(source, None, model, io.Reading())
    assert stack.sizes["Z"] == 10
    with pytest.raises(InputError, match="this stack has 3 x 5"):
        model_of_frames.open(source, None, SimpleNamespace(name="a", **vars(model)), io.Reading(microscope="omx"))


@pytest.mark.parametrize("name", resources.microscopes())
def test_every_preset_says_which_microscopes_it_is_of(name):
    one = load(name)
    assert one.about
    assert one.order or one.angles or one.phases


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("orde: PZA", r"no microscope key orde \(did you mean 'order'\?\)"),
        ("order: PAX", "no order 'PAX'"),
        ("pattern: round", "no pattern 'round'"),
        ("widefield_frame: middle", "no widefield_frame 'middle'"),
        ("angles: 0", "angles must be 1 or more"),
        ("angles: [1, 2]", "angles should be int"),
        ("na: 14", "numerical aperture of 14"),
        ("na: .nan", "na should be a number above 0"),
        ("- 1", "should be keys and values"),
        ("na: [1", "is not valid YAML"),
        ("camera: 1\nangles: 3", "no calibration that srredsim calibrate has written"),
        ("camera: 1\nangles: []", "no calibration"),
        ("\0", "YAML"),
    ],
)
def test_bad_files_are_refused_in_a_line(tmp_path, text, said):
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=said) as refused:
        io.Reading(microscope=path)
    assert str(refused.value).startswith(f"`microscope` {path}")
    assert "\n" not in str(refused.value)


def test_wrong_names(tmp_path):
    with pytest.raises(InputError, match=r"no microscope called 'omy' .did you mean 'omx'..; there are: .*omx"):
        io.Reading(microscope="omy")
    with pytest.raises(InputError, match="there is no such file; by name there are deepsim, "):
        io.Reading(microscope=tmp_path / "none.yaml")
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(InputError, match="cannot be read"):
        io.Reading(microscope=tmp_path / "folder.yaml")
    with pytest.raises(InputError, match="`microscope` is for raw stacks"):
        srredsim.denoise(np.eye(30), microscope="omx")
    with pytest.raises(InputError, match="`microscope` is for a path or an array"):
        srredsim.inspect(srredsim.read(numbered("ZAP")), microscope="omx")
