"""How far the raw frames support an image, for every t, c and z of a file: a TIFF of maps, a picture, a few numbers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from srredsim import io
from srredsim.acquisition import RawStack
from srredsim.consistency import picture as judging_picture
from srredsim.consistency.compare import SMALLEST, Consistency, consistency, unjudged
from srredsim.errors import InputError
from srredsim.optics.illumination import check_phases
from srredsim.optics.sampling import SCALE
from srredsim.optics.transfer import Transfer, transfer_of
from srredsim.quality.report import verdict
from srredsim.quality.squirrel import squirrel
from srredsim.reconstruction.planes import middle
from srredsim.stripes.estimate import estimate
from srredsim.stripes.parameters import Parameters, seen_from
from srredsim.stripes.preprocess import Prepared

MAPS = ("residual", "score")  # channels of the TIFF, those of the stack one after the other
STRIPES_SIDE = 768  # raw pixels, enough to find the stripes in: bounds the memory
Position = tuple[int, int, int]  # (t, c, z)


def transfer_for(stack: RawStack) -> Transfer:
    """The optics of a stack whose images can be judged.

    Raises
    ------
    InputError
        If its optics are not known, or if there are too few pixels or phases.
    """
    transfer = transfer_of(stack.optics)
    check_phases(stack.pattern.phases)
    sizes = stack.sizes
    if min(sizes["Y"], sizes["X"]) < SMALLEST:
        raise InputError(f"frames of {sizes['Y']} x {sizes['X']} pixels are too small: at least {SMALLEST} a side")
    return transfer


@dataclass(frozen=True)
class Judged:
    """What came of one image (t, c, z)."""

    position: Position
    found: Consistency
    row: dict  # ready for JSON
    line: str  # in words
    note: str | None = None  # why it could not be judged


def stripes_in(mean: Callable[[], Prepared], transfer: Transfer) -> Parameters | InputError:
    """Stripes of a channel, found in the middle of a large field, as of the whole of it; or why there are none."""
    try:
        field, corner_um = middle(mean(), transfer, STRIPES_SIDE)
        return seen_from(estimate(field, transfer), -corner_um)
    except InputError as problem:  # what cannot be judged can be predicted
        return problem


def judged(
    position: Position, raw: np.ndarray, image: np.ndarray, stripes: Parameters | InputError, transfer: Transfer
) -> Judged:
    """Compare an image with its raw frames; one that cannot be judged has NaN in its maps, and a note says why.

    Parameters
    ----------
    raw : (angles, phases, y, x) ndarray
    image : (2y, 2x) float32 ndarray
    stripes : Parameters or InputError
        As `stripes_in` has them.
    """
    note = None
    try:
        found = consistency(raw, image, _there(stripes), transfer)
    except InputError as problem:
        t, c, z = position
        note = f"not compared with the raw frames: t={t}, c={c}, z={z}: {problem}"
        found = unjudged(image.shape)
    row = dict(zip("tcz", position, strict=True)) | found.report() | _against_widefield(raw, image, transfer)
    line = "; ".join([judging_picture.words(found), verdict(stripes)]) if found.angles else note or ""
    return Judged(position, found, row, line, note)


def _there(stripes: Parameters | InputError) -> Parameters:
    if isinstance(stripes, InputError):
        raise stripes
    return stripes


def _against_widefield(raw: np.ndarray, image: np.ndarray, transfer: Transfer) -> dict:
    """RSP and RSE, which see coarse errors only."""
    try:
        found = squirrel(image, raw.mean(axis=(0, 1), dtype=np.float32), transfer.pixel_size_um)
    except InputError:  # as of an image without structure, which the maps show
        return {"rsp": None, "rse": None}
    return {"rsp": found.rsp, "rse": found.rse}


class Judge:
    """Writes ``<stem>_consistency.tif`` and ``.png`` beside an image; both appear when the ``with`` block ends well.

    Parameters
    ----------
    image : path
        Of the image that is judged, which need not exist yet.
    sizes : (t, c, z, y, x)
        Of the raw stack.
    overwrite : bool
    calibration : dict
        As of `srredsim.io.ImageWriter`.

    Raises
    ------
    InputError
        On entering, if a result exists already.
    """

    def __init__(self, image: Path, sizes: tuple[int, ...], *, overwrite: bool = False, **calibration: Any):
        self.sizes = sizes
        self.maps, self.picture = paths(image)
        self.overwrite, self.calibration = overwrite, dict(calibration)
        names = self.calibration.pop("channel_names", None) or [""] * sizes[1]
        self.channel_names = [f"{name} {kind}".strip() for name in names for kind in MAPS]
        self._judged: list[Judged] = []
        self._files = ExitStack()

    def __enter__(self) -> Judge:
        times, channels, slices, y, x = self.sizes
        shape = (times, len(MAPS) * channels, slices, SCALE * y, SCALE * x)
        with self._files as files:
            self.unfinished_picture = files.enter_context(io.atomic(self.picture, self.overwrite))
            self.writer = files.enter_context(
                io.ImageWriter(
                    self.maps, shape, overwrite=self.overwrite, channel_names=self.channel_names, **self.calibration
                )
            )
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
        if one.position == (0, 0, self.sizes[2] // 2):
            self._line = one.line
            pixel_size_um = self.calibration.get("pixel_size_um")
            judging_picture.picture(
                self.unfinished_picture, image, one.found, name=name, title=title, pixel_size_um=pixel_size_um
            )
        self._judged.append(replace(one, found=None))

    def report(self) -> dict:
        """What was found, ready for JSON.

        ``planes``: channel by channel, what came of each, RSP and RSE against the widefield image included; ``line``
        says it of the one in the picture; ``notes``.
        """
        in_order = sorted(self._judged, key=lambda one: (one.position[1], one.position[0], one.position[2]))
        return {
            "line": self._line,
            "planes": [one.row for one in in_order],
            "notes": [one.note for one in in_order if one.note],
        }


def paths(image: Path) -> tuple[Path, Path]:
    """Maps and picture of an image."""
    maps = image.with_name(f"{image.stem}_consistency.tif")
    return maps, maps.with_suffix(".png")
