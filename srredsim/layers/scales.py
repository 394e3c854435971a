"""Scales of networks: how many output pixels on a side they make of each input pixel."""

from srredsim.errors import InputError

FACTORS = {1: (), 2: (2,), 3: (3,), 4: (2, 2), 8: (2, 2, 2)}  # scale: factors of the up-samplings in turn


def check_scale(scale: int, network: str, scales=tuple(FACTORS)) -> None:
    """InputError if a network has no such scale."""
    if scale not in scales or isinstance(scale, bool | float):
        listed = f"{', '.join(map(str, scales[:-1]))} or {scales[-1]}"
        raise InputError(f"`scale` of {network} is {listed}; got {scale!r}")


def window(at_twice: int, scale: int) -> int:
    """Input pixels on a side that need the memory of ``at_twice`` pixels at scale 2: as many output pixels."""
    return 2 * at_twice // max(scale, 2)


def reach_through(reach: int, scale: int) -> int:
    r"""Input pixels of context on each side where a network sees ``reach`` pixels of the bilinearly enlarged image.

    The outermost of these pixels lies :math:`(r - \tfrac12) / s + \tfrac12` input pixels from the centre of the block
    that an input pixel becomes, between two of which it is interpolated.
    """
    return -(-(scale + 2 * reach - 1) // (2 * scale))
