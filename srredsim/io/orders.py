"""Frame orders: which frame of the file is which time, channel, z, angle and phase.

A file is a row of frames. Some of its axes have names (T, C, Z, and A, P where Modulo annotations give them), others
(letter I here) do not. The order names how phase P, angle A and z-plane Z follow one another where the file does not
say, the fastest first (letters of axes, as those of an array, are in NumPy's order, the slowest first: ZAP for PAZ).
With T in the place of Z, what follows one another are times. So there are twelve, of which three are often met, and one
more:

=======  ============================  ===========================================
order    frames run                    met in
=======  ============================  ===========================================
PAZ      phase, then angle, then z     fairSIM, most software; the default
PZA      phase, then z, then angle     DeltaVision OMX
ZAP      z, then angle, then phase     Zeiss
tiled    one montage a reconstruction  Nikon N-SIM: a row an angle, a column a phase
=======  ============================  ===========================================
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from srredsim.acquisition import counted
from srredsim.errors import InputError
from srredsim.io.colours import with_channels
from srredsim.io.wanted import KNOWN, OF_PLANES, Wanted
from srredsim.optics.illumination import HEXAGONAL_FRAMES

ALL = "TCZAP"  # axes of a raw stack before y and x
FREE_NAMES = {1: "T", 2: "TZ", 3: "TCZ"}  # what unnamed axes before the frames are called, by their number


@dataclass(frozen=True)
class Axes:
    """Numbers of the frames in the file, with a letter for each of their axes."""

    numbers: np.ndarray
    letters: str

    def size(self, letter: str) -> int:
        return self.numbers.shape[self.letters.index(letter)] if letter in self.letters else 1

    def arranged(self, letters: str) -> np.ndarray:
        """The numbers with exactly these axes; those that are missing have the length 1."""
        order = [self.letters.index(letter) for letter in letters if letter in self.letters]
        return self.numbers.transpose(order).reshape([self.size(letter) for letter in letters])

    def __str__(self) -> str:
        names = {"I": "frames", "J": "t and z together"}
        sizes = zip(self.letters, self.numbers.shape, strict=True)
        return ", ".join(f"{names.get(letter, letter.lower())} = {n}" for letter, n in sizes)


def arrange(letters: str, shape: tuple[int, ...], wanted: Wanted) -> tuple[np.ndarray, list[str]]:
    """Sort the frames of a file.

    Parameters
    ----------
    letters, shape
        The file's axes before y and x, slowest first: T, C, Z, A, P where the file names them, I where it does not.

    Returns
    -------
    numbers : (t, c, z, angles, phases) ndarray of int
        The frame of the file that belongs at each place.
    notes : list of str

    Raises
    ------
    InputError
        If the frames do not make the angles and phases, or make them in more than one way.
    """
    if letters == len(ALL) * "I":
        letters = ALL  # as of a stack of this package: none of its axes is left out, whatever its length
    letters, shape = with_channels(letters, shape, wanted.channels)
    axes = _squeezed(letters, shape)
    total = axes.numbers.size
    if wanted.order in OF_PLANES and not wanted.angles == wanted.phases == 1:
        raise InputError(
            f"`order` {wanted.order} is for planes without a pattern; raw stacks have P, A, and Z or T in it"
        )
    if wanted.angles == wanted.phases == 1:
        unnamed = wanted.order if wanted.order in OF_PLANES else None
        return arrange_planes(letters, shape, wanted.widefield, unnamed)[..., None, None], []
    if total < 3:
        raise InputError(
            f"{total} frame{'s' * (total > 1)}, but a raw stack has several for each image, 3 angles x 5 phases = 15 "
            'for example; for a montage of tiles give `order="tiled"`; a widefield image is for denoise, or for '
            "predict and a model of widefield images, as w2s_dncnn"
        )
    axes, notes = _named(axes, wanted)
    if {"A", "P"} <= set(axes.letters):
        _refuse_contradiction(axes, wanted)
    else:
        axes, more = _split(axes, wanted)
        notes += more
    return axes.arranged("TCZAP"), notes


def arrange_planes(
    letters: str, shape: tuple[int, ...], widefield: str | None = None, unnamed: str | None = None
) -> np.ndarray:
    """Sort planes that are whole images or whole montages: (t, c, z) ndarray of int.

    ``unnamed`` is what the only axis without a name is, Z or T; None: z, and nothing if the file names its axes.

    Raises
    ------
    InputError
        If there are more axes than time, channel and z, or if ``unnamed`` is told of none.
    """
    axes = _squeezed(letters, shape)
    if widefield:
        if axes.letters not in ("I", "T", "Z"):
            raise InputError("a widefield frame can only be the first or the last of several montages")
        axes = Axes(axes.numbers[:-1] if widefield == "last" else axes.numbers[1:], axes.letters)
    count = axes.letters.count("I")
    if unnamed and (count != 1 or unnamed in axes.letters) and axes.letters not in ("", unnamed):
        raise InputError(f"the axes are {axes}; `order` {unnamed} names the only axis that has no name, leave it out")
    if count:
        axes = _renamed(axes, (unnamed or "Z") if count == 1 else FREE_NAMES.get(count, ""))
    if not set(axes.letters) <= set("TCZ"):
        raise InputError(f"the axes are {axes}; planes of time, channel and z can be sorted, no others")
    return axes.arranged("TCZ")


def grid(size: tuple[int, int], wanted: Wanted) -> tuple[int, int]:
    """(angles, phases) of a montage of the size (y, x): what divides it and, if several do, makes square tiles."""
    y, x = size
    fits = [(a, p) for a, p in wanted.patterns() if y % a == 0 and x % p == 0]
    square = [(a, p) for a, p in fits if y // a == x // p and wanted.may_take((a, p))]
    fits = square if len(square) == 1 else fits
    if len(fits) == 1 and wanted.may_take(fits[0]):
        return fits[0]
    if fits:
        raise InputError(f"a montage of {y} x {x} pixels has {_choices(fits)} tiles; {_arguments(fits)}")
    tried = " or ".join(f"{a} x {p}" for a, p in wanted.patterns())
    raise InputError(
        f"a montage of {y} x {x} pixels does not divide into {tried} equal tiles; give `angles` and `phases`"
    )


def _squeezed(letters: str, shape: tuple[int, ...]) -> Axes:
    """Without axes of length 1, except those that name angle or phase."""
    kept = [i for i, letter in enumerate(letters) if shape[i] != 1 or letter in "AP"]
    numbers = np.arange(prod(shape)).reshape([shape[i] for i in kept])
    return Axes(numbers, "".join(letters[i] for i in kept))


def _renamed(axes: Axes, names: str) -> Axes:
    """The unnamed axes under these names, or under others of T, Z, C where a name is taken."""
    unnamed = axes.letters.count("I")
    taken = set(axes.letters) - {"I"}
    free = [letter for letter in "TZC" if letter not in taken and letter not in names]
    given = [free.pop(0) if letter in taken and free else letter for letter in names]
    if len(given) != unnamed or len(set(given) - taken) != unnamed:
        raise InputError(f"the axes are {axes}: more than time, channel, z, angle and phase")
    left = iter(given)
    return Axes(axes.numbers, "".join(next(left) if letter == "I" else letter for letter in axes.letters))


def _named(axes: Axes, wanted: Wanted) -> tuple[Axes, list[str]]:
    """Give every unnamed axis but the last, the frames, a name; the last two may be angle and phase."""
    sizes = [n for n, letter in zip(axes.numbers.shape, axes.letters, strict=True) if letter == "I"]
    if len(sizes) < 2:
        return axes, []
    pattern = not set("AP") & set(axes.letters) and tuple(sizes[-2:]) in wanted.patterns()
    rest = len(sizes) - (2 if pattern else 1)
    axes = _renamed(axes, FREE_NAMES.get(rest, "") + ("AP" if pattern else "I"))
    return axes, [f"axes without names read as {axes}"]


def _refuse_contradiction(axes: Axes, wanted: Wanted) -> None:
    angles, phases = axes.size("A"), axes.size("P")
    for name, asked, there in (("angles", wanted.angles, angles), ("phases", wanted.phases, phases)):
        if asked is not None and asked != there:
            raise InputError(
                f"{asked} {name} were asked for, but the file names {angles} angles x {phases} phases; "
                "leave out `angles` and `phases`"
            )
    if wanted.widefield:
        raise InputError(
            f"the file names every frame ({angles} angles x {phases} phases), so none is a widefield frame; "
            "leave out `widefield_frame`"
        )


def refuse_other_order(letters: str, shape: tuple[int, ...], order: str | None) -> None:
    """InputError if an order is told that is not the one in which a file names angle and phase."""
    axes = _squeezed(letters, shape)
    if order is None or order in (*OF_PLANES, "tiled") or not {"A", "P"} <= set(axes.letters):
        return
    named = [letter for letter in reversed(axes.letters) if letter in order]
    if named != [letter for letter in order if letter in axes.letters]:
        raise InputError(f"`order` {order} was asked for, but the file names its axes ({axes}); leave out `order`")


# --- frames that lie along one axis -----------------------------------------------------------------------------------


def _split(axes: Axes, wanted: Wanted) -> tuple[Axes, list[str]]:
    """Split the axis along which the frames lie into angle, phase and what is left."""
    wanted = _with_named(axes, wanted)
    order = wanted.order or "PAZ"
    axes, letter = _frame_axis(axes, wanted)
    angles, phases = _only_pattern(axes, letter, wanted)
    needed = _needed(axes, angles, phases)
    repeats, widefields = _repeats(axes.size(letter), needed, wanted.widefield)
    frames = np.moveaxis(axes.numbers, axes.letters.index(letter), 0)
    frames = _without_widefield(frames, repeats, needed, widefields, wanted)
    others = axes.letters.replace(letter, "")
    rest = _name_of_rest(letter, axes, repeats, order)
    sizes = {"A": angles, "P": phases, rest: repeats}
    parts = [rest if part in "ZT" else part for part in reversed(order)]  # the slowest first
    parts = [part for part in parts if part and part not in others]
    numbers = frames.reshape([sizes[part] for part in parts] + list(frames.shape[1:]))
    note = f"{axes.size(letter)} frames along {_axis_name(letter)} read as {counted(angles, phases)}"
    note += "" if wanted.angles and wanted.phases else ", guessed from their number"
    note += f", order {order}"
    note += f", {repeats} {'times' if rest == 'T' else 'z-planes'}" if repeats > 1 else ""
    if rest == "Z" and letter in "IZ" and axes.size("T") == 1 and not wanted.order:
        note += ' (`order="PAT"` reads them as times)'
    return Axes(numbers, "".join(parts) + others), [note + _widefields_in_words(widefields, wanted)]


def _with_named(axes: Axes, wanted: Wanted) -> Wanted:
    """One of angle and phase may be named by the file; it must then agree."""
    for letter, name in (("A", "angles"), ("P", "phases")):
        if letter in axes.letters:
            asked, there = getattr(wanted, name), axes.size(letter)
            if asked is not None and asked != there:
                raise InputError(f"{asked} {name} were asked for, but the file names {there}; leave out `{name}`")
            wanted = Wanted(**{**vars(wanted), name: there})
    return wanted


def _needed(axes: Axes, angles: int, phases: int) -> int:
    """Frames along the axis for one reconstruction: angle or phase may have an axis already."""
    return (1 if "A" in axes.letters else angles) * (1 if "P" in axes.letters else phases)


def _repeats(length: int, needed: int, widefield: object) -> tuple[int, int]:
    """How many reconstructions the frames make (0: they do not), and how many widefield frames are among them."""
    if not widefield:
        return (length // needed, 0) if length % needed == 0 else (0, 0)
    if length % (needed + 1) == 0:
        return length // (needed + 1), length // (needed + 1)
    if length > 1 and (length - 1) % needed == 0:
        return (length - 1) // needed, 1
    return 0, 0


def _without_widefield(frames: np.ndarray, repeats: int, needed: int, widefields: int, wanted: Wanted) -> np.ndarray:
    """Widefield frames are in each group whose frames lie together, as in PAZ; else in the whole stack."""
    first = wanted.widefield == "first"
    if widefields == repeats and wanted.in_groups:
        frames = frames.reshape(repeats, needed + 1, *frames.shape[1:])
        frames = frames[:, 1:] if first else frames[:, :needed]
        return frames.reshape(-1, *frames.shape[2:])
    return frames[widefields:] if first else frames[: repeats * needed]


def _frame_axis(axes: Axes, wanted: Wanted) -> tuple[Axes, str]:
    """The axis along which the frames lie: the unnamed one; else z, t or c, the one that fits exactly first."""
    if "I" in axes.letters:
        return axes, "I"

    def repeats(letter: str, axes: Axes = axes) -> set[int]:
        patterns = [pattern for pattern in wanted.patterns() if wanted.may_take(pattern)]
        counts = (_needed(axes, *pattern) for pattern in patterns)
        return {_repeats(axes.size(letter), n, wanted.widefield)[0] for n in counts if n > 1} - {0}

    present = [letter for letter in "ZTC" if letter in axes.letters]
    for letter in present:
        if 1 in repeats(letter):
            return axes, letter
    for letter in present:
        if letter != "C" and repeats(letter):
            return axes, letter
    joined = _joined(axes)
    if "J" in joined.letters and repeats("J", joined):
        return joined, "J"
    if not present:
        raise InputError(f"the axes are {axes}: frames of several angles and phases are needed")
    return axes, max(present, key=axes.size)


def _joined(axes: Axes) -> Axes:
    """Time and z as one axis J, in the file's order: how an angle axis T and a phase axis Z look without names."""
    if not {"T", "Z"} <= set(axes.letters):
        return axes
    both = [i for i, letter in enumerate(axes.letters) if letter in "TZ"]
    others = [i for i in range(len(axes.letters)) if i not in both]
    numbers = axes.numbers.transpose(both + others)
    numbers = numbers.reshape(-1, *(axes.numbers.shape[i] for i in others))
    return Axes(numbers, "J" + "".join(axes.letters[i] for i in others))


