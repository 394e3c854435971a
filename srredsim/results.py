"""What the verbs of `srredsim.api` give back, as notebooks show it: images with calibration, reports, pictures."""

from __future__ import annotations

import base64
import html
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from srredsim import checks, inspection, io, picture
from srredsim.acquisition import Optics, RawStack
from srredsim.errors import WARNING, Doubt, InputError
from srredsim.io.stored import COMPRESS, writer_of
from srredsim.optics.sampling import SCALE
from srredsim.stripes import written

if TYPE_CHECKING:
    from srredsim.reconstruction.planes import Channel

UNKNOWN = Optics()
SUFFIXES = (".tif", ".tiff", ".zarr")  # names of images that are written
NOTEBOOK_PANEL = 224  # pixels of a panel of the pictures here
NOTEBOOK_WIDTH, JPEG_QUALITY = 900, 85  # pixels and quality of pictures in colour
MOST_CHANNELS = 3  # side by side in the picture of an image
COLOURS = {"good": "#1a7f37", "doubtful": "#b35900", "bad": "#c00000"}  # colour of each verdict


@dataclass(frozen=True)
class Origin:
    """What an image was made of, by which its frames are known again, and what was found in them."""

    frames: str  # fingerprint of the stack
    optics: Optics  # of the stack, all that the image was made with
    channels: tuple[Channel, ...]  # stripes and lens of each

    @classmethod
    def of(cls, stack: RawStack, optics: Optics, channels: Sequence[Channel]) -> Origin:
        return cls(stack.fingerprint(), optics, tuple(channels))

    def is_of(self, stack: RawStack) -> bool:
        """Whether these are the frames of a stack, and nothing else is said of its optics."""
        told = {name: value or None for name, value in vars(stack.optics).items()}
        return self.optics.given(**told) == self.optics and self.frames == stack.fingerprint()


