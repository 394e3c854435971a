"""Widefield images, or a file of them, denoised plane by plane, each with the noise that is measured in it.

A file is planned, done and merged as a prediction is: see `srredsim.workflows.predict`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from srredsim import checks
from srredsim.acquisition import Position, RawStack, which
from srredsim.denoising.methods import named, names, takers
from srredsim.denoising.mixture import load_prior
from srredsim.errors import InputError
from srredsim.io import Reading, Writing
from srredsim.lost_frames import SeenPlanes, digest_of_plane
from srredsim.noise.line import NoiseLine
from srredsim.noise.one_image import SMALLEST_SIDE, noise_of_image
from srredsim.workflows import planewise as planes
from srredsim.workflows.merging import merged
from srredsim.workflows.planewise import Plane, Work, done, planewise

if TYPE_CHECKING:
    from srredsim.zoo.chain import Chain
    from srredsim.zoo.models import LoadedModel

    Model = str | Path | LoadedModel | Chain

NETWORKS = ("dncnn", "memnet", "ridnet")  # methods that are models, w2s_<method> if no other is named
HOW = (
    "give `noise=(A, B)`: `srredsim analyse noise` measures A and B in one file with several frames of one field that"
    " has dark and bright places"
)
CLIPPED = 1e-3  # share of the pixels at a limit of the camera from which on it is said


def denoise_file(
    path: str | Path,
    method: str,
    *,
    noise: tuple[float, float] | None = None,
    prior: str | Path | None = None,
    reading: Reading = Reading(),  # noqa: B008  frozen
    writing: Writing = Writing(),  # noqa: B008
    progress: Callable[[int, int], None] | None = None,
) -> dict:
    """Denoise every t, c and z of a file: ``<stem>_<method>.tif`` and ``.png``.

    Parameters
    ----------
    method : str
        One of `srredsim.denoising.methods`.
    noise : (a, b), optional
        Variance ``a x + b`` at brightness x, in the units of the file. Left out: measured in each plane by itself.
    prior : path, optional
        Patch prior of vst_epll, see `srredsim.denoising.mixture.load_prior`.
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
    work = denoising(method, noise, prior)
    return planewise(path, work, reading=reading, writing=writing, progress=progress)


def opened(
    path: str | Path,
    method: str,
    *,
    noise: tuple[float, float] | None = None,
    prior: str | Path | None = None,
    reading: Reading = Reading(),  # noqa: B008
    writing: Writing = Writing(),  # noqa: B008
) -> planes.Worker:
    """Who does what `denoise_file` would, with its plan. The paths of the plan are whole."""
    writing = replace(writing, out=None if writing.out is None else Path(writing.out).resolve())
    how = {"method": method, "noise": noise, "prior": None if prior is None else Path(prior).resolve()}
    work = denoising(method, noise, prior)
    return planes.opened(Path(path).resolve(), work, reading=reading, writing=writing, how=how)


class Worker(planes.Worker):
    """Does units of a plan, in any order; InputError if the file is not as it was when it was planned."""

    def __init__(self, plan: planes.Plan):
        super().__init__(plan, denoising(**plan.how))


def merge(plan: planes.Plan, parts: Iterable[planes.Part], started: float | None = None) -> dict:
    """Write the results of all units, which come in any order; the report is that of `denoise_file`.

    Raises
    ------
    InputError
        If a part is of another plan, or comes twice. ValueError, if one is missing. Nothing is written then.
    """
    return merged(planes.Results(plan, denoising(**plan.how), started), plan, parts)


@dataclass(frozen=True)
class Denoised:
    """``images`` (t, c, z, y, x) float32; ``report``, ready for JSON, has the noise of each plane; notes."""

    images: np.ndarray
    report: dict
    notes: tuple[str, ...]


