"""Axes that OME metadata name within others: angle and phase along z, time or channel (Modulo annotations)."""

from __future__ import annotations

from xml.etree import ElementTree

from srredsim.io.calibration import number

LETTERS = {"angle": "A", "rotation": "A", "phase": "P"}


def modulo(xml: str) -> dict[str, tuple[str, int]]:
    """``{"Z": ("P", 5)}``: within z, five phases run fastest."""
    found: dict[str, tuple[str, int]] = {}
    for element in ElementTree.fromstring(xml).iter():
        axis = element.tag.rpartition("}")[2].partition("ModuloAlong")[2]
        letter = LETTERS.get(str(element.get("Type")).lower())
        count = _count(element)
        if axis in ("Z", "T", "C") and letter and count > 1:
            found[axis] = letter, count
    return found


def split(letters: str, shape: tuple[int, ...], found: dict[str, tuple[str, int]]) -> tuple[str, tuple[int, ...]]:
    """Axes with what `modulo` found behind the axis that it runs within; what does not divide it is left out."""
    new: list[tuple[str, int]] = []
    for letter, n in zip(letters, shape, strict=True):
        inner, count = found.get(letter, ("", 1))
        if inner and n % count == 0 and inner not in letters:
            new += [(letter, n // count), (inner, count)]
        else:
            new.append((letter, n))
    return "".join(letter for letter, _ in new), tuple(n for _, n in new)


def _count(element: ElementTree.Element) -> int:
    """How many there are: labels, or steps from the start to the end."""
    if labels := [one for one in element if one.tag.rpartition("}")[2] == "Label"]:
        return len(labels)
    start, end, step = (
        number(element.get(name)) or default for name, default in (("Start", 0), ("End", 0), ("Step", 1))
    )
    return round((end - start) / step) + 1 if 0 <= (end - start) / step < 1e4 else 0
