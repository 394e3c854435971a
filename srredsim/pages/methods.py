"""The page that compares methods on one stack: pictures at one display range, a table, and where they disagree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np

from srredsim.pages.compared import LONGEST, compared
from srredsim.pages.parts import Markup, element, lines, page, picture, section, table
from srredsim.picture import reduced

WHITE = 0.2  # disagreement, of the range of the image, that is shown as white
COLUMNS = {
    "method": "{}",
    "cpu_seconds": "{:.2f}",
    "residual": "{:.2f}",
    "psnr": "{:.1f}",
    "ssim": "{:.3f}",
    "ncc": "{:.3f}",
    "why_not": "{}",
}
HEADS = ("method", "CPU seconds", "residual", "PSNR (dB)", "SSIM", "NCC", "why not used")
WORDS = (
    "CPU seconds: of all cores together, a model loaded before. Residual: what the image leaves unexplained of the"
    " frames, 1 where only noise is left. PSNR, SSIM, NCC: against the truth, where one was given, after gain and"
    " offset were fitted to it. A network may agree with the truth in what it has guessed: the residual tells what the"
    " frames support."
)


@dataclass(frozen=True)
class OfChannel:
    """What methods made of one plane."""

    name: str
    images: Sequence[tuple[str, np.ndarray]]  # of one shape (y, x), gain and offset of each fitted to the reference
    reference: str  # the image whose display range all have
    rows: Sequence[Mapping[str, Any]]  # see `srredsim.workflows.compare.compare_file`
    disagreement: np.ndarray | None  # (y, x), in parts of the range of the reference; None: nothing to compare


def page_of(title: str, channels: Sequence[OfChannel], pixel_size_um: float | None, notes: Sequence[str]) -> str:
    """The page, a text in HTML."""
    body: list[Markup] = [lines(notes)]
    for channel in channels:
        several = f": {channel.name}" if len(channels) > 1 else ""
        body.append(section(f"Images{several}", compared(channel.images, pixel_size_um, channel.reference)))
        rows = [[_cell(row.get(name), how) for name, how in COLUMNS.items()] for row in channel.rows]
        body.append(section(f"Methods{several}", table(HEADS, rows, class_="sortable"), element("p", WORDS)))
        if channel.disagreement is not None:
            middle = float(np.median(channel.disagreement))
            words = (
                "Standard deviation over the methods, the widefield image left out; black: they agree, white:"
                f" {WHITE:.0%} of the range of the image or more; half of the pixels are below {middle:.1%}."
            )
            drawn = picture(_png(channel.disagreement), "map of disagreement", class_="map")
            body.append(
                section(f"Where they disagree{several}", element("figure", drawn, element("figcaption", words)))
            )
    return page(title, body, {"kind": "methods", "title": title})


def _cell(value: Any, how: str) -> str:
    return "" if value is None else how.format(value)


def _png(disagreement: np.ndarray) -> bytes:
    from PIL import Image

    data = BytesIO()
    grey = np.clip(reduced(np.asarray(disagreement, np.float32), LONGEST) / WHITE, 0, 1)
    Image.fromarray(np.uint8(np.rint(255 * grey))).save(data, "PNG")
    return data.getvalue()
