"""What an image is worth beside its truth, whatever its gain and offset."""

from __future__ import annotations

import numpy as np

from srredsim import metrics
from srredsim.errors import InputError
from srredsim.quality.frc import TRUTH, frc, resolution_um
from srredsim.quality.intensity import fit_intensity

METRICS = ("psnr", "rmse", "nrmse", "ssim", "ncc")
DEFINITIONS = {
    "fit": "gain and offset of every image, model and baseline alike, are first fitted to the truth by least squares",
    "data_range": "maximum minus minimum of the truth, each image its own",
    "psnr": "20 log10(data_range / RMSE), dB",
    "rmse": "root mean squared difference of truth and image, both divided by data_range: the same number as nrmse",
    "nrmse": "RMSE / data_range",
    "ssim": "11 x 11 Gaussian window, sigma 1.5, K1 0.01, K2 0.03, data_range as above; less the minimum of the truth",
    "ncc": "Pearson's correlation of all pixels",
    "frc_per_um": "frequency, in cycles/um, up to which the Fourier ring correlation with the truth stays above 0.5",
    "spread": "standard deviation over the images",
}


def score(truth: np.ndarray, image: np.ndarray, pixel_size_um: float | None = None) -> dict[str, float]:
    """Every metric of one image, after the fit that `DEFINITIONS` states; FRC where the pixel size is known.

    Raises
    ------
    InputError
        If the truth is constant.
    """
    truth = truth.astype(np.float64)
    data_range = truth.max() - truth.min()
    if not data_range > 0:
        raise InputError("a truth is constant; it cannot be scored against")
    fitted = (fit_intensity(image, truth) - truth.min()) / data_range
    pair = [array[None, ..., None].astype(np.float32) for array in ((truth - truth.min()) / data_range, fitted)]
    result = {}
    for name in METRICS:
        scale = (1.0,) if metrics.needs_data_range(name) else ()
        result[name] = float(metrics.function(name)(*pair, *scale)[0])
    if pixel_size_um:
        frequencies, correlation = frc(truth, image, pixel_size_um)
        resolved_um = resolution_um(frequencies, correlation, TRUTH) or 1 / frequencies[-1]  # all that pixels carry
        result["frc_per_um"] = 1 / resolved_um
    return result
