"""Images of one field laid over one another: a line that is moved parts the left one from the right one."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import numpy as np

from srredsim.pages.parts import Markup, element, picture
from srredsim.picture import PERCENTILES, reduced

LONGEST = 1280  # pixels of an image in the page, along its longer side, at most
QUALITY = 88  # of JPEG


def compared(
    images: Sequence[tuple[str, np.ndarray]], pixel_size_um: float | None, reference: str | None = None
) -> Markup:
    """Element for images (y, x) of the same field and shape, each with its name.

    ``pixel_size_um`` is that of these images; where it is not known, the scale bar is in pixels. Each image has its own
    black and white, or all those of the one that is the ``reference``.
    """
    y, x = images[0][1].shape
    all_of = None if reference is None else _range(_small(dict(images)[reference]))
    shown = [(name, _grey(_small(plane), all_of)) for name, plane in images]
    small_y, small_x = shown[0][1].shape
    step = -(-max(y, x) // LONGEST)
    names = [name for name, _ in shown]
    pictures = [picture(_jpeg(plane), name, "jpeg", data_name=name, draggable="false") for name, plane in shown]
    ranges = f"{PERCENTILES[0]:g} and {PERCENTILES[1]:g} %"
    words = f"Each image from its own black to its own white ({ranges} of its pixels)."
    if reference is not None:
        words = f"All images from the black to the white of {reference} ({ranges} of its pixels)."
    if step > 1:
        words += f" Shown are means of {step} x {step} pixels."
    words += " Wheel or + and -: magnify; drag or arrow keys: move; the slider: left and right image."
    return element(
        "figure",
        element(
            "div",
            _choice("left", names, 0),
            element(
                "input", type="range", min=0, max=1000, value=500, class_="line", aria_label="border of the images"
            ),
            _choice("right", names, len(names) - 1),
            *(element("button", sign, type="button", class_=kind, title=told) for sign, kind, told in BUTTONS),
            class_="controls",
        ),
        element(
            "div",
            element("div", *pictures, class_="stage"),
            element("div", class_="border"),
            element("div", element("span"), class_="bar"),
            class_="window",
            tabindex=0,
            style=f"aspect-ratio: {small_x} / {small_y}",
        ),
        element("figcaption", words, class_="screen"),
        element("figcaption", _on_paper(names, x, pixel_size_um), class_="paper"),
        class_="compared",
        data_pixel_um=None if pixel_size_um is None else f"{pixel_size_um * step:.6g}",
    )


BUTTONS = (("+", "in", "magnify"), ("\N{MINUS SIGN}", "out", "make smaller"), ("1:1", "whole", "the whole field"))


def _on_paper(names: Sequence[str], width: int, pixel_size_um: float | None) -> str:
    """What the images are, where there is nothing to choose and no scale bar."""
    field = f"{width} pixels" if pixel_size_um is None else f"{width * pixel_size_um:.3g} um"
    return f"From left to right: {', '.join(names)}. Each is {field} wide."


def _choice(side: str, names: Sequence[str], chosen: int) -> Markup:
    options = [element("option", name, selected="" if n == chosen else None) for n, name in enumerate(names)]
    return element("label", f"{side} ", element("select", *options, class_=side))


def _small(plane: np.ndarray) -> np.ndarray:
    return reduced(np.nan_to_num(np.asarray(plane, np.float32)), LONGEST)


def _range(small: np.ndarray) -> tuple[float, float]:
    low, high = np.percentile(small[::2, ::2], PERCENTILES)
    return float(low), float(high)


def _grey(small: np.ndarray, limits: tuple[float, float] | None = None) -> np.ndarray:
    low, high = limits or _range(small)
    return np.uint8(np.rint(255 * np.clip((small - low) / max(high - low, 1e-30), 0, 1)))


def _jpeg(grey: np.ndarray) -> bytes:
    from PIL import Image

    data = BytesIO()
    Image.fromarray(grey).save(data, "JPEG", quality=QUALITY)
    return data.getvalue()
