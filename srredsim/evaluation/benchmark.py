"""Scores of a model and of the baselines on the same images."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np

from srredsim import metrics, models
from srredsim.acquisition import Optics
from srredsim.data import catalogue
from srredsim.data.pairs import Pair
from srredsim.errors import InputError
from srredsim.prediction import predict_frames
from srredsim.reconstruction.parameters import estimate
from srredsim.reconstruction.preprocess import prepare
from srredsim.reconstruction.transfer import transfer_of
from srredsim.reconstruction.widefield import bicubic_upscale, fourier_upscale, widefield_of
from srredsim.reconstruction.wiener import reconstruct

METRICS = ("psnr", "rmse", "nrmse", "ssim", "ncc")
DEFINITIONS = {
    "fit": "gain and offset of every image, model and baseline alike, are first fitted to the truth by least squares",
    "data_range": "maximum minus minimum of the truth, each image its own",
    "psnr": "20 log10(data_range / RMSE), dB",
    "rmse": "root mean squared difference, in units of data_range of the normalised truth",
    "nrmse": "RMSE / data_range",
    "ssim": "11 x 11 Gaussian window, sigma 1.5, K1 0.01, K2 0.03, data_range as above",
    "ncc": "Pearson's correlation of all pixels",
    "spread": "standard deviation over the images",
}


def evaluate(model, data: str | Path = "simulated", split: str = "test", progress: Callable | None = None) -> dict:
    """Score a model, and the widefield image up-scaled by Fourier and by bicubic interpolation, on a split.

    Parameters
    ----------
    model : LoadedModel, str or Path
    data : str or Path
        A data set of the catalogue or a folder of pairs.
    progress : callable(done, total), optional

    Returns
    -------
    dict
        ``groups``: for every light level (or the whole set) the number of images, and for every method and metric the
        mean and the spread; ``definitions`` says what the numbers are.
    """
    model = models.load(model) if isinstance(model, str | Path) else model
    pairs = catalogue.open_split(data, split, model.angles, model.phases).pairs
    if hasattr(pairs, "generate"):
        pairs.generate(range(len(pairs)))
    scores: dict = defaultdict(lambda: defaultdict(list))
    for index in range(len(pairs)):
        pair = pairs[index]
        if pair.scale != model.scale:
            raise InputError(f"the truth has {pair.scale}x the raw pixels, the model makes {model.scale}x")
        level = pair.facts.get("photons")
        for method, image in images(model, pair).items():
            scores[level][method].append(score(pair.truth, image))
        if progress:
            progress(index + 1, len(pairs))
    return {
        "model": model.name,
        "data": str(data),
        "split": split,
        "precision": model.precision,
        "images": len(pairs),
        "definitions": DEFINITIONS,
        "groups": [
            {
                "photons": level,
                "images": len(next(iter(methods.values()))),
                "methods": {name: _summary(rows) for name, rows in methods.items()},
            }
            for level, methods in scores.items()
        ],
    }


def images(model, pair: Pair) -> dict[str, np.ndarray]:
    """What every method makes of the same raw frames, on the output grid."""
    widefield = widefield_of(pair.frames)
    return {
        model.name: predict_frames(model, pair.frames),
        **_wiener(model, pair),
        "widefield (Fourier)": fourier_upscale(widefield, pair.scale),
        "widefield (bicubic)": bicubic_upscale(widefield, pair.scale),
    }


def _wiener(model, pair: Pair) -> dict[str, np.ndarray]:
    """The classical reconstruction, which finds the stripes itself, where the optics of a pair are known."""
    optics = pair.facts.get("optics")
    if optics is None:
        return {}
    transfer = transfer_of(Optics(**optics))
    frames = np.moveaxis(pair.frames, -1, 0)
    prepared = prepare(frames.reshape(model.angles, model.phases, *frames.shape[1:]))
    return {"Wiener": reconstruct(prepared, estimate(prepared, transfer), transfer)[0]}


def score(truth: np.ndarray, image: np.ndarray) -> dict[str, float]:
    """Every metric of one image, after the fit that `DEFINITIONS` states."""
    truth = truth.astype(np.float64)
    data_range = truth.max() - truth.min()
    if not data_range > 0:
        raise InputError("a truth is constant; it cannot be scored against")
    fitted = (fit_intensity(image, truth) - truth.min()) / data_range
    pair = [array[None, ..., None].astype(np.float32) for array in ((truth - truth.min()) / data_range, fitted)]
    result = {}
    for name in METRICS:
        scale = () if name in metrics.SCALE_FREE else (1.0,)
        result[name] = float(metrics.METRICS[name](*pair, *scale)[0])
    return result


def fit_intensity(image: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """``gain * image + offset`` nearest to the truth in the least-squares sense; the mean if the image is constant."""
    image = image.astype(np.float64)
    spread = image - image.mean()
    power = np.sum(spread**2)
    gain = np.sum(spread * truth) / power if power else 0.0
    return gain * spread + truth.mean()


def _summary(rows: list[dict]) -> dict:
    return {
        name: {"mean": float(np.mean([row[name] for row in rows])), "std": float(np.std([row[name] for row in rows]))}
        for name in METRICS
    }