def _only_pattern(axes: Axes, letter: str, wanted: Wanted) -> tuple[int, int]:
    """The pattern that the frames make, if it is the only one."""
    length = axes.size(letter)
    fits = [pattern for pattern in wanted.patterns() if _repeats(length, _needed(axes, *pattern), wanted.widefield)[0]]
    if len(fits) == 1 and wanted.may_take(fits[0]):
        return fits[0]
    if fits:
        raise InputError(
            f"{length} frames could be {_choices(fits)}{_or_with_widefield(axes, length, wanted)}; {_arguments(fits)}"
        )
    raise InputError(_no_fit(axes, letter, wanted))


def _name_of_rest(letter: str, axes: Axes, repeats: int, order: str) -> str:
    """What the reconstructions that follow one another are: z-planes, or times where z has an axis; "" if it is one."""
    if repeats == 1:
        return ""
    for name in "T" if "T" in order else "TZ" if letter in "TJ" else "ZT":
        if name == letter or name not in axes.letters:
            return name
    taken = "time has an axis of its own" if "T" in order else "time and z have axes of their own"
    raise InputError(f"{repeats} raw stacks along one axis, but {taken}: {axes}")


# --- words ------------------------------------------------------------------------------------------------------------


def _axis_name(letter: str) -> str:
    return {"I": "the file", "J": "t and z"}.get(letter, letter.lower())


