"""Models served to other programs and machines: by a small server of this package, or by TensorFlow Serving."""

from __future__ import annotations

from srredsim.errors import InputError


class Refused(InputError):
    """What a client asked for is not done; ``status`` is that of HTTP."""

    def __init__(self, message: str, status: int):
        super().__init__(message)
        self.status = status
