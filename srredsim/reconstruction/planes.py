"""Every t, c and z of a stack: the stripes are found once a channel, then an image is made of each plane."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from srredsim.acquisition import RawStack
from srredsim.arrays import HOST, Device, on_host
from srredsim.errors import InputError
from srredsim.lost_frames import whole
from srredsim.noise.whitened import spectrum_of
from srredsim.optics.transfer import Transfer
from srredsim.processes import give_back_memory
from srredsim.reconstruction.attenuation import AUTO
from srredsim.reconstruction.chosen import AUTO as AUTO_METHOD
from srredsim.reconstruction.chosen import MAP, RICHARDSON_LUCY, WIENER, by_light, photons_of
from srredsim.reconstruction.held_out import updates_by_noise
from srredsim.reconstruction.hessian_map import most_probable
from srredsim.reconstruction.other_slices import fields_beside, haze_beside, others, surest
from srredsim.reconstruction.over_time import found_over_time
from srredsim.reconstruction.richardson_lucy import ITERATIONS, richardson_lucy
from srredsim.reconstruction.survey import Sharpest, Slices, sharpness
from srredsim.reconstruction.wiener import Regularisation, reconstruct
from srredsim.stripes.contradiction import contradicted, contradiction
from srredsim.stripes.given import Known
from srredsim.stripes.haze import NONE, Haze, haze_of
from srredsim.stripes.measure import remeasured
from srredsim.stripes.parameters import Parameters, seen_from
from srredsim.stripes.preprocess import Prepared, middle, prepare
from srredsim.stripes.slices import in_slice

SEARCHED_FIELD = 1024  # raw pixels, side of what is enough to find the stripes in: bounds time and memory


@dataclass(frozen=True)
class Plane:
    """One image and all that it was made from."""

    position: tuple[int, int, int]  # t, c, z
    image: np.ndarray  # (2y, 2x) float32
    prepared: Prepared  # the raw frames, background off and equally bright
    parameters: Parameters  # as they are at this time
    transfer: Transfer  # with the lens of the channel
    regularisation: Regularisation
    sharpest: int  # slice of the channel in which the stripes were found
    notes: tuple[str, ...] = ()  # about the stripes of the channel
    haze: Haze = NONE  # of the channel
    attenuation: Haze | float = NONE  # what it was made with
    method: str = WIENER  # of the channel
    updates: int = 0  # of Richardson-Lucy
    counted: float | None = None  # `photons` at the first time, where the method was chosen by them

    @property
    def photons(self) -> float:
        """Those of a bright pixel."""
        return photons_of(self.prepared, self.transfer) if self.counted is None else self.counted


@dataclass(frozen=True)
class Channel:
    """What is found once in a channel: its stripes and haze, as they are in the mean over time, and its lens."""

    parameters: Parameters
    transfer: Transfer  # with the lens of the channel
    notes: tuple[str, ...] = ()
    haze: Haze = NONE


def planes(
    stack: RawStack,
    transfers: Sequence[Transfer],
    wiener: float | None = None,
    parameters: Sequence[Parameters] | None = None,
    *,
    known: Known | None = None,
    attenuation: float | str | None = AUTO,
    method: str = WIENER,
    iterations: int | None = None,
) -> Iterator[Plane]:
    """Reconstruct a stack plane by plane: channel by channel, in each of them time by time, z fastest.

    The stripes of a channel are found once, in its sharpest slice as of `srredsim.reconstruction.over_time`, of a large
    one in its middle;
    where there are several times, phases and contrasts are measured again at each of them, on that slice.

    Parameters
    ----------
    stack : RawStack
        Only one plane at a time is read.
    transfers : sequence of Transfer
        One a channel, as `srredsim.optics.transfer.transfers_of` makes them from the optics of the stack.
    wiener : float, optional
        Left out: chosen from the noise of each plane.
    parameters : sequence of Parameters, optional
        One a channel: vectors and phase steps of stripes that are known, and their lens. Phases and contrasts are
        measured.
    known : Known, optional
        Other things that are known of stripes and lens.
    attenuation : float or "auto", optional
        As in `srredsim.reconstruction.wiener.reconstruct`; automatic: by the haze that is measured where the stripes
        are found. None: none.
    method : one of `srredsim.reconstruction.chosen.METHODS`
        What each image is given after the Wiener filter.
    iterations : int, optional
        Updates of Richardson-Lucy; left out: as many as the noise of the channel bears, and a few where the method is
        chosen by the light. Both rest on the sharpest slice at the first time.

    Raises
    ------
    InputError
        If a plane cannot be used; the message says which one where there are several.
    """
    known = known or Known(parameters, hexagonal=stack.pattern.hexagonal)
    for transfer in transfers:
        known.check(stack.pattern, transfer)
    yield from asked_planes(stack, transfers, known, Asked(wiener, attenuation, method, iterations))


def asked_planes(
    stack: RawStack, transfers: Sequence[Transfer], known: Known, asked: Asked, device: Device = HOST
) -> Iterator[Plane]:
    """The same of what has been checked. The first image of a plane is computed on the device."""
    for c, transfer in zip(range(stack.sizes["C"]), transfers, strict=True):
        make = Maker(stack, {c: common_of(stack, c, transfer, known, asked)}, asked, device)
        for t, z in np.ndindex(stack.sizes["T"], stack.sizes["Z"]):
            yield make((t, c, z))


@dataclass(frozen=True)
class Asked:
    """What is asked of all images; see `planes`."""

    wiener: float | None = None
    attenuation: float | str | None = AUTO
    method: str = WIENER
    iterations: int | None = None


@dataclass(frozen=True)
class Common:
    """What all images of a channel have in common, found in its sharpest slice."""

    sharpest: int  # slice
    blurred: tuple[int, ...]  # times at which it is not sharp
    channel: Channel
    method: str
    updates: int = 0  # of Richardson-Lucy
    counted: float | None = None  # as of `Plane`


def common_of(stack: RawStack, c: int, transfer: Transfer, known: Known, asked: Asked) -> Common:
    """Stripes of a channel, looked for in all its times, and how its images are made."""
    seen = slices_of(stack, c)
    sharpest, first = seen.sharpest, seen.frames
    over_time = Sharpest.read(stack, c, sharpest, first, seen)
    channel, lit, blurred = found_of(over_time, transfer, known), over_time.lit, over_time.blurred
    del over_time
    give_back_memory()
    if asked.method not in (AUTO_METHOD, RICHARDSON_LUCY):
        return Common(sharpest, blurred, channel, asked.method)
    usual = prepared_plane(stack, (lit, c, sharpest), None if lit else first)
    if asked.method == AUTO_METHOD:
        photons = photons_of(usual, channel.transfer)
        way = by_light(photons)
        return Common(sharpest, blurred, channel, way, ITERATIONS if way == RICHARDSON_LUCY else 0, photons)
    found = _at_time(stack, channel, usual)
    taken = _taken(channel, asked)
    updates = asked.iterations or updates_by_noise(usual, found, channel.transfer, asked.wiener, taken)
    return Common(sharpest, blurred, channel, asked.method, updates)


class Maker:
    """Makes planes of a stack, in any order; of one channel and time after the other it reads each frame once.

    Contrasts are those of the sharpest slice at the same time, and phases, unless they have clearly moved. The Wiener
    image is computed on the device, what goes on from it on the processor.
    """

    def __init__(self, stack: RawStack, common: Mapping[int, Common], asked: Asked, device: Device = HOST):
        self._stack, self._common, self._asked, self._device = stack, common, asked, device
        self._latest: tuple[tuple[int, int], int, Prepared, Parameters] | None = None

    def __call__(self, position: tuple[int, int, int]) -> Plane:
        t, c, z = position
        common = self._common[c]
        lens, taken = common.channel.transfer, _taken(common.channel, self._asked)
        sharpest, at_sharpest, found = self._at((t, c), common)
        prepared = at_sharpest
        if z != sharpest:
            prepared = prepared_plane(self._stack, position)
            found = in_slice(found, prepared, lens)
        image, regularisation = reconstruct_on(self._device, prepared, found, lens, self._asked.wiener, taken)
        if common.method == RICHARDSON_LUCY:
            image = richardson_lucy(prepared, found, lens, image, common.updates, taken)
        elif common.method == MAP:
            image = most_probable(prepared, found, lens, image, attenuation=taken)
        made = image, prepared, found, lens, regularisation
        channel = common.channel
        way = common.method, common.updates, common.counted
        return Plane(position, *made, sharpest, channel.notes, channel.haze, taken, *way)

    def _at(self, place: tuple[int, int], common: Common) -> tuple[int, Prepared, Parameters]:
        """Number of the sharpest slice of a channel at a time, its frames, and the stripes as they are there."""
        if self._latest is None or self._latest[0] != place:
            self._latest = None  # before reading: no more than one slice is in memory
            t, c = place
            z = sharpest_at(self._stack, t, c) if t in common.blurred else common.sharpest
            prepared = prepared_plane(self._stack, (t, c, z))
            self._latest = place, z, prepared, _at_time(self._stack, common.channel, prepared)
        return self._latest[1:]


def reconstruct_on(
    device: Device, prepared: Prepared, parameters: Parameters, transfer: Transfer, *others: Any, **how: Any
) -> tuple[np.ndarray, Regularisation]:
    """`srredsim.reconstruction.wiener.reconstruct`, computed on a device."""
    with device.computing():
        placed = replace(prepared, frames=device.xp.asarray(prepared.frames))
        image, regularisation = reconstruct(placed, parameters, transfer, *others, **how)
        return on_host(image), regularisation


def _at_time(stack: RawStack, channel: Channel, prepared: Prepared) -> Parameters:
    """Stripes with the phases and contrasts of one time, where there are several."""
    if stack.sizes["T"] == 1:
        return channel.parameters
    return remeasured(channel.parameters, prepared.frames, channel.transfer)


def _taken(channel: Channel, asked: Asked) -> Haze | float:
    """What is taken away of the lowest frequencies."""
    return channel.haze if asked.attenuation == AUTO else float(asked.attenuation or 0)


def found_of(slice_: Sharpest, transfer: Transfer, known: Known | None = None) -> Channel:
    """Stripes, lens and haze of a channel, from its sharpest slice at all times; else as of `planes`."""

    def find(prepared: Prepared) -> Channel:
        return found_in(prepared, transfer, slice_.channel, known)

    found = found_over_time(slice_, SEARCHED_FIELD, transfer, find, lambda channel: channel.parameters)
    found = _or_beside(slice_, found, transfer, find)
    haze = found.haze if found.haze.share else haze_beside(slice_, found.parameters, found.transfer, found.haze)
    return replace(found, haze=haze, notes=(*found.notes, *others(slice_, found.parameters, transfer)))


def _or_beside(slice_: Sharpest, found: Channel, transfer: Transfer, find: Callable[[Prepared], Channel]) -> Channel:
    """What a slice beside the sharpest shows, if that has stripes in more angles.

    The sharpest may hold little that is as fine as stripes.
    """
    best, missing = found, without_stripes(found.parameters)
    for z, field, corner_um in fields_beside(slice_, transfer) if missing else ():
        other = find(field)
        if (fewer := without_stripes(other.parameters)) < missing:
            note = (
                f"the stripes are those of z={z}: the sharpest plane, z={slice_.z}, does not show them in every angle"
            )
            parameters = seen_from(other.parameters, -corner_um)
            haze = surest(found.haze, other.haze)
            best, missing = replace(other, parameters=parameters, haze=haze, notes=(*other.notes, note)), fewer
        if not missing:
            break
    return best


def without_stripes(parameters: Parameters) -> int:
    """Angles that show no stripes that an image can be made with."""
    return sum(not any(order.amplitude for order in angle.orders) for angle in parameters.angles)


def found_in(prepared: Prepared, transfer: Transfer, channel: int = 0, known: Known | None = None) -> Channel:
    """The same from frames that were made ready, or their mean over time."""
    field, corner_um = middle(prepared, transfer, SEARCHED_FIELD)
    found, notes = (known or Known()).find(field, transfer, channel)
    notes = [*notes, *filter(None, [contradiction(field, found, transfer), contradicted(found.damping)])]
    haze = haze_of(field.frames, found, transfer, field.noise)
    return Channel(seen_from(found, -corner_um), found.lens(transfer), tuple(notes), haze)


def prepared_plane(
    stack: RawStack, position: tuple[int, int, int], raw: np.ndarray | None = None, side: int | None = None
) -> Prepared:
    """One raw stack, or what was read of it already; a complaint says which one, where there are several.

    ``side`` is that of `srredsim.stripes.preprocess.prepare`.
    """
    raw = whole(stack, position) if raw is None else raw
    try:
        return prepare(raw, side, spectrum_of(stack, position[1]))
    except InputError as problem:
        raise InputError(stack.refused(position, problem)) from None


def sharpest_slice(stack: RawStack, channel: int) -> tuple[int, np.ndarray]:
    """The slice with the finest contrast at the first time, and its frames."""
    seen = slices_of(stack, channel)
    return seen.sharpest, seen.frames


def slices_of(stack: RawStack, channel: int) -> Slices:
    """All slices of a channel at the first time, each read once."""
    seen = Slices(stack.sizes["Z"])
    for z in range(stack.sizes["Z"]):
        seen.add(z, whole(stack, (0, channel, z)))
    return seen


def sharpest_at(stack: RawStack, t: int, c: int) -> int:
    """The slice with the finest contrast at a time."""
    return max(range(stack.sizes["Z"]), key=lambda z: sharpness(whole(stack, (t, c, z))))