def _widefields_in_words(widefields: int, wanted: Wanted) -> str:
    first = wanted.widefield == "first"
    end = "beginning" if first else "end"
    if widefields > 1 and wanted.in_groups:
        return f", a widefield frame {'before' if first else 'after'} each"
    if widefields > 1:
        return f", {widefields} widefield frames at the {end}"
    return f", one widefield frame at the {end}" if widefields else ""


def _choices(patterns: list[tuple[int, int]]) -> str:
    (angles, phases), *others = patterns
    return " or ".join([f"{angles} angles x {phases} phases", *(f"{a} x {p}" for a, p in others)])


def _arguments(patterns: list[tuple[int, int]]) -> str:
    return "give " + " or ".join(f"`angles={a}, phases={p}`" for a, p in patterns)


def _or_with_widefield(axes: Axes, length: int, wanted: Wanted) -> str:
    """What else the frames could be, were there a widefield frame in each group of them."""
    fits = [] if wanted.widefield_frame else wanted.patterns()
    fits = [pattern for pattern in fits if _repeats(length, _needed(axes, *pattern), "last")[0]]
    return f', or {_choices(fits)} with `widefield_frame="last"` or `widefield_frame="first"`' if fits else ""


def _no_fit(axes: Axes, letter: str, wanted: Wanted) -> str:
    length = axes.size(letter)
    there = "" if axes.letters == "I" else f"; there are {axes}"
    advice = " or ".join(_advice(axes, length, wanted)[:2])
    return f"{length} frames do not make {_choices(wanted.patterns())}{there}; {advice}"


def _advice(axes: Axes, length: int, wanted: Wanted) -> list[str]:
    """What would work, the likeliest first."""
    advice = []
    for a, p in wanted.patterns():
        if _repeats(length, _needed(axes, a, p), not wanted.widefield)[0]:
            where = (
                "try without `widefield_frame`"
                if wanted.widefield
                else 'try `widefield_frame="last"` or `widefield_frame="first"`'
            )
            advice.append(f"{where} (`angles={a}, phases={p}`)")
    for a, p in KNOWN:
        if (a, p) not in wanted.patterns() and _repeats(length, a * p, wanted.widefield)[0]:
            advice.append(f"try `angles={a}, phases={p}`")
    if length == HEXAGONAL_FRAMES:
        advice.append('try `pattern="hexagonal"`, if three directions of stripes light the frames at once (hexSIM)')
    if not advice:
        needed = [_needed(axes, *pattern) + bool(wanted.widefield) for pattern in wanted.patterns()]
        counts = " or ".join(f"{n}, {2 * n}, {3 * n} ..." for n in dict.fromkeys(needed[:2]))
        whole = f"raw stacks have {counts} frames: are some missing? If not, give `angles` and `phases`"
        advice.append(f"{whole}; if so, these and `accept_incomplete`")
    return advice
