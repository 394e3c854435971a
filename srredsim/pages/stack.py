"""The page about one raw stack: the image first, then what it rests on, in the order in which doubts are settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from srredsim.errors import WARNING
from srredsim.optics.nominal import length
from srredsim.pages.compared import compared
from srredsim.pages.curve import curve
from srredsim.pages.parts import Markup, element, lines, page, picture, section, table
from srredsim.quality.frc import HALVES
from srredsim.quality.report import chance, direction_of, is_dark

PLAIN = "-"  # what a check says that could not be made


@dataclass(frozen=True)
class OfChannel:
    """Images of one channel at the first time in the middle of z, and the stripes that they were made with.

    The stripes are those of the classical image, which is made again, where the result is that of a network.
    """

    name: str
    images: Sequence[tuple[str, np.ndarray]]  # of one shape (y, x)
    verdict: str = ""  # one sentence about the stripes
    angles: Sequence[Mapping[str, Any]] = ()  # as `srredsim.stripes.parameters.Parameters.report`
    words: Sequence[str] = ()  # what else was found
    correlation: tuple[np.ndarray, np.ndarray] | None = None  # of two halves of the light: frequencies per um, values
    marks: Sequence[tuple[str, float]] = ()  # frequencies per um of lens and stripes


@dataclass(frozen=True)
class OfStack:
    """All that a page says."""

    title: str
    reading: Sequence[str]  # how the file was read
    checks: Sequence[Mapping[str, Any]]  # as `srredsim.inspection.inspect` has them
    inspection: bytes  # PNG
    channels: Sequence[OfChannel]
    pixel_size_um: float | None  # of the images
    shown: str = ""  # which of several planes the images are
    notes: Sequence[str] = ()  # what is to be known
    consistency: tuple[str, bytes] | None = None  # in words, and as PNG
    made: Mapping[str, Any] = field(default_factory=dict)  # what made it, and how
    facts: Mapping[str, Any] = field(default_factory=dict)  # for an index


def page_of(found: OfStack) -> str:
    """The page, a text in HTML."""
    several = len(found.channels) > 1
    body: list[Markup] = [_summary(found)]
    for channel in found.channels:
        title = f"Image: {channel.name}" if several else "Image"
        which = [element("p", found.shown, class_="soft")] if found.shown else []
        body.append(section(title, *which, compared(channel.images, found.pixel_size_um)))
    if found.consistency:
        words, png = found.consistency
        body.append(section("Do the frames support it?", element("p", words), picture(png, "consistency map")))
    for channel in found.channels:
        body += _stripes(channel, several)
    body += [_raw(found), _made(found)]
    return page(found.title, body, found.facts)


def _summary(found: OfStack) -> Markup:
    """Verdicts on the stripes, then warnings, then other notes; what is said of every image is not said here."""
    said = []
    for channel in found.channels:
        if channel.verdict:
            statuses = {angle["status"] for angle in channel.angles}
            level = (
                "bad"
                if "failed" in statuses or is_dark(channel.angles)
                else "good"
                if statuses == {"measured"}
                else "doubtful"
            )
            words = f"{channel.name}: {channel.verdict}" if len(found.channels) > 1 else channel.verdict
            said.append(element("p", words, class_=f"verdict {level}"))
    warned = [note for note in found.notes if note.startswith(WARNING)]
    said += [element("p", note.removeprefix(WARNING), class_="verdict doubtful") for note in warned]
    return Markup("".join([*said, lines(note for note in found.notes if note not in warned)]))


def _stripes(channel: OfChannel, several: bool) -> list[Markup]:
    parts: list[Markup] = []
    if channel.angles:
        head = ("angle", "stripes", "direction", "spacing", "contrast", "z", "chance of a false find", "phases")
        parts.append(table(head, [_angle(n, angle) for n, angle in enumerate(channel.angles, start=1)]))
    if channel.words:
        parts.append(lines(channel.words))
    if channel.correlation:
        words = (
            "The photons of each frame, split in two at random, make two images: down to where they agree (dashed: 1/7)"
            " detail is no noise; at the end, where nothing comes through, it says nothing. Both have the same stripes:"
            " what is wrong with those is not seen here."
        )
        drawn = curve([("two halves of the photons", *channel.correlation)], HALVES, channel.marks)
        parts.append(element("figure", drawn, element("figcaption", words)))
    title = f"Stripes and lens: {channel.name}" if several else "Stripes and lens"
    return [section(title, *parts)] if parts else []


def _angle(number: int, angle: Mapping[str, Any]) -> list[Any]:
    orders = angle["orders"]
    seen = angle["status"] != "failed"

    def each(words: Any) -> str:
        return ", ".join(words(order) for order in orders) if seen else PLAIN

    verdict = {"measured": "good", "failed": "bad"}.get(angle["status"], "doubtful")
    return [
        number,
        element("span", angle["status"], class_=verdict),
        direction_of(angle["direction_degrees"]) if seen else PLAIN,
        each(lambda order: length(order, "line_spacing", 1)),
        each(lambda order: f"{order['modulation_depth']:.2f} \N{PLUS-MINUS SIGN} {order['modulation_error']:.2f}"),
        each(lambda order: f"{order['z']:.1f}"),
        chance(angle["false_alarm_probability"]),
        ", ".join(f"{np.rad2deg(phase) % 360:.0f}" for phase in angle["phases_rad"]) + " degrees" if seen else PLAIN,
    ]


def _raw(found: OfStack) -> Markup:
    rows = [
        (
            check["name"],
            element("span", check["verdict"] or PLAIN, class_=check["verdict"] or "soft"),
            check["number"],
            check["limit"] or "",
        )
        for check in found.checks
    ]
    advice = list(dict.fromkeys(check["advice"] for check in found.checks if check["advice"]))
    return section(
        "Raw data",
        lines(found.reading),
        table(("check", "verdict", "found", "limits"), rows),
        *([element("p", "What to change:"), lines(advice)] if advice else ()),
        picture(
            found.inspection, "widefield, angles over one another, light of each frame, spectra with stripes found"
        ),
    )


def _made(found: OfStack) -> Markup:
    return section("How it was made", table(("", ""), [(name, str(value)) for name, value in found.made.items()]))
