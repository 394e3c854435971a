"""What a TIFF promises, against what it holds: frames that are lacking, or left over."""

from __future__ import annotations

import struct
from math import prod
from typing import Any

import tifffile

from srredsim.errors import InputError, shown
from srredsim.io.source import lacking

NO_PAGE = 0  # what stands where the next page would be named
STREAMED_BY = "tifffile"  # software that writes how many frames there are when it is done


def cut_short(tif: tifffile.TiffFile) -> str | None:
    """The last page must say that it is the last; in a file that was cut short it points beyond the end."""
    count = len(tif.pages)
    following = _following(tif, tif.pages[count - 1])
    if following is None or following >= tif.filehandle.size:
        return f"the TIFF is cut short: after {count} page{'s' * (count > 1)} there should be more"
    return None


def possible(tif: tifffile.TiffFile, count: float) -> int:
    """The count; InputError if so many frames are promised as the file has no bytes for."""
    if not count <= tif.filehandle.size:
        raise InputError(f"{shown(count)} frames are promised, but the file has {tif.filehandle.size} bytes only")
    return int(count)


def promised(tif: tifffile.TiffFile, series: Any, shape: tuple[int, ...]) -> tuple[str, tuple[int, ...]] | None:
    """Axes and shape (..., y, x) of all frames that are promised, if these are more than those of ``shape``."""
    there, size = prod(shape[:-2]), shape[-2:]
    if tif.is_imagej:
        header = tif.imagej_metadata or {}
        images = possible(tif, float(header.get("images", 1)))
        counts = tuple(int(header.get(name, 1)) for name in ("frames", "slices", "channels"))
        if images > there:
            return ("TZCYX", (*counts, *size)) if prod(counts) == images else ("IYX", (images, *size))
    elif series.kind == "shaped":
        told = tuple(tif.shaped_metadata[0].get("shape", ()))
        if len(told) > 2 and told[-2:] == size and possible(tif, prod(told[:-2])) > there:
            return "I" * (len(told) - 2) + "YX", told
    return None


def in_a_row(tif: tifffile.TiffFile, series: Any, size: tuple[int, ...]) -> tuple[int, int] | None:
    """Frames that are promised, and whose pixels are there, of a file whose pages do not say all of it.

    So it is where all pixels are written before all pages but the first, and the writing, or the copying, was
    interrupted. None for every other file.
    """
    pages = len(tif.pages)
    if series.dataoffset is None or prod(series.shape) != pages * prod(size):
        return None
    bytes_a_frame = prod(size) * series.dtype.itemsize
    there = max(0, tif.filehandle.size - series.dataoffset) // bytes_a_frame
    following = _following(tif, tif.pages[pages - 1])
    if following is not None and following >= tif.filehandle.size:
        behind = following if pages == 1 else tif.pages[1].offset  # the pixels
        count = possible(tif, (behind - series.dataoffset) // bytes_a_frame)
        return (count, min(there, count)) if count > 1 else None
    unfinished = following == NO_PAGE and tif.pages.first.software.startswith(STREAMED_BY) and not tif.is_ome
    return (1, there) if pages == 1 and unfinished and there > 1 else None


def in_words(count: int, there: int, cut: str | None) -> str:
    """What is wrong with a file that `in_a_row` is about; ``cut`` of `cut_short`."""
    if there > count:
        return (
            f"the file is incomplete: {count} frame is promised, the pixels of {there} are there: it was never finished"
        )
    return f"{cut}; the pixels of {there} frames are there" if cut and there == count else lacking(count, there, there)


def left_over(tif: tifffile.TiffFile, every: list[Any]) -> list[str]:
    """A note, where the file has pages, or an ImageJ file pixels, that none of its images is said to have."""
    count = sum(prod(level.shape) // prod(level.keyframe.shape) for one in every for level in one.levels)
    there, first = len(tif.pages), every[0]
    if tif.is_imagej and there == 1 and first.dataoffset is not None:
        there = (tif.filehandle.size - first.dataoffset) // (prod(first.keyframe.shape) * first.dtype.itemsize)
    return [] if there <= count else [f"{count} frames are promised, {there} are there: the others are left out"]


def _following(tif: tifffile.TiffFile, page: tifffile.TiffPage) -> int | None:
    """Where the page after this one begins, as the file says; None where the file ends before it says so."""
    handle, form = tif.filehandle, tif.tiff
    handle.seek(page.offset)
    entries = struct.unpack(form.tagnoformat, handle.read(form.tagnosize))[0]
    handle.seek(page.offset + form.tagnosize + entries * form.tagsize)
    pointer = handle.read(form.offsetsize)
    return int(struct.unpack(form.offsetformat, pointer)[0]) if len(pointer) == form.offsetsize else None
