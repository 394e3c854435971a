"""What the data sets with noise levels share."""

from __future__ import annotations

from srredsim import schema
from srredsim.data.fields import Fields, noisy
from srredsim.data.readers import Wanted
from srredsim.data.widefield import TARGETS, WidefieldPairs
from srredsim.errors import InputError


def pairs(name: str, fields: Fields, wanted: Wanted) -> WidefieldPairs:
    """Fields at the noise level that is wanted, or at all but the reference.

    Raises
    ------
    InputError
        If there is no such level or target; it lists those that there are.
    """
    schema.choice(f"data.target of {name}", wanted.target, TARGETS)
    if wanted.noise_level not in (None, *fields.levels):
        raise InputError(
            f"{name} has no noise level {wanted.noise_level}: data.noise_level is how many captures are averaged,"
            f" {', '.join(map(str, fields.levels))}, or null for all but the last"
        )
    levels = noisy(fields) if wanted.noise_level is None else (wanted.noise_level,)
    return WidefieldPairs(fields, levels, wanted.target, wanted.normalise)
