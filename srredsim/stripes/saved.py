"""A saved estimate: the ``<stem>_wiener.json`` of one stack says how the stripes lie in another of its microscope.

So does the YAML that `srredsim.stripes.written` makes of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from srredsim import documents
from srredsim.acquisition import OPTICS, Cutoff, Optics, Pattern, alike, counted, numbers
from srredsim.errors import InputError, shown
from srredsim.optics.aberration import LARGEST_WAVES
from srredsim.optics.bands import LARGEST_CONDITION, condition_number
from srredsim.optics.illumination import DIRECTIONS
from srredsim.optics.nominal import in_um
from srredsim.stripes.parameters import Angle, Damping, Order, Parameters

STATUSES = ("measured", "inferred", "assumed", "failed")
DAMPINGS = 0.01, 1.0  # that lenses have, and an ideal one
LARGEST_Z = 1e9  # standard deviations: no photons tell more
SAME_OPTICS = 0.005  # by which values that describe the same microscope may differ
WRITTEN = "give the <stem>_wiener.json that srredsim reconstruct has written"


@dataclass(frozen=True)
class Saved:
    """What a report says about stripes and optics."""

    name: str  # its file, or what it is called in messages
    optics: Optics
    channels: tuple[Parameters, ...]
    dampings: tuple[Damping | None, ...]  # damping of the OTF in each channel; None where it was measured
    otf_file: str | None  # the file of the OTF it was measured with, if any

    def fill(self, optics: Optics, channels: int) -> Optics:
        """The optics of a stack of so many channels, with what is not known of them taken from here.

        Raises
        ------
        InputError
            If they are those of another microscope, or of one channel where those of several are not known.
        """
        if channels > len(self.channels) and (self.optics.cutoffs or optics.wavelength_em_um is None):
            raise InputError(
                f"`parameters` {self.name} is of one channel, this stack has {channels}, whose emission wavelengths are"
                " not known: give `wavelength_em_um`, one for each channel"
            )
        if optics.pixel_size_um is not None and self.optics.pixel_size_um is None:
            raise InputError(
                f"`parameters` {self.name} was measured where the pixel size was not known, this stack has"
                f" {optics.pixel_size_um:g} um: measure it again with `pixel_size_um`"
            )
        filled: dict[str, Any] = {"cutoffs": self.optics.cutoffs or optics.cutoffs}
        for name in OPTICS:
            here, there = getattr(optics, name), getattr(self.optics, name)
            filled[name] = there if here is None else here
            if there is not None and not alike(filled[name], there, SAME_OPTICS):
                raise InputError(
                    f"`parameters` {self.name} was measured with {name} {numbers(there)}, this stack has"
                    f" {numbers(here)}; stripes are the same only under the same optics"
                )
        return replace(optics, **filled)

    def for_stack(self, pattern: Pattern, channels: int) -> tuple[Parameters, ...]:
        """Parameters of each channel of a stack.

        Raises
        ------
        InputError
            If its pattern or number of channels is another.
        """
        angles, phases = len(self.channels[0].groups), len(self.channels[0].angles[0].steps_rad)
        if (angles, phases) != (pattern.angles, pattern.phases):
            raise InputError(
                f"`parameters` {self.name} is of {counted(angles, phases)},"
                f" this stack has {pattern.angles} x {pattern.phases}"
            )
        if len(self.channels) not in (1, channels):
            raise InputError(f"`parameters` {self.name} is of {len(self.channels)} channels, this stack has {channels}")
        return self.channels * (channels // len(self.channels))

    @property
    def with_otf(self) -> bool:
        """Whether a measured OTF was used, which is not here."""
        return None in self.dampings

    def dampings_for(self, channels: int) -> tuple[Damping, ...]:
        """Damping of the OTF in each channel of a stack.

        Raises
        ------
        InputError
            If stripes and contrasts were measured with an OTF that is not here.
        """
        if self.with_otf:
            raise InputError(
                f"`parameters` {self.name} was measured with `otf` {self.otf_file}: give that, too, or `otf_damping`"
            )
        return tuple(filter(None, self.dampings)) * (channels // len(self.dampings))


def load_parameters(report: str | Path | dict) -> Saved:
    """Read and check a report, which is a file or what it holds.

    Raises
    ------
    InputError
        If it is not one, or does not make sense.
    """
    if isinstance(report, dict):
        return _saved(report, "given")
    path = Path(report)
    if path.is_dir():
        raise InputError(f"`parameters` {path} is a folder; {WRITTEN}")
    try:
        yaml = path.suffix.lower() in (".yaml", ".yml")
        content = documents.read_yaml(path) if yaml else documents.read_json(path)
    except FileNotFoundError:
        raise InputError(f"`parameters` {path}: there is no such file") from None
    except InputError as problem:
        raise InputError(f"`parameters`: {problem}") from None
    except ValueError as problem:
        raise InputError(f"`parameters` {path} is not JSON ({problem}); {WRITTEN}") from None
    return _saved(content, str(path))


def _saved(report: dict, name: str) -> Saved:
    try:
        optics = _optics(report["optics"], report.get("cutoffs"))
        if optics.pixel_size_um is None:
            report = in_um(report)
        channels = tuple(_parameters(channel) for channel in report["channels"])
        if not channels:
            raise ValueError("no channel")
        _check_alike(channels)
        dampings = tuple(_damping(channel["otf"]) for channel in report["channels"])
        return Saved(name, optics, channels, dampings, report["channels"][0]["otf"]["file"])
    except KeyError as problem:
        raise InputError(f"`parameters` {name} does not hold {problem}; {WRITTEN}") from None
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as problem:
        raise InputError(f"`parameters` {name} is damaged ({problem}); {WRITTEN}") from None


def _optics(told: dict, cutoffs: list[dict] | None) -> Optics:
    """All of them; or with cut-offs in place of those that were not known."""
    one = _positive_or_none if cutoffs else _positive
    wavelength = told["wavelength_em_um"]
    return Optics(
        one(told["na"]),
        None if cutoffs and wavelength is None else _one_or_each(wavelength),
        one(told["pixel_size_um"]),
        cutoffs=tuple(Cutoff(_positive(each["per_pixel"]), _positive(each["deviation"])) for each in cutoffs or ()),
    )


def _damping(otf: dict) -> Damping | None:
    if otf["file"] is not None:
        return None
    waves = _finite(otf.get("spherical_waves", 0.0))  # of which older files do not know
    if not 0 <= waves <= LARGEST_WAVES:
        raise ValueError(f"a spherical aberration of {waves:g} waves")
    low, high = DAMPINGS
    if not low <= (damping := _positive(otf["damping"])) <= high:
        raise ValueError(f"a damping of {damping:g} where one from {low:g} to {high:g} should be")
    return Damping(damping, "saved", spherical_waves=waves)


def _parameters(channel: dict) -> Parameters:
    angles = tuple(_angle(angle) for angle in channel["angles"])
    at_once = channel.get("angles_at_once", 1)
    if at_once not in (1, DIRECTIONS) or len(angles) % at_once:
        raise ValueError(f"{shown(at_once)} angles at once, of {len(angles)}")
    return Parameters(angles, at_once=at_once)


def _angle(angle: dict) -> Angle:
    orders = tuple(_order(order) for order in angle["orders"])
    if [order.order for order in orders] not in ([1], [1, 2]):
        raise ValueError(f"orders {shown([order.order for order in orders])} where 1, or 1 and 2, should be")
    phases_rad = [_finite(phase) for phase in angle["phases_rad"]]
    steps_rad = tuple(phase - orders[0].phase_rad for phase in phases_rad)
    condition = condition_number(steps_rad, len(orders))
    if condition > LARGEST_CONDITION:
        raise ValueError(
            f"{len(orders)} orders cannot be told apart with the phases {np.round(phases_rad, 3).tolist()}"
        )
    if angle["status"] not in STATUSES:
        raise ValueError(f"status {shown(angle['status'])}")
    return Angle(
        angle["status"],
        _vector(angle["k0_per_um"]),
        steps_rad,
        str(angle["phase_steps"]),
        _finite(angle["false_alarm_probability"]),
        condition,
        orders,
    )


def _order(order: dict) -> Order:
    if order["status"] not in STATUSES:
        raise ValueError(f"status {shown(order['status'])}")
    numbers = {name: _finite(order[name]) for name in ("phase_rad", "modulation_depth", "modulation_error", "z")}
    if abs(numbers["z"]) > LARGEST_Z:
        raise ValueError(f"a significance of {numbers['z']:g}")
    return Order(int(_finite(order["order"])), _vector(order["k_per_um"]), status=order["status"], **numbers)


def _check_alike(channels: tuple[Parameters, ...]) -> None:
    shapes = {
        (len(each.angles), each.at_once, len(angle.steps_rad), len(angle.orders))
        for each in channels
        for angle in each.angles
    }
    if len(shapes) != 1:
        raise ValueError("angles or channels of unequal phases or orders")


def _vector(values) -> tuple[float, float]:
    y, x = (_finite(value) for value in values)
    if y == x == 0:
        raise ValueError("a k of 0")
    return y, x


def _finite(value) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not abs(value) < 1e300:  # whole numbers in JSON have no end
        raise ValueError(f"{shown(value)} where a number should be")
    return float(value)


def _one_or_each(value) -> float | tuple[float, ...]:
    """A value of all channels, or a list with that of each."""
    return tuple(map(_positive, value)) if isinstance(value, list | tuple) and value else _positive(value)


def _positive_or_none(value) -> float | None:
    return None if value is None else _positive(value)


def _positive(value) -> float:
    if not _finite(value) > 0:
        raise ValueError(f"{shown(value)} where a number above 0 should be")
    return float(value)
