"""Scores of a model and of the baselines on the same images."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np

from srredsim.acquisition import Optics, raw_from_frames
from srredsim.data import catalogue
from srredsim.data.pairs import Pair
from srredsim.errors import InputError
from srredsim.metrics import images as metrics
from srredsim.optics.transfer import transfer_of
from srredsim.quality.frc import TRUTH, frc, resolution_um
from srredsim.reconstruction.planes import of_optics
from srredsim.reconstruction.upscale import bicubic_upscale, fourier_upscale, widefield_of
from srredsim.stripes.preprocess import prepare
from srredsim.zoo import models, recipe
from srredsim.zoo.windows import Network

METRICS = ("psnr", "rmse", "nrmse", "ssim", "ncc")
DEFINITIONS = {
    "fit": "gain and offset of every image, model and baseline alike, are first fitted to the truth by least squares",
    "data_range": "maximum minus minimum of the truth, each image its own",
    "psnr": "20 log10(data_range / RMSE), dB",
    "rmse": "root mean squared difference, in units of data_range of the normalised truth",
    "nrmse": "RMSE / data_range",
    "ssim": "11 x 11 Gaussian window, sigma 1.5, K1 0.01, K2 0.03, data_range as above",
    "ncc": "Pearson's correlation of all pixels",
    "frc_per_um": "frequency, in cycles/um, up to which the Fourier ring correlation with the truth stays above 0.5",
    "spread": "standard deviation over the images",
}


def evaluate(
    model,
    data: str | Path = "simulated",
    split: str = "test",
    progress: Callable | None = None,
    pattern: str | None = None,
) -> dict:
    """Score a model, and the widefield image up-scaled by Fourier and by bicubic interpolation, on a split.

    Parameters
    ----------
    model : LoadedModel, str or Path
    data : str or Path
        A data set of the catalogue or a folder of pairs.
    progress : callable(done, total), optional
    pattern : str, optional
        Angles x phases of the stacks, as ``3x5``; left out: all that the model is for.

    Returns
    -------
    dict
        ``groups``: for every pattern and light level (or the whole set) the number of images, and for every method and
        metric the mean and the spread; ``definitions`` says what the numbers are.

    Raises
    ------
    InputError
        If there is no such data set, or if the model does not take its stacks.
    """
    model = models.load(model) if isinstance(model, str | Path) else model
    if model.recipe.data.input == "widefield":
        raise InputError(f"{model.name} takes widefield images, not raw stacks; srredsim benchmark w2s scores it")
    splits = {pattern: _opened(data, split, pattern, model) for pattern in _patterns(model, data, pattern)}
    total, done = sum(map(len, splits.values())), 0
    scores: dict = defaultdict(lambda: defaultdict(list))
    for pattern, pairs in splits.items():
        for index in range(len(pairs)):
            pair = pairs[index]
            group = "x".join(map(str, pattern)), pair.facts.get("photons")
            for method, image in images(model, pair, *pattern).items():
                scores[group][method].append(score(pair.truth, image, _pixel_size_um(pair)))
            done += 1
            if progress:
                progress(done, total)
    return {
        "model": model.name,
        "data": str(data),
        "split": split,
        "precision": model.precision,
        "images": total,
        "definitions": DEFINITIONS,
        "groups": [
            {
                "pattern": pattern,
                "photons": level,
                "images": len(next(iter(methods.values()))),
                "methods": {name: _summary(rows) for name, rows in methods.items()},
            }
            for (pattern, level), methods in scores.items()
        ],
    }


def _patterns(model, data: str | Path, wanted: str | None) -> list[tuple[int, int]]:
    """(angles, phases) of the stacks that the model is tested on."""
    patterns = [recipe.pattern(wanted)] if wanted else model.recipe.data.each_pattern
    if len(patterns) > 1 and Path(data).is_dir():
        named = " and ".join("x".join(map(str, pattern)) for pattern in patterns)
        raise InputError(f"{model.name} is for stacks of {named}; say with --pattern which of them {data} holds")
    return patterns


def _opened(data: str | Path, split: str, pattern: tuple[int, int], model):
    pairs = catalogue.open_split(data, split, *pattern).pairs
    if hasattr(pairs, "generate"):
        pairs.generate(range(len(pairs)))
    if pairs[0].scale != model.scale:
        raise InputError(f"the truth has {pairs[0].scale}x the raw pixels, the model makes {model.scale}x")
    return pairs


def _pixel_size_um(pair: Pair) -> float | None:
    """Of the truth."""
    optics = pair.facts.get("optics")
    return optics["pixel_size_um"] / pair.scale if optics else None


def images(model, pair: Pair, angles: int, phases: int) -> dict[str, np.ndarray]:
    """What every method makes of the same raw frames, on the output grid.

    The Wiener image, whose stripes are found in the frames, is there where the optics of the pair are known.
    """
    widefield, wiener = widefield_of(pair.frames), {}
    if "optics" in pair.facts:
        transfer = transfer_of(Optics(**pair.facts["optics"]))
        prepared = prepare(raw_from_frames(pair.frames, angles, phases))
        wiener = {"Wiener": of_optics(prepared, transfer)[0]}
    image = model.kind.of_pair(Network(model), pair, wiener.get("Wiener"))
    return {
        model.name: image,
        **wiener,
        "widefield (Fourier)": fourier_upscale(widefield, pair.scale),
        "widefield (bicubic)": bicubic_upscale(widefield, pair.scale),
    }


def score(truth: np.ndarray, image: np.ndarray, pixel_size_um: float | None = None) -> dict[str, float]:
    """Every metric of one image, after the fit that `DEFINITIONS` states; FRC where the pixel size is known."""
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
    if pixel_size_um:
        result["frc_per_um"] = 1 / resolution_um(*frc(truth, image, pixel_size_um), TRUTH)
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
        for name in rows[0]
    }
