"""Colours that alternate frame by frame in a file that does not say so."""

from __future__ import annotations

from srredsim.errors import InputError


def with_channels(letters: str, shape: tuple[int, ...], channels: int | None) -> tuple[str, tuple[int, ...]]:
    """Axes (letters, shape) of a file of so many colours, of which it may say nothing; None: as the file says."""
    if channels is None:
        return letters, shape
    if "C" in letters and shape[letters.index("C")] > 1:
        there = shape[letters.index("C")]
        if there != channels:
            raise InputError(f"{channels} channels were asked for, but the file names {there}; leave out `channels`")
        return letters, shape
    if {"A", "P"} & set(letters):
        raise InputError(
            "the file names its angles or phases, so no colours alternate frame by frame; leave out `channels`"
        )
    if (frames := shape[-1] if shape else 1) % channels:
        raise InputError(
            f"{frames} frame{'s do' if frames > 1 else ' does'} not make {channels} channels that alternate frame by"
            " frame; `channels` divides their number, or is left out"
        )
    kept = [(letter, n) for letter, n in zip(letters, shape, strict=True) if letter != "C"]
    letters, shape = "".join(letter for letter, _ in kept) + "C", tuple(n for _, n in kept)
    return letters, (*shape[:-1], shape[-1] // channels, channels)
