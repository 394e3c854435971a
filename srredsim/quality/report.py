"""What a reconstruction rests on, in numbers for a file and in words for a reader."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from srredsim.errors import WARNING
from srredsim.optics.nominal import length
from srredsim.quality import residual_stripes
from srredsim.reconstruction.attenuation import AUTO
from srredsim.reconstruction.chosen import WIENER
from srredsim.reconstruction.planes import Channel, Plane
from srredsim.reconstruction.wiener import APODISATION
from srredsim.stripes.haze import Haze
from srredsim.stripes.parameters import Parameters
from srredsim.stripes.search import FALSE_ALARM

MEANINGS = {
    "inferred": "were inferred from the others",
    "assumed": "are as given, not confirmed by the frames",
    "failed": "were not found: no gain along them",
}
NOT_FOUND = re.compile("were (not )?found")  # in a verdict: in no angle, or not in this one
ELSEWHERE = "; `parameters` takes the stripes of another stack that shows them"

ALL_MEASURED = "the stripes of every angle were measured"
TWO_BEAMS = f"{ALL_MEASURED}; none has a second order, as of two beams: nothing finer than the first was used"
ALL_MEASURED_AT_ONCE = "a hexagonal pattern: the stripes of all its directions were measured"
WRONG_ORDER = f"{WARNING}wrong frame order: "  # how `srredsim.inspection.readings` begins what it says of it
MISREAD = "the frames lie in another order than they were read in: what is said of their stripes is of no use"
SURE = (ALL_MEASURED, TWO_BEAMS, ALL_MEASURED_AT_ONCE)  # verdicts that are no warnings
NONE_THERE = 0.06  # uncertainty of the contrast of an order that is not there, at most: one of 0.1 would be seen
UNLIKE = 0.5  # RSP of an image that has lost what the widefield image shows: of thick samples it is 0.6 and more
VISIBLE = 5.0  # percent of light out of focus: what is said, and what is taken away in plenty of light
SMALLEST = 1e-99  # probability that is said as it is
VAGUE = 0.5  # uncertainty of a damping that says nothing
EXCHANGED = "its stripes have a third more contrast then; put them in order, or the image is wrong"
ALIKE = "is a frame in the wrong place, or does the pattern not turn?"


def of_channel(plane: Plane, otf_file: str | None = None, attenuation: float | str | None = AUTO) -> dict:
    """What the images of a channel rest on, at its first time and in its sharpest slice."""
    return {
        "channel": plane.position[1],
        "estimated_in_slice": plane.sharpest,
        "verdict": verdict(plane.parameters),
        "notes": list(plane.notes),
        "k_max_per_um": float(plane.parameters.k_max_per_um),
        "angles": plane.parameters.report(),
        "angles_at_once": plane.parameters.at_once,
        "alike": plane.parameters.alike,
        "exchanged": plane.parameters.exchanged,
        "backgrounds": list(plane.prepared.backgrounds),
        "intensities": [list(row) for row in plane.prepared.intensities],
        "otf": _otf(plane, otf_file),
        "regularisation": asdict(plane.regularisation),
        "apodisation_power": APODISATION,
        "method": plane.method,
        "updates": plane.updates,
        "out_of_focus": plane.haze.report() | {"words": _haze_words(plane.haze, attenuation, plane.parameters.failed)},
        "times": [],
    }


def _otf(plane: Plane, file: str | None) -> dict:
    damping = plane.parameters.damping
    if damping is None:
        return {"chosen": "file", "file": file, "damping": None, "measured_damping": None, "uncertainty": None}
    return {
        "chosen": damping.chosen,
        "file": None,
        "damping": damping.value,
        "measured_damping": damping.measured,
        "uncertainty": damping.uncertainty,
        "spherical_waves": damping.spherical_waves,
    }


def _haze_words(haze: Haze, attenuation: float | str | None, failed: bool = False) -> str:
    """What was found out of focus, what was done about it, and what intensities then mean."""
    found, changed = "out-of-focus light: none for certain", "intensities are not those of the sum of the frames"
    if haze.share:
        found = f"out-of-focus light: {100 * haze.share:.0f} % of the power of the coarsest structures"
    if attenuation == AUTO and haze.share:
        return f"{found}, removed: {changed}"
    if attenuation == AUTO and not failed and (likely := 100 * float(haze.at(np.float64(0.0)))) >= VISIBLE:
        return f"{found}; {likely:.0f} % of the power of the coarsest structures is likely, and removed: {changed}"
    if attenuation == AUTO and failed:
        return (
            "out-of-focus light: not known, as stripes tell it; nothing was removed (`attenuation` 1 removes the"
            " coarsest structures, whatever they are)"
        )
    if attenuation == AUTO:
        return f"{found}; up to a quarter of what may be there was removed"
    if not attenuation:
        return f"{found}; nothing was removed"
    return f"{found}; attenuation {attenuation:g}, as given: {changed}"


def out_of_focus(channels: Sequence[Channel]) -> list[str]:
    """A line for each channel with light out of focus, without which networks are given its images."""
    several = len(channels) > 1
    return [
        f"{f'channel {number}, ' if several else ''}{_haze_words(channel.haze, AUTO)}"
        for number, channel in enumerate(channels, start=1)
        if channel.haze.share
    ]


def of_time(plane: Plane) -> dict:
    """What changes with time, measured in the sharpest slice; angles that failed have no phases."""
    angles = plane.parameters.angles
    return {
        "t": plane.position[0],
        "phases_rad": [list(angle.phases_rad) if angle.status != "failed" else None for angle in angles],
        "modulation_depths": [[order.modulation_depth for order in angle.orders] for angle in angles],
        "intensities": [list(row) for row in plane.prepared.intensities],
        "wiener": plane.regularisation.wiener,
    }


def verdict(parameters: Parameters, image: str = "this is the deconvolved widefield image") -> str:
    """One sentence about how far the image can be trusted."""
    statuses, angle_word = [angle.status for angle in parameters.angles], name_of(parameters.at_once)
    if parameters.failed:
        return f"no stripes were found in any {angle_word}: {image}, not super-resolved"
    words = []
    for status, meaning in MEANINGS.items():
        which = [str(number) for number, found in enumerate(statuses, start=1) if found == status]
        if which and (status, len(which)) == ("inferred", len(statuses)):
            words.append(f"no {angle_word} has sure stripes, only all of them together")
        elif which:
            words.append(f"the stripes of {angle_word} {', '.join(which)} {meaning}")
    words += _of_their_own(parameters)
    two_beams = _of_two_beams(parameters)
    if (faint := too_faint(parameters)) and not two_beams:
        words.append(f"too faint to be used: {', '.join(faint)}")
    if len(statuses) == 1:
        direction = np.rad2deg(np.arctan2(*parameters.angles[0].k0_per_um)) % 180
        words.append(
            f"one angle only: the resolution is better in one direction only, {direction:.0f} degrees from x towards +y"
        )
    if parameters.alike:
        words.append(f"{parameters.alike}: {ALIKE}")
    if parameters.exchanged:
        words.append(f"{parameters.exchanged}: {EXCHANGED}")
    if parameters.at_once > 1:
        return "; ".join(words) or ALL_MEASURED_AT_ONCE
    return "; ".join(words) or (TWO_BEAMS if two_beams else ALL_MEASURED)


def _of_two_beams(parameters: Parameters) -> bool:
    """Whether there is light enough to see a second order of the stripes that were found, and none of them has one."""
    seen = [angle.orders for angle in parameters.angles if angle.status != "failed"]
    if not seen or parameters.orders != 2 or any(one.status == "failed" or two.status != "failed" for one, two in seen):
        return False
    return float(np.median([two.modulation_error for _, two in seen])) <= NONE_THERE


def _of_their_own(parameters: Parameters) -> list[str]:
    """Angles that were left out because their stripes, which are there, are not those of the others."""
    seen = [np.hypot(*angle.k0_per_um) for angle in parameters.angles if angle.status != "failed"]
    words, angle_word = [], name_of(parameters.at_once)
    for number, angle in enumerate(parameters.angles, start=1):
        if angle.status == "failed" and angle.false_alarm <= FALSE_ALARM:
            off = 100 * (np.hypot(*angle.k0_per_um) / np.median(seen) - 1)
            how = f"{abs(off):.0f} % {'finer' if off > 0 else 'coarser'} than" if abs(off) >= 1 else "not in line with"
            words.append(
                f"{angle_word} {number} has stripes {how} those of the others, and was left out; if the microscope"
                f" makes them so, give `k` of every {angle_word}"
            )
    return words


def too_faint(parameters: Parameters) -> list[str]:
    """Orders that angles with stripes do not show, in words."""
    angle_word = name_of(parameters.at_once)
    return [
        f"order {order.order} of {angle_word} {number}"
        for number, angle in enumerate(parameters.angles, start=1)
        for order in angle.orders
        if angle.status != "failed" and order.status == "failed"
    ]


def name_of(at_once: int) -> str:
    """What an angle is called, where so many light the frames at the same time."""
    return "direction" if at_once > 1 else "angle"


def sentence(channel: Channel) -> str:
    """Verdict on what was found in a channel, for an image that a network makes with it."""
    return verdict(channel.parameters, "the network had the deconvolved widefield image")


def overall(channels: list[dict]) -> str:
    """The verdicts of all channels in one sentence."""
    return of_channels([channel["verdict"] for channel in channels])


def said(sentences: list[str]) -> list[str]:
    """The verdicts on all channels in one line, if there are any: a warning where not all stripes were measured."""
    sure = all(each in SURE for each in sentences)
    return [("" if sure else WARNING) + _advised(of_channels(sentences))] if sentences else []


def _advised(verdict: str) -> str:
    """The same, and what helps where stripes were not found."""
    return f"{verdict}{ELSEWHERE}" if NOT_FOUND.search(verdict) else verdict


def doubtful(sentences: list[str], notes: Iterable[str] = ()) -> list[str]:
    """The same, only if it is a warning; nothing of frames that are `misread`."""
    return [] if misread(notes) else [line for line in said(sentences) if line.startswith(WARNING)]


def misread(notes: Iterable[str]) -> bool:
    """Whether the frames clearly lie in another order, as the notes on a stack say: other doubts follow from that."""
    return any(note.startswith(WRONG_ORDER) for note in notes)


def of_channels(sentences: list[str]) -> str:
    """A sentence of each channel, in one: with their numbers, where they differ."""
    if len(set(sentences)) == 1:
        return sentences[0]
    return "; ".join(f"channel {number}: {sentence}" for number, sentence in enumerate(sentences, start=1))


def judged(channels: list[dict], notes: Sequence[str]) -> dict:
    """``verdict``, ``channels`` and ``notes`` of a report; of frames that are `misread` that alone is said."""
    if misread(notes):
        channels = [channel | {"verdict": MISREAD, "notes": []} for channel in channels]
    every = list(dict.fromkeys([*notes, *warnings(channels)]))
    return {"verdict": overall(channels), "channels": channels, "notes": every}


def warnings(channels: list[dict]) -> list[str]:
    """What somebody who waits for the images of a reconstruction should see at once, of each channel."""
    warned = []
    for channel in (each for each in channels if each["verdict"] != MISREAD):
        name = _name(channel) if len(channels) > 1 else ""
        noted = [note.removeprefix(WARNING) for note in channel["notes"] if note.startswith(WARNING)]
        noted += residual_stripes.said(channel["quality"]["artefacts"])
        if (rsp := channel["quality"]["rsp"]) is not None and rsp < UNLIKE:
            noted.append(
                f"blurred, the image does not agree with the widefield image (correlation {rsp:.2f}): believe that one"
            )
        noted += [_advised(channel["verdict"])] if channel["verdict"] not in SURE else []
        warned += [f"{WARNING}{name}{each}" for each in noted]
    return warned


def _name(channel: dict) -> str:
    return f"channel {channel['channel'] + 1}: "


def is_dark(angles: Sequence[Mapping[str, Any]]) -> bool:
    """Whether none of the angles of a report shows an order that an image can be made with."""
    return all(order["status"] == "failed" for angle in angles for order in angle["orders"])


def lines(report: dict) -> list[str]:
    """The report for a terminal."""
    text = []
    several = len(report["channels"]) > 1
    for channel in report["channels"]:
        name = f"channel {channel['channel'] + 1}, " if several else ""
        for number, angle in enumerate(channel["angles"], start=1):
            orders = "; ".join(
                f"order {order['order']}: line spacing {length(order, 'line_spacing', 1)},"
                f" contrast {order['modulation_depth']:.2f} ± {order['modulation_error']:.2f},"
                f" significance {order['z']:.1f} standard deviations"
                for order in angle["orders"]
            )
            alarm = f"chance of a false alarm {chance(angle['false_alarm_probability'])}"
            which = f"{name}{name_of(channel['angles_at_once'])} {number}"
            direction = direction_of(angle["direction_degrees"])
            text.append(f"{which}: {angle['status']}, direction {direction}; {orders}; {alarm}")
        text.append(f"{name}OTF {_otf_words(channel['otf'])}")
        used, power = channel["regularisation"], channel["apodisation_power"]
        text.append(f"{name}Wiener parameter {used['wiener']:.3g} ({used['chosen']}), apodisation power {power:g}")
        if channel["method"] != WIENER:
            updates = f", {channel['updates']} updates" if channel["updates"] else ""
            text.append(f"{name}method {channel['method']}{updates}")
        text.append(f"{name}{channel['out_of_focus']['words']}")
        text += [f"{name}{note}" for note in (*channel["notes"], *channel["quality"]["words"])]
        if {"frc_um", "frc_pixels"} & set(channel["quality"]):
            text.append(f"{name}{_frc_words(channel['quality'])}")
        text.append(f"{name}{channel['verdict']}")
    return text


def direction_of(degrees: float) -> str:
    """A direction in words, from 0 to 180 degrees: stripes have no sign."""
    return f"{round(degrees, 2) % 180:.2f} degrees"


def chance(probability: float) -> str:
    """A probability in words."""
    return f"{probability:.0e}" if probability >= SMALLEST else f"below {SMALLEST:.0e}"


def _frc_words(quality: Mapping[str, Any]) -> str:
    if None in (quality.get("frc_um", 0), quality.get("frc_pixels", 0)):
        return "no limit of resolution: halves of the photons agree (FRC above 1/7) as far as lens and stripes go"
    return f"resolution {length(dict(quality), 'frc')} (FRC 1/7 of halves of the photons)"


def _otf_words(otf: dict) -> str:
    if otf["chosen"] == "file":
        return f"from {otf['file']}"
    words = f"damping {otf['damping']:.2f}, 1 is an ideal lens ({otf['chosen']}"
    if otf["measured_damping"] is not None and otf["uncertainty"] < VAGUE:
        words += f"; the bands say {otf['measured_damping']:.2f} ± {otf['uncertainty']:.2f}"
    if otf["spherical_waves"]:
        words += f"; spherical aberration of {otf['spherical_waves']:.2f} waves"
    return words + ")"
