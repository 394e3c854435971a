"""ND2, of chunks that are put together here as its files have them; nd2 itself reads them."""

import struct

import numpy as np
import pytest

from srredsim import io
from srredsim.errors import InputError
from srredsim.io import formats

pytest.importorskip("nd2", reason="nd2, of the extra `files`, is not installed")
RAW = np.random.default_rng(7).integers(1, 4000, (60, 12, 16, 2)).astype("u2")  # frame, y, x, channel


def lv(**values):
    """Numbers, texts and groups, by their names, as ND2 stores them."""
    return b"".join(_lv(name, value) for name, value in values.items())


def _lv(name, value):
    kind = {bool: 1, int: 3, float: 6, str: 8, dict: 11, list: 11}[type(value)]
    head = struct.pack("<BB", kind, len(name) + 1) + (name + "\0").encode("utf-16-le")
    if kind == 11:
        items = [("", one) for one in value] if isinstance(value, list) else list(value.items())
        body = b"".join(_lv(*item) for item in items)
        return head + struct.pack("<IQ", len(items), len(head) + 12 + len(body)) + body + bytes(8 * len(items))
    packed = {
        1: lambda: struct.pack("<B", value),
        3: lambda: struct.pack("<I", value),
        6: lambda: struct.pack("<d", value),
    }
    return head + (packed[kind]() if kind in packed else (value + "\0").encode("utf-16-le"))


def spectrum(nm):
    return {"uiCount": 1, "bPoints": False, "pPoint": [{"eType": 3, "dWavelength": float(nm), "dTValue": 1.0}]}


def chunk(name, data):
    room = 4096 - 16 - 8  # so that pixels, behind a time of eight bytes, begin at a whole page
    return struct.pack("<IIQ", 0x0ABECEDA, room, len(data)) + name.ljust(room, b"\0") + data


def loops(*levels):
    """Loops within one another, the outermost first."""
    *outer, (kind, parameters) = levels
    told = {"eType": kind, "uLoopPars": parameters}
    for kind, parameters in reversed(outer):
        told = {"eType": kind, "uLoopPars": parameters, "ppNextLevelEx": [told]}
    return told


def times(count):
    period = {"dStart": 0.0, "dPeriod": 500.0, "dDuration": 0.0, "dAvgPeriodDiff": 501.0}
    return 1, {"uiCount": count, **period}


def heights(count):
    return 4, {"uiCount": count, "dZLow": 0.0, "dZHigh": 0.12 * (count - 1), "dZStep": 0.12, "iType": 0}


def places(*names):
    return 2, {"uiCount": len(names), "Points": [{"dPosX": 0.0, "dPosY": 0.0, "pPosName": name} for name in names]}


