"""What a server bears."""

from __future__ import annotations

from dataclasses import dataclass

from srredsim import checks


@dataclass(frozen=True)
class Limits:
    """``max_mib`` is that of a body, of the stack in it when unpacked, and of the image.

    ``waiting`` stacks may wait for the network, and ``requests`` may be under way in all, those that are still being
    sent among them: each has a file of at most ``max_mib`` on the disk. A client may let ``stall_s`` pass without
    sending, or reading, anything, and take ``whole_s`` to send a stack, or to read an image.
    """

    max_mib: float = 256.0
    waiting: int = 32
    requests: int = 256
    stall_s: float = 20.0
    whole_s: float = 600.0

    def __post_init__(self):
        for name in ("waiting", "requests"):
            checks.positive(name, getattr(self, name))
        for name in ("max_mib", "stall_s", "whole_s"):
            checks.above_zero(name, getattr(self, name))

    @property
    def largest(self) -> int:
        """Bytes."""
        return int(self.max_mib * 2**20)
