"""Raw frames, unlike in every pixel, and every kind of TIFF that tifffile writes."""

import numpy as np
import pytest
import tifffile

from srredsim.io.formats import tiff


def ome(path, array, axes, **metadata):
    tifffile.imwrite(path, array, photometric="minisblack", metadata={"axes": axes, **metadata}, **tiff.kind("ome"))


def imagej(path, array, axes, **more):
    metadata = {"axes": axes, **more.pop("metadata", {})}
    tifffile.imwrite(path, array, metadata=metadata, **more, **tiff.kind("imagej"))


WRITERS = {
    "plain": lambda path, array: tifffile.imwrite(path, array, photometric="minisblack", metadata=None),
    "shaped": lambda path, array: tifffile.imwrite(path, array, photometric="minisblack"),
    "zlib": lambda path, array: tifffile.imwrite(path, array, photometric="minisblack", compression="zlib"),
    "lzw": lambda path, array: tifffile.imwrite(
        path, array, photometric="minisblack", compression="lzw", predictor=True, metadata=None
    ),
    "tiles": lambda path, array: tifffile.imwrite(path, array, photometric="minisblack", tile=(16, 16)),
    "strips": lambda path, array: tifffile.imwrite(path, array, photometric="minisblack", rowsperstrip=7),
    "big-endian": lambda path, array: tifffile.imwrite(path, array, photometric="minisblack", byteorder=">"),
    "bigtiff": lambda path, array: tifffile.imwrite(path, array, photometric="minisblack", bigtiff=True),
    "imagej": lambda path, array: imagej(path, array, "ZYX"),
    "imagej big-endian": lambda path, array: imagej(path, array, "ZYX", byteorder=">"),
    "imagej series": lambda path, array: imagej(path, array, "TYX"),
    "ome": lambda path, array: ome(path, array, "ZYX"),
    "ome compressed": lambda path, array: tifffile.imwrite(
        path, array, photometric="minisblack", compression="zlib", metadata={"axes": "TYX"}, **tiff.kind("ome")
    ),
}


def frame_by_frame(path, array, **how):
    with tifffile.TiffWriter(path) as writer:
        for frame in array:
            writer.write(frame, photometric="minisblack", **how)


WRITERS["frame by frame"] = frame_by_frame
WRITERS["frame by frame, plain"] = lambda path, array: frame_by_frame(path, array, metadata=None)
WRITERS["frame by frame, together"] = lambda path, array: frame_by_frame(path, array, contiguous=True)


@pytest.fixture(params=WRITERS)
def write_tiff(request):
    """``write_tiff(path, frames)``; a test that takes it runs for every kind, or for those it names."""
    return WRITERS[request.param]


@pytest.fixture
def frames():
    """``frames(3, 5)``: no two pixels of a frame alike in their place, uneven sides."""
    rng = np.random.default_rng(5)

    def make(*shape, dtype="uint16"):
        return rng.permutation(int(np.prod(shape)) * 20 * 24).reshape(*shape, 20, 24).astype(dtype)

    return make


@pytest.fixture(name="ome")
def ome_writer():
    return ome


@pytest.fixture(name="imagej")
def imagej_writer():
    return imagej
