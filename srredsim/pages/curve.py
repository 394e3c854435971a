"""A curve as a drawing: how well two halves of the light agree at each fineness of detail."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from srredsim.pages.parts import Markup, element

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 640, 300, 50, 46, 12  # units of the drawing
COLOURS = ("#1769aa", "#b35900", "#1a7f37")


def curve(
    curves: Sequence[tuple[str, np.ndarray, np.ndarray]], limit: float, marks: Sequence[tuple[str, float]] = ()
) -> Markup:
    """Ring correlations: name, frequencies in cycles/um and values of each; ``marks`` are frequencies with a name.

    ``limit`` is the correlation down to which detail counts as resolved.
    """
    longest = max(float(frequencies[-1]) for _, frequencies, _ in curves)
    across, up = WIDTH - LEFT - 10, HEIGHT - BOTTOM - TOP

    def at(frequency: float, value: float) -> tuple[float, float]:
        return LEFT + across * frequency / longest, TOP + up * (1 - min(max(value, 0.0), 1.0))

    drawn = [_line((LEFT, TOP), (LEFT, TOP + up)), _line((LEFT, TOP + up), (LEFT + across, TOP + up))]
    for value in (0.0, 0.5, 1.0):
        drawn.append(_text(LEFT - 8, at(0, value)[1] + 4, f"{value:g}", "end"))
    for frequency in np.arange(1, int(longest) + 1, max(1, int(longest) // 6)):
        drawn.append(_text(at(frequency, 0)[0], TOP + up + 18, f"{frequency:g}", "middle"))
    drawn.append(_text(LEFT + across / 2, HEIGHT - 8, "cycles/um", "middle"))
    drawn.append(_line(at(0, limit), at(longest, limit), dash="4 4"))
    for name, frequency in marks:
        if 0 < frequency < longest:
            drawn.append(_line(at(frequency, 0), at(frequency, 1), dash="2 3"))
            drawn.append(_text(at(frequency, 1)[0] + 4, TOP + 10, name, "start"))
    for number, (name, frequencies, values) in enumerate(curves):
        colour = COLOURS[number % len(COLOURS)]
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(at, frequencies.tolist(), values.tolist()))
        drawn.append(element("polyline", points=points, fill="none", stroke=colour, stroke_width=2))
        drawn.append(_text(LEFT + across, TOP + 28 + 16 * number, name, "end", fill=colour))
    words = f"ring correlation of {' and '.join(name for name, _, _ in curves)}"
    return element("svg", *drawn, viewBox=f"0 0 {WIDTH} {HEIGHT}", class_="curve", role="img", aria_label=words)


def _line(start: tuple[float, float], end: tuple[float, float], dash: str | None = None) -> Markup:
    (x1, y1), (x2, y2) = start, end
    places = {"x1": f"{x1:.1f}", "y1": f"{y1:.1f}", "x2": f"{x2:.1f}", "y2": f"{y2:.1f}"}
    return element("line", stroke="#5b6670", stroke_dasharray=dash, **places)


def _text(x: float, y: float, words: str, anchor: str, fill: str | None = None) -> Markup:
    style = None if fill is None else f"fill: {fill}"
    return element("text", words, x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=anchor, style=style)
