"""How far the raw frames support an image, for every t, c and z of a file: a TIFF of maps, a picture, a few numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from srredsim import io
from srredsim.acquisition import Optics, Position, RawStack, percent, which
from srredsim.arrays import HOST, Device
from srredsim.consistency import picture as judging_picture
from srredsim.consistency.compare import SMALLEST_JUDGED, consistency
from srredsim.consistency.maps import NOISE_ALONE, Consistency, unjudged
from srredsim.errors import WARNING, InputError
from srredsim.io.files import beside
from srredsim.io.memory import middle as middle_of
from srredsim.noise.whitened import whitened
from srredsim.optics.illumination import check_phases
from srredsim.optics.sampling import SCALE
from srredsim.optics.transfer import Transfer, transfers_of
from srredsim.quality.report import verdict
from srredsim.quality.residual_stripes import residual_stripes, visible
from srredsim.quality.residual_stripes import said as said_of
from srredsim.quality.squirrel import squirrel
from srredsim.reconstruction.over_time import found_over_time
from srredsim.reconstruction.planes import Channel
from srredsim.reconstruction.survey import Sharpest, surveyed
from srredsim.stripes.estimate import estimate
from srredsim.stripes.parameters import Parameters, seen_from
from srredsim.stripes.preprocess import Prepared, middle, prepare
from srredsim.stripes.slices import SIDE as PHASES_SIDE
from srredsim.stripes.slices import in_slice

MAPS = ("residual", "score")  # channels of the TIFF, those of the stack one after the other
SIDE = 2048  # output pixels, in which stripes that were left are looked for
STRIPES_SIDE = 768  # raw pixels, enough to find the stripes in: bounds the memory
UNEXPLAINED = 0.08  # share of the structure that an image leaves in its frames, at which that is said
NOT_COMPARED: dict[str, float | None] = {"rsp": None, "rse": None}
ANGLES_DIFFER = (
    ", for the most part because angles show the same structures in unlike brightness, as of a polarised dye"
    " (phalloidin), or of something that moved: the image has their mean"
)
DOUBTFUL = 0.1  # share of the field that frames do not support, at which that is said: 1 of 320 good images has it


def transfers_for(stack: RawStack) -> tuple[Transfer, ...]:
    """The optics of each channel of a stack whose images can be judged.

    Raises
    ------
    InputError
        If its optics are not known, or if there are too few pixels or phases.
    """
    transfers = transfers_of(stack)
    check_phases(stack.pattern.phases)
    sizes = stack.sizes
    if min(sizes["Y"], sizes["X"]) < SMALLEST_JUDGED:
        least = f"at least {SMALLEST_JUDGED} a side"
        raise InputError(f"frames of {sizes['Y']} x {sizes['X']} pixels are too small: {least}")
    return transfers


def possible(stack: RawStack, scale: int) -> tuple[tuple[Transfer, ...], str | None]:
    """With what images of so many pixels a raw pixel are compared with the frames; or why they cannot be, in words."""
    if scale != SCALE:
        return (), f"not compared with the raw frames: that takes an image of {SCALE}x the pixels, not {scale}x"
    try:
        return transfers_for(stack), None
    except InputError as problem:
        return (), f"not compared with the raw frames: {problem}"


@dataclass(frozen=True)
class Judged:
    """What came of one image (t, c, z)."""

    position: Position
    found: Consistency
    row: dict  # ready for JSON
    words: str  # how far the frames support it
    line: str  # these, with the verdict on the stripes
    note: str | None = None  # why it could not be judged


def stripes_in(sharpest: Sharpest, transfer: Transfer, hexagonal: bool | None) -> Parameters | InputError:
    """Stripes of a channel, found in the middle of a large field, as of the whole of it; or why there are none."""

    def find(prepared: Prepared) -> Parameters:
        field, corner_um = middle(prepared, transfer, STRIPES_SIDE)
        return seen_from(estimate(field, transfer, hexagonal=hexagonal), -corner_um)

    try:
        return found_over_time(sharpest, STRIPES_SIDE, transfer, find, lambda found: found)
    except InputError as problem:  # what cannot be judged can be predicted
        return problem


def finding(transfers: Sequence[Transfer]) -> Callable[[Sharpest], Parameters | InputError]:
    """`stripes_in` of the sharpest slice of each channel, through its own optics."""

    def stripes_of(sharpest: Sharpest) -> Parameters | InputError:
        return stripes_in(sharpest, transfers[sharpest.channel], sharpest.stack.pattern.hexagonal)

    return stripes_of


def judged(
    position: Position,
    raw: np.ndarray,
    image: np.ndarray,
    stripes: Parameters | InputError,
    transfer: Transfer,
    device: Device = HOST,
) -> Judged:
    """Compare an image with its raw frames; one that cannot be judged has NaN in its maps, and a note says why.

    Parameters
    ----------
    raw : (angles, phases, y, x) ndarray
    image : (2y, 2x) float32 ndarray
    stripes : Parameters or InputError
        As `stripes_in` has them, of any plane of the channel: phases that have clearly moved are measured again.
    """
    try:
        here = _here(stripes, raw, transfer)
        found = consistency(raw, image, here, transfer, device=device)
        left = visible(residual_stripes(middle_of(image, SIDE), here, transfer, transfer.pixel_size_um / SCALE))
    except InputError as problem:
        return not_judged(position, image.shape, str(problem), _against_widefield(raw, image, transfer))
    row = _row(position, found, _against_widefield(raw, image, transfer), left)
    words = judging_picture.words(found)
    line = "; ".join([words, verdict(_there(stripes), "the frames are those of widefield")])
    return Judged(position, found, row, words, line)


def not_judged(
    position: Position, shape: tuple[int, ...], problem: str, against: Mapping[str, float | None] = NOT_COMPARED
) -> Judged:
    """What is said of an image (2y, 2x) that cannot be compared with its frames."""
    t, c, z = position
    note = f"not compared with the raw frames: t={t}, c={c}, z={z}: {problem}"
    found = unjudged((shape[0], shape[1]))
    return Judged(position, found, _row(position, found, against, []), note, note, note)


def _row(position: Position, found: Consistency, against: Mapping[str, float | None], left: list) -> dict:
    return dict(zip("tcz", position, strict=True)) | found.report() | dict(against) | {"stripes_left": left}


def _here(stripes: Parameters | InputError, raw: np.ndarray, transfer: Transfer) -> Parameters:
    """Stripes as they are in these frames (angles, phases, y, x)."""
    known = _there(stripes)
    return in_slice(known, prepare(raw, PHASES_SIDE), known.lens(transfer))


def _there(stripes: Parameters | InputError) -> Parameters:
    if isinstance(stripes, InputError):
        raise stripes
    return stripes


def _against_widefield(raw: np.ndarray, image: np.ndarray, transfer: Transfer) -> dict:
    """RSP and RSE, which see coarse errors only."""
    try:
        found = squirrel(image, raw.mean(axis=(0, 1), dtype=np.float32), transfer.pixel_size_um)
    except InputError:  # as of an image without structure, which the maps show
        return dict(NOT_COMPARED)
    return {"rsp": found.rsp, "rse": found.rse}


@dataclass(frozen=True)
class Compared:
    """``maps`` (t, those of each channel, z, y, x), their ``names``, the ``report`` as of a `Judge`, what is drawn."""

    maps: np.ndarray
    names: list[str]
    report: dict
    pictured: tuple[np.ndarray, Consistency]  # image of the first time and channel, in the middle of z


def compare(
    stack: RawStack, images: np.ndarray, channels: Sequence[Channel] | None = None, device: Device = HOST
) -> Compared:
    """Compare images (t, c, z, 2y, 2x) of a whole stack with its raw frames.

    Parameters
    ----------
    channels : sequence of Channel, optional
        Stripes and lens of each, where they are known; left out: found in its sharpest slice.

    Raises
    ------
    InputError
        If the optics are not known, the images do not fit the frames, or no frames can be compared with an image.
    """
    transfers = transfers_for(stack)
    stack = io.remembering(whitened(stack, transfers))
    shape = shape_of_images(stack)
    if images.shape != shape:
        raise InputError(
            f"frames are compared with {SCALE}x the pixels: an image (t, c, z, y, x) = {shape}; got {images.shape}"
        )
    known: Sequence[tuple[Parameters | InputError, Transfer]]
    if channels is None:
        found = surveyed(stack, finding(transfers)).stripes
        known = list(zip(found, transfers, strict=True))
    else:
        known = [(each.parameters, each.transfer) for each in channels]
    maps = np.empty((shape[0], len(MAPS) * shape[1], *shape[2:]), np.float32)
    rows, pictured = [], None
    for t, c, z in stack.positions():
        image = np.array(images[t, c, z], np.float32)
        one = judged((t, c, z), stack.raw(t, c, z), image, *known[c], device)
        maps[t, len(MAPS) * c : len(MAPS) * (c + 1), z] = [getattr(one.found, kind) for kind in MAPS]
        if one.position == _pictured(shape):
            pictured = image, one.found
        rows.append(replace(one, found=None))
    return Compared(maps, names_of_maps(stack.channel_names, shape[1]), _report(rows, shape), pictured)


def names_of_maps(channel_names: Sequence[str] | None, channels: int) -> list[str]:
    """What the channels of maps are called: those of a channel of the stack one after the other."""
    return [f"{name} {kind}".strip() for name in channel_names or [""] * channels for kind in MAPS]


def shape_of_images(stack: RawStack) -> tuple[int, ...]:
    """(t, c, z, 2y, 2x) of the image of a stack."""
    *positions, _, _, y, x = stack.array.shape
    return (*positions, SCALE * y, SCALE * x)


def _pictured(shape: Sequence[int]) -> Position:
    """The plane that is drawn, of (t, c, z, ...)."""
    return 0, 0, shape[2] // 2


def _report(judged: Sequence[Judged], shape: Sequence[int]) -> dict:
    in_order = sorted(judged, key=lambda one: (one.position[1], one.position[0], one.position[2]))
    notes = [one.note for one in in_order if one.note]
    pictured = _pictured(shape)
    shown = next(one for one in in_order if one.position == pictured)
    return {
        "of": which(shape[:3], pictured),
        "line": shown.line,
        "words": shown.words,
        "planes": [one.row for one in in_order],
        "notes": notes + _disagreement(rows := [one.row for one in in_order if not one.note]) + _stripes_left(rows),
    }


def _disagreement(rows: Sequence[dict]) -> list[str]:
    """A warning where the frames of a plane clearly do not support its image, or else show what it does not."""
    if doubtful := [row for row in rows if row["unsupported_fraction"] > DOUBTFUL]:
        worst, where = _worst(doubtful, "unsupported_fraction", len(rows))
        share = percent(worst["unsupported_fraction"])
        advice = ANGLES_DIFFER if _angles_differ(worst) else ": look at the consistency map before you believe it"
        return [f"{WARNING}the frames do not support {share} % of the image{where}{advice}"]
    beyond_noise = [row for row in rows if row["residual"] > NOISE_ALONE]
    if doubtful := [row for row in beyond_noise if row["unexplained_fraction"] > UNEXPLAINED]:
        worst, where = _worst(doubtful, "unexplained_fraction", len(rows))
        share = percent(worst["unexplained_fraction"])
        order = ": check the order of the frames, and whether anything moved"
        advice = ANGLES_DIFFER if _angles_differ(worst) else order
        return [f"{WARNING}the image leaves {share} % of the structure of the frames unexplained{where}{advice}"]
    return []


def _angles_differ(row: dict) -> bool:
    """Whether most of what an image leaves is that angles show what it shows in brightness of their own.

    Polarised dyes: 0.84 to 0.93 of it. Details that are wrong, invented or blurred in all angles: 0.02 at most.
    """
    return row["between_angles_fraction"] > row["unexplained_fraction"] / 2


def _stripes_left(rows: Sequence[dict]) -> list[str]:
    """A warning where stripes are left in an image; of several, of the worst."""
    striped = [row for row in rows if row["stripes_left"]]
    if not striped:
        return []
    worst = max(striped, key=lambda row: max(one["contrast"] for one in row["stripes_left"]))
    where = f"t={worst['t']}, c={worst['c']}, z={worst['z']}, the worst of {len(striped)} such planes: "
    return [f"{WARNING}{where if len(rows) > 1 else ''}{said}" for said in said_of(worst["stripes_left"])]


def _worst(rows: Sequence[dict], name: str, of: int) -> tuple[dict, str]:
    """The row that has most, and in words which of so many planes it is of; nothing of one."""
    worst = max(rows, key=lambda row: row[name])
    where = f" at t={worst['t']}, c={worst['c']}, z={worst['z']}, the worst of {len(rows)} such planes"
    return worst, where if of > 1 else ""


class Judge:
    """Writes ``<stem>_consistency.tif`` and ``.png`` beside an image; both appear when the ``with`` block ends well.

    Parameters
    ----------
    image : path
        File of the image that is judged, which need not exist yet.
    sizes : (t, c, z, y, x)
        Shape of the raw stack.
    overwrite : bool
    optics, channel_names :
        As of `srredsim.io.ImageWriter`; the names are those of the image.

    Raises
    ------
    InputError
        On entering, if a result exists already.
    """

    def __init__(
        self,
        image: Path,
        sizes: tuple[int, ...],
        *,
        overwrite: bool = False,
        optics: Optics = Optics(),  # noqa: B008  frozen
        channel_names: Sequence[str] | None = None,
    ):
        self.sizes = sizes
        self.maps, self.picture = paths(image)
        self.overwrite, self.optics = overwrite, optics
        self.channel_names = names_of_maps(channel_names, sizes[1])
        self._judged: list[Judged] = []
        self._files = ExitStack()

    def __enter__(self) -> Judge:
        times, channels, slices, y, x = self.sizes
        shape = (times, len(MAPS) * channels, slices, SCALE * y, SCALE * x)
        with self._files as files:
            self.unfinished_picture = files.enter_context(io.atomic(self.picture, self.overwrite))
            how: dict[str, Any] = {"optics": self.optics, "channel_names": self.channel_names, "tag": io.RESULT}
            how["mode"] = "grayscale"  # residual and score mean nothing over one another
            writer = io.ImageWriter(self.maps, shape, overwrite=self.overwrite, **how)
            self.writer = files.enter_context(writer)
            self._files = files.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return self._files.__exit__(kind, error, trace)

    def add(self, one: Judged, image: np.ndarray, *, name: str, title: str) -> None:
        """Write the maps of one plane, in any order; that in the middle of z at the first time is drawn."""
        t, c, z = one.position
        for number, kind in enumerate(MAPS):
            self.writer[t, len(MAPS) * c + number, z] = getattr(one.found, kind)
        if one.position == _pictured(self.sizes):
            about: dict[str, Any] = {"name": name, "title": title, "pixel_size_um": self.optics.pixel_size_um}
            judging_picture.picture(self.unfinished_picture, image, one.found, **about)
        self._judged.append(replace(one, found=None))

    def report(self) -> dict:
        """What was found, ready for JSON.

        ``planes``: channel by channel, what came of each, RSP and RSE against the widefield image included; ``line``
        says it of the one in the picture, ``words`` without the verdict on its stripes, ``of`` which that is, where
        there are several; ``notes``.
        """
        return _report(self._judged, self.sizes)


def paths(image: Path) -> tuple[Path, Path]:
    """Maps and picture of an image."""
    maps = beside(image, f"{io.MAPS}.tif")
    return maps, maps.with_suffix(".png")
