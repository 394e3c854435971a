"""The report for a terminal."""

from __future__ import annotations

from typing import Any

from srredsim.acquisition import IN_WORDS, numbers

NO_VERDICT = "-"


def lines(report: dict[str, Any]) -> list[str]:
    """How the file was read, then a line a check, then what to change."""
    return (
        _file(report) + _frames(report) + [line for channel in report["channels"] for line in _checks(channel, report)]
    )


def _file(report: dict[str, Any]) -> list[str]:
    sizes = report["sizes"]
    text = [f"{report['pattern']} of {sizes['Y']} x {sizes['X']} pixels, {report['dtype']}"]
    outer = [(sizes[axis], name) for axis, name in (("T", "times"), ("C", "channels"), ("Z", "z-planes"))]
    text.append(", ".join(f"{n} {name}" for n, name in outer if n > 1) or "one raw stack")
    if report["channel_names"]:
        text.append(f"channels {', '.join(report['channel_names'])}")
    text += report["notes"]
    known = {name: value for name, value in report["optics"].items() if value is not None}
    text += [f"{IN_WORDS[name][0]} {numbers(value)}{IN_WORDS[name][1]}" for name, value in known.items()]
    unknown = [IN_WORDS[name][0] for name in report["optics"] if name not in known]
    if unknown:
        text.append(f"not known: {', '.join(unknown)}")
    return text


def _frames(report: dict[str, Any]) -> list[str]:
    text = [_range(report)]
    for c, means in enumerate(report["frame_means"]):
        channel = f"channel {c + 1}, " if len(report["frame_means"]) > 1 else ""
        for a, row in enumerate(means):
            values = " ".join("-" if mean is None else f"{mean:.4g}" for mean in row)
            text.append(f"{channel}angle {a + 1}: mean of each frame {values}")
    return text


def _range(report: dict[str, Any]) -> str:
    if report["lowest"] is None:
        return "no pixel is finite"
    text = f"values from {report['lowest']:g} to {report['highest']:g}"
    if report["constant"]:
        text += ", the image is constant: there is nothing to reconstruct"
    if report["saturated_pixels"]:
        text += f", {report['saturated_pixels']} pixels saturated"
    if report["non_finite_pixels"]:
        text += f", {report['non_finite_pixels']} pixels NaN or infinite"
    return text


def _checks(channel: dict[str, Any], report: dict[str, Any]) -> list[str]:
    """Columns: name, verdict, number, limit."""
    text = ["", _what_was_checked(channel, report)]
    checks = channel["checks"]
    width = max(len(check["name"]) for check in checks)
    for check in checks:
        limit = f" ({check['limit']})" if check["limit"] else ""
        text.append(f"{check['name']:<{width}}  {check['verdict'] or NO_VERDICT:<8}  {check['number']}{limit}")
    advice = [check["advice"] for check in checks if check["advice"]]
    if advice:
        text += ["what to change:", *(f"  {line}" for line in advice)]
    return text


def _what_was_checked(channel: dict[str, Any], report: dict[str, Any]) -> str:
    sizes, (y, x) = report["sizes"], channel["pixels_checked"]
    places = [("C", f"channel {channel['channel'] + 1}"), ("T", f"t={channel['time']}")]
    places.append(("Z", f"z={channel['z']}"))
    where = [words for axis, words in places if sizes[axis] > 1]
    if (y, x) != (sizes["Y"], sizes["X"]):
        where.append(f"the middle {y} x {x} pixels")
    if channel["order_checked"]:
        where.append(f"the frames with {channel['order_checked']}")
    return f"checks of {', '.join(where)}:" if where else "checks:"
