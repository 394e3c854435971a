"""Losses of networks that refine an image in steps and return all of them as channels (SRFBN: Li et al., CVPR 2019)."""

from collections.abc import Callable, Mapping

OVER_STEPS = "_over_steps"  # behind the name of a loss


def over_steps(loss: Callable) -> Callable:
    """The sum of a loss over the channels of the prediction, each an image to be compared with the same truth."""

    def summed(y_true, y_pred):
        return sum(loss(y_true, y_pred[..., step : step + 1]) for step in range(y_pred.shape[-1]))

    return summed


def is_over_steps(wanted: str | Mapping) -> bool:
    """Whether the loss is for a network that returns the images of all its steps as channels."""
    return any(str(name).endswith(OVER_STEPS) for name in (wanted if isinstance(wanted, Mapping) else [wanted]))
