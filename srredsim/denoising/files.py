"""A widefield file denoised plane by plane, each with the noise that is measured in it: ``<stem>_<method>.tif``."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from srredsim import io, picture
from srredsim.denoising.methods import named
from srredsim.denoising.mixture import load
from srredsim.denoising.noise import SMALLEST, Noise, noise_parameters
from srredsim.errors import InputError
from srredsim.io import orders
from srredsim.io.formats import open_source
from srredsim.io.source import Source

RAW_COUNTS = (9, 15, 25)  # frames of one raw stack of structured illumination
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
        One of `srredsim.denoising.methods.METHODS`.
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
    started = time.perf_counter()
    path = Path(path)
    work = _method(method, prior)
    source = open_source(path, pixel_size_um)
    numbers = _planes(source)
    given = None if noise is None else _checked(Noise(*noise))
    result = Path(out or path.parent) / f"{path.stem}_{method}.tif"
    preview = result.with_suffix(".png")
    rows, notes = [], [*source.notes, *_doubts(source)]
    shown = (0, 0, numbers.shape[2] // 2)
    with (
        io.atomic(preview, overwrite) as temporary,
        io.ImageWriter(
            result, (*numbers.shape, *source.size), dtype, overwrite=overwrite, **_calibration(source)
        ) as to,
    ):
        for position in np.ndindex(*numbers.shape):
            try:
                noisy = _checked_plane(source.plane(int(numbers[position])))
                limits, clipped = camera_limits(noisy, source.dtype)
                measured = given or _measured(noisy, limits)
                to[position] = work(noisy, measured, limits)
            except InputError as problem:
                raise InputError(": ".join(filter(None, (_which(numbers.shape, position), str(problem))))) from None
            rows.append({**dict(zip("tcz", position, strict=True)), **measured._asdict()})
            notes += [f"{_which(numbers.shape, position)} {clipped}".strip()] if clipped else []
            if progress:
                progress(len(rows), numbers.size)
        picture.side_by_side(
            temporary,
            np.asarray(source.plane(int(numbers[shown])), np.float32),
            np.asarray(to.plane(*shown)),
            names=("noisy", method),
            title="   ".join(filter(None, (path.name, _which(numbers.shape, shown)))),
            pixel_size_um=source.optics.pixel_size_um,
        )
    return {
        "input": str(path),
        "method": method,
        "paths": [str(result), str(preview)],
        "shape_tczyx": [*numbers.shape, *source.size],
        "pixel_size_um": source.optics.pixel_size_um,
        "noise": "measured" if given is None else "given",
        "planes": rows,
        "seconds": round(time.perf_counter() - started, 3),
        "notes": notes,
    }


def lines(report: dict) -> list[str]:
    """What a report says about noise, a line for each plane, and its notes."""
    text = []
    for row in report["planes"]:
        place = _which(report["shape_tczyx"][:3], tuple(row[axis] for axis in "tcz"))
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
    if method != "vst_epll":
        raise InputError(f"a prior is for vst_epll; {method} has none")
    load(prior)  # a wrong one stops the run before any work
    return lambda noisy, noise, limits: work(noisy, noise, limits, prior=prior)


def _planes(source: Source) -> np.ndarray:
    """Numbers (t, c, z) of the planes in the file."""
    named_axes = dict(zip(source.letters, source.shape, strict=True))
    if max(named_axes.get("A", 1), named_axes.get("P", 1)) > 1:
        raise InputError(
            "this is a raw stack of structured illumination, with angles and phases, not a widefield image; "
            "srredsim reconstruct and srredsim predict take it"
        )
    y, x = source.size
    if min(y, x) < SMALLEST:
        colour = "; is the last axis the colour? Give planes of grey values" if x in (3, 4) else ""
        raise InputError(f"the planes are {y} x {x} pixels; {SMALLEST} x {SMALLEST} is the least{colour}")
    return orders.arrange_planes(source.letters, source.shape)


def _doubts(source: Source) -> list[str]:
    """What the file may not be meant to be."""
    frames = int(np.prod(source.shape))
    if set(source.letters) <= {"I", "Z", "T"} and frames in RAW_COUNTS:
        return [
            f"the {frames} planes are denoised one by one; if they are the raw frames of one SIM image, "
            "srredsim predict and srredsim reconstruct make more of them"
        ]
    return []


def _measured(plane: np.ndarray, limits: tuple[float, float] | None) -> Noise:
    try:
        noise = noise_parameters(plane, limits)
    except InputError as problem:
        raise InputError(f"{problem}; or give --noise A B") from None
    if not all(np.isfinite(noise)) or not noise.std(plane.mean()) > 0:
        raise InputError(
            f"noise cannot be measured: a variance of {noise.a:.3g} x brightness {noise.b:+.3g} is none at the mean "
            "brightness; the image was smoothed before, or has too little smooth ground; give --noise A B"
        )
    return noise


def _checked(noise: Noise) -> Noise:
    if not all(np.isfinite(noise)) or max(noise) <= 0:
        raise InputError(f"noise is of the variance a x + b, one of them above 0; got a = {noise.a:g}, b = {noise.b:g}")
    return noise


def _checked_plane(plane: np.ndarray) -> np.ndarray:
    plane = np.asarray(plane, float)
    bad = np.count_nonzero(~np.isfinite(plane))
    if bad:
        raise InputError(f"{bad} of {plane.size} pixels are not finite (NaN or infinite); replace them first")
    if plane.min() == plane.max():
        raise InputError(f"every pixel is {plane.flat[0]:g}: there is no image")
    return plane


def _calibration(source: Source) -> dict:
    """What travels to the result."""
    optics = source.optics
    return {
        "pixel_size_um": optics.pixel_size_um,
        "z_step_um": optics.z_step_um,
        "frame_interval_s": optics.frame_interval_s,
        "channel_names": source.channel_names,
    }


def _which(shape: tuple[int, ...], position: tuple[int, ...]) -> str:
    """``t=2, z=0``: the position, as far as there are several."""
    return ", ".join(f"{axis}={i}" for axis, n, i in zip("tcz", shape, position, strict=True) if n > 1)
