"""Networks as others published them: every file here is one, and has the name of the network or discriminator here.

Each has ``ORIGINAL``, an `Original`: by which tensor it is recognised, what reads its settings off the shapes of the
tensors, and what yields a `Counterpart` for every weight of the Keras model (`srredsim.checkpoints.counterparts`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from srredsim.members import Members

if TYPE_CHECKING:
    from srredsim.checkpoints.counterparts import Original

_members = Members("network to import weights for", __name__, __path__)
names = _members.names


def original(name: str) -> Original:
    """How this network was published; InputError if nobody wrote it down."""
    return _members.module(name).ORIGINAL
