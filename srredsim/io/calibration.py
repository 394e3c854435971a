"""What a TIFF says of pixel size, z step, frame interval, channels, wavelength and numerical aperture."""

from __future__ import annotations

import math
from dataclasses import dataclass
from xml.etree import ElementTree

import tifffile

from srredsim.acquisition import Optics, Value, numbers
from srredsim.errors import InputError

IN_UM = {
    **dict.fromkeys(("nm", "nanometer", "nanometers"), 1e-3),
    "um": 1.0,
    "micron": 1.0,
    "microns": 1.0,
    "micrometer": 1.0,
    "micrometers": 1.0,
    "micrometre": 1.0,
    "mm": 1e3,
    "millimeter": 1e3,
    "cm": 1e4,
    "centimeter": 1e4,
    "m": 1e6,
    "meter": 1e6,
    "inch": 25400.0,
    "in": 25400.0,
    **dict.fromkeys(("å", "angstrom"), 1e-4),
    "pm": 1e-6,
}
IN_S = {  # by the names that remain of a unit in lower case, with u for the mu
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("us", "usec", "microsecond", "microseconds"), 1e-6),
    "ns": 1e-9,
    **dict.fromkeys(("min", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
}
INFO = {"na": "Numerical aperture", "wavelength_em_um": "Emission wavelength (um)"}  # in ImageJ's info, name = value
LEAST_NUMBER, GREATEST_NUMBER = 1e-6, 1e6  # of a number that may be a length in um, or an aperture
LARGEST_PIXEL_UM = 5.0  # a resolution tag without more is a printer's: 72 dots per inch are 353 um


@dataclass(frozen=True)
class Calibration:
    """Lengths in micrometres, None where the file is silent; ``pixel_um`` is (y, x)."""

    pixel_um: tuple[float, float] | None = None
    z_step_um: float | None = None
    frame_interval_s: float | None = None  # from one place along the file's axis of time to the next
    wavelengths_em_um: tuple[float | None, ...] = ()  # of each channel
    na: float | None = None
    channel_names: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()

    def optics(self, pixel_size_um: float | None = None) -> tuple[Optics, list[str]]:
        """The optics, with a note on what was left out; a pixel size that is given wins over the file's.

        Raises
        ------
        InputError
            If the pixels are not square and no pixel size is given.
        """
        notes = list(self.notes)
        if pixel_size_um is not None and not pixel_size_um > 0:
            raise InputError(f"the pixel size must be greater than 0, not {pixel_size_um:g} um")
        y, x = self.pixel_um or (None, None)
        if (y := _usable(y, "pixels of {:g} um", notes)) and (x := _usable(x, "pixels of {:g} um", notes)):
            if pixel_size_um is None and abs(y / x - 1) > 0.01:
                raise InputError(f"the pixels are {y:g} um high and {x:g} um wide; they must be square: resample them")
            if pixel_size_um is None:
                pixel_size_um = x
            notes += Optics(pixel_size_um=x).overridden({"pixel_size_um": pixel_size_um})
        wavelength, more = self._wavelength(notes)
        na = _usable(self.na, "a numerical aperture of {:g}", notes)
        z_step_um = _usable(self.z_step_um, "a z step of {:g} um", notes)
        interval_s = _usable(self.frame_interval_s, "a frame interval of {:g} s", notes)
        return Optics(na, wavelength, pixel_size_um, z_step_um, interval_s), [*notes, *more]

    def _wavelength(self, notes: list[str]) -> tuple[Value, list[str]]:
        """The emission of all channels, or of each; not known where one of several does not tell it."""
        waves = [_usable(wave, "an emission wavelength of {:g} um", notes) for wave in self.wavelengths_em_um]
        told = [wave for wave in waves if wave]
        if len(told) < len(waves):
            each = ", ".join(f"{1000 * wave:g}" if wave else "?" for wave in waves)
            note = f"not every channel tells its emission wavelength ({each} nm), so none is used"
            return None, [note] if told else []
        return (tuple(told) if len(set(told)) > 1 else told[0] if told else None), []


def _usable(value: float | None, words: str, notes: list[str]) -> float | None:
    """A value of the file; None, and a note, if it is none that can be worked with, or written again."""
    if value is None or LEAST_NUMBER < value < GREATEST_NUMBER:
        return value
    notes.append(f"the file says {words.format(value)}: not used")
    return None


def of_tiff(tif: tifffile.TiffFile, kind: str, image: int = 0) -> Calibration:
    """What an open TIFF says; `kind` is that of the series, `image` its number."""
    if kind == "ome" or (kind == "mmstack" and tif.is_ome):
        return of_ome(tif.ome_metadata, image)
    if tif.is_imagej:
        return of_imagej(tif)
    pixel_um, note = _resolution_tags(tif.pages.first, None)
    return Calibration(pixel_um=pixel_um, notes=(note,) if note else ())


def info(optics: Optics) -> str:
    """What ImageJ has no place for but its info, a line each; it is read again by `of_imagej`."""
    known = ((words, getattr(optics, name)) for name, words in INFO.items())
    return "".join(f"{words} = {numbers(value)}\n" for words, value in known if value is not None)


def _in_info(text: object) -> dict[str, tuple[float, ...]]:
    """What `info` wrote: no number, or those of each channel."""
    lines = dict(line.split(" = ", 1) for line in str(text).splitlines() if " = " in line)
    found = {name: [number(one) for one in lines.get(words, "").split(",")] for name, words in INFO.items()}
    return {name: () if None in each else tuple(filter(None, each)) for name, each in found.items()}


def of_imagej(tif: tifffile.TiffFile) -> Calibration:
    metadata = tif.imagej_metadata
    unit = unit_name(metadata.get("unit"))
    pixel_um, note = _resolution_tags(tif.pages.first, unit, unit_name(metadata.get("yunit")))
    spacing, interval = number(metadata.get("spacing")), metadata.get("finterval")
    z_unit = IN_UM.get(unit_name(metadata.get("zunit")) or unit or "")
    interval_s, more = seconds(interval, metadata.get("tunit"))
    told = _in_info(metadata.get("Info"))
    return Calibration(
        pixel_um=pixel_um,
        z_step_um=abs(spacing) * z_unit if spacing and z_unit else None,
        frame_interval_s=interval_s,
        wavelengths_em_um=told["wavelength_em_um"],
        na=next(iter(told["na"]), None),
        channel_names=_names_from_labels(metadata.get("Labels"), int(metadata.get("channels", 1))),
        notes=tuple(filter(None, (note, more))),
    )


def of_ome(xml: str, image: int = 0) -> Calibration:
    root = ElementTree.fromstring(xml)
    element = [element for element in root.iterfind("{*}Image") if element.find("{*}Pixels") is not None][image]
    pixels = element.find("{*}Pixels")
    attributes = pixels.attrib
    sizes = [_length(attributes, f"PhysicalSize{axis}") for axis in "YX"]
    known = [size for size in sizes if size]
    interval_s, note = seconds(attributes.get("TimeIncrement"), attributes.get("TimeIncrementUnit"))
    channels = pixels.findall("{*}Channel")
    names = [channel.get("Name") for channel in channels]
    waves = [_length(channel.attrib, "EmissionWavelength", "nm") for channel in channels]
    return Calibration(
        pixel_um=(known[0], known[-1]) if known else None,
        z_step_um=_length(attributes, "PhysicalSizeZ"),
        frame_interval_s=interval_s,
        wavelengths_em_um=tuple(waves),
        na=_ome_na(root, element),
        channel_names=tuple(names) if names and all(names) else None,
        notes=(note,) if note else (),
    )


def _ome_na(root: ElementTree.Element, image: ElementTree.Element) -> float | None:
    """Numerical aperture of the image's objective, or of the only one there is."""
    objectives = {o.get("ID"): number(o.get("LensNA")) for o in root.iterfind("{*}Instrument/{*}Objective")}
    settings = image.find("{*}ObjectiveSettings")
    if settings is not None:
        return objectives.get(settings.get("ID"))
    return next(iter(objectives.values())) if len(objectives) == 1 else None


def _resolution_tags(
    page: tifffile.TiffPage, unit: str | None, y_unit: str | None = None
) -> tuple[tuple[float, float] | None, str | None]:
    """Pixel size (y, x) in um from the tags, or why not; units are ImageJ's, None means the tag's own, or that of x."""
    rates = [_rational(page, name) for name in ("YResolution", "XResolution")]
    if unit is None:
        tag = page.tags.get("ResolutionUnit")
        in_um = {2: IN_UM["inch"], 3: IN_UM["cm"]}.get(int(tag.value) if tag else 2)
    else:
        in_um = IN_UM.get(unit)
    y_in_um = in_um if y_unit is None else IN_UM.get(y_unit)
    if not all(rates) or in_um is None or y_in_um is None:
        return None, None
    y_um, x_um = y_in_um / rates[0], in_um / rates[1]
    if unit in (None, "inch") and max(y_um, x_um) > LARGEST_PIXEL_UM:
        note = f"the resolution tag ({x_um:.4g} um a pixel) is a printer's, not a microscope's: not used"
        return None, note if max(rates) > 1 else None  # one pixel an inch is what programs write that know nothing
    return (y_um, x_um), None


def _rational(page: tifffile.TiffPage, name: str) -> float | None:
    tag = page.tags.get(name)
    if tag is None:
        return None
    value = tag.value
    numerator, denominator = value if isinstance(value, tuple) else (value, 1)
    return numerator / denominator if denominator else None


def unit_name(name: object) -> str | None:
    r"""ImageJ's spellings of a unit: micron, um, µm with either mu, also escaped as \u00B5m."""
    if not isinstance(name, str):
        return None
    plain = name.strip().strip('"').lower().replace("\\u00b5", "µ").replace("Â", "").replace("\xe2µ", "µ")
    return plain.replace("µ", "u").replace("μ", "u")


def _length(attributes: dict[str, str], name: str, unit: str = "um") -> float | None:
    """An OME length in um; None if it is missing, zero or in no unit of length."""
    value = number(attributes.get(name))
    in_um = IN_UM.get(unit_name(attributes.get(f"{name}Unit", unit)))
    return value * in_um if value and in_um else None


def seconds(value: object, unit: object) -> tuple[float | None, str | None]:
    """A time in seconds, which it is if no unit is named, or why it is not known."""
    told = number(value)
    if not told:
        return None, None
    in_s = IN_S.get(unit_name(unit) or "s")
    if in_s is None:
        return None, f"frame interval {told:g} {unit}: this unit of time is not known, so it is not used"
    return told * in_s, None


def number(value: object) -> float | None:
    """A finite number, of text too; None if it is none."""
    try:
        number = float(value) if value else math.nan  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _names_from_labels(labels: object, channels: int) -> tuple[str, ...] | None:
    """Channel names, if the labels of the planes repeat from channel to channel; else they are names of planes."""
    if not isinstance(labels, list | tuple) or not labels or not all(labels):
        return None
    if all(label == labels[i % channels] for i, label in enumerate(labels)) and len(labels) >= channels:
        return tuple(str(label) for label in labels[:channels])
    return None
