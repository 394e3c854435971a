"""Raw frames that a program stored as samples of pixels, as it would colours: 9 or 15 a pixel, or planes of three."""

from __future__ import annotations

import threading
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
import tifffile

from srredsim.acquisition import Optics
from srredsim.io.source import Source

COUNTS = (9, 15, 25)  # frames of one raw stack
COLOUR = (3, 4)  # samples that mean a colour, unless each lies in a plane of its own


def frames_as_samples(page: tifffile.TiffPage, samples: int, values: int) -> bool:
    """Whether the samples are the frames of one raw stack, and no colours.

    ``values`` are those of all pages together.
    """
    frames = values // (page.imagewidth * page.imagelength)
    apart = page.planarconfig == tifffile.PLANARCONFIG.SEPARATE
    return frames in COUNTS and (samples not in COLOUR or apart)


def samples_source(
    series: Any, samples: int, read: Callable[[Any, str], np.ndarray], optics: Optics, notes: list[str]
) -> Source:
    """Each sample of each page as a frame, page after page; ``read`` gives all samples of a page with this name."""
    page = series.keyframe
    size = page.imagelength, page.imagewidth
    pages, lock = list(series.pages), threading.Lock()
    last: dict[int, np.ndarray] = {}  # the page that was read last

    def plane(number: int) -> np.ndarray:
        at, sample = divmod(number, samples)
        with lock:
            if at not in last:
                last.clear()
                last[at] = _samples_first(read(pages[at], f"page {at + 1} of {len(pages)}"), samples, size)
            return last[at][sample]

    count = len(pages) * samples
    words = f"the {count} frames are stored as {samples} samples a pixel" + (
        f" on {len(pages)} pages" if len(pages) > 1 else ""
    )
    dtype = np.dtype(series.dtype).newbyteorder("=")
    return Source("I", (count,), size, dtype, plane, optics, notes=(words, *notes))


def _samples_first(values: np.ndarray, samples: int, size: tuple[int, int]) -> np.ndarray:
    if prod(values.shape) == samples * prod(size) and values.shape[-1] == samples and values.shape[:2] == size:
        return np.ascontiguousarray(np.moveaxis(values, -1, 0))
    return values.reshape(samples, *size)