@dataclass(frozen=True, eq=False, repr=False)
class Image(NDArrayOperatorsMixin):
    """Image, or many along t, c and z, with its calibration and what it rests on; NumPy takes it as an array.

    What is computed with it is a plain array: ``image[0]``, ``image - other``, ``np.mean(image)``.

    >>> image = Image(np.arange(6.0).reshape(2, 3), "YX", Optics(pixel_size_um=0.04))
    >>> image
    <Image image: YX 2 x 3, 0.04 um a pixel>
    >>> len(image), image.dtype, float(image[1, 2]), float(np.mean(image))
    (2, dtype('float64'), 5.0, 2.5)
    >>> image / 2 > 1
    array([[False, False, False],
           [ True,  True,  True]])

    Attributes
    ----------
    array : float32 ndarray
        With the axes of ``axes``: Y and X, before them those of T, C and Z that are longer than 1.
    axes : str
        ``YX``, ``ZYX``, ``TCZYX`` ...
    optics : Optics
        Of the image: its own pixel size.
    channel_names : tuple of str, optional
    name : str
        Model or method that made it.
    found : dict
        What was found on the way, ready for JSON: stripes, noise, scores.
    notes : tuple of str
        What is to be known of it, a sentence each.
    made_of : Origin, optional
        Stripes and lens that it was made with, and of which stack.
    """

    array: np.ndarray
    axes: str
    optics: Optics = UNKNOWN
    channel_names: tuple[str, ...] | None = None
    name: str = "image"
    found: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    drawn: Callable[[BinaryIO], None] | None = None  # writes a picture of its own as PNG
    tag: str | None = None  # software that a saved file names, see `srredsim.io.image.ImageWriter`
    made_of: Origin | None = None

    @classmethod
    def of_planes(cls, planes: np.ndarray, **known: Any) -> Image:
        """Image of (t, c, z, y, x), without those of t, c and z that are of length 1."""
        kept = [i for i, n in enumerate(planes.shape) if n > 1 or i > 2]
        array = np.asarray(planes, np.float32).reshape([planes.shape[i] for i in kept])
        return cls(array, "".join("TCZYX"[i] for i in kept), tag=io.RESULT, **known)

    def warned(self) -> Image:
        """The same, after whoever called the function that calls this was warned of what makes it doubtful."""
        for note in self.notes:
            if note.startswith(WARNING):
                warnings.warn(note.removeprefix(WARNING), Doubt, stacklevel=3)
        return self

    @property
    def planes(self) -> np.ndarray:
        """The array as (t, c, z, y, x)."""
        sizes = dict(zip(self.axes, self.array.shape, strict=True))
        return self.array.reshape([sizes.get(axis, 1) for axis in "TCZYX"])

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    @property
    def dtype(self) -> np.dtype:
        return self.array.dtype

    @property
    def ndim(self) -> int:
        return self.array.ndim

    @property
    def pixel_size_um(self) -> float | None:
        return self.optics.pixel_size_um

    @property
    def z_step_um(self) -> float | None:
        return self.optics.z_step_um

    @property
    def frame_interval_s(self) -> float | None:
        return self.optics.frame_interval_s

    def save(
        self, path: str | Path, *, dtype: str = "float32", compress: str = "none", overwrite: bool = False
    ) -> Path:
        """Write the image with pixel size, z step, frame interval, channel names, NA and wavelengths.

        Parameters
        ----------
        path : path
            Ends with .tif or .tiff, for a TIFF that ImageJ opens, with .ome.tif, or with .ome.zarr. It appears whole
            or not at all.
        dtype : {"float32", "uint16"}
            uint16 is rounded and clipped to 0 ... 65535; what is no number is 0.
        compress : {"none", "zlib", "zstd"}
            Of .ome.tif and .ome.zarr.
        overwrite : bool
            Replace a file that is there.

        Raises
        ------
        InputError
            If the file is there already, or cannot be written, or another suffix is asked for.
        """
        path = Path(checks.path("path", path))
        checks.one_of("dtype", dtype, io.DTYPES)
        if path.suffix.lower() not in SUFFIXES:
            raise InputError(f"images are written as {' or '.join(SUFFIXES)}; got {path.name}")
        checks.one_of("compress", compress, COMPRESS)
        if compress != "none" and writer_of(path) is None:
            raise InputError(f"`compress` is for .ome.tif and .ome.zarr; got {path.name}")
        planes = self.planes
        if not planes.size:
            raise InputError(f"an image of the shape {self.shape} has no pixels to write")
        mode = "grayscale" if self.drawn else "composite"  # maps of several kinds mean nothing over one another
        named: dict[str, Any] = {
            "tag": self.tag,
            "channel_names": self.channel_names,
            "mode": mode,
            "optics": self.optics,
        }
        with (
            _spoken(),
            io.ImageWriter(path, planes.shape, dtype, overwrite=overwrite, **named).compressed(compress) as writer,
        ):
            for position in np.ndindex(*planes.shape[:3]):
                writer[position] = planes[position]
        return path

    def save_parameters(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the stripes that `srredsim.reconstruct` has found, for another stack or another program.

        Parameters
        ----------
        path : path
            Ends with .yaml, or with .xml as settings of fairSIM, .cfg or .txt as a configuration of cudasirecon: see
            `srredsim.stripes.written`. ``parameters`` of another reconstruction takes each of them.
        overwrite : bool
            Replace a file that is there.

        Raises
        ------
        InputError
            If the image is not one of `srredsim.reconstruct`, or if such a file cannot say what was found.
        """
        path = Path(checks.path("path", path))
        if not {"pattern", "optics", "channels"} <= self.found.keys():
            raise InputError(f"`parameters` are found by reconstruct; {self.name} has none")
        text = written.text_of(self.found, path, max(self.planes.shape[-2:]) // SCALE)
        with io.atomic(path, overwrite) as unfinished:
            unfinished.write_text(text, encoding="utf-8")
        return path

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, place: Any) -> Any:
        return self.array[place]

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **how: Any) -> Any:
        def plain(values: Sequence[Any]) -> tuple[Any, ...]:
            return tuple(one.array if isinstance(one, Image) else one for one in values)

        out = how.get("out", ())
        made = getattr(ufunc, method)(*plain(inputs), **how | ({"out": plain(out)} if out else {}))
        return out[0] if len(out) == 1 and isinstance(out[0], Image) else made

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.array, dtype, copy=copy)

    def __repr__(self) -> str:
        size = " x ".join(map(str, self.array.shape))
        pixel = f", {self.pixel_size_um:.4g} um a pixel" if self.pixel_size_um else ""
        return f"<Image {self.name}: {self.axes} {size}{pixel}>"

    def _repr_jpeg_(self) -> bytes | None:
        return _jpeg(self.drawn) if self.drawn else None

    def _repr_png_(self) -> bytes | None:
        """Picture of the first time, in the middle of z."""
        if self.drawn:
            return None
        planes = self.planes[0, :MOST_CHANNELS, self.planes.shape[2] // 2]
        names = self.channel_names or ([self.name] if len(planes) == 1 else range(len(planes)))
        return drawn_panels([(str(name), plane) for name, plane in zip(names, planes, strict=False)], self.optics).png


@dataclass(frozen=True, eq=False, repr=False)
class Inspection:
    """Report on raw data: how it was understood, and whether it is good.

    Attributes
    ----------
    found : dict
        The report of `srredsim.inspection.inspect`, ready for JSON.
    stack : RawStack
        What was looked at.
    """

    found: dict[str, Any]
    stack: RawStack

    @property
    def checks(self) -> list[dict[str, Any]]:
        """Checks of all channels: channel, name, verdict, value, number and limit in words, advice."""
        return [
            {"channel": channel["channel"]} | check for channel in self.found["channels"] for check in channel["checks"]
        ]

    @property
    def advice(self) -> list[str]:
        """What to change at the microscope, or in how the file is read."""
        return list(dict.fromkeys(check["advice"] for check in self.checks if check["advice"]))

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the picture of the report as PNG."""
        return Picture(_written(self._draw)).save(path, overwrite=overwrite)

    def __repr__(self) -> str:
        return "\n".join(inspection.lines(self.found))

    def _draw(self, png: BinaryIO) -> None:
        inspection.picture(self.stack, png, self.found)

    def _repr_html_(self) -> str:
        lines = inspection.lines(self.found)
        head = lines[: lines.index("")]  # the checks follow, here as a table
        rows = [(check, COLOURS.get(check["verdict"], "#737373")) for check in self.checks]
        table = "".join(
            f'<tr><td>{_escaped(check["name"])}</td><td style="color:{colour}"><b>{check["verdict"] or "-"}</b></td>'
            f"<td>{_escaped(check['number'])}</td><td>{_escaped(check['limit'])}</td></tr>"
            for check, colour in rows
        )
        advice = "".join(f"<li>{_escaped(line)}</li>" for line in self.advice)
        advice = f"<p>What to change:</p><ul>{advice}</ul>" if advice else ""
        image = base64.b64encode(_jpeg(self._draw)).decode()
        return (
            f"<p>{'<br>'.join(map(_escaped, head))}</p><table>{table}</table>{advice}"
            f'<img src="data:image/jpeg;base64,{image}">'
        )


@dataclass(frozen=True, repr=False)
class Picture:
    """PNG that a notebook shows."""

    png: bytes

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write it, whole or not at all; InputError if the file is there already or has another suffix than .png."""
        path = Path(checks.path("path", path))
        if path.suffix.lower() != ".png":
            raise InputError(f"pictures are written as .png; got {path.name}")
        with _spoken(), io.atomic(path, overwrite) as temporary:
            temporary.write_bytes(self.png)
        return path

    def _repr_png_(self) -> bytes:
        return self.png

    def __repr__(self) -> str:
        width, height = (int.from_bytes(self.png[start : start + 4], "big") for start in (16, 20))
        return f"<Picture of {width} x {height} pixels>"


class Simulated(NamedTuple):
    """A raw stack and the image that it should give."""

    stack: RawStack
    truth: Image


def drawn_panels(images: Sequence[tuple[str, np.ndarray]], optics: Optics, title: str = "") -> Picture:
    """Images of one field side by side; ``optics`` are those of the first."""
    asked: dict[str, Any] = {"title": title, "pixel_size_um": optics.pixel_size_um, "side": NOTEBOOK_PANEL}
    return Picture(_written(lambda png: picture.panels(png, images, **asked)))


@contextmanager
def _spoken() -> Iterator[None]:
    """What writing refuses, in the words of a `save`: it has a path where a command has ``out``."""
    try:
        yield
    except InputError as problem:
        raise InputError(str(problem).replace("another `out`", "another `path`")) from None
    except OSError as problem:
        raise InputError(f"`path` cannot be written: {problem.strerror or problem}; give another") from None


def _written(draw: Callable[[BinaryIO], None]) -> bytes:
    """What is written to a file, which is in memory."""
    with BytesIO() as file:
        draw(file)
        return file.getvalue()


def _jpeg(draw: Callable[[BinaryIO], None]) -> bytes:
    """A picture in colour as JPEG, no wider than a notebook: as PNG it would be five times as large."""
    from PIL import Image as Pixels

    with Pixels.open(BytesIO(_written(draw))) as full:
        small = full.convert("RGB")
    small.thumbnail((NOTEBOOK_WIDTH, NOTEBOOK_WIDTH))
    return _written(lambda file: small.save(file, format="JPEG", quality=JPEG_QUALITY))


def _escaped(words: Any) -> str:
    return html.escape("" if words is None else str(words))
