"""What a caller says of a file that is read, and of the files that are written."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from srredsim import checks, resources
from srredsim.acquisition import OPTICS, Value
from srredsim.errors import InputError
from srredsim.io import microscope, only
from srredsim.io.files import beside, stem
from srredsim.io.source import Source
from srredsim.io.stored import COMPRESS
from srredsim.io.wanted import OF_PLANES, Wanted
from srredsim.optics import illumination, plausible

COUNTS = ("angles", "phases", "channels", "scene")
OF_RAW_STACKS = (
    "order",
    "angles",
    "phases",
    "trailing_widefield",
    "widefield_frame",
    "na",
    "wavelength_em_um",
    "keep_hot_pixels",
    "rolling",
    "pattern",
    "microscope",
)
DTYPES = ("float32", "uint16")  # types of images that are written
NAMES_OF_IMAGES = (".tif", ".tiff", ".png", ".npy", ".zarr")  # which no new folder has
FEWEST_LEVELS = 16  # brightness of an image of whole numbers in which there is something to be seen
FORMATS = {"tiff": ".tif", "ome-tiff": ".ome.tif", "ome-zarr": ".ome.zarr"}  # endings of their names


@dataclass(frozen=True)
class Reading:
    """How to read an image; None, or left out: the file says, or it stays unknown. See `srredsim.io.read`."""

    order: str | None = None
    angles: int | None = None
    phases: int | None = None
    trailing_widefield: bool = False  # the same as widefield_frame="last"; that wins, as advice may name another
    pixel_size_um: float | None = None
    na: float | None = None
    wavelength_em_um: float | tuple[float, ...] | None = None  # of all channels, or of each
    widefield_frame: str | None = None
    channels: int | None = None
    keep_hot_pixels: bool = False  # leave hot pixels of raw stacks as they are
    accept_incomplete: bool = False  # go on with what is there of a file that promises more frames
    stack: bool = False  # the files of a folder are the frames of one stack
    scene: int | None = None  # number of one of several images in a file, from 1
    rolling: bool = False  # every angle of a time series makes an image, see `srredsim.io.rolling`
    pattern: str | None = None  # one of `srredsim.optics.illumination.PATTERNS`; the frames tell
    microscope: str | Path | None = None  # a preset or a file of one, see `srredsim.io.microscope`
    only: str | None = None  # some of the times, channels and z-planes, see `srredsim.io.only`

    def __post_init__(self):
        for name in COUNTS:
            if getattr(self, name) is not None:
                checks.positive(name, getattr(self, name))
        if self.wavelength_em_um is not None:
            object.__setattr__(self, "wavelength_em_um", _one_or_each("wavelength_em_um", self.wavelength_em_um))
        for name, value in self.optics.items():
            for one in value if isinstance(value, tuple) else [value]:
                if one is not None:
                    plausible.check(name, checks.above_zero(name, one))
        if self.pattern is not None:
            checks.one_of("pattern", self.pattern, illumination.PATTERNS)
        if self.pattern == "hexagonal":
            self._fill_hexagonal()
        checks.yes_or_no("trailing_widefield", self.trailing_widefield)
        checks.yes_or_no("keep_hot_pixels", self.keep_hot_pixels)
        checks.yes_or_no("accept_incomplete", self.accept_incomplete)
        checks.yes_or_no("stack", self.stack)
        checks.yes_or_no("rolling", self.rolling)
        if self.only is not None:
            only.spans(self.only)
        if self.microscope is not None:
            microscope.load(self.microscope)  # what is wrong with it is said before a file is opened

    def _fill_hexagonal(self) -> None:
        """The counts of a hexagonal pattern, if they were left out."""
        counts = 1, illumination.HEXAGONAL_FRAMES
        given = self.angles or counts[0], self.phases or counts[1]
        if given != counts or self.rolling:
            raise InputError(
                f"a hexagonal `pattern` is one angle of {counts[1]} phases, which light three directions at once: leave"
                " out `angles`, `phases` and `rolling`"
            )
        object.__setattr__(self, "angles", counts[0])
        object.__setattr__(self, "phases", counts[1])

    def refuse_of_stacks(self, taker: str) -> None:
        """InputError if something is told that only raw stacks have; ``taker`` says what takes none."""
        for name in OF_RAW_STACKS:
            told = getattr(self, name)
            if told and not (name == "order" and told in OF_PLANES):
                hint = f"; of planes, `order` is {' or '.join(OF_PLANES)}" if name == "order" else ""
                raise InputError(f"`{name}` is for raw stacks; {taker}{hint}")

    @property
    def opening(self) -> dict[str, Any]:
        """What `srredsim.io.open_source` has to know, by name."""
        return {name: getattr(self, name) for name in ("pixel_size_um", "accept_incomplete", "stack", "scene")}

    @property
    def optics(self) -> dict[str, Value]:
        """What is told of the optics, by name."""
        return {name: getattr(self, name) for name in OPTICS}

    @property
    def values(self) -> dict[str, Any]:
        """What is told, ready for JSON: of a microscope not its name, but what the file of that name says."""
        of_microscope = None if self.microscope is None else asdict(microscope.load(self.microscope))
        return asdict(self) | {"microscope": of_microscope}

    @property
    def frames(self) -> Wanted:
        widefield = self.widefield_frame or ("last" if self.trailing_widefield else None)
        return Wanted(self.order, self.angles, self.phases, widefield, self.channels)

    def on_microscope(self, source: Source) -> tuple[Reading, Source, list[str]]:
        """The same with what the microscope adds to it, that of a file which it adds to, and notes."""
        if self.microscope is None:
            return self, source, []
        given = self.optics | vars(self.frames) | {"pattern": self.pattern}
        optics, of_frames, notes = microscope.with_microscope(self.microscope, source, given)
        return replace(self, **of_frames), replace(source, optics=optics), notes


def _one_or_each(name: str, value: Any) -> float | tuple[float, ...]:
    """One number for all channels, or one for each."""
    if np.ndim(value) == 0:
        return checks.above_zero(name, value)
    each = checks.numbers(name, value, "a number above 0, or one for each channel", shape=(None,))
    return tuple(each.tolist()) if len(each) > 1 else float(each[0])


def _refuse_file(out: Path) -> None:
    """A folder that is not there yet, and has the name of an image, was meant to be one."""
    if out.suffix.lower() in NAMES_OF_IMAGES and not out.is_dir():
        raise InputError(f"`out` {out} is the name of an image; give a folder: results have names of their own")


@dataclass(frozen=True)
class Writing:
    """Where results go, and how.

    ``out`` is a folder, left out: that of the input; ``dtype`` is float32, or uint16, for which values are rounded and
    clipped to 0 ... 65535; ``overwrite`` replaces results that exist. ``format`` is one of `FORMATS`, of which tiff is
    that of ImageJ, and ``compress`` of the other two.
    """

    out: Path | None = None
    dtype: str = "float32"
    overwrite: bool = False
    scene: int | None = None  # of the file that is read, for the names of its results
    only: str | None = None  # what of it is read, for these names, too
    format: str = "tiff"
    compress: str = "none"
    page: bool = False  # also a web page about each stack, see `srredsim.workflows.page`
    write_parameters: str | Path | None = None  # also a file of the stripes, see `srredsim.stripes.written`

    def __post_init__(self):
        checks.yes_or_no("page", self.page)
        if self.write_parameters is not None:
            checks.path("write_parameters", self.write_parameters)
        if self.out is not None:
            checks.path("out", self.out)
            _refuse_file(Path(self.out))
        checks.one_of("dtype", self.dtype, DTYPES)
        checks.yes_or_no("overwrite", self.overwrite)
        checks.one_of("format", self.format, FORMATS)
        checks.one_of("compress", self.compress, COMPRESS)
        if self.compress != "none" and self.format == "tiff":
            raise InputError(
                "`compress` is for `format` ome-tiff and ome-zarr; ImageJ reads a large TIFF only if it is bare"
            )
        if self.format == "ome-zarr" and find_spec("zarr") is None:
            raise InputError(
                f"`format` ome-zarr is written by zarr, which is not installed: {resources.install('files')}"
            )

    def path(self, source: Path, name: str) -> Path:
        """``<stem>_<name>.tif``, or ``<stem>_scene2_t0-2_<name>.tif``; in another format with its ending."""
        return Path(self.out or source.parent) / f"{stem(source, self.scene, self.only)}_{name}{FORMATS[self.format]}"

    def beside(self, result: Path) -> list[Path]:
        """The page about a result, if it is wanted."""
        return [beside(result, ".html")] if self.page else []

    def notes(self, brightest: float) -> list[str]:
        """What to say of the numbers that are stored of an image whose largest is this."""
        if self.dtype != "uint16":
            return []
        lost = f"warning: as uint16 the image has values from 0 to {brightest:.0f} alone; leave `dtype` at float32"
        return [
            "uint16: values are rounded, and clipped to 0 ... 65535",
            *([lost] if brightest < FEWEST_LEVELS else []),
        ]
