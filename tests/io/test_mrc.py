"""MRC and DeltaVision, of bytes that are put together here and, where they are installed, of their own writers."""

import struct

import numpy as np
import pytest

from srredsim import io
from srredsim.errors import InputError

RNG = np.random.default_rng(3)
SEQUENCE = {"CTZ": 0, "TZC": 1, "TCZ": 2}
MODES = {"u1": 0, "i2": 1, "f4": 2, "u2": 6}


def dv(path, sections, *, order="CTZ", endian="<", mark=True, extended=None, times=1, waves=(528,), **said):
    """Sections (n, y, x) behind a header; ``extended`` (n, 32) are the floats of each, behind 8 integers."""
    count, y, x = sections.shape
    head = bytearray(1024)

    def put(at, kind, *values):
        struct.pack_into(endian + kind, head, at, *values)

    put(0, "4i", x, y, said.get("promised", count), MODES[sections.dtype.str[1:]])
    put(40, "3f", *said.get("spacing", (0.08, 0.08, 0.125)))
    put(162, "h", said.get("lens", 10612))
    put(180, "2h", times, SEQUENCE[order])
    put(196, f"{1 + len(waves)}h", len(waves), *waves)
    if mark:
        put(96, "h", -16224)
    block = b""
    if extended is not None:
        put(128, "2h", 8, 32)
        block = np.hstack([np.zeros((count, 8)), extended]).astype(f"{endian}f4").tobytes()
        put(92, "i", len(block))
    path.write_bytes(bytes(head) + block + sections.astype(sections.dtype.newbyteorder(endian)).tobytes())
    return path


def frames(*shape, dtype="u2"):
    return RNG.integers(0, 9000, (*shape, 12, 16)).astype(dtype)


def stage(*z, emission=0.0, seconds=None):
    """Extended header whose sections were taken at these heights of the stage."""
    floats = np.zeros((len(z), 32))
    floats[:, 4], floats[:, 11] = z, emission
    floats[:, 1] = 0 if seconds is None else seconds
    return floats


@pytest.mark.parametrize("endian", "<>")
@pytest.mark.parametrize("dtype", ["u2", "i2", "f4"])
def test_pixels_and_optics(tmp_path, endian, dtype):
    raw = frames(3, 5, dtype=dtype)
    stack = io.read(dv(tmp_path / "a.dv", raw.reshape(15, 12, 16), endian=endian))
    np.testing.assert_array_equal(stack.raw(), raw)
    optics = stack.optics
    assert (optics.na, optics.wavelength_em_um) == (1.42, 0.528)
    assert optics.pixel_size_um == pytest.approx(0.08)
    assert optics.z_step_um == pytest.approx(0.125)
    assert "the file does not name angles and phases" in " ".join(stack.notes)


@pytest.mark.parametrize("order", SEQUENCE)
def test_sequences_of_time_colour_and_sections(tmp_path, order):
    """OMX: phase fastest, then z, then angle; time and colour where the header's sequence has them."""
    whole = frames(2, 3, 3, 4, 5)  # t, c, angle, z, phase
    axes = [{"T": 0, "C": 1, "Z": 2}[letter] for letter in order]
    sections = whole.reshape(2, 3, 60, 12, 16).transpose(*axes, 3, 4).reshape(-1, 12, 16)
    path = dv(tmp_path / "a.dv", sections, order=order, times=2, waves=(435, 528, 683))
    stack = io.read(path)
    assert stack.optics.wavelength_em_um == (0.435, 0.528, 0.683)
    for t, c, z in stack.positions():
        np.testing.assert_array_equal(stack.raw(t, c, z), whole[t, c, :, z])
    assert [stack.sizes[axis] for axis in "TCZAP"] == [2, 3, 4, 3, 5]
    assert "order PZA" in stack.notes[0]
    other = io.read(path, order="PAZ")  # who says so has another
    np.testing.assert_array_equal(other.raw(0, 0, 1)[2], whole[0, 0].reshape(60, 12, 16)[25:30])


def test_the_stage_tells_the_order(tmp_path):
    noise = RNG.normal(0, 0.004, 60)  # um: stages are not exact
    angle_last = np.tile(np.repeat(np.arange(4) * 0.125, 5), 3) + noise
    z_last = np.repeat(np.arange(4) * -0.125, 15) + noise
    sections = frames(60)
    one = io.read(dv(tmp_path / "a.dv", sections, extended=stage(*angle_last, emission=608)))
    np.testing.assert_array_equal(one.raw(z=2), sections.reshape(3, 4, 5, 12, 16)[:, 2])
    assert one.optics.wavelength_em_um == 0.608  # of the sections, not of the header
    assert "the stage tells 3 angles x 4 z-planes x 5 phases" in " ".join(one.notes)
    assert "guessed" not in " ".join(one.notes)
    other = io.read(dv(tmp_path / "b.dv", sections, extended=stage(*z_last)))
    np.testing.assert_array_equal(other.raw(z=2), sections.reshape(4, 3, 5, 12, 16)[2])
    assert "the stage tells 4 z-planes of 15 frames" in " ".join(other.notes)
    with pytest.raises(InputError, match="the file names 3 angles x 5 phases"):
        io.read(tmp_path / "a.dv", angles=5, phases=3)


