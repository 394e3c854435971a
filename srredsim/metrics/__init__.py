"""Image metrics: every file is a family, every public function of (y_true, y_pred) in it a metric of its own name.

One value per image of (batch, y, x, channels), computed in float32 whatever the policy. A metric with a third argument
``data_range`` needs the span of the values a perfect instrument could give (for normalised images usually 1): only the
caller knows it, so it has no default. It is one number, or one number per image. One with an argument ``border`` cuts
so many pixels off on every side.
"""

import inspect
from collections.abc import Callable

import keras
from keras import ops

from srredsim.errors import InputError
from srredsim.members import Functions
from srredsim.metrics._pair import float32_pair

__all__ = ["ImageMetric", "float32_pair", "function", "get", "names", "needs_data_range"]


def _is_metric(function: Callable) -> bool:
    return list(inspect.signature(function).parameters)[:2] == ["y_true", "y_pred"]


_functions = Functions("metric", __name__, __path__, _is_metric)
names, function = _functions.names, _functions.get


def needs_data_range(name: str) -> bool:
    """Whether a metric is relative to the span of the values."""
    return "data_range" in inspect.signature(function(name)).parameters


def get(
    name: str, data_range: float | None = None, last_channel: bool = False, border: int | None = None
) -> "ImageMetric":
    """The metric of this name, averaged over the images it has seen (a ``keras.metrics.Metric``).

    ``data_range`` and ``border`` are for the metrics that have such an argument.

    Raises
    ------
    InputError
        If there is none of that name, or if it needs ``data_range``.
    """
    return ImageMetric(name, data_range, last_channel, border)


@keras.saving.register_keras_serializable("srredsim")
class ImageMetric(keras.metrics.Mean):
    """Mean over images of the metric of this name; ``sample_weight`` has one weight per image.

    ``last_channel``: of a prediction whose channels are the steps to an image, the last one counts. An image without a
    region of interest counts in no metric that is of one (`srredsim.metrics.eight_bit`).
    """

    def __init__(
        self,
        metric: str,
        data_range: float | None = None,
        last_channel: bool = False,
        border: int | None = None,
        name: str | None = None,
        dtype="float32",
    ):
        value = function(metric)
        known = inspect.signature(value).parameters
        scaled = needs_data_range(metric)
        if data_range is None and scaled:
            raise InputError(f"metric {metric} needs `data_range`, the span of the values (1 for normalised images)")
        super().__init__(name=name or metric, dtype=dtype)
        self._value, self.metric, self._of_region = value, metric, "empty_counts" in known
        self.data_range = None if data_range is None else float(data_range)
        self.last_channel, self.border = last_channel, border
        self._settings = {"data_range": self.data_range} if scaled else {}
        self._settings |= {"border": border} if border and "border" in known else {}

    def update_state(self, y_true, y_pred, sample_weight=None):
        image = y_pred[..., -1:] if self.last_channel else y_pred
        values = self._value(y_true, image, **self._settings)
        if self._of_region:
            finite = ops.all(ops.isfinite(ops.cast(image, "float32")), axis=(1, 2, 3))
            empty = ops.logical_and(ops.isnan(values), finite)  # an image that is none keeps its NaN
            weight = ops.where(empty, 0.0, 1.0)
            sample_weight = weight if sample_weight is None else weight * ops.cast(sample_weight, "float32")
            values = ops.where(empty, 0.0, values)
        return super().update_state(values, sample_weight)

    def result(self):
        """NaN where none of the images had a region, which the mean of no number would make 0."""
        mean = super().result()
        return ops.where(self.count > 0, mean, float("nan")) if self._of_region else mean

    def get_config(self):
        own = {"metric": self.metric, "data_range": self.data_range, "last_channel": self.last_channel}
        return {**super().get_config(), **own, "border": self.border}
