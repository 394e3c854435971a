"""TIFF through tifffile: the one place that knows its ways."""

from __future__ import annotations

import inspect
import logging
import struct
import threading
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from math import prod
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import tifffile

from srredsim.errors import InputError, shown
from srredsim.io import calibration
from srredsim.io.formats import _promised
from srredsim.io.formats._pages import refuse_circle
from srredsim.io.samples import frames_as_samples, samples_source
from srredsim.io.source import BarePlanes, Source, lacking

MAGIC, SUFFIXES, NAME = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), (".tif", ".tiff"), "a TIFF"
UNSET = -7.0e15  # a display range that no image has
RESULT = "srredsim result"  # the software that results name
DAMAGE = (  # what tifffile and the unpackers raise when the bytes make no sense
    OSError,
    ValueError,
    RuntimeError,
    EOFError,
    LookupError,
    TypeError,
    ArithmeticError,
    AssertionError,
    struct.error,
    zlib.error,
    tifffile.TiffFileError,
    ElementTree.ParseError,
)
LOSSY = {c: c.name for c in tifffile.COMPRESSION if c.name in ("JPEG", "OJPEG", "JPEG_LOSSY", "JPEGXR", "WEBP")}


def kind(name: str) -> dict[str, Any]:
    """The keyword that makes tifffile write "imagej" or "ome": `kind=` in new versions, `imagej=` or `ome=` in old."""
    if "kind" in inspect.signature(tifffile.imwrite).parameters:
        return {"kind": name}
    return {name: True}


def create(
    path: Path,
    shape: Sequence[int],
    dtype: Any,
    metadata: dict[str, Any],
    resolution: tuple[float, float] | None,
    tag: str | None = None,
) -> int:
    """A new ImageJ hyperstack of the shape (t, z, c, y, x), all zero; returns the byte at which its planes begin."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*truncating ImageJ file", UserWarning)  # one header above 4 GB: as meant
        known = {"dtype": dtype, "metadata": metadata, "resolution": resolution, "software": tag}
        planes = tifffile.memmap(path, shape=tuple(shape), **known, **kind("imagej"))
    return planes.offset


def display_ranges(channels: int) -> dict[str, Any]:
    """ImageJ's display range of each channel, as long as it is not known; it has its place in the header."""
    several = {"Ranges": tuple(UNSET - n for n in range(2 * channels))} if channels > 1 else {}
    return several | _as_text(0.0, 1.0)


def set_display_ranges(path: Path, header_bytes: int, ranges: Sequence[tuple[float, float]]) -> None:
    """Put the display ranges in place of those that `path` was created with; the first is that of the first look."""
    unset = display_ranges(len(ranges)).get("Ranges")
    with path.open("r+b") as file:
        header = file.read(header_bytes)
        for name, text in _as_text(*ranges[0]).items():
            file.seek(header.index(f"\n{name}=".encode()) + len(name) + 2)
            file.write(text.encode())
        if unset:
            layout = ("<" if header.startswith(b"II") else ">") + f"{len(unset)}d"
            file.seek(header.index(struct.pack(layout, *unset)))
            file.write(struct.pack(layout, *(value for both in ranges for value in both)))


def _as_text(low: float, high: float) -> dict[str, str]:
    """Always of the same length."""
    return {"min": f"{low:>16.9g}", "max": f"{high:>16.9g}"}


def scenes(path: Path) -> list[str]:
    """Names of the images of an OME-TIFF that are like the first, as positions of one acquisition are."""
    with (
        suppress(*DAMAGE),
        _quiet_tifffile(),
        tifffile.TiffFile(path) as tif,
    ):  # who opens it says what is wrong with it
        if tif.is_ome:
            refuse_circle(tif)
            _refuse_impossible_counts(tif)
            alike = _alike(_series(tif))
            if len(alike) > 1:
                return [str(one.name or number) for number, one in enumerate(alike, start=1)]
    return [path.name]


def open_source(path: Path, pixel_size_um: float | None = None, scene: int = 0) -> Source:
    """The planes of a TIFF, plain, ImageJ or OME, read one by one when asked for.

    Raises
    ------
    InputError
        If the file is damaged, cut short, in colour, or if its pixels are not square.
    """
    with _quiet_tifffile() as complaints:
        try:
            tif = tifffile.TiffFile(path)
            with tif:
                return _source(tif, pixel_size_um, scene)
        except InputError:
            raise
        except DAMAGE as error:
            raise InputError(f"the TIFF is damaged: {_short(complaints or [str(error)])}") from error


