r"""Noise of images as a line over brightness, of one image or of repeats of it.

.. math:: \mathrm{var}\, z = a\, \mathrm{E} z + b

References
----------
.. [1] A. Foi, M. Trimeche, V. Katkovnik, K. Egiazarian, IEEE Trans. Image Process. 17, 1737 (2008).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from srredsim.errors import InputError
from srredsim.io.formats import open_source
from srredsim.io.source import Source
from srredsim.lost_frames import SeenPlanes, digest_of_plane
from srredsim.noise.line import NoiseLine
from srredsim.noise.one_image import noise_of_image

FEWEST_REPEATS = 4  # two halves, each of which has a variance
BINS = 200  # groups of pixels of like brightness
ROUNDS = 5  # repeats of the fit, whose weights depend on the line


def analyse(
    paths: list[Path],
    limits: tuple[float, float] | None = None,
    repeats: bool = False,
    progress: Callable[[int, int], None] | None = None,
    *,
    accept_incomplete: bool = False,
) -> dict:
    """Noise of every plane of every file, or of every file as a stack of repeats, with means by folder and over all.

    Parameters
    ----------
    limits : (low, high), optional
        Values at which the camera cuts off; they become 0 and 1. Left out: nowhere, and the range of the image.
    repeats : bool
        Take the planes of a file for repeats of one image (`of_repeats`).
    accept_incomplete : bool
        Of a file that promises more planes than it holds, measure those that are there.

    Returns
    -------
    dict
        Ready for JSON: ``images``, each with ``a`` and ``b`` in the units of the image and ``a_scaled`` and
        ``b_scaled`` after scaling to [0, 1]; ``groups``, the same as means over the images of a folder; ``mean``;
        ``failures``, the files that could not be read or measured; ``notes``, what is to be known of files.

    Raises
    ------
    InputError
        If no file can be measured.
    """
    if limits is not None and not limits[0] < limits[1]:
        raise InputError(f"`limits` are LOW and HIGH with LOW the smaller; got {limits[0]:g} and {limits[1]:g}")
    images, failures, notes = [], [], []
    for number, path in enumerate(paths, start=1):
        try:
            source = open_source(path, accept_incomplete=accept_incomplete)
            rows, copies = _of_file(path, source, limits, repeats)
            images += rows
            notes += [f"{path}: {note}" for note in (*source.notes, *copies)]
        except InputError as problem:
            failures.append({"input": str(path), "error": str(problem)})
        if progress:
            progress(number, len(paths))
    if not images:
        others = f" (and {len(failures) - 1} other files likewise)" if len(failures) > 1 else ""
        raise InputError(f"{failures[0]['input']}: {failures[0]['error']}{others}")
    groups = defaultdict(list)
    for image in images:
        groups[str(Path(image["input"]).parent)].append(image)
    return {
        "estimator": "repeats" if repeats else "single image",
        "limits": list(limits) if limits else None,
        "images": images,
        "groups": {name: _mean(group) for name, group in groups.items()},
        "mean": _mean(images),
        "failures": failures,
        "notes": notes,
    }


def of_repeats(planes: Iterable[np.ndarray]) -> NoiseLine:
    r"""Noise of a stack of repeats of one image, from the variance of every pixel against its mean.

    Even and odd repeats are kept apart. Pixels are sorted by their mean in one half into bins of like brightness; mean
    and variance of a bin are taken in the other half, which knows nothing of the choice. So neither the noise of the
    mean flattens the line, nor does its correlation with the variance bend it. Both ways round are averaged.

    Raises
    ------
    InputError
        If there are fewer than four repeats, they are not finite, or the image is of one brightness.
    """
    halves = [_Half(), _Half()]
    for number, plane in enumerate(planes):
        if not np.all(np.isfinite(plane)):
            raise InputError(f"repeat {number + 1} has values that are NaN or infinite")
        halves[number % 2].add(plane)
    count = sum(half.count for half in halves)
    if count < FEWEST_REPEATS:
        raise InputError(f"variances need at least {FEWEST_REPEATS} repeats; got {count}")
    lines = [_line(one.mean(), other.mean(), other.variance()) for one, other in (halves, halves[::-1])]
    return NoiseLine(*(float(value) for value in np.mean(lines, axis=0)))


class _Half:
    """Mean and variance of planes that are seen one by one (Welford)."""

    def __init__(self):
        self.count = 0

    def add(self, plane: np.ndarray) -> None:
        plane = np.asarray(plane, np.float64)
        if not self.count:
            self._mean, self._squares = np.zeros_like(plane), np.zeros_like(plane)
        self.count += 1
        off = plane - self._mean
        self._mean += off / self.count
        self._squares += off * (plane - self._mean)

    def mean(self) -> np.ndarray:
        return self._mean

    def variance(self) -> np.ndarray:
        return self._squares / (self.count - 1)


def _line(chosen_by: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> tuple[float, float]:
    """Weighted least squares over bins of pixels; a variance is known the better the smaller it is."""
    order = np.argsort(chosen_by, axis=None, kind="stable")
    bins = np.array_split(order, min(BINS, order.size))
    x = np.array([mean.ravel()[pixels].mean() for pixels in bins])
    y = np.array([variance.ravel()[pixels].mean() for pixels in bins])
    if not np.ptp(chosen_by) > 0 or not np.ptp(x) > 0:
        raise InputError("the image is of one brightness; no line can be laid through one point")
    expected = np.full(len(x), y.mean())
    for _ in range(ROUNDS):
        weight = 1 / np.maximum(expected, 1e-3 * y.mean() or 1.0)  # polyfit squares it
        a, b = np.polyfit(x, y, 1, w=weight)
        expected = a * x + b
    return a, b


def _of_file(
    path: Path, source: Source, limits: tuple[float, float] | None, repeats: bool
) -> tuple[list[dict], list[str]]:
    """A row for each plane, or one for all of them, and a note where a plane is a copy of another."""
    there = [number for number in range(source.planes) if number not in source.missing]
    seen, copies, rows = SeenPlanes(), [], []
    if repeats:
        if "C" in source.letters and source.shape[source.letters.index("C")] > 1:
            raise InputError("repeats of several channels; give a file for each channel")
        noise = of_repeats(_repeats(source, there, seen))
        return [_entry(path, noise, limits or _range(source, there))], []
    for number in there:
        plane = source.pixels(number)
        try:
            noise = noise_of_image(plane, limits)
        except InputError as problem:
            raise InputError(f"plane {number + 1}: {problem}" if source.planes > 1 else problem) from None
        copies += seen.note(digest_of_plane(plane), f"plane {number + 1}")
        within = limits or (float(plane.min()), float(plane.max()))
        rows.append(_entry(path, noise, within) | ({"plane": number + 1} if source.planes > 1 else {}))
    return rows, copies


def _repeats(source: Source, there: list[int], seen: SeenPlanes) -> Iterator[np.ndarray]:
    """Planes; InputError at one that was lost: what it varies by is no noise."""
    empty, others = None, False
    for number in there:
        plane = source.pixels(number)
        if plane.max() == plane.min():
            empty = empty or f"plane {number + 1} is empty ({plane.flat[0]:g} everywhere): a frame was lost"
        else:
            others = True
            if copies := seen.note(digest_of_plane(plane), f"plane {number + 1}"):
                raise InputError(f"{copies[0]}; leave it out")
        if empty and others:
            raise InputError(f"{empty}; leave it out")
        yield plane


def _range(source: Source, there: list[int]) -> tuple[float, float]:
    ends = [(plane.min(), plane.max()) for plane in map(source.plane, there)]
    return float(min(low for low, _ in ends)), float(max(high for _, high in ends))


def _entry(path: Path, noise: NoiseLine, limits: tuple[float, float]) -> dict:
    (a, b), (a_scaled, b_scaled) = noise.coefficients, noise.rescaled(*limits).coefficients
    return {"input": str(path), "a": a, "b": b, "a_scaled": a_scaled, "b_scaled": b_scaled, "range": list(limits)}


def _mean(images: list[dict]) -> dict:
    names = ("a", "b", "a_scaled", "b_scaled")
    return {"images": len(images)} | {name: float(np.mean([image[name] for image in images])) for name in names}


def lines(report: dict) -> list[str]:
    """What was measured, for a terminal."""
    text = []
    for image in report["images"]:
        plane = f" plane {image['plane']}" if "plane" in image else ""
        text.append(f"{image['input']}{plane}: {_words(image)}")
    if len(report["images"]) > 1:
        for name, group in report["groups"].items():
            text.append(f"{name}, mean of {group['images']}: {_words(group)}")
    return text


def _words(values: dict) -> str:
    return "a {a:.4g}, b {b:.4g}; scaled to [0, 1]: a {a_scaled:.4g}, b {b_scaled:.4g}".format(**values)
