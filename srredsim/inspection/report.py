"""What a raw file is: how it was understood, what its frames hold, what is not known, whether they are good."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

from srredsim.acquisition import IN_WORDS, Position, RawStack
from srredsim.errors import InputError
from srredsim.inspection.checks import Noticed, checked, middle, seen
from srredsim.inspection.over_time import over_time
from srredsim.inspection.saturated import NOTHING, Saturated
from srredsim.lost_frames import lost
from srredsim.optics.nominal import in_pixels
from srredsim.optics.transfer import transfer_of
from srredsim.reconstruction.survey import SHARPER, sharpness

NEARLY = 0.5  # share of the contrast of the sharpest of all times and z-planes, with which frames tell enough
FULL_SCALES = tuple(2**bits - 1 for bits in (8, 10, 12, 14, 16))  # where cameras saturate


def inspect(
    stack: RawStack, others: dict[str, RawStack] | None = None, middles: RawStack | None = None
) -> dict[str, Any]:
    """Read every frame once, one raw stack at a time; then check one raw stack of each channel more closely.

    Parameters
    ----------
    stack : RawStack
        With its optics, as far as they are known.
    others : dict, optional
        The same file in other orders, as `srredsim.io.alternatives` has them.
    middles : RawStack, optional
        The same stack with the middle of its frames alone, which are checked: who has them need not read them again.

    Returns
    -------
    dict
        Ready for JSON. ``frame_means`` is [channel][angle][phase], over all times and z-planes; a pixel counts as
        saturated if it has the highest value of a camera of 8 to 16 bits and no pixel has a higher one; values that
        are not finite are counted and left out of everything else. ``channels`` has the checks: each has a name, a
        verdict (good, doubtful, bad, or None where it could not be made), a value, number and limit in words, and
        advice on what to change.
    """
    in_unit = in_pixels if stack.optics.pixel_size_um is None else list
    channels, angles, phases = stack.sizes["C"], stack.pattern.angles, stack.pattern.phases
    sums = np.zeros((channels, angles, phases))
    counts = np.zeros((channels, angles, phases), int)
    low, high, at_high = np.inf, -np.inf, 0
    gone: dict[Position, str] = {}
    sharp: dict[Position, float] = {}
    levels: dict[Position, float] = {}
    saturated: dict[int, Saturated] = {}
    for t, c, z in stack.positions():
        raw = stack.raw(t, c, z)
        if problem := lost(raw):
            gone[t, c, z] = problem
        sharp[t, c, z] = 0.0 if problem else sharpness(np.nan_to_num(middle(raw), posinf=0.0, neginf=0.0))
        finite = np.isfinite(raw)
        total, count = np.sum(raw, axis=(2, 3), dtype=np.float64, where=finite), np.count_nonzero(finite, axis=(2, 3))
        sums[c] += total
        counts[c] += count
        if not problem and count.all():
            levels[t, c, z] = float(np.mean(total / count))
        values = raw[finite]
        if not values.size:
            continue
        low, top = min(low, values.min()), values.max()
        found = Saturated.of_values(values, stack.which((t, c, z)))
        saturated[c] = max(saturated.get(c, NOTHING), found, key=lambda one: one.order)
        if top >= high:
            at_high = np.count_nonzero(values == top) + (at_high if top == high else 0)
            high = top

    def noticed(channel: int) -> Noticed:
        return Noticed(seen(stack, channel, gone), saturated.get(channel, NOTHING).check(), gone)

    means = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
    return {
        "source": None if stack.source is None else str(stack.source),
        "notes": [*stack.notes, *_of_pixels(stack)],
        "sizes": stack.sizes,
        "pattern": str(stack.pattern),
        "dtype": str(stack.array.dtype),
        "channel_names": None if stack.channel_names is None else list(stack.channel_names),
        "optics": {name: getattr(stack.optics, name) for name in IN_WORDS},
        "lowest": _number(low),
        "highest": _number(high),
        "non_finite_pixels": int(np.prod(stack.array.shape, dtype=np.int64)) - int(counts.sum()),
        "saturated_pixels": int(at_high) if float(high) in FULL_SCALES else 0,
        "constant": bool(low == high),
        "frame_means": [[[_number(mean) for mean in row] for row in channel] for channel in means],
        "angle_means": [[_number(mean) for mean in channel.mean(axis=1)] for channel in means],
        "channels": in_unit(
            [
                _with_times(
                    checked(middles or stack, _telling(sharp, channel), others or {}, noticed(channel)), levels, sharp
                )
                for channel in range(channels)
            ]
        ),
    }


def _telling(sharp: dict[Position, float], channel: int) -> Position:
    """Where a channel is looked at: the first time that is not dark or out of focus, and its sharpest z-plane.

    The middle one unless another is clearly sharper.
    """
    own = {(t, z): height for (t, c, z), height in sharp.items() if c == channel and np.isfinite(height)}
    highest, middle_z = max(own.values(), default=0.0), (1 + max(z for _, _, z in sharp)) // 2
    if highest == 0:
        return 0, channel, middle_z
    time = min(t for (t, _), height in own.items() if height >= NEARLY * highest)
    best = max((z for t, z in own if t == time), key=lambda z: own[time, z])
    return time, channel, best if own[time, best] > SHARPER * own.get((time, middle_z), 0.0) else middle_z


def _with_times(report: dict[str, Any], levels: dict[Position, float], sharp: dict[Position, float]) -> dict[str, Any]:
    """The report of a channel, with the checks of a series, from the time on that is looked at."""
    time, channel, z = report["time"], report["channel"], report["z"]
    if "noise" not in report:
        return report
    dark, best = report["noise"]["dark_adu"], dict[int, float]()
    lights = {at[0]: level - dark for at, level in levels.items() if at[0] >= time and at[1:] == (channel, z)}
    for (t, c, _), value in sharp.items():
        if c == channel:
            best[t] = max(value, best.get(t, 0.0))
    return report | {"checks": [*report["checks"], *(check.report() for check in over_time(lights, best))]}


def _of_pixels(stack: RawStack) -> list[str]:
    """What is to be said of pixels that are a little too coarse for the lens."""
    with suppress(InputError):  # not known, or impossible: the checks say so
        transfers = [transfer_of(stack.optics.of_channel(c)) for c in range(stack.sizes["C"])]
        return list(dict.fromkeys(line for transfer in transfers for line in transfer.remarks))
    return []


def _number(value: float) -> int | float | None:
    """Number as JSON has it: no NaN, no infinity, whole numbers as such."""
    value = float(value)
    if not np.isfinite(value):
        return None
    return int(value) if value.is_integer() else value
