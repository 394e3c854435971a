"""How the light and the focus of a time series change, from all of its frames."""

from __future__ import annotations

from collections.abc import Mapping

from srredsim.inspection.verdicts import GOOD, Check, good_if_high, good_if_low

LOST_PERCENT = 50.0, 80.0  # of the light: good to, bad above
SHARP = 0.6, 0.3  # share of the finest contrast of all times: good from, bad below
AS_BRIGHT = 0.7  # share of the light of the first time, without which noise may be why detail is lost


def over_time(lights: Mapping[int, float], sharpness: Mapping[int, float]) -> list[Check]:
    """Checks of a series; none of a single time.

    Parameters
    ----------
    lights : mapping of int to float
        Mean of the frames of each time above the dark level, in time; without those that are lost or dark at the
        beginning.
    sharpness : mapping of int to float
        Of the sharpest z-plane of each of these, as `srredsim.reconstruction.survey.sharpness` has it.
    """
    first = next(iter(lights), 0)
    if len(lights) < 2 or not lights[first] > 0:
        return []
    return [_light(lights, first), *_focus(lights, sharpness, first)]


def _light(lights: Mapping[int, float], first: int) -> Check:
    darkest = min(lights, key=lambda t: lights[t])
    lost = 100 * (1 - max(lights[darkest], 0.0) / lights[first])
    verdict, limit = good_if_low(lost, LOST_PERCENT), f"good to {LOST_PERCENT[0]:g} %, bad above {LOST_PERCENT[1]:g} %"
    again = max((light for t, light in lights.items() if t > darkest), default=0.0) >= AS_BRIGHT * lights[first]
    less = "give each time less light, or take fewer of them: later images are noisier"
    lamp = f"the light of t={darkest} comes back later, so that it is no bleaching: look at lamp and shutter"
    advice = None if verdict == GOOD else lamp if again else less
    words = f"{lost:.0f} % lost from t={first} to t={darkest}" if lost > 0 else "none lost"
    return Check("light over time", verdict, lost, words, limit, advice)


def _focus(lights: Mapping[int, float], sharpness: Mapping[int, float], first: int) -> list[Check]:
    bright = {t: sharpness[t] for t, light in lights.items() if light >= AS_BRIGHT * lights[first]}
    best = max(bright.values())
    if len(bright) < 2 or not best > 0:
        return []
    worst = min(bright, key=lambda t: bright[t])
    share = bright[worst] / best
    verdict = good_if_high(share, SHARP)
    advice = None if verdict == GOOD else f"hold the focus: t={worst} is not sharp, or the sample has changed"
    least = f"at least {100 * share:.0f} % of the contrast of the sharpest time, the least at t={worst}"
    limit = f"good from {100 * SHARP[0]:g} %, bad below {100 * SHARP[1]:g} %"
    return [Check("focus over time", verdict, share, f"fine detail has {least}", limit, advice)]