def _source(tif: tifffile.TiffFile, pixel_size_um: float | None, scene: int) -> Source:
    refuse_circle(tif)
    _refuse_impossible_counts(tif)
    series = _series(tif)
    if not series:
        raise InputError("the TIFF holds no image")
    cut = _promised.cut_short(tif)
    extra = [] if cut else _promised.left_over(tif, series)
    series, notes = _without_thumbnail(series)
    first = _alike(series)[scene]
    letters, shape = _axes(first)
    samples = shape[letters.index("S")] if "S" in letters else 1
    if samples > 1 and cut is None and frames_as_samples(first.keyframe, samples, prod(shape)):
        optics, more = calibration.of_tiff(tif, first.kind).optics(pixel_size_um)
        return samples_source(first, samples, _pixels_of, optics, [*notes, *more])
    _refuse_colour(first.keyframe, letters, shape)
    letters, shape = _without_samples(letters, shape)
    parts = [first]
    if (
        len(series) > 1
        and first.kind != "ome"
        and all(s.shape == first.shape and s.dtype == first.dtype for s in series)
    ):
        parts = series  # written frame by frame
        letters, shape = "I" + letters, (len(series), *shape)
    elif len(series) > len(_alike(series)):
        notes.append(f"the file holds {len(series)} images; only those like the first, {letters} {shape}, are read")
    known = calibration.of_tiff(tif, first.kind, series.index(first))
    optics, more = known.optics(pixel_size_um)
    letters, shape, plane, missing, incomplete = _planes(tif, parts, letters, shape, cut)
    if cut and not incomplete:
        notes.append(f"{cut}; all {prod(shape[:-2])} frames are there")
    if first.keyframe.photometric == tifffile.PHOTOMETRIC.MINISWHITE:
        notes.append("the file calls its high values dark, as of ink on paper (MINISWHITE): they are taken for light")
    compression = tif.pages.first.compression
    if compression in LOSSY:
        notes.append(f"the pixels are {LOSSY[compression]}-compressed: what was lost is lost")
    named = "".join(letter if letter in "TCZAP" else "I" for letter in letters[:-2])
    dtype = np.dtype(first.dtype).newbyteorder("=")
    size, names = (shape[-2], shape[-1]), known.channel_names
    here = (*notes, *extra, *more), incomplete, tuple(missing)
    return Source(named, shape[:-2], size, dtype, plane, optics, names, *here)


def _series(tif: tifffile.TiffFile) -> list[Any]:
    """The images of the file with axes of length 1 kept, which new versions of tifffile have to be asked for."""
    return list(tif.series(squeeze=False) if callable(tif.series) else tif.series)


def _alike(series: list[Any]) -> list[Any]:
    """The images of an OME-TIFF that are like the first; of any other file, the first alone."""
    if not series or series[0].kind != "ome":
        return series[:1]
    return [one for one in series if (_axes(one), one.dtype) == (_axes(series[0]), series[0].dtype)]


def _without_thumbnail(series: list[Any]) -> tuple[list[Any], list[str]]:
    """Without a first image that is smaller than the only other one, which has more frames; and what is said then."""
    if len(series) != 2 or len(series[0].pages) != 1 or len(series[1].pages) < 2:
        return series, []
    small, large = (one.keyframe.imagewidth * one.keyframe.imagelength for one in series)
    if small >= large or series[0].kind == "ome":
        return series, []
    size = f"{series[0].keyframe.imagelength} x {series[0].keyframe.imagewidth} pixels"
    return series[1:], [f"the first image, of {size}, is taken for a thumbnail and left out"]


def _axes(series: Any) -> tuple[str, tuple[int, ...]]:
    if hasattr(series, "get_axes"):  # old versions keep two shapes in one object
        return series.get_axes(squeeze=False), tuple(int(n) for n in series.get_shape(squeeze=False))
    return series.axes, tuple(int(n) for n in series.shape)


