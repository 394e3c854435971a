"""CZI, of segments that are put together here as its published layout has them; other readers agree about them."""

import json
import struct
from contextlib import suppress

import imagecodecs
import numpy as np
import pytest

from srredsim import io
from srredsim.errors import InputError
from srredsim.io import formats

RAW = np.random.default_rng(5).integers(1, 3000, (2, 2, 3, 4, 5, 12, 16)).astype("u2")  # t, c, angle, z, phase, y, x
XML = """<ImageDocument><Metadata><Information><Image><SizeT>{t}</SizeT><Dimensions><Channels>
<Channel Id="Channel:0" Name="EGFP"><EmissionWavelength>509.4</EmissionWavelength></Channel>
<Channel Id="Channel:1" Name="Cy5"><EmissionWavelength>673</EmissionWavelength></Channel></Channels>
<T><Positions><Interval><Increment>2.5</Increment></Interval></Positions></T>
<S><Scenes><Scene Index="0" Name="left"/><Scene Index="1"/></Scenes></S></Dimensions>
<ObjectiveSettings><ObjectiveRef Id="Objective:2"/></ObjectiveSettings></Image><Instrument><Objectives>
<Objective Id="Objective:1"><LensNA>0.3</LensNA></Objective><Objective Id="Objective:2"><LensNA>1.4</LensNA></Objective>
</Objectives></Instrument></Information><Scaling><Items><Distance Id="X"><Value>6.5E-08</Value></Distance>
<Distance Id="Y"><Value>6.5E-08</Value></Distance><Distance Id="Z"><Value>1.1E-07</Value></Distance></Items></Scaling>
</Metadata></ImageDocument>"""


def packed(values):
    """Zstandard behind a header that says: the low bytes first."""
    apart = np.frombuffer(values.tobytes(), np.uint8).reshape(-1, 2).T.tobytes()
    return b"\x03\x01\x01" + imagecodecs.zstd_encode(apart)


ENCODED = {
    0: lambda values: values.tobytes(),
    4: lambda values: imagecodecs.jpegxr_encode(values, level=1.0),
    5: lambda values: imagecodecs.zstd_encode(values.tobytes()),
    6: packed,
}


