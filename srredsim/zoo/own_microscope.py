"""A model that was trained for one microscope, and the stacks that it is given: are they of that one?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from srredsim.acquisition import IN_WORDS, OPTICS, RawStack
from srredsim.errors import InputError
from srredsim.inspection.calibration import SAME_OPTICS, stripes_apart
from srredsim.optics.transfer import transfers_of
from srredsim.reconstruction.planes import found_of
from srredsim.reconstruction.survey import Sharpest
from srredsim.simulation import calibration
from srredsim.stripes.parameters import Parameters
from srredsim.zoo.models import LoadedModel

Find = Callable[[Sharpest], Any]


def finding(model: LoadedModel, stack: RawStack, find: Find | None) -> Find | None:
    """What else is to be found in a stack: its stripes, if those of the model's microscope are to be compared."""
    if find or not model.recipe.data.options.get("microscope"):
        return find
    try:
        transfers = transfers_of(stack)
    except InputError:  # without optics no stripes are found
        return None

    def found(sharpest: Sharpest) -> Parameters | InputError:
        try:
            return found_of(sharpest, transfers[sharpest.channel]).parameters
        except InputError as problem:
            return problem

    return found


def doubts(model: LoadedModel, stack: RawStack, stripes: Sequence[Parameters | InputError]) -> list[str]:
    """In a line, that a stack is of another microscope than the model was trained for; nothing if it is of this one."""
    content = model.recipe.data.options.get("microscope")
    if not content:
        return []
    own = calibration.of(content, "data.microscope")
    problem = _other_optics(own, stack) or next(filter(None, (_other_stripes(own, each) for each in stripes)), "")
    if not problem:
        return []
    return [f"warning: {model.name} was trained for another microscope: {problem} its stacks; its image may be wrong"]


def _other_optics(own: calibration.Calibration, stack: RawStack) -> str:
    for name in OPTICS:
        value, words = getattr(stack.optics, name), IN_WORDS[name]
        if value is not None and not np.any(np.abs(np.atleast_1d(value) / getattr(own, name) - 1) <= SAME_OPTICS):
            return f"{words[0]} {np.atleast_1d(value)[0]:g}{words[1]}, not {getattr(own, name):g}{words[1]} as in"
    return ""


def _other_stripes(own: calibration.Calibration, found: Parameters | InputError) -> str:
    if isinstance(found, InputError):
        return ""
    if found.at_once > 1:
        return "a hexagonal pattern, not stripes as in"
    seen = [number for number, angle in enumerate(found.angles) if angle.status in ("measured", "inferred")]
    k0, own_k0 = (np.array([each.angles[n].k0_per_um for n in seen]) for each in (found, own))
    return stripes_apart(k0, own_k0, [n + 1 for n in seen]) if seen else ""
