"""A figure that is drawn on in inches from its lower left corner: axes would take several times as long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Place = tuple[float, float, float, float]  # left, bottom, width and height in inches


class Sheet:
    """What is put on a ``matplotlib.figure.Figure``, what comes later over what was there."""

    def __init__(self, figure: Any):
        self._figure, self._inches = figure, figure.dpi_scale_trans

    def image(self, place: Place, values: np.ndarray, colours: str | None = None, norm: Any = None, **style) -> None:
        """Values (y, x) in colours, or (y, x, 3) as they are; the first row is at the top."""
        from matplotlib.image import BboxImage

        style = {"interpolation": "nearest"} | style
        drawn = BboxImage(self._box(place), cmap=colours, norm=norm, origin="upper", zorder=1, **style)
        drawn.set_data(values)
        self._figure.add_artist(drawn)

    def filled(self, place: Place, colour: str) -> None:
        self._rectangle(place, facecolor=colour, edgecolor="none")

    def outline(self, place: Place, colour: str, linewidth: float) -> None:
        self._rectangle(place, facecolor="none", edgecolor=colour, linewidth=linewidth)

    def _rectangle(self, place: Place, **style) -> None:
        from matplotlib.patches import Rectangle

        self._figure.add_artist(Rectangle(place[:2], *place[2:], transform=self._inches, **style))

    def lines(
        self, lines: Sequence[np.ndarray], colour: str, linewidth: float = 1.0, within: Place | None = None, **style
    ) -> None:
        """Each (points, 2): x and y of its points; nothing shows outside of ``within``."""
        from matplotlib.collections import LineCollection

        style |= {"colors": colour, "linewidths": linewidth}
        drawn = LineCollection(lines, transform=self._inches, zorder=1, **style)
        if within:
            drawn.set_clip_box(self._box(within))
        self._figure.add_artist(drawn)

    def words(self, x: float, y: float, words: str, **style) -> None:
        style = {"ha": "center", "transform": self._inches} | style
        self._figure.text(x, y, words, **style)

    def _box(self, place: Place):
        from matplotlib.transforms import Bbox, TransformedBbox

        return TransformedBbox(Bbox.from_bounds(*place), self._inches)
