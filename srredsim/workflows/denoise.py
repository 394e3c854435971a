"""A widefield file denoised plane by plane, each with the noise that is measured in it: ``<stem>_<method>.tif``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from srredsim.acquisition import which
from srredsim.denoising.methods import named, takers
from srredsim.denoising.mixture import load
from srredsim.errors import InputError
from srredsim.io import Reading, Writing
from srredsim.noise.line import NoiseLine
from srredsim.noise.one_image import SMALLEST_SIDE, noise_of_image
from srredsim.workflows.planewise import Plane, Work, planewise

CLIPPED = 1e-3  # share of the pixels at a limit of the camera from which on it is said


def denoise_file(
    path: str | Path,
    method: str,
    *,
    noise: tuple[float, float] | None = None,
    prior: str | Path | None = None,
    pixel_size_um: float | None = None,
    out: str | Path | None = None,
    dtype: str = "float32",
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> dict:
    """Denoise every t, c and z of a file: ``<stem>_<method>.tif`` and ``.png`` in the folder ``out``.

    Parameters
    ----------
    method : str
        One of `srredsim.denoising.methods`.
    noise : (a, b), optional
        Variance ``a x + b`` at brightness x, in the units of the file. Left out: measured in each plane by itself.
    prior : path, optional
        Patch prior of vst_epll, see `srredsim.denoising.mixture.load`.
    pixel_size_um : float, optional
        Left out: the file says.
    out : path, optional
        Beside the input when left out.
    dtype : {"float32", "uint16"}
        Of the result; uint16 is rounded and clipped to 0 ... 65535.
    progress : callable, optional
        Called as ``progress(done, total)`` after every plane.

    Returns
    -------
    dict
        What was done, ready for JSON: input, method, paths, shape_tczyx, pixel_size_um, planes (t, c, z, a, b, and
        whether they were measured or given), seconds, notes.

    Raises
    ------
    InputError
        If the file cannot be used, or a result exists already. Nothing is left half-written.
    """
    work = _method(method, prior)
    given = None if noise is None else _checked(NoiseLine(*noise))
    rows, doubts = [], []

    def denoised(plane: Plane) -> np.ndarray:
        noisy = np.asarray(plane.image, float)
        limits, clipped = camera_limits(noisy, plane.image.dtype)
        measured = _usable(given, noisy) if given else _measured(noisy, limits)
        rows.append(dict(zip("tczab", (*plane.position, *measured.coefficients), strict=True)))
        doubts.extend([f"{plane.where} {clipped}".strip()] if clipped else [])
        return work(noisy, measured, limits)

    report = planewise(
        path,
        Work(method, denoised, smallest=SMALLEST_SIDE),
        reading=Reading(pixel_size_um=pixel_size_um),
        writing=Writing(out, dtype, overwrite),
        progress=progress,
    )
    return report | {
        "method": method,
        "noise": "measured" if given is None else "given",
        "planes": rows,
        "notes": [*report["notes"], *doubts],
    }


def lines(report: dict) -> list[str]:
    """What a report says about noise, a line for each plane, and its notes."""
    text = []
    for row in report["planes"]:
        place = which(report["shape_tczyx"][:3], tuple(row[axis] for axis in "tcz"))
        line = f"noise {report['noise']}: variance = {row['a']:.4g} x brightness {row['b']:+.4g}"
        text.append(f"{place}: {line}" if place else line)
    return [*text, *report["notes"]]


def camera_limits(plane: np.ndarray, dtype: np.dtype) -> tuple[tuple[float, float] | None, str]:
    """Values at which pixels of an unsigned type were cut off, and a remark; None if hardly any were.

    A bound that was not reached is told nevertheless: it cannot be felt.
    """
    if dtype.kind != "u":
        return None, ""
    low, high = 0.0, float(np.iinfo(dtype).max)
    dark, bright = (float(np.mean(plane == value)) for value in (low, high))
    said = [f"{share:.1%} of the pixels are {value:g}" for share, value in ((dark, low), (bright, high))]
    said = [text for text, share in zip(said, (dark, bright), strict=True) if share > CLIPPED]
    return ((low, high), f"{' and '.join(said)}, cut off: brightness is lost there") if said else (None, "")


def _method(method: str, prior: str | Path | None) -> Callable[..., np.ndarray]:
    work = named(method)
    if prior is None:
        return work
    if method not in takers("prior"):
        raise InputError(f"`prior` is for {' or '.join(takers('prior'))}; {method} takes none")
    load(prior)  # a wrong one stops the run before any work
    return lambda noisy, noise, limits: work(noisy, noise, limits, prior=prior)


def _measured(plane: np.ndarray, limits: tuple[float, float] | None) -> NoiseLine:
    try:
        noise = noise_of_image(plane, limits)
    except InputError as problem:
        raise InputError(f"{problem}; or give `noise=(A, B)`") from None
    a, b = noise.coefficients
    if not np.isfinite([a, b]).all() or not noise.std(plane.mean()) > 0:
        raise InputError(
            f"noise cannot be measured: a variance of {a:.3g} x brightness {b:+.3g} is none at the mean "
            "brightness; the image was smoothed before, or has too little smooth ground; give `noise=(A, B)`"
        )
    return noise


def _usable(noise: NoiseLine, plane: np.ndarray) -> NoiseLine:
    """The noise that was given, if it is any at the mean brightness."""
    mean = plane.mean()
    if not noise.std(mean) > 0:
        a, b = noise.coefficients
        raise InputError(
            f"`noise=({a:g}, {b:g})` is a variance below 0 at the mean brightness {mean:.4g}; "
            "A x brightness + B is above 0 there"
        )
    return noise


def _checked(noise: NoiseLine) -> NoiseLine:
    a, b = noise.coefficients
    if not np.isfinite([a, b]).all() or max(a, b) <= 0:
        raise InputError(f"noise is of the variance a x + b, one of them above 0; got a = {a:g}, b = {b:g}")
    return noise
