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


def test_what_is_left_over_is_told(tmp_path):
    """Metadata that promise less than there is: the frames that they promise are taken, and it is said."""
    text = "ImageJ=1.53\nimages=3\nslices=3\n"
    paths = [tmp_path / name for name in ("a.ome.tif", "b.tif", "c.tif")]
    tifffile.imwrite(paths[0], FRAMES, ome=True, photometric="minisblack", metadata={"axes": "TYX"})
    replaced(paths[0], b'SizeT="15"', b'SizeT="03"')
    tifffile.imwrite(paths[1], FRAMES, description=text, metadata=None, photometric="minisblack", compression="zlib")
    tifffile.imwrite(paths[2], FRAMES, imagej=True, metadata={"axes": "TYX"})
    replaced(paths[2], b"images=15\n", b"images=03\n")
    replaced(paths[2], b"frames=15\n", b"frames=03\n")
    for path in paths:
        stack = io.read(path, angles=1, phases=3)
        assert np.array_equal(stack.raw(0, 0, 0)[0], FRAMES[:3])
        assert "3 frames are promised, 15 are there: the others are left out" in stack.notes
    tifffile.imwrite(paths[2], FRAMES, imagej=True, metadata={"axes": "TYX"})
    assert "promised" not in " ".join(io.read(paths[2]).notes)


def test_a_file_that_was_never_finished(tmp_path):
    """As a killed program leaves it: all pixels, and a page that knows of the first frame."""
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as tif:
        for frame in FRAMES:
            tif.write(frame, contiguous=True, photometric="minisblack")
        tif.filehandle.flush()
        killed = path.read_bytes()
    path.write_bytes(killed)
    with pytest.raises(InputError, match="1 frame is promised, the pixels of 15 are there"):
        io.read(path)
    assert np.array_equal(io.read(path, accept_incomplete=True).raw(0, 0, 0).reshape(FRAMES.shape), FRAMES)


def test_a_list_of_pages_that_was_lost(tmp_path):
    """All pixels are there, and the header says how many frames: nothing is lacking."""
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, FRAMES, imagej=True)
    with tifffile.TiffFile(path) as tif:
        end = tif.pages[9].offset
    path.write_bytes(path.read_bytes()[:end])
    assert np.array_equal(io.read(path).raw(0, 0, 0).reshape(FRAMES.shape), FRAMES)


@pytest.mark.parametrize("pages", [1, 9])
@pytest.mark.parametrize("written", [{"metadata": None}, {"ome": True, "metadata": {"axes": "TYX"}}])
def test_a_list_of_pages_that_was_cut_promises_more(tmp_path, written, pages):
    """Where no header says how many frames there are, those that are listed are no whole file."""
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, FRAMES, photometric="minisblack", **written)
    with tifffile.TiffFile(path) as tif:
        end = tif.pages[pages].offset
    path.write_bytes(path.read_bytes()[:end])
    words = rf"cut short: after {pages} pages? there should be more; the pixels of 15 frames are there; export it again"
    with pytest.raises(InputError, match=words):
        io.read(path, angles=1, phases=3)
    assert np.array_equal(io.read(path, accept_incomplete=True).raw(0, 0, 0).reshape(FRAMES.shape), FRAMES)


@pytest.mark.parametrize("axes", [{}, {"ome": True, "metadata": {"axes": "TYX"}}, {"metadata": None}])
def test_an_impossible_page_promises_nothing(tmp_path, axes):
    """A page is said to follow far beyond the end: no room is made for what would lie between."""
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, FRAMES[:1], photometric="minisblack", bigtiff=True, **axes)
    whole = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as tif:
        at = tif.pages[0].offset + 8 + 20 * len(tif.pages[0].tags)
    whole[at : at + 8] = (2**50).to_bytes(8, "little")
    path.write_bytes(whole)
    with pytest.raises(InputError, match=r"\d+ frames are promised, but the file has \d+ bytes only"):
        io.read(path)


@pytest.mark.parametrize("count", ["9" * 5000, "fifteen"])
def test_what_is_no_count(tmp_path, count):
    """Numbers without end are cut in the message, and are said in our words."""
    path = tmp_path / "a.ome.tif"
    tifffile.imwrite(path, FRAMES, ome=True, photometric="minisblack", metadata={"axes": "TYX"})
    with tifffile.TiffFile(path) as tif:
        text = tif.ome_metadata.replace('SizeT="15"', f'SizeT="{count}"')
    tifffile.tiffcomment(path, text.encode())
    with pytest.raises(InputError, match=r"^the OME metadata are damaged: SizeT is '.{7,80}', not a count$"):
        io.read(path)
    header = f"ImageJ=1.53\nimages={count}\n"
    tifffile.imwrite(path, FRAMES, description=header, metadata=None, photometric="minisblack")
    with pytest.raises(InputError) as problem:
        io.read(path)
    assert len(str(problem.value)) < 200


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
