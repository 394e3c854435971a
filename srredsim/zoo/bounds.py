"""Numbers of a recipe and between which values they are: what a training can be made of at all."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from srredsim.errors import InputError, shown

if TYPE_CHECKING:
    from srredsim.zoo.recipe import Recipe


@dataclass(frozen=True)
class Bound:
    """What a number has to be, in words, and whether it is."""

    words: str
    holds: Callable[[float], bool]


COUNT = Bound("at least 1", lambda value: value >= 1)
NUMBER = Bound("0 or more", lambda value: value >= 0)
ABOVE = Bound("above 0", lambda value: value > 0)
SHARE = Bound("from 0 to below 1", lambda value: 0 <= value < 1)
FRACTION = Bound("from 0 to 1", lambda value: 0 <= value <= 1)
FACTOR = Bound("above 0, at most 1", lambda value: 0 < value <= 1)
SEED = Bound("from 0 to 2^32 - 1", lambda value: 0 <= value < 2**32)

BOUNDS = {
    "epochs": COUNT,
    "steps": COUNT,
    "seed": SEED,
    "data.angles": COUNT,
    "data.phases": COUNT,
    "data.noise_level": COUNT,
    "data.leaves": SHARE,
    "data.dense": SHARE,
    "data.crop": COUNT,
    "data.batch": COUNT,
    "data.gain_jitter": NUMBER,
    "data.count": COUNT,
    "data.validation_count": COUNT,
    "data.control_count": NUMBER,
    "data.validation_crop": COUNT,
    "optimizer.learning_rate": ABOVE,
    "optimizer.weight_decay": NUMBER,
    "optimizer.clip_norm": ABOVE,
    "optimizer.ema": SHARE,
    "optimizer.l2": NUMBER,
    "optimizer.l1": NUMBER,
    "optimizer.momentum": SHARE,
    "optimizer.epsilon": ABOVE,
    "schedule.warmup_steps": NUMBER,
    "schedule.final_fraction": FRACTION,
    "schedule.step_epochs": COUNT,
    "schedule.step_factor": FACTOR,
    "schedule.least": NUMBER,
    "schedule.step_every": COUNT,
    "adversarial.weight": ABOVE,
    "adversarial.learning_rate": ABOVE,
    "adversarial.warm_up_epochs": NUMBER,
    "fine_tuning.patience": COUNT,
}  # None, where it may stand, is not looked at


def check(recipe: Recipe) -> None:
    """InputError with the key, what it has to be and what came, of the first number that is out of its bounds."""
    for key, bound in BOUNDS.items():
        value: Any = recipe
        for part in key.split("."):
            value = None if value is None else getattr(value, part)
        if value is not None and not (math.isfinite(value) and bound.holds(value)):
            raise InputError(f"{key} is {bound.words}; got {shown(value)}")
