"""LIF, of blocks that are put together here as its files have them; liffile itself reads them."""

import struct

import numpy as np
import pytest

from srredsim import io
from srredsim.errors import InputError
from srredsim.io import formats

pytest.importorskip("liffile", reason="liffile, of the extra `files`, is not installed")
RAW = np.random.default_rng(9).integers(1, 4000, (2, 15, 2, 12, 16)).astype("u2")  # t, z, c, y, x
DIMENSION = (
    '<DimensionDescription DimID="{}" NumberOfElements="{}" Origin="0" Length="{}" Unit="m" BitInc="0" BytesInc="{}"/>'
)
CHANNEL = (
    '<ChannelDescription DataType="0" ChannelTag="0" Resolution="16" NameOfMeasuredQuantity="" Min="0" Max="4095" '
)
CHANNEL += 'Unit="" LUTName="{}" IsLUTInverted="0" BytesInc="{}" BitInc="0"/>'


def image(name, memory, raw, padding=0):
    """XML of an image (t, z, c, y, x) whose rows are this many bytes longer than their pixels."""
    t, z, c, y, x = raw.shape
    row = 2 * x + padding
    steps = {1: (x, 2), 2: (y, row), 3: (z, row * y * c), 4: (t, row * y * c * z)}
    lengths = {1: 65e-9 * (x - 1), 2: 65e-9 * (y - 1), 3: -120e-9 * (z - 1), 4: 1.0}
    dimensions = "".join(DIMENSION.format(axis, n, lengths[axis], inc) for axis, (n, inc) in steps.items())
    channels = "".join(CHANNEL.format(lut, n * row * y) for n, lut in enumerate(("Green", "Red")[:c]))
    start = 132539328000000000  # 100 ns since 1601
    stamps = " ".join(f"{start + 20_000_000 * n // (z * c):x}" for n in range(t * z * c))
    optics = '<Attachment Name="HardwareSetting"><ATLCameraSettingDefinition NumericalAperture="1.47">'
    optics += "".join(f'<WideFieldChannelInfo EmissionWavelength="{nm}"/>' for nm in (525, 610)[:c])
    return (
        f'<Element Name="{name}" UniqueID="{memory}"><Data><Image><ImageDescription><Channels>{channels}</Channels>'
        f"<Dimensions>{dimensions}</Dimensions></ImageDescription><TimeStampList>{stamps}</TimeStampList>"
        f'{optics}</ATLCameraSettingDefinition></Attachment></Image></Data><Memory Size="{row * y * c * z * t}" '
        f'MemoryBlockID="{memory}"/></Element>'
    )


def lif(path, images, padding=0):
    memories = {f"MemBlock_{n}": raw for n, raw in enumerate(images.values())}
    inner = "".join(
        image(name, memory, raw, padding) for name, (memory, raw) in zip(images, memories.items(), strict=True)
    )
    inner = f'<Element Name="p"><Children>{inner}</Children></Element>'
    xml = f'<LMSDataContainerHeader Version="2">{inner}</LMSDataContainerHeader>'
    text = xml.encode("utf-16-le")
    whole = struct.pack("<IIBI", 0x70, len(text) + 5, 0x2A, len(text) // 2) + text
    for memory, raw in memories.items():
        pixels = np.zeros((*raw.shape[:-1], raw.shape[-1] + padding // 2), "<u2")
        pixels[..., : raw.shape[-1]] = raw
        name = memory.encode("utf-16-le")
        head = struct.pack("<IIBQBI", 0x70, len(name) + 14, 0x2A, pixels.nbytes, 0x2A, len(memory))
        whole += head + name + pixels.tobytes()
    path.write_bytes(whole)
    return path


def test_images_are_scenes(tmp_path):
    path = lif(tmp_path / "a.lif", {"one": RAW, "two": RAW[:1] + 1})
    assert [name.rpartition("/")[2] for name in formats.scenes(path)] == ["one", "two"]
    stack = io.read(path)
    for t, c, _ in stack.positions():
        np.testing.assert_array_equal(stack.raw(t, c).reshape(15, 12, 16), RAW[t, :, c])
    optics = stack.optics
    assert (optics.na, optics.wavelength_em_um, optics.frame_interval_s) == (1.47, (0.525, 0.61), 2.0)
    assert (optics.pixel_size_um, optics.z_step_um) == pytest.approx((0.065, 0.12))
    assert stack.channel_names == ("Green", "Red")
    np.testing.assert_array_equal(io.read(path, scene=2).raw(0, 1).reshape(15, 12, 16), RAW[0, :, 1] + 1)


def test_rows_that_are_padded(tmp_path):
    one = RAW[:, :, :1, :, :15]
    stack = io.read(lif(tmp_path / "a.lif", {"one": one}, padding=2))
    np.testing.assert_array_equal(stack.raw(1).reshape(15, 12, 15), one[1, :, 0])


def test_cut_short(tmp_path):
    path = lif(tmp_path / "a.lif", {"one": RAW[:, :, :1]})
    whole = path.read_bytes()
    path.write_bytes(whole[:-1000])
    with pytest.raises(InputError, match=r"30 frames are promised, 27 are there, the first .* is 28; export it again"):
        io.read(path)
    assert io.read(path, accept_incomplete=True).sizes["T"] == 1
    path.write_bytes(whole[:900])
    with pytest.raises(InputError, match="the LIF file is damaged"):
        io.read(path)


def test_damage(tmp_path):
    whole, rng, said = lif(tmp_path / "a.lif", {"one": RAW[:1, :, :1]}).read_bytes(), np.random.default_rng(2), 0
    path = tmp_path / "b.lif"
    for _ in range(60):
        damaged = bytearray(whole)
        for at in rng.integers(9, 5500, 3):
            damaged[at] = rng.integers(256)
        path.write_bytes(bytes(damaged))
        try:
            io.read(path, accept_incomplete=True).raw()
        except InputError:
            said += 1
    assert said > 10
