"""Stack of whatever a caller has: a RawStack, a path, an image or an array."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from inspect import signature
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

import numpy as np
from numpy.typing import ArrayLike

from srredsim import checks, io, resources
from srredsim.acquisition import Optics, RawStack
from srredsim.errors import InputError
from srredsim.hot_pixels import as_recorded, without_hot_pixels
from srredsim.optics.transfer import refuse_impossible
from srredsim.results import Image

if TYPE_CHECKING:
    from srredsim.io.source import Source
    from srredsim.stripes.given import Known
    from srredsim.zoo.chain import Chain

Stack: TypeAlias = RawStack | Image | ArrayLike | str | PathLike[str]
Progress: TypeAlias = Callable[[int, int], None]  # called with what is done, and with all


class OfReading(TypedDict, total=False):
    """How to read a path or an array: see `srredsim.api`."""

    order: str | None
    angles: int | None
    phases: int | None
    trailing_widefield: bool
    widefield_frame: str | None
    channels: int | None
    keep_hot_pixels: bool
    accept_incomplete: bool
    stack: bool
    rolling: bool
    pattern: str | None
    scene: int | None
    only: str | None
    pixel_size_um: float | None
    na: float | None
    wavelength_em_um: float | Sequence[float] | None
    microscope: str | Path | None
    axes: str | None


class OfReconstruction(OfReading, total=False):
    """What is known of stripes and lens: see `srredsim.reconstruction.known`."""

    parameters: str | Path | dict | None
    k: Sequence[tuple[float, float]] | None
    phase_steps: Sequence[Sequence[float]] | Sequence[float] | None
    otf: str | Path | None
    otf_damping: float | None
    device: str  # where Wiener images are computed


def raw_stack(data: Stack, given: Mapping[str, Any]) -> RawStack:
    """Raw stack of whatever is given."""
    if isinstance(data, RawStack):
        return _told(data, given)
    reading = _reading(given)
    return io.raw_stack(*_opened(data, given), reading)


def told_stack(data: Stack, given: Mapping[str, Any]) -> RawStack:
    """The same, with what its frames tell of optics that are not known."""
    from srredsim.reconstruction.unknown_optics import as_far_as_told

    return as_far_as_told(raw_stack(data, given))


def plain_images(data: Stack, given: Mapping[str, Any], smallest: int) -> RawStack:
    """Widefield images, as a stack of one angle and one phase."""
    if not isinstance(data, RawStack):
        reading = _reading(given)
        return io.plain_images(*_opened(data, given), reading, smallest)
    if data.pattern.frames > 1:
        raise InputError(
            f"this is a raw stack of {data.pattern}, not a widefield image; reconstruct and predict take it"
        )
    _reading(given).refuse_of_stacks("these are widefield images")
    return _told(data, given)


def stack_for(chain: Chain, data: Stack, given: Mapping[str, Any]) -> RawStack:
    """Stack that a model takes, of raw frames or of plain images."""
    if isinstance(data, RawStack):
        chain.check(_reading(given))
        return chain.stack_of(_told(data, given))
    reading = _reading(given)
    return chain.open(*_opened(data, given), reading)


def like_another(
    data: Stack, given: Mapping[str, Any], parameters: str | Path | dict | None
) -> tuple[Stack, Mapping[str, Any], Known | None]:
    """Raw stack with stripes, and the optics that it does not say, of another of its microscope; and what they are.

    Without ``parameters`` what is given, as it is.
    """
    from srredsim.reconstruction.known import stripes_of_another

    if isinstance(data, str | PathLike):  # a wrong name is found before anything else
        io.existing(Path(checks.path("data", data)))
    if parameters is None:
        return data, given, None
    stack = raw_stack(data, given)
    found = stripes_of_another(stack, parameters)
    asked = {"keep_hot_pixels": True} if given.get("keep_hot_pixels") else {}
    return replace(stack, optics=found.optics, notes=(*stack.notes, *found.notes)), asked, found.known


def _told(stack: RawStack, given: Mapping[str, Any]) -> RawStack:
    """A stack with other optics; how its frames are sorted was told when it was read."""
    reading = _reading(given)
    for name in (
        "order",
        "angles",
        "phases",
        "trailing_widefield",
        "widefield_frame",
        "channels",
        "accept_incomplete",
        "stack",
        "rolling",
        "pattern",
        "scene",
        "only",
        "microscope",
        "axes",
    ):
        if given.get(name):
            raise InputError(f"`{name}` is for a path or an array; this stack has been read already")
    optics = stack.optics.given(**reading.optics)
    if stack.source is None or any(reading.optics.values()):  # what a file says wrongly is not the caller's fault
        refuse_impossible(optics)
    notes = stack.optics.overridden(reading.optics, "the stack")
    stack = replace(stack, optics=optics, notes=(*stack.notes, *notes))
    if reading.keep_hot_pixels:
        return replace(stack, array=as_recorded(io.read_anew(stack.array)))
    decided = io.reads_planes(as_recorded(io.read_anew(stack.array)))  # when they were opened
    return stack if decided else without_hot_pixels(stack)


def _opened(data: Any, given: Mapping[str, Any]) -> tuple[Source, Path | None]:
    """Planes of a path, an image or an array."""
    pixel_size_um, axes = given.get("pixel_size_um"), given.get("axes")
    if isinstance(data, str | PathLike):
        if axes:
            raise InputError("`axes` are those of an array; a file is read in its `order`")
        path = io.existing(Path(checks.path("data", data)))
        incomplete, stack = (bool(given.get(name)) for name in ("accept_incomplete", "stack"))
        return io.open_source(path, pixel_size_um, incomplete, stack, given.get("scene")), path
    if isinstance(data, Image):
        source = io.array_source(data.array, data.axes)
        optics = data.optics.given(pixel_size_um=pixel_size_um)
        return replace(source, optics=optics, channel_names=data.channel_names), None
    return io.array_source(data, axes, pixel_size_um), None


def _reading(given: Mapping[str, Any]) -> io.Reading:
    known = [field.name for field in fields(io.Reading)]
    for name in given:
        if name not in (*known, "axes"):
            raise TypeError(resources.unknown("argument", name, [*known, "axes"]))
    return io.Reading(**{name: value for name, value in given.items() if name != "axes"})


def refuse_unknown(given: Mapping[str, Any], verb: Callable, others: type) -> None:
    """TypeError if there is a name that neither the verb nor ``others``, which it takes too, has."""
    known = [name for name, one in signature(verb).parameters.items() if one.kind is one.KEYWORD_ONLY]
    known += others.__annotations__
    for name in given:
        if name not in known:
            raise TypeError(resources.unknown("argument", name, known))


def any_stack(data: Any, scene: int | None = None) -> RawStack:
    """Raw stack if the frames make one, else plain images; ``scene`` is one of several in a file."""
    given = {} if scene is None else {"scene": scene}
    try:
        return raw_stack(data, given)
    except InputError:
        return plain_images(data, given, 1)


def panel(data: Stack, position: tuple[int, int, int | None]) -> tuple[str, np.ndarray, Optics]:
    """Name, plane (y, x) and optics of what is shown."""
    if isinstance(data, Image):
        return data.name, data.planes[_place(position, data.planes.shape)], data.optics
    stack = any_stack(data)
    name = "widefield" if stack.pattern.frames > 1 else io.stem(stack.source) if stack.source else "image"
    raw = stack.raw(*_place(position, stack.array.shape))
    return name, raw.mean(axis=(0, 1), dtype=np.float32), stack.optics


def _place(position: tuple[int, int, int | None], shape: Sequence[int]) -> tuple[int, int, int]:
    """Where the plane is in (t, c, z, ...)."""
    t, c, z = position
    for name, value in zip("tcz", (t, c, 0 if z is None else z), strict=True):
        checks.whole(name, value)
    place = t, c, shape[2] // 2 if z is None else z
    if not all(0 <= i < n for i, n in zip(place, shape, strict=False)):
        raise InputError(f"there is no `t={t}, c={c}, z={place[2]}`: of T, C and Z there are {tuple(shape[:3])}")
    return place


def taken(given: dict[str, Any], record: type) -> Any:
    """A record of those of the arguments that it has, which are given no more."""
    return record(**{field.name: given.pop(field.name) for field in fields(record) if field.name in given})
