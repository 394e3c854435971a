"""Lengths where no pixel size is known: the package works in um as if a raw pixel had a usual size, results in pixels.

Nothing that an image is made with depends on this size, and no result shows it: names that end on ``_um`` and
``_per_um`` become those of pixels, with their numbers.
"""

from __future__ import annotations

from typing import Any

PIXEL_UM = 0.065
LENGTH, FREQUENCY = ("_um", "_pixels"), ("_per_um", "_per_pixel")


def in_pixels(report: Any) -> Any:
    """A report ready for JSON, with all lengths in raw pixels: ``line_spacing_um`` becomes ``line_spacing_pixels``."""
    return _converted(report, 0, PIXEL_UM)


def in_um(report: Any) -> Any:
    """The report again that `in_pixels` was given."""
    return _converted(report, 1, 1 / PIXEL_UM)


def _converted(report: Any, unit: int, size: float) -> Any:
    if isinstance(report, list):
        return [_converted(each, unit, size) for each in report]
    if not isinstance(report, dict):
        return report
    converted = {}
    for name, value in report.items():
        if name.endswith(FREQUENCY[unit]):
            converted[name.removesuffix(FREQUENCY[unit]) + FREQUENCY[1 - unit]] = _times(value, size)
        elif name.endswith(LENGTH[unit]):
            converted[name.removesuffix(LENGTH[unit]) + LENGTH[1 - unit]] = _times(value, 1 / size)
        else:
            converted[name] = _converted(value, unit, size)
    return converted


def frequency(report: dict, name: str) -> Any:
    """What a report calls ``name_per_um`` or, where no pixel size is known, ``name_per_pixel``."""
    return report[name + FREQUENCY[0]] if name + FREQUENCY[0] in report else report[name + FREQUENCY[1]]


def length(report: dict, name: str, digits: int = 0) -> str:
    """The same of a length, in words: ``203 nm`` or ``3.12 pixels``."""
    if name + LENGTH[0] in report:
        return f"{1000 * report[name + LENGTH[0]]:.{digits}f} nm"
    return f"{report[name + LENGTH[1]]:.2f} pixels"


def _times(value: Any, factor: float) -> Any:
    if isinstance(value, list | tuple):
        return [_times(each, factor) for each in value]
    return value if value is None else value * factor
