"""Red, green and blue of a TIFF, which is no format of microscope images here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tifffile

LARGEST = 2**26  # values of a patch
SEPARATE = 2  # one plane after the other, in TIFF's words


def colours(path: Path, largest: int | None = LARGEST) -> list[np.ndarray] | None:
    """The three planes (y, x) of a colour image; None if it is none, or has more values than ``largest``."""
    try:
        with tifffile.TiffFile(path) as file:
            page = file.pages.first
            if page.samplesperpixel != 3 or sorted(page.axes) != ["S", "X", "Y"] or page.size > (largest or page.size):
                return None
            return list(np.moveaxis(page.asarray(), page.axes.index("S"), 0))
    except (tifffile.TiffFileError, ValueError, LookupError, OSError):
        return None


def planes_apart(path: Path) -> list[np.ndarray] | None:
    """The three planes of a stack (3, y, x) that was saved as colours, one after the other; None if it was not.

    tifffile and others take any three planes of 8 or 16 bits for red, green and blue.
    """
    try:
        with tifffile.TiffFile(path) as file:
            if len(file.pages) != 1 or file.pages.first.planarconfig != SEPARATE:
                return None
    except (tifffile.TiffFileError, ValueError, LookupError, OSError):
        return None
    return colours(path, None)
