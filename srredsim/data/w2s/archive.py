"""A raw archive like that of W2S, simulated: to try on it what takes 100 GB of measured data otherwise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from srredsim import io
from srredsim.data.w2s.layout import layout
from srredsim.data.w2s.raw import RawField
from srredsim.data.w2s.simulated import camera_rng, captures, expected_field, raw_sim
from srredsim.errors import InputError

SMALLEST_SIDE_PX = 32  # pixels of a side


def simulate_archive(
    out: str | Path,
    count: int = 1,
    *,
    seed: int = 0,
    size: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Write folders ``ImageNNN`` with all captures, a montage of raw SIM frames and a SIM image of each channel.

    Folder NNN of a seed is the same however many are made. A field of 512 pixels takes 650 MB.

    Parameters
    ----------
    count : int
        How many of the fields of W2S; some of each split (`numbers`).
    size : int, optional
        Side of a capture in pixels; left out: as published.

    Raises
    ------
    InputError
        If W2S has no so many fields, the images are too small, or a folder exists already.
    """
    out = Path(out)
    most, channels, size = len(layout().fields), layout().channels, layout().size if size is None else size
    if not 1 <= count <= most:
        raise InputError(f"W2S has {most} fields; `count` is 1 to {most}, got {count}")
    if size < SMALLEST_SIDE_PX:
        raise InputError(f"a field has at least {SMALLEST_SIDE_PX} pixels a side; got `size` {size}")
    fields = [RawField(number, out / f"Image{number:03d}") for number in numbers(count)]
    for one in fields:
        if one.folder.exists():
            raise InputError(f"{one.folder} exists already; give another `out`")
    for done, one in enumerate(fields):
        with io.atomic(one.folder) as temporary:
            temporary.mkdir()
            for number, channel in enumerate(channels, start=1):
                _write(RawField(one.number, temporary), channel, seed, size)
                if progress:
                    progress(len(channels) * done + number, len(channels) * count)
    return [one.folder for one in fields]


def numbers(count: int) -> list[int]:
    """The first so many fields, sorted, of an order that begins with one of each split and then keeps their shares."""
    orders = {split: sorted(there, reverse=split == "validation") for split, there in layout().fields_of.items()}
    shares = [
        (place / len(order), rank, number)
        for rank, order in enumerate((orders["train"], orders["test"], orders["validation"]))
        for place, number in enumerate(order)
    ]
    return sorted(number for _, _, number in sorted(shares)[:count])


def _write(one: RawField, channel: int, seed: int, size: int) -> None:
    """One channel, with fields of its own: they are independent images in W2S too."""
    w2s = layout()
    index = len(w2s.channels) * (one.number - 1) + channel
    field = expected_field(seed, index, size)
    stack = np.lib.format.open_memmap(one.path("wf", channel), "w+", np.uint16, (w2s.shot, size, size))
    io.allocate(one.path("wf", channel), stack.offset + stack.nbytes)
    rng = camera_rng(seed, index)
    for number in range(w2s.shot):
        stack[number] = captures(field, rng, 1)[0]
    stack.flush()
    np.save(one.path("sim_input", channel), montage(raw_sim(seed, index, size)))
    np.save(one.path("sim", channel), field.sim)


def montage(raw: np.ndarray) -> np.ndarray:
    """(angles, phases, y, x) as one image: an angle a row of tiles, a phase a column."""
    angles, phases, y, x = raw.shape
    return raw.swapaxes(1, 2).reshape(angles * y, phases * x)
