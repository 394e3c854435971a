"""What a file promises, against what it holds."""

import numpy as np
import pytest
import tifffile

from srredsim import io
from srredsim.errors import InputError

FRAMES = np.arange(15 * 32 * 48, dtype=np.uint16).reshape(15, 32, 48)


def replaced(path, old, new):
    whole = path.read_bytes()
    assert len(old) == len(new)
    assert old in whole
    path.write_bytes(whole.replace(old, new))
    return path


def test_imagej_header_that_promises_more(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, FRAMES, imagej=True)
    io.read(path)
    replaced(path, b"images=15\n", b"images=45\n")
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"frames=15\n", b"frames=45\n").replace(b"slices=15\n", b"slices=45\n"))
    with pytest.raises(InputError, match="45 frames are promised, 15 are there"):
        io.read(path)


def test_imagej_header_over_pages(tmp_path):
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path, imagej=False) as tif:
        for n, frame in enumerate(FRAMES):
            text = "ImageJ=1.53\nimages=30\nslices=30\n" if n == 0 else None
            tif.write(frame, description=text, metadata=None, photometric="minisblack", compression="zlib")
    with pytest.raises(InputError, match="30 frames are promised, 15 are there"):
        io.read(path)


def test_millions_of_frames_in_a_small_file(tmp_path):
    path = tmp_path / "a.ome.tif"
    metadata = {"axes": "TYX", "Name": "x" * 20}
    tifffile.imwrite(path, FRAMES, ome=True, photometric="minisblack", metadata=metadata)
    replaced(path, b'SizeT="15"', b'SizeT="99"')
    with pytest.raises(InputError):
        io.read(path)
    with tifffile.TiffFile(path) as tif:
        text = tif.ome_metadata.replace('SizeT="99"', 'SizeT="100000000"')
    tifffile.tiffcomment(path, text.encode())
    with pytest.raises(InputError, match="100000000 frames are promised"):
        io.read(path)


def test_a_tile_that_was_never_written(tmp_path):
    path = tmp_path / "a.tif"
    frames = FRAMES.copy()
    tifffile.imwrite(path, frames, tile=(16, 16), compression="zlib", photometric="minisblack")
    io.read(path).raw(0, 0, 0)
    with tifffile.TiffFile(path, mode="r+") as tif:
        page = tif.pages[7]
        for name in ("TileOffsets", "TileByteCounts"):
            values = list(page.tags[name].value)
            values[1] = 0
            page.tags[name].overwrite(values)
    with pytest.raises(InputError, match=r"15 frames are promised, 14 are there, the first .* is 8"):
        io.read(path)


def test_a_dangling_link_is_called_one(tmp_path):
    (tmp_path / "dangling.tif").symlink_to(tmp_path / "gone.tif")
    with pytest.raises(InputError, match=r"is a link to .*gone.tif, which does not exist"):
        io.find([tmp_path / "dangling.tif"])
