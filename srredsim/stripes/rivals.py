r"""Peaks of a search that rival each other: which of them are the stripes, the bands themselves tell in bright frames.

Of an object that fills little of the field, a search has high peaks beside that of the stripes: whatever moves one end
of a filament onto the other. But only with the right vector band b is band 0 times a contrast, at all frequencies. So
what is left of the difference, of all orders,

.. math:: \chi^2 = \frac{\sum_f w |Y - c X|^2}{\sum_f w \langle |Y - c X|^2 \rangle},

with what noise leaves of it in the denominator (`srredsim.stripes.overlap`), is about 1 for the stripes, and the more
above it for other peaks the brighter the frames are. In dim ones it is 1 for all of them, and nothing is told.

A few bright spots in the dark have peaks of all lags between them, as high as that of the stripes: the search is sure
of none. But where the bands are far above their noise, one vector alone explains them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from srredsim.stripes.bands import Bands
from srredsim.stripes.overlap import TINY, overlap
from srredsim.stripes.search import Peak

RIVAL = 0.25  # share of the highest score, from which on a peak is looked at
CLEARLY = 1.25  # times the least that is left of the difference: more is left by others, ...
CERTAIN = 4.0  # ... and so many standard deviations more
SAME_PEAK = 2.0  # frequency steps
PROOFS = (8.0, 1e-9), (3.0, 1e-3)  # standard deviations by which all others leave more, and the false alarm then
BRIGHT = 1.1  # power of a band over that of its noise, from which on it needs to be explained
FAR_ABOVE = 2.0  # the same of bands that no vector beside explains
FURTHEST = 1.97  # times the cut-off: finer stripes move the bands apart
EXPLAINED = 1.2  # what the stripes leave at most: more where the lens is not quite as assumed would be no proof


def told_apart(candidates: Mapping[int, list[Peak]], bands: Bands) -> dict[int, list[Peak]]:
    """The candidates of an angle, for each number of beams, without those that another of them puts out of question.

    That there are stripes at all is as sure as the highest peak of so many beams is, whichever of them it is.
    """
    everything = [(number, peak) for number, peaks in candidates.items() for peak in peaks]
    highest = max((peak.score for _, peak in everything), default=0.0)
    rivals = [(number, peak) for number, peak in everything if peak.score >= RIVAL * highest]
    if len(rivals) < 2:
        return dict(candidates)
    left = [_left(bands, number - 1, peak.k0_per_um) for number, peak in rivals]
    least, frequencies = min(left)
    if frequencies == 0:  # of one of them nothing can be said
        return dict(candidates)
    most = least * (CLEARLY + CERTAIN * np.sqrt(2 / frequencies))
    worse = [rival for rival, (each, _) in zip(rivals, left, strict=True) if each > most]
    return {number: _without(peaks, [peak for n, peak in worse if n == number]) for number, peaks in candidates.items()}


def bright(bands: Bands) -> bool:
    """Whether the first band is far above its noise."""
    power, frequencies = _whole(bands, 1)
    return power > BRIGHT * frequencies


def explaining(candidates: Mapping[int, list[Peak]], bands: Bands) -> dict[int, list[Peak]] | None:
    """The one candidate that leaves nothing but noise of the bands, as sure as that is; None if there is none.

    Others leave clearly more, but for those within a frequency step or two, which are the same peak.
    """
    everything = [(number, peak) for number, peaks in candidates.items() for peak in peaks]
    left = [_left(bands, number - 1, peak.k0_per_um) for number, peak in everything]
    told = [(each, n) for n, (each, frequencies) in enumerate(left) if frequencies > 0]
    if not told:
        return None
    least, best = min(told)
    number, peak = everything[best]

    def far(other: Peak) -> bool:
        return bool(np.max(np.abs(np.subtract(other.k0_per_um, peak.k0_per_um)) / bands.step_per_um) > SAME_PEAK)

    others = min((each for each, n in told if far(everything[n][1])), default=np.inf)
    scatter = np.sqrt(2 / left[best][1])
    sure = next((alarm for beyond, alarm in PROOFS if others > least * (1 + beyond * scatter)), 1.0)
    if sure == 1.0 or least > EXPLAINED + CERTAIN * scatter:
        return None
    return {each: [replace(peak, false_alarm=sure if each == number else 1.0)] for each in candidates}


def explained(peaks: list[Peak], bands: Bands) -> list[Peak]:
    """Those of some peaks with which bands far above their noise leave nothing but noise."""
    power, frequencies = _whole(bands, 1)
    if power < FAR_ABOVE * frequencies:
        return []
    left = [_left(bands, bands.orders, peak.k0_per_um) for peak in peaks]
    pairs = zip(peaks, left, strict=True)
    return [peak for peak, (each, n) in pairs if n > 0 and each < EXPLAINED + CERTAIN * np.sqrt(2 / n)]


def _without(peaks: list[Peak], worse: list[Peak]) -> list[Peak]:
    """What remains of peaks, the highest first; if it is nothing, the highest of all, as mere chance."""
    others = [peak for peak in peaks if peak not in worse]
    if not others:
        return [replace(peak, false_alarm=1.0) for peak in peaks[:1]]
    surest = min(peak.false_alarm for peak in peaks)
    return [replace(others[0], false_alarm=surest), *others[1:]]


def _left(bands: Bands, orders: int, k0_per_um) -> tuple[float, float]:
    """What is left of all bands, over what noise leaves, and the number of frequencies that tell it.

    Stripes of fewer orders than there are bands leave all of the others, and so does an order that is too fine to have
    frequencies in common with band 0. Both are 0 where one order tells nothing.
    """
    finest = FURTHEST * bands.transfer.cutoff_per_um / np.hypot(*k0_per_um)
    orders = min(orders, int(finest))
    found = [overlap(bands, order, np.multiply(order, k0_per_um)).left() for order in range(1, orders + 1)]
    found += [_whole(bands, order) for order in range(orders + 1, bands.orders + 1)]
    if not all(frequencies for _, frequencies in found):
        return 0.0, 0.0
    left, frequencies = np.sum(found, axis=0)
    return float(left / frequencies), float(frequencies)


def _whole(bands: Bands, order: int) -> tuple[float, float]:
    """The same of one band in which there is nothing but noise."""
    trust = bands.power / (bands.power + np.float32(bands.noise)) * (bands.filter() > 0)
    power = np.sum(trust * np.abs(bands.spectra[order]) ** 2, dtype=float)
    return float(power) / float(bands.noise + TINY), float(np.sum(trust))
