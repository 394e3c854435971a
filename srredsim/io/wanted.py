"""What a caller says of the frames of a file; `srredsim.io.orders` sorts them by it."""

from __future__ import annotations

from dataclasses import dataclass

from srredsim import checks
from srredsim.errors import InputError

OF_Z = ("PAZ", "PZA", "ZAP", "APZ", "AZP", "ZPA")  # orders, what changes fastest first
OF_T = ("PAT", "PTA", "TAP", "APT", "ATP", "TPA")  # the same with times in the place of z-planes
OF_PLANES = ("Z", "T")  # what planes without a pattern are, where the file does not say; z-planes if nobody does
ORDERS = (*OF_Z, *OF_T, "tiled", *OF_PLANES)
GUESSED = ((3, 5), (3, 3))  # angles x phases taken when the count of frames fits no other
KNOWN = (*GUESSED, (5, 5))
WIDEFIELD_FRAMES = ("none", "first", "last")


@dataclass(frozen=True)
class Wanted:
    """What the caller said of the frames; None is unknown."""

    order: str | None = None
    angles: int | None = None
    phases: int | None = None
    widefield_frame: str | None = None  # where in each group of frames; None, or "none": nowhere
    channels: int | None = None  # colours that alternate frame by frame, where the file does not say

    def __post_init__(self):
        if self.order is not None:
            checks.one_of("order", self.order, ORDERS)
        if self.widefield_frame is not None:
            checks.one_of("widefield_frame", self.widefield_frame, WIDEFIELD_FRAMES)
        for name in ("angles", "phases", "channels"):
            count = getattr(self, name)
            if count is not None and count < 1:
                raise InputError(f"the number of {name} must be 1 or more, not {count}")

    @property
    def in_groups(self) -> bool:
        """Whether the frames of one reconstruction lie together in the file."""
        return self.order is None or self.order[-1] in "ZT"

    @property
    def widefield(self) -> str | None:
        """Where the widefield frame of each group is; None: there is none."""
        return None if self.widefield_frame == "none" else self.widefield_frame

    def patterns(self) -> list[tuple[int, int]]:
        """(angles, phases) that agree with what was said."""
        if self.angles and self.phases:
            return [(self.angles, self.phases)]
        if self.angles:
            return [(self.angles, 5), (self.angles, 3)]
        if self.phases:
            return [(3, self.phases)]
        return list(KNOWN)

    def may_take(self, pattern: tuple[int, int]) -> bool:
        """Whether this pattern may be taken when only it fits."""
        return self.angles is not None or self.phases is not None or pattern in GUESSED