def denoise(
    stack: RawStack,
    method: str,
    *,
    noise: tuple[float, float] | None = None,
    prior: str | Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Denoised:
    """Denoise every t, c and z of images, which are a stack of one angle and one phase; else as `denoise_file`."""
    work = denoising(method, noise, prior)
    positions = list(np.ndindex(*stack.array.shape[:3]))
    images = np.empty((*stack.array.shape[:3], *stack.array.shape[5:]), np.float32)
    found = {}
    for number, position in enumerate(positions, start=1):
        _, images[position], found[position] = done(stack, position, work)
        if progress:
            progress(number, len(positions))
    report = work.report(found)
    notes = report.pop("notes")
    return Denoised(images, report, (*stack.notes, *notes))


@dataclass(frozen=True)
class Found:
    """What is known of a plane: its noise, what the camera cut off, and what only its copies share."""

    a: float
    b: float
    clipped: str
    where: str
    digest: str


def denoising(method: str, noise: tuple[float, float] | None, prior: str | Path | None) -> Work:
    """A method as a work on planes.

    Raises
    ------
    InputError
        If the noise is none, or the prior cannot be used.
    """
    denoise, given = _method(method, prior), None if noise is None else _line(noise)

    def of_plane(plane: Plane) -> tuple[np.ndarray, Found]:
        noisy = np.asarray(plane.image, float)
        limits, clipped = camera_limits(noisy, plane.image.dtype)
        measured = _usable(given, noisy) if given else _measured(noisy, limits)
        a, b = map(float, measured.coefficients)
        found = Found(a, b, clipped, plane.where, digest_of_plane(plane.image))
        return denoise(noisy, measured, limits), found

    def report(found: dict[Position, Found]) -> dict:
        seen, notes = SeenPlanes(), []
        for one in found.values():
            notes += [f"{one.where} {one.clipped}".strip()] if one.clipped else []
            notes += seen.note(one.digest, one.where)
        rows = [dict(zip("tczab", (*place, one.a, one.b), strict=True)) for place, one in found.items()]
        return {"method": method, "noise": "given" if given else "measured", "planes": rows, "notes": notes}

    return Work(method, of_plane, smallest=SMALLEST_SIDE, report=report)


def model_of(
    method: str,
    *,
    noise: tuple[float, float] | None = None,
    prior: str | Path | None = None,
    model: Model | None = None,
) -> Model | None:
    """Model that denoises by a method; None if the method is no network.

    Raises
    ------
    InputError
        If there is no such method, or something is given that it does not take.
    """
    checks.one_of("method", method, (*names(), *NETWORKS))
    for name, given in (("noise", noise), ("prior", prior)):
        if given is not None and method not in takers(name):
            raise InputError(f"`{name}` is for `method` {' or '.join(takers(name))}; {method} does not take it")
    if method in NETWORKS:
        return model or f"w2s_{method}"
    if model:
        raise InputError(f"`model` is for the networks {', '.join(NETWORKS)}; {method} has none")
    return None


def denoiser(model: Model) -> Chain:
    """A model that denoises, ready to predict; InputError if it makes more pixels than it is given."""
    from srredsim.zoo.chain import Chain

    chain = model if isinstance(model, Chain) else Chain(model)
    if chain.scale != 1:
        raise InputError(f"{chain.name} makes {chain.scale}x the pixels: predict takes it as its `model`")
    return chain


def lines(report: dict) -> list[str]:
    """What a report says about noise, a line for each plane."""
    text = []
    for row in report["planes"]:
        place = which(report["shape_tczyx"][:3], tuple(row[axis] for axis in "tcz"))
        line = f"noise {report['noise']}: variance = {_variance(row['a'], row['b'])}"
        text.append(f"{place}: {line}" if place else line)
    return text


def _variance(a: float, b: float) -> str:
    return f"{a:.3g} x brightness {'-' if b < 0 else '+'} {abs(b):.3g}"


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
    load_prior(checks.path("prior", prior))  # a wrong one stops the run before any work
    return lambda noisy, noise, limits: work(noisy, noise, limits, prior=prior)


def _measured(plane: np.ndarray, limits: tuple[float, float] | None) -> NoiseLine:
    try:
        noise = noise_of_image(plane, limits)
    except InputError as problem:
        raise InputError(f"{problem}; or {HOW}") from None
    a, b = noise.coefficients
    if not np.isfinite([a, b]).all() or not noise.std(plane.mean()) > 0:
        raise InputError(
            f"noise cannot be measured: a variance of {_variance(a, b)} is none at the mean "
            f"brightness; the image was smoothed before, or has too little smooth ground; {HOW}"
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


def _line(noise: Sequence[float]) -> NoiseLine:
    a, b = map(float, checks.numbers("noise", noise, "two numbers (A, B)", shape=(2,)))
    if max(a, b) <= 0:
        raise InputError(f"`noise` is of the variance a x + b, one of them above 0; got a = {a:g}, b = {b:g}")
    if a < 0:
        raise InputError(f"`noise` is of the variance a x + b, which grows with the light: a is 0 or more; got {a:g}")
    return NoiseLine(a, b)
