"""Classical reconstruction of a whole stack, from arrays to arrays, and of a file: ``<stem>_wiener.tif`` and ``.json``.

The JSON file has what the image rests on; the stripes in it serve another stack of the same microscope.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from srredsim import checks, devices, io
from srredsim.acquisition import OPTICS, Optics, Position, RawStack, numbers
from srredsim.arrays import HOST
from srredsim.errors import InputError
from srredsim.inspection.readings import watched
from srredsim.io.unnamed import refuse_slices
from srredsim.lost_frames import all_lost, bridged, listed, lost_at, told
from srredsim.noise.whitened import remarks, whitened
from srredsim.optics.illumination import check_phases
from srredsim.optics.measured_otf import read_curve
from srredsim.optics.sampling import SCALE
from srredsim.optics.transfer import Transfer, transfer_of
from srredsim.reconstruction.attenuation import AUTO
from srredsim.reconstruction.chosen import AUTO as AUTO_METHOD
from srredsim.reconstruction.chosen import METHODS, WIENER
from srredsim.reconstruction.known import KnownStripes, Lens, for_stack
from srredsim.reconstruction.live_planes import live_planes
from srredsim.reconstruction.planes import Asked, Channel, Common, Plane, asked_planes, common_of
from srredsim.reconstruction.unknown_optics import with_cutoffs
from srredsim.workflows.noting import Begun, Noted, Noting

LIVE = "live, an approximation: all but the phases of the stripes is as at the first time"
Progress = Callable[[int, int], None]  # called with the planes that are done, and with all


@dataclass(frozen=True)
class Method:
    """How images are made of frames.

    ``name`` is one of `METHODS`, the first of which chooses by the light of each channel; the name of a result ends on
    what was taken, see `srredsim.reconstruction.chosen.called`. ``wiener``, left out, is chosen from the noise;
    ``attenuation`` is that of `srredsim.reconstruction.planes.planes`; ``iterations`` are updates of Richardson-Lucy,
    left out: as many as the noise bears, and three where the light has chosen it. ``live``: of a time series, the
    first time says all but the phases, see `srredsim.reconstruction.live`. ``device`` is of `srredsim.devices`: where
    Wiener images are computed.
    """

    name: str = METHODS[0]
    wiener: float | None = None
    attenuation: float | str | None = AUTO
    iterations: int | None = None
    live: bool = False
    device: str = devices.AUTO

    def __post_init__(self):
        checks.one_of("method", self.name, METHODS)
        checks.one_of("device", self.device, devices.CHOICES)
        if checks.yes_or_no("live", self.live):
            if self.name not in (AUTO_METHOD, WIENER):
                raise InputError(f'`live` is for `method="{WIENER}"`; got "{self.name}"')
            object.__setattr__(self, "name", WIENER)
        if self.live and self.device == devices.GPU:
            raise InputError("`live` is computed on the processor; leave out `device`")
        if self.wiener is not None:
            checks.wiener("wiener", self.wiener)
        checks.attenuation("attenuation", self.attenuation)
        if self.iterations is not None:
            checks.positive("iterations", self.iterations)
        if self.name != "richardson-lucy" and self.iterations is not None:
            raise InputError('`iterations` is for `method="richardson-lucy"`')


@dataclass(frozen=True)
class Reconstructed:
    """``images`` (T, C, Z, 2y, 2x) float32 in the units of the frames above background; what they rest on; notes."""

    images: np.ndarray
    report: dict
    notes: tuple[str, ...]
    optics: Optics  # of the stack, with what ``parameters`` say of them
    channels: tuple[Channel, ...]  # stripes, at the first time, and lens of each


class Reconstruction:
    """A stack and all that is asked of it, checked; `planes` makes the images, one at a time.

    Raises
    ------
    InputError
        Before anything is computed, if the stack or its optics cannot be used, or do not fit what is known.
    """

    def __init__(
        self, stack: RawStack, method: Method, known: KnownStripes, lens: Lens, *, split_photons: bool = False
    ):
        check_phases(stack.pattern.phases)
        self.device = HOST if method.live else devices.device(method.device)
        opened, self.watch = watched(stack)
        opened = bridged(opened)
        self.method, self.split_photons = method, checks.yes_or_no("split_photons", split_photons)
        if method.live:
            refuse_slices("live", stack)
        given = for_stack(stack, known, lens)
        self.before, self.known = given.before, given.known
        opened = with_cutoffs(replace(opened, optics=given.optics))
        self.optics = opened.optics
        self.otf_file = str(lens.otf) if lens.otf else None
        notes = [*given.notes, *([LIVE] if method.live else [])]
        self.transfers, more = _transfers(self.optics, stack.sizes["C"], lens.otf)
        self.notes = [*notes, *more]
        self.stack = io.remembering(whitened(opened, self.transfers))
        for transfer in self.transfers:
            self.known.check(stack.pattern, transfer)
        self.asked = Asked(method.wiener, method.attenuation, method.name, method.iterations)
        self.noting = Noting(self.stack, self.otf_file, self.asked, split_photons)
        self.found: list[Channel] = []  # at the first time, filled as planes are made
        self._noted: dict[Position, Noted] = {}

    @property
    def shape(self) -> tuple[int, int, int, int, int]:
        """(T, C, Z, 2y, 2x)"""
        sizes = self.stack.sizes
        return sizes["T"], sizes["C"], sizes["Z"], SCALE * sizes["Y"], SCALE * sizes["X"]

    def common(self) -> list[Common]:
        """What the images of each channel have in common."""
        with self.watch.explaining():
            return [common_of(self.stack, c, one, self.known, self.asked) for c, one in enumerate(self.transfers)]

    def planes(self, progress: Progress | None = None) -> Iterator[Plane]:
        """Every plane; what is to be reported of it is kept."""
        for done, plane in enumerate(self.made(), start=1):
            yield plane
            if noted := self.noting(plane):
                self._noted[plane.position] = noted
                if plane.position[0] == 0:
                    self.found.append(Channel(plane.parameters, plane.transfer, plane.notes, plane.haze))
            if progress:
                progress(done, math.prod(self.shape[:3]))

    def made(self) -> Iterator[Plane]:
        """Every plane, of which nothing is kept."""
        told = self.stack, self.transfers
        if self.method.live:
            made = live_planes(*told, self.asked.wiener, known=self.known, attenuation=self.asked.attenuation)
        else:
            made = asked_planes(*told, self.known, self.asked, self.device)
        with self.watch.explaining():
            for plane in made:
                check_made(self.stack, plane)
                yield plane

    def begun(self) -> Begun:
        """The report, as far as it does not need the planes."""
        source = self.stack.source
        found = {
            "input": None if source is None else str(source),
            "pattern": str(self.stack.pattern),
            "optics": {name: getattr(self.optics, name) for name in OPTICS},
            "cutoffs": [asdict(one) for one in self.optics.cutoffs] or None,
            "cutoff_per_um": [transfer.cutoff_per_um for transfer in self.transfers],
            "parameters": None if self.before is None else self.before.name,
            "method": self.method.name,
            "attenuation": self.method.attenuation,
            "iterations": self.method.iterations,
            "live": self.method.live,
            "device": self.device.name,
        }
        return Begun(found, (*self.stack.notes, *self.notes))

    def report(self) -> dict:
        """What the images rest on, ready for JSON, when all planes are made."""
        empty = all_lost(self.stack.array)
        doubts = [*told(self.shape, empty), *self.watch.doubts(remarks(self.stack))]
        return self.begun().report(self._noted, doubts) | {"left_empty": listed(empty)}


def check_made(stack: RawStack, plane: Plane) -> None:
    """InputError if an image has values that are no numbers."""
    checks.image_made(plane.image, stack.at(plane.position, "the reconstruction"))


def reconstruct(
    stack: RawStack,
    *,
    method: Method | None = None,
    known: KnownStripes | None = None,
    lens: Lens | None = None,
    split_photons: bool = False,
    progress: Progress | None = None,
) -> Reconstructed:
    """Reconstruct every t, c and z of a stack; no file is read or written but those that `known` and `lens` name.

    The stripes of a channel are found once, in the mean over time of its sharpest slice, or at the first time if they
    drift; phases and contrasts are measured again at each time, on that slice.

    Parameters
    ----------
    split_photons : bool
        Also tell the resolution: Fourier ring correlation of two images from half the photons each.

    Raises
    ------
    InputError
        Before anything is computed, if the stack or its optics cannot be used, or do not fit what is known.
    """
    work = Reconstruction(
        stack, method or Method(), known or KnownStripes(), lens or Lens(), split_photons=split_photons
    )
    images = np.empty(work.shape, np.float32)
    for plane in work.planes(progress):
        images[plane.position] = 0 if lost_at(work.stack.array, plane.position) else plane.image
    found = work.report()
    return Reconstructed(images, found, tuple(found["notes"]), work.optics, tuple(work.found))


def _transfers(optics: Optics, channels: int, otf: str | Path | None) -> tuple[list[Transfer], list[str]]:
    """Transfer function of each channel, with a measured curve where there is one, and what is to be said about that.

    Raises
    ------
    InputError
        If there is one curve for channels of different wavelengths.
    """
    transfers = [transfer_of(optics.of_channel(c)) for c in range(channels)]
    coarse = [line for transfer in transfers for line in transfer.remarks]
    if not otf:
        return transfers, coarse
    if len(optics.each) > 1:
        raise InputError(
            f"`otf` is measured at one wavelength, the channels have {numbers(optics.wavelength_em_um)} um: leave it"
            " out, or reconstruct one channel at a time"
        )
    curve, notes = read_curve(otf, transfers[0].cutoff_per_um)
    return [transfer.with_curve(curve) for transfer in transfers], [*coarse, *notes]
