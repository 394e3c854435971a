"""The learning rate over the steps of a training."""

from __future__ import annotations

import math

import keras
from keras import ops

from srredsim.zoo.recipe import Recipe


@keras.saving.register_keras_serializable("srredsim")
class Scheduled(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warm-up, then constant, a cosine down to a fraction, or a factor every so many steps down to ``least``."""

    def __init__(self, kind, peak, total_steps, warmup_steps, final_fraction, step_every, step_factor, least=0.0):
        super().__init__()
        self._config = {
            "kind": kind,
            "peak": peak,
            "total_steps": total_steps,
            "warmup_steps": warmup_steps,
            "final_fraction": final_fraction,
            "step_every": step_every,
            "step_factor": step_factor,
            "least": least,
        }

    def __call__(self, step):
        c, step = self._config, ops.cast(step, "float32")
        warm = ops.minimum(1.0, (step + 1.0) / max(c["warmup_steps"], 1))
        if c["kind"] == "cosine":
            span = max(c["total_steps"] - c["warmup_steps"], 1)
            done = ops.clip((step - c["warmup_steps"]) / span, 0.0, 1.0)
            factor = c["final_fraction"] + (1 - c["final_fraction"]) * 0.5 * (1 + ops.cos(math.pi * done))
        elif c["kind"] == "step":
            factor = ops.power(c["step_factor"], ops.floor(step / c["step_every"]))
        else:
            factor = 1.0
        return ops.maximum(c["peak"] * warm * factor, c["least"])

    def get_config(self):
        return dict(self._config)


def learning_rate(recipe: Recipe) -> Scheduled:
    """The schedule of a recipe."""
    schedule = recipe.schedule
    return Scheduled(
        schedule.name,
        recipe.optimizer.learning_rate,
        recipe.epochs * recipe.steps,
        schedule.warmup_steps,
        schedule.final_fraction,
        schedule.step_every or schedule.step_epochs * recipe.steps,
        schedule.step_factor,
        schedule.least if schedule.name == "step" else 0.0,
    )