def nd2_file(path, frames, experiment=None, channels=2, promised=None, gone=(), probe=True):
    _, y, x, components = frames.shape
    attributes = {"uiWidth": x, "uiHeight": y, "uiWidthBytes": 2 * x * components, "uiComp": components}
    attributes |= {"uiBpcInMemory": 16, "uiBpcSignificant": 12, "uiSequenceCount": promised or len(frames)}
    planes = [
        {"sDescription": name, "uiCompCount": components // channels, "uiSampleIndex": n, "uiModalityMask": 0x4101}
        for n, name in enumerate(("488", "561")[:channels])
    ]
    for plane, nm in zip(planes, (525, 610), strict=False):
        light = {"m_EmissionSpectrum": spectrum(nm), "m_ExcitationSpectrum": spectrum(nm - 40)}
        plane |= {"pFilterPath": {"m_pFilter": [light]}} | ({"pFluorescentProbe": light} if probe else {})
    picture = {"bCalibrated": True, "dCalibration": 0.065, "dObjectiveNA": 1.49}
    picture["sPicturePlanes"] = {"uiCount": channels, "sPlaneNew": {f"a{n}": plane for n, plane in enumerate(planes)}}
    parts = {
        b"ImageAttributesLV!": lv(SLxImageAttributes=attributes),
        b"ImageMetadataSeqLV|0!": lv(SLxPictureMetadata=picture),
    }
    if experiment:
        parts[b"ImageMetadataLV!"] = lv(SLxExperiment=experiment)
    for n, frame in enumerate(frames):
        if n not in gone:
            parts[b"ImageDataSeq|%d!" % n] = struct.pack("<d", 20.0 * n) + frame.tobytes()
    head = struct.pack("<IIQ", 0x0ABECEDA, 32, 64) + b"ND2 FILE SIGNATURE CHUNK NAME01!" + b"Ver3.0".ljust(64, b"\0")
    whole, index = bytearray(head.ljust(4096, b"\0")), b""
    for name, data in parts.items():
        index += name + struct.pack("<QQ", len(whole), len(data))
        whole += chunk(name, data)
    signature, at = b"ND2 CHUNK MAP SIGNATURE 0000001!", len(whole)
    whole += chunk(b"ND2 FILEMAP SIGNATURE NAME 0001!", index + signature + struct.pack("<Q", at))
    path.write_bytes(bytes(whole))
    return path


def test_times_heights_and_channels(tmp_path):
    """Channels lie within a frame; the frames of SIM along z."""
    stack = io.read(nd2_file(tmp_path / "a.nd2", RAW, loops(times(4), heights(15))))
    expected = RAW.reshape(4, 15, 12, 16, 2)
    for t, c, _ in stack.positions():
        np.testing.assert_array_equal(stack.raw(t, c).reshape(15, 12, 16), expected[t, ..., c])
    optics = stack.optics
    assert (optics.na, optics.wavelength_em_um, optics.frame_interval_s) == (1.49, (0.525, 0.61), 0.5)
    assert (optics.pixel_size_um, optics.z_step_um) == pytest.approx((0.065, 0.12))
    assert stack.channel_names == ("488", "561")
    assert "of structured illumination; angles and phases are not named" in " ".join(stack.notes)


def test_sequences_that_no_loop_names(tmp_path):
    stack = io.read(nd2_file(tmp_path / "a.nd2", RAW, loops(times(4))))
    np.testing.assert_array_equal(stack.raw(2, 1).reshape(15, 12, 16), RAW.reshape(4, 15, 12, 16, 2)[2, ..., 1])
    assert "sequences of 15 frames" in " ".join(stack.notes)


def test_optics_that_cannot_be_read(tmp_path):
    """nd2 0.12 falls over channels that name no dye: the frames are read all the same."""
    stack = io.read(nd2_file(tmp_path / "a.nd2", RAW[:15], probe=False), na=1.4)
    np.testing.assert_array_equal(stack.raw(0, 1).reshape(15, 12, 16), RAW[:15, ..., 1])
    assert stack.optics.na == 1.4


def test_positions_are_scenes(tmp_path):
    path = nd2_file(tmp_path / "a.nd2", RAW, loops(times(2), places("A", "B"), heights(15)))
    assert formats.scenes(path) == ["A", "B"]
    stack = io.read(path, scene=2)
    np.testing.assert_array_equal(stack.raw(1, 0).reshape(15, 12, 16), RAW.reshape(2, 2, 15, 12, 16, 2)[1, 1, ..., 0])


def test_a_montage(tmp_path):
    tiles = np.random.default_rng(0).integers(1, 99, (3, 5, 128, 128)).astype("u2")
    montage = tiles.transpose(0, 2, 1, 3).reshape(1, 384, 640, 1)
    stack = io.read(nd2_file(tmp_path / "a.nd2", montage, channels=1))
    np.testing.assert_array_equal(stack.raw(), tiles)


def test_what_is_missing(tmp_path):
    path = nd2_file(tmp_path / "a.nd2", RAW[:30], loops(times(2), heights(15)), gone=(22,))
    with pytest.raises(InputError, match=r"60 frames are promised, 58 are there, the first .* is 45; export it again"):
        io.read(path)
    assert io.read(path, accept_incomplete=True).sizes["T"] == 1
    path = nd2_file(tmp_path / "b.nd2", RAW[:20], loops(times(2), heights(15)))
    with pytest.raises(InputError, match="60 frames are promised, 40 are there"):
        io.read(path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match="never finished or is cut short"):
        io.read(path)


def test_damage(tmp_path):
    whole, rng = nd2_file(tmp_path / "a.nd2", RAW[:15]).read_bytes(), np.random.default_rng(2)
    path, said = tmp_path / "b.nd2", 0
    for n in range(60):
        damaged = bytearray(whole)
        at = rng.integers(4096, 4096 * 5) if n % 2 else rng.integers(len(whole) - 900, len(whole))
        damaged[at : at + 6] = bytes(rng.integers(0, 256, 6).tolist())
        path.write_bytes(bytes(damaged))
        try:
            io.read(path, accept_incomplete=True, angles=3, phases=5).raw()
        except InputError:
            said += 1
    assert said > 10
    colour = nd2_file(tmp_path / "c.nd2", np.repeat(RAW[:15, ..., :1], 3, axis=3), channels=1)
    with pytest.raises(InputError, match="colour image"):
        io.read(colour)
