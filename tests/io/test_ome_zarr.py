"""OME-Zarr folders as zarr itself writes them, in both of its versions, with metadata as the specification has them."""

import json
import shutil

import numpy as np
import pytest

from srredsim import io
from srredsim.errors import InputError
from srredsim.io import formats

zarr = pytest.importorskip("zarr", reason="zarr, of the extra `files`, is not installed")
RAW = np.random.default_rng(11).integers(1, 4000, (2, 3, 4, 15, 20, 24)).astype("uint16")  # t, c, z, frames, y, x
UNITS = {"t": "millisecond", "z": "nanometer", "y": "micrometer", "x": "micrometer"}
STEPS = {"t": 1500.0, "z": 125.0, "y": 0.08, "x": 0.08}


def multiscale(axes, units=UNITS, steps=STEPS):
    kinds = {"t": "time", "c": "channel"} | dict.fromkeys("zyx", "space")
    named = [{"name": axis, "type": kinds.get(axis, "other")} for axis in axes]
    named = [axis | ({"unit": units[axis["name"]]} if axis["name"] in units else {}) for axis in named]
    halves = [{"type": "scale", "scale": [0.5 * steps.get(axis, 2.0) for axis in axes]}]
    datasets = [{"path": "0", "coordinateTransformations": halves}]
    twice = [{"type": "scale", "scale": [2.0] * len(axes)}]  # of all levels
    return {"axes": named, "datasets": datasets, "coordinateTransformations": twice}


def write(path, raw, axes, version="0.5", chunks=None, shards=None, **said):
    group = zarr.create_group(str(path), zarr_format=3 if version == "0.5" else 2)
    ome = {"multiscales": [multiscale(axes, **said) | ({"version": version} if version == "0.4" else {})]}
    look = {"color": "FFFFFF", "window": {"min": 0, "max": 65535, "start": 0, "end": 4000}}
    labels = [
        {"label": name} | look for name in ("dapi", "gfp", "cy5")[: raw.shape[axes.index("c")] if "c" in axes else 1]
    ]
    ome["omero"] = {"channels": labels}
    group.attrs.update({"ome": ome | {"version": version}} if version == "0.5" else ome)
    how = {"shards": shards, "dimension_names": list(axes)} if version == "0.5" else {}
    array = group.create_array("0", shape=raw.shape, dtype=raw.dtype, chunks=chunks or raw.shape, **how)
    array[...] = raw
    return path


@pytest.mark.parametrize("version", ["0.4", "0.5"])
@pytest.mark.parametrize("chunks", [(1, 1, 1, 20, 24), (2, 1, 7, 9, 24)])
def test_a_stack_in_z(tmp_path, version, chunks):
    raw = RAW[:, :, 0]
    stack = io.read(write(tmp_path / "a.ome.zarr", raw, "tczyx", version, chunks))
    for t, c, _ in stack.positions():
        np.testing.assert_array_equal(stack.raw(t, c).reshape(15, 20, 24), raw[t, c])
    assert stack.channel_names == ("dapi", "gfp", "cy5")
    optics = stack.optics
    assert (optics.pixel_size_um, optics.z_step_um, optics.frame_interval_s) == pytest.approx((0.08, 0.125, 1.5))
    assert f"OME-Zarr {version}: axes t, c, z, y, x" in stack.notes


def test_shards_and_named_angles(tmp_path):
    raw = RAW.reshape(2, 3, 4, 3, 5, 20, 24)
    shape = {"chunks": (1, 1, 1, 1, 1, 10, 12), "shards": (1, 1, 4, 3, 5, 20, 24)}
    path = write(tmp_path / "a.zarr", raw, ["t", "c", "z", "angle", "phase", "y", "x"], **shape)
    stack = io.read(path)
    np.testing.assert_array_equal(stack.raw(1, 2, 3), raw[1, 2, 3])
    assert "guessed" not in " ".join(stack.notes)
    assert io.stem(tmp_path / "a.ome.zarr") == "a"


def test_no_units(tmp_path):
    stack = io.read(write(tmp_path / "a.zarr", RAW[0, 0, 0], "zyx", units={}))
    assert (stack.optics.pixel_size_um, stack.optics.z_step_um) == (None, None)


def test_frames_that_were_never_written(tmp_path):
    path = write(tmp_path / "a.zarr", RAW[:, 0, 0], "tzyx", chunks=(1, 1, 20, 12))
    for part in (path / "0" / "c" / "1" / "14").rglob("*"):
        if part.is_file():
            part.unlink()
    with pytest.raises(InputError, match=r"30 frames are promised, 29 are there, the first .* is 30; export it"):
        io.read(path)
    assert io.read(path, accept_incomplete=True).sizes["T"] == 1
    path = write(tmp_path / "b.zarr", RAW[0, 0, 0], "zyx", chunks=(1, 20, 12))
    (path / "0" / "c" / "3" / "0" / "1").unlink()
    stack = io.read(path)
    assert "some chunks of 1 of 15 frames are lacking: 0 is read there" in stack.notes
    assert not stack.raw()[0, 3, :, 12:].any()


