"""What is reported of a reconstruction, told while its planes are made, in any order and by any process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from srredsim.acquisition import Position, RawStack
from srredsim.noise.photons import counting_of
from srredsim.optics.nominal import in_pixels
from srredsim.quality import assess as quality
from srredsim.quality import report
from srredsim.quality.frc import HALVES, resolution_um
from srredsim.quality.split_frc import split_frc
from srredsim.reconstruction.chosen import AUTO as AUTO_METHOD
from srredsim.reconstruction.chosen import DIM, RICHARDSON_LUCY, WIENER
from srredsim.reconstruction.planes import Asked, Plane


@dataclass(frozen=True)
class Noted:
    """What is to be reported of a plane that the stripes were measured in, ready for JSON."""

    time: dict
    channel: dict | None = None  # at the first time
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Noting:
    """Tells what is to be reported of a plane; None, if stripes were not measured in it."""

    stack: RawStack
    otf_file: str | None
    asked: Asked
    split_photons: bool

    def __call__(self, plane: Plane) -> Noted | None:
        if plane.position[2] != plane.sharpest:
            return None
        if plane.position[0]:
            return Noted(report.of_time(plane))
        found = quality.of_plane(plane, plane.method == WIENER)
        found |= self._split(plane) if self.split_photons else {}
        about = report.of_channel(plane, self.otf_file, self.asked.attenuation) | {"quality": found}
        return Noted(report.of_time(plane), about, self._dim(plane))

    def _dim(self, plane: Plane) -> tuple[str, ...]:
        """What the light has to do with the method, where frames are dim."""
        photons, chosen = plane.photons, self.asked.method == AUTO_METHOD
        if photons >= DIM or not (chosen or plane.method == WIENER):
            return ()
        said = f"a bright pixel has {np.floor(photons):.0f} photons"
        if chosen:
            said += f", less than {DIM:.0f}: the image is that of Richardson-Lucy, nearer to the truth"
        else:
            said += f': so dim, `method="{RICHARDSON_LUCY}"` is nearer to the truth'
        return (self.stack.at(plane.position, said),)

    def _split(self, plane: Plane) -> dict:
        """The resolution that two halves of the photons agree on."""
        raw = self.stack.raw(*plane.position)
        counting = counting_of(raw, plane.transfer)
        halves = split_frc(raw, plane.parameters, plane.transfer, counting, np.random.default_rng(0))
        return {"frc_um": resolution_um(*halves, HALVES)}


@dataclass(frozen=True)
class Begun:
    """A report that lacks what comes of the planes."""

    facts: dict
    notes: tuple[str, ...]

    def report(self, noted: Mapping[Position, Noted], doubts: Sequence[str]) -> dict:
        """The whole report, whatever the order of the planes; ``doubts`` are its last notes."""
        channels, notes = [], list(self.notes)
        for place in sorted(noted, key=lambda position: (position[1], position[0])):
            one = noted[place]
            channels += [] if one.channel is None else [one.channel | {"times": []}]
            channels[-1]["times"].append(one.time)
            notes += one.notes
        found = self.facts | report.judged(channels, [*notes, *doubts])
        return found if self.facts["optics"]["pixel_size_um"] else in_pixels(found) | {"optics": found["optics"]}
