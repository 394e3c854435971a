"""Layouts of data sets: every file here is one, and a ``dataset.yaml`` names it under ``reader``.

A reader has

``Settings``
    Frozen dataclass of the keys that it wants in ``dataset.yaml`` beside the common ones; ``splits``, a mapping, is
    one of them. What is no field is refused by name. ``__post_init__`` may refuse more.
``stacks(data, split, pattern, wanted)``, None unless it has raw stacks
    `srredsim.data.pairs.Pairs` of raw stacks of (angles, phases).
``images(data, split, wanted)``, None unless it has single images
    Pairs of one image each and what should become of it.
``fields(data, split, wanted)``, None unless it has images at noise levels
    `srredsim.data.fields.Fields`.

``data`` is a `srredsim.data.description.Description`, ``wanted`` a `Wanted`. What a reader leaves out is as in
`LEFT_OUT`, also

``CHOICES``
    Keys of ``data:`` in a recipe that its data sets can be asked by, each with its type: ``{"cell": "str"}``. They are
    in ``wanted.options``.
``ANY_PATTERN``
    True where stacks are made of whatever pattern is asked for.
``published(data)``
    Constants of the recipe that were published with such data, ``{"zscore": (mean, std)}``, for a network that was
    trained on them elsewhere.
``recognises(folder)``
    Whether a folder without ``dataset.yaml`` has this layout; the entry of the catalogue of the reader's name then
    describes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from srredsim.members import Members

LEFT_OUT = {
    "stacks": None,
    "images": None,
    "fields": None,
    "CHOICES": {},
    "ANY_PATTERN": False,
    "published": None,
    "recognises": lambda folder: False,
}
_members = Members("reader", __name__, __path__, LEFT_OUT)
names, module = _members.names, _members.module


@dataclass(frozen=True)
class Wanted:
    """Which pairs of a data set: the part of a recipe that a reader answers."""

    count: int | None = None  # number of what is simulated; None: as many as the data set says
    noise_level: int | None = None
    target: str = "average"
    normalise: str = "image"
    options: Mapping[str, Any] = field(default_factory=dict)  # by `CHOICES`


def choices() -> dict[str, str]:
    """Every key that some reader's data sets can be asked by, with its type."""
    return {key: kind for name in names() for key, kind in module(name).CHOICES.items()}
