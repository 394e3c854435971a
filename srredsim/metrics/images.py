"""Image metrics: one value per image of (batch, y, x, channels), computed in float32 whatever the policy.

``data_range`` is the span of the values a perfect instrument could give (for normalised images usually 1): only the
caller knows it, so it has no default. It is one number, or one number per image.
"""

import keras
from keras import ops

from srredsim.errors import InputError
from srredsim.resources import unknown

SSIM_SIZE, SSIM_SIGMA, SSIM_K1, SSIM_K2 = 11, 1.5, 0.01, 0.03  # Wang et al., IEEE TIP 13, 600 (2004)


def rmse(y_true, y_pred):
    """Root of the mean squared error, in the units of the images."""
    return ops.sqrt(mean_squared_error(y_true, y_pred))


def nrmse(y_true, y_pred, data_range):
    """RMSE divided by ``data_range`` (other definitions divide by the mean, the norm or the standard deviation)."""
    return rmse(y_true, y_pred) / ops.cast(data_range, "float32")


def psnr(y_true, y_pred, data_range):
    """Peak signal-to-noise ratio, 20 log10(data_range / RMSE), in dB; infinite for a perfect image."""
    peak = ops.log10(ops.cast(data_range, "float32"))
    return 20.0 * peak - 10.0 * ops.log10(mean_squared_error(y_true, y_pred))


def ssim(y_true, y_pred, data_range):
    """Structural similarity (Wang et al., 2004), the mean over the pixels whose 11 x 11 window lies inside the image.

    Gaussian window with sigma 1.5 pixels, K1 = 0.01, K2 = 0.03, weighted (not sample) variances; with several
    channels the mean over them. 1 for a perfect image. Images need at least 11 x 11 pixels.
    """
    y_true, y_pred = float32_pair(y_true, y_pred)
    if any(isinstance(side, int) and side < SSIM_SIZE for side in y_true.shape[1:3]):
        raise ValueError(f"SSIM needs images of at least {SSIM_SIZE} x {SSIM_SIZE} pixels; got {tuple(y_true.shape)}")
    data_range = ops.reshape(ops.cast(data_range, "float32"), (-1, 1, 1, 1))
    c1, c2 = ops.square(SSIM_K1 * data_range), ops.square(SSIM_K2 * data_range)
    offset_a, offset_b = (ops.mean(image, axis=(1, 2, 3), keepdims=True) for image in (y_true, y_pred))
    a, b = y_true - offset_a, y_pred - offset_b  # the variances stay the same, but keep more digits
    maps = _gaussian_mean(ops.concatenate([a, b, a * a, b * b, a * b], axis=-1))
    mean_a, mean_b, mean_aa, mean_bb, mean_ab = ops.split(maps, 5, axis=-1)
    variances = ops.relu(mean_aa - mean_a * mean_a) + ops.relu(mean_bb - mean_b * mean_b)
    covariance = ops.clip(mean_ab - mean_a * mean_b, -variances / 2.0, variances / 2.0)  # true but for rounding
    mean_a, mean_b = mean_a + offset_a, mean_b + offset_b
    luminance = (2.0 * mean_a * mean_b + c1) / (mean_a * mean_a + mean_b * mean_b + c1)
    structure = (2.0 * covariance + c2) / (variances + c2)
    return ops.mean(luminance * structure, axis=(1, 2, 3))


def ncc(y_true, y_pred):
    """Normalised cross-correlation (Pearson's coefficient over all pixels), -1 to 1.

    Blind to offset and gain. Where one of the images is constant it is not defined mathematically; here it is 0.
    """
    a, b = map(_centred, float32_pair(y_true, y_pred))
    norm = _root_mean_square(a) * _root_mean_square(b)
    defined = norm > 0.0
    return ops.where(defined, ops.mean(a * b, axis=(1, 2, 3)) / ops.where(defined, norm, 1.0), 0.0)


def mean_squared_error(y_true, y_pred):
    """Mean squared difference of each image."""
    y_true, y_pred = float32_pair(y_true, y_pred)
    return ops.mean(ops.square(y_true - y_pred), axis=(1, 2, 3))


def float32_pair(y_true, y_pred):
    """Both images as float32 tensors; ValueError unless both have the same shape (batch, y, x, channels)."""
    y_true, y_pred = (ops.cast(ops.convert_to_tensor(image), "float32") for image in (y_true, y_pred))
    shapes = tuple(y_true.shape), tuple(y_pred.shape)
    known = [pair for pair in zip(*shapes, strict=False) if all(isinstance(size, int) for size in pair)]
    if {len(shape) for shape in shapes} != {4} or any(one != other for one, other in known):
        raise ValueError(f"truth and prediction must both be (batch, y, x, channels); got {shapes[0]} and {shapes[1]}")
    return y_true, y_pred


METRICS = {"psnr": psnr, "rmse": rmse, "nrmse": nrmse, "ssim": ssim, "ncc": ncc}
SCALE_FREE = ("rmse", "ncc")  # those that need no data_range


def get(name: str, data_range: float | None = None, last_channel: bool = False) -> "ImageMetric":
    """The metric of this name, averaged over the images it has seen (a ``keras.metrics.Metric``)."""
    return ImageMetric(name, data_range, last_channel)


@keras.saving.register_keras_serializable("srredsim")
class ImageMetric(keras.metrics.Mean):
    """Mean over images of one of ``METRICS``; ``sample_weight`` has one weight per image.

    ``last_channel``: of a prediction whose channels are the steps to an image, the last one counts.
    """

    def __init__(
        self,
        metric: str,
        data_range: float | None = None,
        last_channel: bool = False,
        name: str | None = None,
        dtype="float32",
    ):
        if metric not in METRICS:
            raise InputError(unknown("metric", str(metric), list(METRICS)))
        if data_range is None and metric not in SCALE_FREE:
            raise InputError(f"metric {metric} needs data_range, the span of the values (1 for normalised images)")
        super().__init__(name=name or metric, dtype=dtype)
        self.metric, self.data_range = metric, None if data_range is None else float(data_range)
        self.last_channel = last_channel

    def update_state(self, y_true, y_pred, sample_weight=None):
        scale = () if self.metric in SCALE_FREE else (self.data_range,)
        image = y_pred[..., -1:] if self.last_channel else y_pred
        return super().update_state(METRICS[self.metric](y_true, image, *scale), sample_weight)

    def get_config(self):
        own = {"metric": self.metric, "data_range": self.data_range, "last_channel": self.last_channel}
        return {**super().get_config(), **own}


def _gaussian_mean(image):
    """Weighted mean under the SSIM window, where the window lies inside the image."""
    weights = _ssim_weights()
    for axis in (1, 2):
        kernel = ops.reshape(weights, (-1, 1, 1, 1) if axis == 1 else (1, -1, 1, 1))
        image = ops.depthwise_conv(image, ops.tile(kernel, (1, 1, image.shape[-1], 1)), padding="valid")
    return image


def _ssim_weights():
    """One axis of the Gaussian window; they sum to 1."""
    pixels = ops.arange(SSIM_SIZE, dtype="float32") - SSIM_SIZE // 2
    weights = ops.exp(-0.5 * ops.square(pixels / SSIM_SIGMA))
    return weights / ops.sum(weights)


def _centred(image):
    """Minus its mean; exactly zero if constant (the first pixel goes first, because a rounded mean would not do it)."""
    image = image - image[:, :1, :1, :1]
    return image - ops.mean(image, axis=(1, 2, 3), keepdims=True)


def _root_mean_square(image):
    return ops.sqrt(ops.mean(ops.square(image), axis=(1, 2, 3)))