def _refuse_colour(page: tifffile.TiffPage, letters: str, shape: tuple[int, ...]) -> None:
    if page.photometric == tifffile.PHOTOMETRIC.PALETTE:
        raise InputError("the image has a colour table; convert it to grey values (Fiji: Image > Type > 16-bit)")
    if "S" in letters and shape[letters.index("S")] > 1:
        samples = shape[letters.index("S")]
        grey = page.photometric in (tifffile.PHOTOMETRIC.MINISBLACK, tifffile.PHOTOMETRIC.MINISWHITE)
        saved = "" if grey or samples < len("RGB") else "; in Python: save frames with photometric='minisblack'"
        what = f"an image with {samples} samples a pixel" if grey else "a colour image (RGB)"
        raise InputError(
            f"{what}, not a stack of grey frames; in Fiji: Image > Type > 16-bit, or split the channels{saved}"
        )


def _without_samples(letters: str, shape: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
    kept = [i for i, letter in enumerate(letters) if letter != "S"]
    letters, shape = "".join(letters[i] for i in kept), tuple(shape[i] for i in kept)
    if not letters.endswith("YX"):
        raise InputError(f"the axes are {letters}; the last two must be y and x")
    return letters, shape


# --- reading planes ---------------------------------------------------------------------------------------------------


def _planes(
    tif: tifffile.TiffFile, parts: list[Any], letters: str, shape: tuple[int, ...], cut: str | None
) -> tuple[str, tuple[int, ...], Callable[[int], np.ndarray], list[int], str | None]:
    """Axes and shape of what is promised, the function that reads plane `number`, what is missing, and that in words.

    Read straight from the file where the pixels lie bare, else page by page. Of a file that was cut short, ``cut`` says
    so: what lay behind the pixels, as the other pages, is lost.
    """
    there, size, first = prod(shape[:-2]), shape[-2:], parts[0]
    if len(parts) > 1 or first.dataoffset is None:
        pages = [page for part in parts for page in part.pages]
        if more := _promised.promised(tif, first, shape):
            letters, shape = more
            if first.kind == "shaped":  # as the shape does not fit, tifffile has made an image of the first page alone
                pages = list(tif.pages)
        elif len(pages) > there and not tif.is_imagej:  # of ImageJ's header it is told that it promises less
            raise InputError(f"the file has {len(pages)} pages for {there} frames")
        plane, missing = _page_by_page(pages, size, prod(shape[:-2]))
        return letters, shape, plane, missing, _in_words(shape, missing, cut)
    dtype = np.dtype(first.dtype).newbyteorder(tif.byteorder)
    bare = BarePlanes(Path(tif.filehandle.path), dtype, first.dataoffset, (size[0], size[1]))
    whole = max(0, tif.filehandle.size - first.dataoffset) // (prod(size) * dtype.itemsize)
    if row := _promised.in_a_row(tif, first, size):
        count, whole = row
        shape = (max(count, whole), *size)
        missing = [*range(whole, count)]
        return "IYX", shape, bare, missing, _promised.in_words(count, whole, cut)
    alone = cut is not None and len(tif.pages) == 1
    letters, shape = _promised.promised(tif, first, shape) or (letters, shape)
    missing = [*range(min(whole, prod(shape[:-2]) if alone else there), prod(shape[:-2]))]
    return letters, shape, bare, missing, _in_words(shape, missing, None if there > 1 else cut)


def _in_words(shape: tuple[int, ...], missing: list[int], cut: str | None) -> str | None:
    count = prod(shape[:-2])
    return lacking(count, count - len(missing), missing[0]) if missing else cut


def _page_by_page(pages: list[Any], size: tuple[int, ...], count: int) -> tuple[Callable[[int], np.ndarray], list[int]]:
    """Function that reads plane `number`, and the numbers of those, of ``count``, that are not there."""
    missing = [n for n in range(count) if n >= len(pages) or pages[n] is None or _is_cut(pages[n])]
    lock = threading.Lock()

    def plane(number: int) -> np.ndarray:
        name = f"frame {number + 1} of {count}"
        with lock:
            pixels = _pixels_of(pages[number], name)
        if pixels.size != prod(size):
            raise InputError(f"{name} has {pixels.size} pixels, not {size[0]} x {size[1]}")
        return pixels.reshape(size)

    return plane, missing


def _pixels_of(page: tifffile.TiffPage, name: str) -> np.ndarray:
    """All samples of a page, whose file is open for that time only."""
    handle = page.parent.filehandle
    with _quiet_tifffile():
        try:
            handle.open()
            return page.asarray()
        except DAMAGE as error:
            raise InputError(f"{name} cannot be read: {_short([str(error)])}") from error
        finally:
            handle.close()


def _is_cut(page: tifffile.TiffPage) -> bool:
    """Whether tiles or strips of a page were never written, or go beyond the end of the file."""
    handle = page.parent.filehandle
    ends = (offset + n for offset, n in zip(page.dataoffsets, page.databytecounts, strict=True))
    return 0 in page.databytecounts or (not handle.closed and max(ends, default=0) > handle.size)


def _refuse_impossible_counts(tif: tifffile.TiffFile) -> None:
    """OME metadata that promise more frames than the file has bytes: tifffile would make room for each."""
    if not tif.is_ome:
        return
    try:
        root = ElementTree.fromstring(tif.ome_metadata)
    except ElementTree.ParseError:
        return  # metadata that nobody can read promise nothing: the frames are taken as they lie there
    for pixels in root.iterfind("{*}Image/{*}Pixels"):
        _promised.possible(tif, prod(_count(f"Size{axis}", pixels.get(f"Size{axis}", "1")) for axis in "TCZ"))


def _count(name: str, text: str) -> int:
    """A number of OME metadata; Python itself has no words for one of thousands of digits."""
    try:
        return int(text)
    except ValueError:
        raise InputError(f"the OME metadata are damaged: {name} is {shown(text)}, not a count") from None


def refuse_other_files(path: Path) -> None:
    """InputError if the OME metadata of a file name others, which reading it would open: any path may stand there."""
    alone = True
    with suppress(*DAMAGE), _quiet_tifffile(), tifffile.TiffFile(path, _multifile=False) as tif:
        if tif.is_ome:
            refuse_circle(tif)
            _refuse_impossible_counts(tif)
            alone = any(one.kind == "ome" for one in _series(tif))  # tifffile has none where there are other files
    if not alone:
        raise InputError("the OME metadata of this TIFF name other files, or are damaged; save it as one plain TIFF")


def is_result(path: Path) -> bool:
    """Whether a file says that srredsim made it from another."""
    with suppress(*DAMAGE), _quiet_tifffile(), tifffile.TiffFile(path) as tif:
        return tif.pages.first.software == RESULT
    return False


def files_of_set(path: Path) -> list[Path]:
    """Files of the same folder that are one image together with this one, as OME has it; mostly this one alone.

    The first may be the only one that knows of the others.
    """
    with suppress(*DAMAGE), _quiet_tifffile(), tifffile.TiffFile(path) as tif:
        if tif.ome_metadata:
            listed, master = _listed(tif.ome_metadata)
            if master and path.name != master and (path.parent / master).is_file():
                whole = files_of_set(path.parent / master)
                return whole if path in whole else [path]
            files = [path.parent / name for name in listed]
            if path in files:
                return [file for file in files if file.is_file()]
    return [path]


def _listed(xml: str) -> tuple[list[str], str | None]:
    """Names of the files that OME metadata list, and of the file that has the metadata if these have not."""
    listed: dict[str, None] = {}
    master = None
    for element in ElementTree.fromstring(xml).iter():
        if element.tag.endswith("}UUID") and element.get("FileName"):
            listed[Path(element.get("FileName")).name] = None
        elif element.tag.endswith("}BinaryOnly") and element.get("MetadataFile"):
            master = Path(element.get("MetadataFile")).name
    return list(listed), master


class _Collector(logging.Filter):
    def __init__(self, messages: list[str]):
        super().__init__()
        self.messages = messages

    def filter(self, record: logging.LogRecord) -> bool:
        self.messages.append(record.getMessage())
        return False


@contextmanager
def _quiet_tifffile() -> Iterator[list[str]]:
    """What tifffile would print to the terminal, as a list."""
    messages: list[str] = []
    logger, collector = logging.getLogger("tifffile"), _Collector(messages)
    logger.addFilter(collector)
    try:
        yield messages
    finally:
        logger.removeFilter(collector)


def _short(messages: list[str]) -> str:
    return " ".join(messages[-1].split())[:160] or "nothing more is known"
