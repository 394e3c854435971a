r"""Two frames of an angle that have changed places, told by its stripes.

Where there are as many bands as phases, bands explain the frames whatever their order. But bands that were separated in
a wrong order are mixtures of the right ones: of five phases, order 1 has .72 of its contrast then and order 2 less. So
bands are mixed as they would be with two frames exchanged, and compared with band 0 as before: with the products of
bands that the phase steps are measured with (`srredsim.stripes.phase_steps`) this takes no look at the frames.
"""

from __future__ import annotations

import numpy as np

from srredsim.io.reordered import exchanges
from srredsim.optics.bands import mixed_waves, separated_waves
from srredsim.stripes.phase_steps import Mixture, waves_of

BETTER = 1.5  # what is explained, over that as read, at least; simulated stacks with frames exchanged: 2.1 and more
STRONGER = 1.2  # the same of the contrast of order 1, in theory 1.38; where order 2 is but noise, it falls
CERTAIN = 100.0  # explained beyond that as read: in a field without stripes noise reaches ten


def exchanged(found: list[Mixture], steps_rad: np.ndarray) -> str:
    """Which frames of an angle seem to be exchanged, as ``frames 2 and 3, or 1 and 4,``; empty if none do.

    Parameters
    ----------
    found : list of Mixture
        One for each order.
    steps_rad : (phases,) ndarray
        With which bands were separated. Of fewer bands than phases nothing is told here.
    """
    phases = len(steps_rad)
    if phases != 1 + 2 * len(found):
        return ""
    waves = waves_of(np.atleast_2d(steps_rad), len(found))
    separate, mix = separated_waves(waves), mixed_waves(waves, 2.0)
    as_read, first = _explained(found, np.eye(phases))
    likely, words = 0.0, ""
    for which, order in exchanges(phases):
        explained, contrast = _explained(found, separate @ np.eye(phases)[order] @ mix)
        clear = explained > max(BETTER * as_read, as_read + CERTAIN) and contrast > STRONGER * first
        if clear and explained > likely:
            likely, words = explained, which
    return words


def _explained(found: list[Mixture], unmix: np.ndarray) -> tuple[float, float]:
    """How much all orders have in common with band 0, and the contrast of order 1, for the better sense of the stripes.

    ``unmix`` turns bands as they were separated into what they are in another order of the frames.
    """
    count = len(unmix)
    products = [item.signal @ item.signal.conj().T for item in found]
    ways = []
    for sense in (0, 1):
        common = [
            abs(unmix[2 * item.order - 1 + sense] @ each[:count, count])
            for item, each in zip(found, products, strict=True)
        ]
        powers = [max(each[count, count].real, 1e-30) for each in products]
        explained = sum(one**2 / power for one, power in zip(common, powers, strict=True))
        ways.append((float(explained), float(common[0] / powers[0])))
    return max(ways)