def test_several_images_in_a_folder(tmp_path):
    """As bioformats2raw has them, with the metadata of the file that they were made of."""
    xml = '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Instrument ID="I:0"><Objective ID="O:0" '
    xml += 'LensNA="1.4"/></Instrument>'
    for n, wave in enumerate((525, 610)):
        xml += (
            f'<Image ID="Image:{n}"><Pixels ID="Pixels:{n}" SizeX="24"><Channel ID="C:{n}" EmissionWavelength="{wave}"'
        )
        xml += ' EmissionWavelengthUnit="nm"/></Pixels></Image>'
    xml += '<StructuredAnnotations><XMLAnnotation ID="A:0"><Value><Modulo><ModuloAlongZ Type="phase" Start="0" End="4"'
    xml += '/><ModuloAlongT Type="angle"><Label>0</Label><Label>60</Label><Label>120</Label></ModuloAlongT></Modulo>'
    xml += "</Value></XMLAnnotation></StructuredAnnotations></OME>"
    group = zarr.create_group(str(tmp_path / "a.zarr"), zarr_format=2)
    group.attrs["bioformats2raw.layout"] = 3
    raw = RAW[:, 0].reshape(2, 4, 3, 5, 20, 24).transpose(0, 2, 1, 3, 4, 5).reshape(6, 20, 20, 24)  # t*a, z*p
    for n in range(2):
        write(tmp_path / "a.zarr" / str(n), raw + n, "tzyx", "0.4", (1, 5, 20, 24))
    (tmp_path / "a.zarr" / "OME").mkdir()
    (tmp_path / "a.zarr" / "OME" / "METADATA.ome.xml").write_text(xml)
    assert formats.scenes(tmp_path / "a.zarr") == ["0", "1"]
    assert io.read(tmp_path / "a.zarr").optics.wavelength_em_um == 0.525
    stack = io.read(tmp_path / "a.zarr", scene=2)
    assert stack.notes[0] == "scene 2 of 2, 1"
    assert (stack.optics.wavelength_em_um, stack.optics.na) == (0.61, 1.4)
    np.testing.assert_array_equal(stack.raw(1, 0, 2).reshape(15, 20, 24), RAW[1, 0, 2] + 1)
    with pytest.raises(InputError, match="no scene 3; the file holds 2: 0, 1"):
        io.read(tmp_path / "a.zarr", scene=3)


def test_a_plate(tmp_path):
    group = zarr.create_group(str(tmp_path / "p.zarr"))
    group.attrs["ome"] = {"version": "0.5", "plate": {"wells": [{"path": "A/1"}, {"path": "B/2"}]}}
    for n, well in enumerate(("A/1", "B/2")):
        zarr.create_group(str(tmp_path / "p.zarr" / well)).attrs["ome"] = {"well": {"images": [{"path": "0"}]}}
        write(tmp_path / "p.zarr" / well / "0", RAW[0, 0, n], "zyx")
    assert formats.scenes(tmp_path / "p.zarr") == ["A/1/0", "B/2/0"]
    np.testing.assert_array_equal(io.read(tmp_path / "p.zarr", scene=2).raw().reshape(15, 20, 24), RAW[0, 0, 1])


def test_damage(tmp_path):
    path = write(tmp_path / "a.zarr", RAW[0, 0, 0], "zyx", chunks=(1, 20, 24))
    with pytest.raises(InputError, match="a bare array; give the OME-Zarr folder in which it lies"):
        io.read(path / "0")
    chunk = path / "0" / "c" / "2" / "0" / "0"
    chunk.write_bytes(chunk.read_bytes()[:10])
    with pytest.raises(InputError, match="frame 3 cannot be read"):
        io.read(path, keep_hot_pixels=True).raw()
    for name in ("zarr.json", "0/zarr.json"):
        whole = (path / name).read_text()
        for bad in (
            "",
            whole[:-40],
            "[1, 2]",
            whole.replace("15", str(10**9)),
            whole.replace('"path": "0"', '"path": 0'),
        ):
            if bad != whole:
                (path / name).write_text(bad)
                with pytest.raises(InputError, match="OME-Zarr"):
                    io.read(path)
        (path / name).write_text(whole)
    said = json.loads((path / "zarr.json").read_text())
    said["attributes"]["ome"]["multiscales"][0]["axes"].reverse()
    (path / "zarr.json").write_text(json.dumps(said))
    with pytest.raises(InputError, match="y, x are the last"):
        io.read(path)
    shutil.rmtree(path / "0")
    with pytest.raises(InputError, match="damaged: the array '0', of which its metadata speak, is not there"):
        io.read(path)
    zarr.create_group(str(tmp_path / "b.zarr"))
    with pytest.raises(InputError, match="holds no OME-Zarr image"):
        io.read(tmp_path / "b.zarr")


def test_the_metadata_are_as_the_specification_has_them(tmp_path):
    """Another package, which checks them, finds nothing wrong with what the tests write."""
    models = pytest.importorskip("ome_zarr_models", reason="it is not installed")
    for version in ("0.4", "0.5"):
        path = write(tmp_path / f"{version}.zarr", RAW[:, :, 0], "tczyx", version)
        models.open_ome_zarr(zarr.open_group(str(path), mode="r"))
