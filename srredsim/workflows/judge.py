"""How far the raw frames support an image, for every t, c and z of a file: a TIFF of maps, a picture, a few numbers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import numpy as np

from srredsim import io
from srredsim.acquisition import RawStack
from srredsim.consistency import picture as judging_picture
from srredsim.consistency.compare import SMALLEST_JUDGED, Consistency, consistency, unjudged
from srredsim.errors import InputError
from srredsim.optics.illumination import check_phases
from srredsim.optics.sampling import SCALE
from srredsim.optics.transfer import Transfer, transfer_of
from srredsim.quality.report import verdict
from srredsim.quality.squirrel import squirrel
from srredsim.reconstruction.planes import middle, prepared_mean, sharpest_slice
from srredsim.stripes.estimate import estimate
from srredsim.stripes.parameters import Parameters, seen_from

MAPS = ("residual", "score")  # channels of the TIFF, those of the stack one after the other
SEARCHED_FIELD = 768  # raw pixels, side of what is enough to find the stripes in: bounds the memory
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
    if min(sizes["Y"], sizes["X"]) < SMALLEST_JUDGED:
        raise InputError(
            f"frames of {sizes['Y']} x {sizes['X']} pixels are too small: at least {SMALLEST_JUDGED} a side"
        )
    return transfer


class Judge:
    """Writes ``<stem>_consistency.tif`` and ``.png`` beside an image; both appear when the ``with`` block ends well.

    The stripes of a channel are found once, in the mean over time of its sharpest slice. A plane that cannot be judged,
    as one without light, has NaN in its maps, and a note says why.

    Parameters
    ----------
    image : path
        Of the image that is judged, which need not exist yet.
    calibration : dict
        As of `srredsim.io.ImageWriter`.

    Raises
    ------
    InputError
        On entering, if a result exists already.
    """

    def __init__(self, image: Path, stack: RawStack, transfer: Transfer, *, overwrite: bool = False, **calibration):
        self.stack, self.transfer = stack, transfer
        self.maps = image.with_name(f"{image.stem}_consistency.tif")
        self.picture = self.maps.with_suffix(".png")
        self.overwrite, self.calibration = overwrite, dict(calibration)
        names = self.calibration.pop("channel_names", None) or [""] * stack.sizes["C"]
        self.channel_names = [f"{name} {kind}".strip() for name in names for kind in MAPS]
        self._files = ExitStack()

    @property
    def paths(self) -> list[str]:
        return [str(self.maps), str(self.picture)]

    def __enter__(self) -> Judge:
        sizes = self.stack.sizes
        shape = (sizes["T"], len(MAPS) * sizes["C"], sizes["Z"], SCALE * sizes["Y"], SCALE * sizes["X"])
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

    def judge(
        self,
        image_of: Callable[[Position], np.ndarray],
        *,
        name: str,
        title: str,
        stripes: dict[int, Parameters] | None = None,
    ) -> dict:
        """Judge every plane ``image_of((t, c, z))``.

        Parameters
        ----------
        stripes : dict, optional
            Of each channel, if they have been found already.

        Returns
        -------
        dict
            Ready for JSON: ``planes``, with what came of each, RSP and RSE against the widefield image included;
            ``line``, which says it of the one in the picture;
            ``notes``.
        """
        sizes = self.stack.sizes
        pictured = (0, 0, sizes["Z"] // 2)
        planes, notes, line = [], [], ""
        for c in range(sizes["C"]):
            found_stripes = stripes[c] if stripes else _or_problem(self._stripes, c)
            for t, z in np.ndindex(sizes["T"], sizes["Z"]):
                position = (t, c, z)
                image = np.array(image_of(position), np.float32)
                found = _or_problem(self._compared, position, image, found_stripes)
                if isinstance(found, InputError):
                    notes.append(f"not compared with the raw frames: t={t}, c={c}, z={z}: {found}")
                    found = unjudged(image.shape)
                self._write(position, found)
                planes.append({"t": t, "c": c, "z": z} | found.report() | self._against_widefield(position, image))
                if position == pictured:
                    line = "; ".join(
                        [judging_picture.words(found), verdict(found_stripes)] if found.angles else notes[-1:]
                    )
                    self._draw(image, found, name, title)
        return {"line": line, "planes": planes, "notes": notes}

    def _stripes(self, channel: int) -> Parameters:
        """From the middle of a large field, as of the whole of it."""
        prepared = prepared_mean(self.stack, channel, sharpest_slice(self.stack, channel))
        field, corner_um = middle(prepared, self.transfer, SEARCHED_FIELD)
        return seen_from(estimate(field, self.transfer), -corner_um)

    def _compared(self, position: Position, image: np.ndarray, stripes: Parameters | InputError) -> Consistency:
        if isinstance(stripes, InputError):
            raise stripes
        return consistency(self.stack.raw(*position), image, stripes, self.transfer)

    def _against_widefield(self, position: Position, image: np.ndarray) -> dict:
        """RSP and RSE, which see coarse errors only."""
        widefield = self.stack.raw(*position).mean(axis=(0, 1), dtype=np.float32)
        found = _or_problem(squirrel, image, widefield, self.transfer.pixel_size_um)
        if isinstance(found, InputError):
            return {"rsp": None, "rse": None}
        return {"rsp": found.rsp, "rse": found.rse}

    def _write(self, position: Position, found: Consistency) -> None:
        t, c, z = position
        for number, kind in enumerate(MAPS):
            self.writer[t, len(MAPS) * c + number, z] = getattr(found, kind)

    def _draw(self, image: np.ndarray, found: Consistency, name: str, title: str) -> None:
        pixel_size_um = self.transfer.pixel_size_um / SCALE
        judging_picture.picture(
            self.unfinished_picture, image, found, name=name, title=title, pixel_size_um=pixel_size_um
        )


def _or_problem(function: Callable, *arguments):
    """What a function returns, or what the user should know: one plane that is of no use does not stop the others."""
    try:
        return function(*arguments)
    except InputError as problem:
        return problem
