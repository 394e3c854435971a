"""What lit the frames: the stripes of every angle, as records that an estimate fills and an image is made with."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from itertools import combinations

import numpy as np

from srredsim.optics.bands import harmonics
from srredsim.optics.transfer import Transfer

ALIKE_DEGREES = 5.0  # apart: no pattern has so many angles


@dataclass(frozen=True)
class Order:
    """One order of the stripes of an angle."""

    order: int
    k_per_um: tuple[float, float]  # (ky, kx) of this order, y down
    phase_rad: float  # at the centre of raw pixel (0, 0), in a frame whose step is 0
    modulation_depth: float
    modulation_error: float  # standard deviation
    z: float
    status: str  # measured, or failed: no sign of it in the frames

    @property
    def amplitude(self) -> complex:
        """``m / 2 exp(i phase)`` as the image is made with: what is mostly noise fades out."""
        if self.status == "failed":
            return 0.0
        certain = max(0.0, 1.0 - (self.modulation_error / max(self.modulation_depth, 1e-9)) ** 2)
        return certain * self.modulation_depth / 2 * np.exp(1j * self.phase_rad)


@dataclass(frozen=True)
class Angle:
    """Stripes of one angle. ``status``: measured; inferred from the other angles; assumed, as given; failed."""

    status: str
    k0_per_um: tuple[float, float]  # (ky, kx) of the first order, y down
    steps_rad: tuple[float, ...]  # phase of each frame about that of a frame whose step is 0, first order
    steps_status: str  # measured, or assumed to be even
    false_alarm: float
    condition_number: float
    orders: tuple[Order, ...]
    exchanged: str = ""  # frames that seem to have changed places, in words

    @property
    def phases_rad(self) -> tuple[float, ...]:
        """First order, each frame, at the centre of raw pixel (0, 0)."""
        return tuple(float(self.orders[0].phase_rad + step) % (2 * np.pi) for step in self.steps_rad)

    @property
    def contrast(self) -> float:
        """That of the strongest order; 0 if no order can be seen."""
        return max((order.modulation_depth for order in self.orders if order.status != "failed"), default=0.0)

    @property
    def strength(self) -> float:
        """Contrast over its uncertainty, of the surest order; 0 if no order can be seen."""
        seen = [order for order in self.orders if order.status != "failed"]
        return max((order.modulation_depth / max(order.modulation_error, 1e-9) for order in seen), default=0.0)


@dataclass(frozen=True)
class Group:
    """Angles that light the same frames: one of stripes, or the three of a hexagonal pattern.

    All their orders are the waves that the frames are mixed from.
    """

    angles: tuple[Angle, ...]

    @property
    def orders(self) -> list[Order]:
        """Those of all angles, one angle after the other."""
        return [order for angle in self.angles for order in angle.orders]

    @property
    def waves_rad(self) -> np.ndarray:
        """Phases (phases, waves) of all orders, about those in a frame whose step is 0."""
        every = [harmonics(angle.steps_rad, len(angle.orders)) for angle in self.angles]
        return np.concatenate(every, axis=1)

    @property
    def lit(self) -> bool:
        """Whether any of its angles was found."""
        return any(angle.status != "failed" for angle in self.angles)


@dataclass(frozen=True)
class Damping:
    """Damping of the OTF, see `srredsim.optics.otf.otf`: ``value`` is that of the one lens of a channel.

    Contrasts, images and comparisons with the frames all have it. ``measured`` is what the bands say by themselves,
    None where they say nothing.
    """

    value: float
    chosen: str  # measured, assumed, given, or saved with parameters
    measured: float | None = None
    uncertainty: float | None = None  # standard deviation of `measured`
    spherical_waves: float = 0.0  # spherical aberration that the bands show, see `srredsim.optics.aberration`


@dataclass(frozen=True)
class Parameters:
    """Stripes of all angles of a channel, and the damping of its lens under which their contrasts hold.

    ``damping`` is None where a measured OTF says all of the lens, or nobody has asked. ``at_once`` is how many angles
    light the frames at the same time: 1 of stripes, 3 of a hexagonal pattern.
    """

    angles: tuple[Angle, ...]
    damping: Damping | None = None
    at_once: int = 1

    @property
    def groups(self) -> list[Group]:
        """Angles by the frames that they light: one group for each angle of the raw frames."""
        return [Group(self.angles[n : n + self.at_once]) for n in range(0, len(self.angles), self.at_once)]

    def lens(self, transfer: Transfer) -> Transfer:
        """The transfer function of these optics with the lens of the channel."""
        if self.damping is None or transfer.curve is not None:
            return transfer
        return replace(transfer, damping=self.damping.value, spherical_waves=self.damping.spherical_waves)

    @property
    def orders(self) -> int:
        return len(self.angles[0].orders)

    @property
    def k_max_per_um(self) -> float:
        """Frequency of the finest stripes that were found; 0 if none were."""
        return max((np.hypot(*o.k_per_um) for a in self.angles for o in a.orders if o.amplitude != 0), default=0.0)

    @property
    def failed(self) -> bool:
        """No angle shows stripes that an image can be made with."""
        return self.k_max_per_um == 0

    @property
    def alike(self) -> str:
        """Angles that were measured in one direction, in words; nothing if all differ, as they should."""
        measured = [(n, angle) for n, angle in enumerate(self.angles, start=1) if angle.status == "measured"]
        directions = [(n, np.rad2deg(np.arctan2(*angle.k0_per_um)) % 180) for n, angle in measured]
        words = [
            f"angles {n} and {m} have the same direction, {one:.0f} degrees"
            for (n, one), (m, other) in combinations(directions, 2)
            if abs((one - other + 90) % 180 - 90) < ALIKE_DEGREES
        ]
        return "; ".join(words)

    @property
    def exchanged(self) -> str:
        """Frames that seem to have changed places, in words; nothing if none do."""
        found = [(n, angle.exchanged) for n, angle in enumerate(self.angles, start=1) if angle.exchanged]
        return "; ".join(f"{which} of angle {n} seem to be exchanged" for n, which in found)

    def report(self) -> list[dict]:
        """Report of every angle, ready for JSON."""
        return [_angle_report(angle) for angle in self.angles]


def seen_from(parameters: Parameters, position_um) -> Parameters:
    """The same stripes, with phases at another place (y, x), in um from the centre of raw pixel (0, 0)."""
    moved = []
    for angle in parameters.angles:
        turns = [2 * np.pi * float(np.dot(order.k_per_um, position_um)) for order in angle.orders]
        orders = (replace(o, phase_rad=o.phase_rad + turn) for o, turn in zip(angle.orders, turns, strict=True))
        moved.append(replace(angle, orders=tuple(orders)))
    return replace(parameters, angles=tuple(moved))


def _angle_report(angle: Angle) -> dict:
    ky, kx = angle.k0_per_um
    return {
        "status": angle.status,
        "k0_per_um": [float(ky), float(kx)],
        "direction_degrees": float(np.rad2deg(np.arctan2(ky, kx))),
        "false_alarm_probability": angle.false_alarm,
        "phases_rad": list(angle.phases_rad),
        "phase_steps": angle.steps_status,
        "condition_number": angle.condition_number,
        "orders": [
            {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(order).items()}
            | {
                "length_per_um": float(np.hypot(*order.k_per_um)),
                "line_spacing_um": float(1 / max(np.hypot(*order.k_per_um), 1e-9)),
            }
            for order in angle.orders
        ],
    }