def segment(name, data):
    room = -(-len(data) // 32) * 32
    return struct.pack("<16sqq", name, room, len(data)) + data.ljust(room, b"\0")


def entry(at, position, size, compression=0, pixel_type=1, pyramid=0):
    both = {"X": (position.get("X", 0), size[1]), "Y": (position.get("Y", 0), size[0])}
    both |= {axis: (start, 1) for axis, start in reversed(position.items()) if axis not in "XY"}
    head = struct.pack("<2siqiiB5xi", b"DV", pixel_type, at, 0, compression, pyramid, len(both))
    return head + b"".join(struct.pack("<4siifi", axis.encode(), a, n, float(a), n) for axis, (a, n) in both.items())


def block(position, values, compression=0, **kind):
    known = entry(0, position, values.shape, compression, **kind)
    data, note = ENCODED[compression](values), b"<METADATA/>"
    fixed = struct.pack("<iiq", len(note), 0, len(data)) + known
    return segment(b"ZISRAWSUBBLOCK", fixed.ljust(max(256, 16 + len(known)), b"\0") + note + data)


def czi(path, blocks, times=2, compression=0, finished=True, **kind):
    """Blocks as (position, pixels); ``finished=False``: without directory and metadata."""
    xml = XML.format(t=times)
    parts, entries, at = [], b"", 32 + 512
    for position, values in blocks:
        parts.append(block(position, values, compression, **kind))
        entries += entry(at, position, values.shape, compression, **kind)
        at += len(parts[-1])
    metadata = segment(b"ZISRAWMETADATA", struct.pack("<ii", len(xml), 0).ljust(256, b"\0") + xml.encode())
    directory = segment(b"ZISRAWDIRECTORY", struct.pack("<i", len(parts)).ljust(128, b"\0") + entries)
    places = (at + len(metadata), at) if finished else (0, 0)
    head = struct.pack("<iiii16s16siqqiq", 1, 0, 0, 0, b"", b"", 0, *places, 0, 0).ljust(512, b"\0")
    whole = [segment(b"ZISRAWFILE", head), *parts, *([metadata, directory] if finished else [])]
    path.write_bytes(b"".join(whole))
    return path


def positions(raw=RAW, axes="TCRZH", **more):
    return [(dict(zip(axes, at, strict=True)) | more, raw[at]) for at in np.ndindex(*raw.shape[:-2])]


@pytest.mark.parametrize("compression", ENCODED)
def test_angles_and_phases_are_named(tmp_path, compression):
    blocks = positions(RAW[:, :, :, :2])
    order = np.random.default_rng(1).permutation(len(blocks))  # the directory says what a block is, not its place
    stack = io.read(czi(tmp_path / "a.czi", [blocks[n] for n in order], compression=compression))
    for t, c, z in stack.positions():
        np.testing.assert_array_equal(stack.raw(t, c, z), RAW[t, c, :, z])
    optics = stack.optics
    assert (optics.na, optics.wavelength_em_um, optics.frame_interval_s) == (1.4, (0.5094, 0.673), 2.5)
    assert (optics.pixel_size_um, optics.z_step_um) == pytest.approx((0.065, 0.11))
    assert stack.channel_names == ("EGFP", "Cy5")
    assert "guessed" not in " ".join(stack.notes)


def test_scenes_tiles_and_pyramids(tmp_path):
    """Two scenes, each of two tiles that overlap by four pixels; a coarser level and other numbers do no harm."""
    blocks = []
    for scene, raw in enumerate(RAW[:, 0, :, 0]):
        for a, p in np.ndindex(3, 5):
            at = {"S": scene, "R": a, "H": p + 7}
            blocks.append((at | {"M": 0, "X": 100 * scene - 50, "Y": -3}, raw[a, p, :, :10]))
            blocks.append((at | {"M": 1, "X": 100 * scene - 44, "Y": -3}, raw[a, p, :, 6:]))
    path = czi(tmp_path / "a.czi", blocks)
    whole = path.read_bytes()
    assert formats.scenes(path) == ["left", "2"]
    for scene in (1, 2):
        stack = io.read(path, scene=scene)
        np.testing.assert_array_equal(stack.raw(), RAW[scene - 1, 0, :, 0])
    assert "scene 2 of 2, 2" in stack.notes
    coarse = czi(tmp_path / "b.czi", [({"S": 0, "R": 0, "H": 7}, RAW[0, 0, 0, 0, 0])] * 3, pyramid=1)
    assert len(whole) > len(coarse.read_bytes())
    with pytest.raises(InputError, match="holds no pixels"):
        io.read(coarse)


def test_each_scene_is_a_stack(tmp_path, capsys):
    """On the command line all are done, each with results of its own; what is wrong with one is said of that one."""
    from srredsim.cli.main import main

    blocks = positions(RAW[0, 0, :, 0], "RH", S=0) + positions(RAW[1, 0, :, :2, 0], "RZ", S=1)
    path = czi(tmp_path / "a.czi", blocks)
    assert main(["inspect", str(path), "--json"]) == 2
    out, err = capsys.readouterr()
    report = json.loads(out)
    assert [one["scene"] for one in (*report["results"], *report["failures"])] == [1, 2]
    assert report["results"][0]["frame_means"][0] == RAW[0, 0, :, 0].mean(axis=(2, 3)).tolist()
    assert f"{path}, scene 2: " in err
    assert [one.name for one in tmp_path.glob("*.png")] == ["a_scene1_inspect.png"]
    assert main(["inspect", str(path), "--scene", "1"]) == 2  # it is there
    assert "a_scene1_inspect.png" in capsys.readouterr().err


def test_what_is_promised(tmp_path):
    blocks = positions(RAW[:, :1, :, 0], "TCRH")
    path = czi(tmp_path / "a.czi", blocks[:-2])
    with pytest.raises(InputError, match=r"30 frames are promised, 28 are there, the first .* is 29; export it again"):
        io.read(path)
    assert io.read(path, accept_incomplete=True).sizes["T"] == 1
    longer = czi(tmp_path / "b.czi", blocks, times=3)
    with pytest.raises(InputError, match="45 frames are promised, 30 are there"):
        io.read(longer)


def test_never_finished(tmp_path):
    """Its program was killed: no directory, no metadata; the blocks that are whole are found."""
    path = czi(tmp_path / "a.czi", positions(RAW[:, :1, :, 0], "TCRH"), finished=False)
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(InputError, match="30 frames are promised, 29 are there"):
        io.read(path)
    stack = io.read(path, accept_incomplete=True)
    np.testing.assert_array_equal(stack.raw(), RAW[0, 0, :, 0])
    czi(tmp_path / "b.czi", positions(RAW[0, :1, :, 0], "CRH"), finished=False)
    with pytest.raises(InputError, match="never finished or is cut short: it has no directory"):
        io.read(tmp_path / "b.czi")


def test_damage(tmp_path):
    path = czi(tmp_path / "a.czi", positions(RAW[0, :1, :, 0], "CRH"), compression=5)
    whole, rng = path.read_bytes(), np.random.default_rng(2)
    first = whole.index(b"ZISRAWSUBBLOCK")
    for at, new, said in (
        (whole.index(b"ZISRAWDIRECTORY") + 160, b"XX", "damaged"),
        (first, b"ZZ", "frame 1 cannot be read"),
        (first + 32 + 256 + 11, b"\xff" * 40, "frame 1 cannot be read"),
        (whole.index(b"<Information>"), b"<<<<", "damaged"),
        (32 + 48, b"\1", "part 2 of several"),
        (whole.index(b"DV", first) + 2, b"\3", None),  # what the block itself says is not asked for
    ):
        path.write_bytes(whole[:at] + new + whole[at + len(new) :])
        if said is None:
            io.read(path).raw()
            continue
        with pytest.raises(InputError, match=said):
            io.read(path, keep_hot_pixels=True).raw()
    for _ in range(40):
        damaged = bytearray(whole)
        for at in rng.integers(0, len(whole), 3):
            damaged[at] = rng.integers(256)
        path.write_bytes(bytes(damaged)[: rng.integers(len(whole) // 2, len(whole))])
        with suppress(InputError):  # and nothing else
            io.read(path, accept_incomplete=True).raw()


def test_colour_and_blocks_of_several_planes(tmp_path):
    with pytest.raises(InputError, match="colour image"):
        io.read(czi(tmp_path / "a.czi", positions(RAW[0, :1, :, 0], "CRH"), pixel_type=3))


def test_another_reader_agrees(tmp_path):
    czifile = pytest.importorskip("czifile", reason="it is not installed")
    path = czi(tmp_path / "a.czi", positions(RAW))
    np.testing.assert_array_equal(np.squeeze(czifile.imread(path)), RAW)


def test_what_zeiss_writes(tmp_path):
    """Its own library, which has no place for angles and phases: a series of z."""
    pytest.importorskip("pylibCZIrw", reason="Zeiss's own library is not installed")
    from pylibCZIrw import czi as zeiss

    raw = RAW[0, 0, :, 0].reshape(15, 12, 16)
    with zeiss.create_czi(
        str(tmp_path / "a.czi"), compression_options="zstd1:ExplicitLevel=2;PreProcess=HiLoByteUnpack"
    ) as file:
        for z, plane in enumerate(raw):
            file.write(data=plane[..., None], plane={"T": 0, "Z": z, "C": 0})
        file.write_metadata("a", scale_x=65e-9, scale_y=65e-9, scale_z=110e-9)
    stack = io.read(tmp_path / "a.czi")
    np.testing.assert_array_equal(stack.raw().reshape(raw.shape), raw)
    assert (stack.optics.pixel_size_um, stack.optics.z_step_um) == pytest.approx((0.065, 0.11))
