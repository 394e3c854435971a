"""Stripes of which something is known before: it is held against the frames, and used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from srredsim.acquisition import Pattern
from srredsim.errors import InputError
from srredsim.optics import bands as optics_bands
from srredsim.optics.illumination import DIRECTIONS, HEXAGONAL_FRAMES
from srredsim.optics.transfer import Transfer
from srredsim.stripes.estimate import estimate
from srredsim.stripes.followed import lost
from srredsim.stripes.given_steps import as_if_evened, with_steps
from srredsim.stripes.given_vectors import near_given, near_given_at_once, right_way_up
from srredsim.stripes.measure import through_one_lens
from srredsim.stripes.parameters import Damping, Parameters
from srredsim.stripes.preprocess import Prepared
from srredsim.stripes.reused import reused

OTHER_STRIPES = "warning: the frames have other stripes than {} say; those of the frames were used"


@dataclass(frozen=True)
class Known:
    """What is known of the stripes before their frames are seen; whatever is None is found in them.

    ``parameters``, one a channel, of another stack, leave nothing to search for. ``k0_per_um`` is (ky, kx) of the first
    order of every angle, y down; ``steps_rad`` the phase of every frame (angles, phases), up to a common one an angle;
    ``dampings`` that of the OTF in every channel, held against the frames where it is `given`; ``hexagonal`` whether
    the pattern is: its three directions have a vector each, and steps that are found. ``either_way_up``: the vectors
    are of a program that may count the rows from the other end, and are tried mirrored, too. ``borrowed`` are optics
    that only the parameters say: where these are of other stripes, they may be of another microscope.
    """

    parameters: Sequence[Parameters] | None = None
    k0_per_um: Sequence[tuple[float, float]] | None = None
    steps_rad: Sequence[Sequence[float]] | None = None
    dampings: Sequence[Damping] | None = None
    hexagonal: bool | None = None
    either_way_up: bool = False
    borrowed: tuple[str, ...] = ()

    def check(self, pattern: Pattern, transfer: Transfer) -> None:
        """Raises InputError if this is nothing that such a stack can have."""
        directions = DIRECTIONS if self.hexagonal else pattern.angles
        if self.k0_per_um is not None and len(self.k0_per_um) != directions:
            raise InputError(
                f"`k` was given {len(self.k0_per_um)} times, the stack has {directions} angles: give it once for each"
                + self._hint(pattern)
            )
        if self.hexagonal and self.steps_rad is not None:
            raise InputError("the steps of a hexagonal pattern are found in the frames: leave out `phase_steps`")
        vectors = [] if self.k0_per_um is None else list(self.k0_per_um)
        vectors += [angle.k0_per_um for each in self.parameters or () for angle in each.angles]
        for k0 in vectors:
            length = np.hypot(*k0)
            if not 0 < length < 2 * transfer.cutoff_per_um:
                raise InputError(
                    f"stripes of {length / transfer.cutoff_per_um:.3g} f_c, the cut-off of the lens: the two bands of"
                    " such stripes meet only below 2 f_c; check `k`, `na` and `wavelength_em_um`"
                )
        for steps in () if self.steps_rad is None else self.steps_rad:
            if len(steps) != pattern.phases:
                raise InputError(
                    f"`phase_steps` has {len(steps)} values, the stack {pattern.phases} phases in each angle"
                )
            if optics_bands.condition_number(steps, 1) > optics_bands.LARGEST_CONDITION:
                raise InputError("`phase_steps` has fewer than 3 different phases: the bands cannot be told apart")
        if self.steps_rad is not None and len(self.steps_rad) != pattern.angles:
            raise InputError(
                f"`phase_steps` was given {len(self.steps_rad)} times, the stack has {pattern.angles} angles:"
                " give it once, or once for each"
            )

    def _hint(self, pattern: Pattern) -> str:
        """What else would fit a vector for each of three directions."""
        three = len(self.k0_per_um or ()) == DIRECTIONS
        fits = three and self.hexagonal is None and (pattern.angles, pattern.phases) == (1, HEXAGONAL_FRAMES)
        return '; or `pattern="hexagonal"`' if fits else ""

    def damping(self, channel: int = 0) -> Damping | None:
        """Damping of the lens of a channel, if it is known."""
        if self.dampings is not None:
            return self.dampings[channel]
        return None if self.parameters is None else self.parameters[channel].damping

    def find(self, prepared: Prepared, transfer: Transfer, channel: int = 0) -> tuple[Parameters, list[str]]:
        """Stripes of all angles and the lens that shows them, and what is to be said about what was known."""
        damping, nominal = self.damping(channel), transfer
        if damping and transfer.curve is None:
            transfer = replace(transfer, damping=damping.value, spherical_waves=damping.spherical_waves)
        if self.parameters is not None:
            return self._of_another_stack(self.parameters[channel], prepared, (transfer, nominal), damping)
        if self.k0_per_um is not None:
            return self._near(self.k0_per_um, prepared, transfer, damping)
        return self._searched(prepared, transfer, damping)

    def _of_another_stack(
        self, saved: Parameters, prepared: Prepared, lenses: tuple[Transfer, Transfer], damping: Damping | None
    ) -> tuple[Parameters, list[str]]:
        """``lenses`` are the known one and, of the same optics, one of which nothing is known."""
        transfer, nominal = lenses
        angles, notes = reused(saved, prepared, transfer)
        if lost(saved.angles, angles):
            given = damping if damping and damping.chosen == "given" else None
            found = estimate(prepared, transfer if given else nominal, damping=given, hexagonal=saved.at_once > 1)
            if _sure(found):
                self._refuse_borrowed()
                return found, [OTHER_STRIPES.format("the parameters")]
        if transfer.curve or (damping and damping.chosen != "given"):  # contrasts are those of this lens already
            return Parameters(tuple(angles), None if transfer.curve else damping, saved.at_once), notes
        return through_one_lens(angles, prepared.frames, transfer, damping), notes

    def _refuse_borrowed(self) -> None:
        if self.borrowed:
            names = " and ".join(f"`{name}`" for name in self.borrowed)
            raise InputError(
                f"the frames have other stripes than the parameters say, and {names} only these tell: they may be those"
                f" of another microscope; give {names}, or leave out `parameters`"
            )

    def _near(
        self, k0_per_um: Sequence, prepared: Prepared, transfer: Transfer, damping: Damping | None
    ) -> tuple[Parameters, list[str]]:
        said: list[str] = []
        if self.hexagonal:
            angles, notes = near_given_at_once(prepared, transfer, k0_per_um)
        else:
            if self.either_way_up:
                k0_per_um, said = right_way_up(prepared, transfer, k0_per_um)
            angles, notes = near_given(prepared, transfer, k0_per_um, self.steps_rad)
        if any(angle.status != "measured" for angle in angles):
            found, others = self._searched(prepared, transfer, damping)
            if _sure(found):
                return found, [OTHER_STRIPES.format("the vectors given"), *others]
        return through_one_lens(angles, prepared.frames, transfer, damping), [*said, *notes]

    def _searched(
        self, prepared: Prepared, transfer: Transfer, damping: Damping | None
    ) -> tuple[Parameters, list[str]]:
        if self.steps_rad is None:
            return estimate(prepared, transfer, damping=damping, hexagonal=self.hexagonal), []
        evened = as_if_evened(prepared, self.steps_rad)
        found = estimate(evened, transfer, damping=damping, hexagonal=False)
        angles, notes = with_steps(found, prepared, transfer, self.steps_rad)
        return through_one_lens(angles, prepared.frames, transfer, damping), notes


def _sure(found: Parameters) -> bool:
    return all(angle.status == "measured" for angle in found.angles)