@pytest.mark.parametrize("z", [np.zeros(60), RNG.random(60), np.arange(60) * 0.1, np.r_[np.zeros(7), np.ones(53)]])
def test_a_stage_that_tells_nothing(tmp_path, z):
    stack = io.read(dv(tmp_path / "a.dv", frames(60), extended=stage(*z)))
    assert stack.sizes["Z"] == 4
    assert "does not name angles and phases" in " ".join(stack.notes)


def test_times_of_the_sections(tmp_path):
    path = dv(tmp_path / "a.dv", frames(45), times=3, extended=stage(*np.zeros(45), seconds=np.arange(45) * 0.02))
    assert io.read(path).optics.frame_interval_s == pytest.approx(0.3)


def test_without_a_mark(tmp_path):
    """As BioSR has it: Priism's layout, recognised by a header that fits the file's length."""
    raw = frames(9)
    stack = io.read(dv(tmp_path / "a.mrc", raw, mark=False, spacing=(0.0626, 0.0626, 0.16), waves=()))
    np.testing.assert_array_equal(stack.raw(), raw.reshape(3, 3, 12, 16))
    assert stack.optics.pixel_size_um == pytest.approx(0.0626)
    assert "without a mark" in " ".join(stack.notes)
    foreign = io.read(dv(tmp_path / "b.mrc", raw, mark=False, spacing=(62.6, 62.6, 1)))
    assert foreign.optics.pixel_size_um is None
    assert "no known unit" in " ".join(foreign.notes)
    (tmp_path / "c.mrc").write_bytes((tmp_path / "a.mrc").read_bytes() + b"more")
    with pytest.raises(InputError, match="neither a TIFF"):
        io.read(tmp_path / "c.mrc")


def test_waves_that_are_no_light(tmp_path):
    path = dv(tmp_path / "a.dv", frames(30), waves=(528, -50), order="CTZ")  # -50: transmitted light
    assert io.read(path).optics.wavelength_em_um is None
    assert io.read(dv(tmp_path / "b.dv", frames(15), lens=99)).optics.na is None


def test_fewer_frames_than_promised(tmp_path):
    path = dv(tmp_path / "a.dv", frames(30), times=2)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(InputError, match=r"30 frames are promised, 29 are there, the first .* is 30; export it again"):
        io.read(path)
    assert io.read(path, accept_incomplete=True).sizes["T"] == 1
    more = io.read(dv(tmp_path / "b.dv", frames(16), promised=15))
    assert "15 frames are promised, 16 are there: the others are left out" in more.notes


def test_damage(tmp_path):
    path = dv(tmp_path / "a.dv", frames(15), extended=stage(*np.zeros(15)))
    whole = path.read_bytes()
    for at, kind, value, said in (
        (92, "<i", 2**30, "bytes of an extended header are promised"),
        (92, "<i", -8, "bytes of an extended header are promised"),
        (8, "<i", 2**30, "frames are promised, but the file has"),
        (12, "<i", 77, "neither"),
        (12, "<i", 4, "complex"),
        (0, "<i", 0, "neither"),
    ):
        damaged = bytearray(whole)
        struct.pack_into(kind, damaged, at, value)
        path.write_bytes(bytes(damaged))
        with pytest.raises(InputError, match=said):
            io.read(path)


def test_what_mrcfile_writes(tmp_path):
    mrcfile = pytest.importorskip("mrcfile", reason="its writer is not installed")
    raw = frames(15, dtype="f4")
    for name, voxel, said in (("a.mrc", 650.0, "MRC2014"), ("b.mrc", 0.065, "taken for micrometres")):
        with mrcfile.new(tmp_path / name) as file:
            file.set_data(raw)
            file.voxel_size = voxel
        stack = io.read(tmp_path / name)
        np.testing.assert_array_equal(stack.raw().reshape(raw.shape), raw)
        assert stack.optics.pixel_size_um == pytest.approx(0.065)
        assert said in " ".join(stack.notes)
    with mrcfile.new(tmp_path / "c.mrc") as file:
        file.set_data(RNG.integers(-9, 9, (15, 8, 8)).astype("i1"))
        expected = file.data.copy()
    np.testing.assert_array_equal(io.read(tmp_path / "c.mrc").raw().reshape(15, 8, 8), expected)


def test_what_the_mrc_package_reads(tmp_path):
    """A reader that is not ours agrees about the bytes that are put together here."""
    mrc = pytest.importorskip("mrc", reason="it is not installed")
    whole = frames(2, 3, 15)
    path = dv(tmp_path / "a.dv", whole.reshape(-1, 12, 16), order="TCZ", times=2, waves=(435, 528, 683))
    with mrc.DVFile(path) as file:
        assert file.sizes == {"T": 2, "C": 3, "Z": 15, "Y": 12, "X": 16}
        np.testing.assert_array_equal(file.asarray(), whole)
    mrc.imsave(str(tmp_path / "b.dv"), whole[0, 0], metadata={"d": (0.08, 0.08, 0.125), "LensNum": 10612})
    stack = io.read(tmp_path / "b.dv")
    np.testing.assert_array_equal(stack.raw().reshape(15, 12, 16), whole[0, 0])
    assert (stack.optics.na, stack.optics.pixel_size_um) == (1.42, pytest.approx(0.08))
