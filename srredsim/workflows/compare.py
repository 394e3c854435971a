"""Every method that can take a stack, side by side on one page: ``<stem>_compared.html``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from srredsim import checks, devices, inputs, io, keras_start
from srredsim.acquisition import RawStack, frames_from_raw
from srredsim.arrays import Device
from srredsim.errors import InputError
from srredsim.io.files import beside
from srredsim.optics.sampling import SCALE
from srredsim.pages import methods
from srredsim.quality.intensity import fit_intensity
from srredsim.reconstruction.chosen import AUTO, METHODS, WIENER
from srredsim.reconstruction.planes import Channel
from srredsim.reconstruction.upscale import fourier_upscale
from srredsim.workflows import judge
from srredsim.workflows.page import which_plane
from srredsim.workflows.reconstruct import Method, reconstruct
from srredsim.zoo import models
from srredsim.zoo import recipe as recipes
from srredsim.zoo.chain import Chain
from srredsim.zoo.predict import predict

NAME = "compared"
WIDEFIELD = "widefield (Fourier)"
SCORES = ("psnr", "ssim", "ncc")
BEYOND = 1e-30  # below any range of an image


@dataclass(frozen=True)
class Made:
    """What one method made of a plane: an image (2y, 2x), and how; or why it made none."""

    name: str
    image: np.ndarray | None = None
    cpu_seconds: float | None = None  # of all cores together
    why_not: str | None = None
    channel: Channel | None = None


def compare_file(
    path: str | Path,
    *,
    reading: io.Reading | None = None,
    writing: io.Writing | None = None,
    truth: str | Path | None = None,
    device: str = devices.AUTO,
    progress: Callable[[int, int], None] | None = None,
) -> dict:
    """Compare methods on the first time, in the middle of z, of a channel after the other.

    Parameters
    ----------
    truth : path, optional
        Image of twice the pixels, with the T, C and Z of the stack or a single plane, that scores are told against.
    device : str
        Of `srredsim.devices`: where Wiener images, and what compares with the frames, are computed.
    progress : callable, optional
        Called as ``progress(done, total)`` after every method.

    Returns
    -------
    dict
        Ready for JSON: input, paths, scored, device, notes, and ``rows``: channel, method, cpu_seconds, residual (1:
        frames are explained to within noise), psnr, ssim, ncc (None where they are not known), why_not.

    Raises
    ------
    InputError
        If the file or the truth cannot be used, no method makes an image of it, or there is such a page.
    """
    path, reading, writing, where = Path(path), reading or io.Reading(), writing or io.Writing(), devices.device(device)
    stack = io.read(path, **asdict(reading))
    page = beside(writing.path(path, NAME), ".html")
    io.refuse_existing(page, writing.overwrite)
    truths = None if truth is None else _truths(Path(checks.path("truth", truth)), stack)
    names = [*(name for name in METHODS if name != AUTO), *_fitting(stack)]
    rows: list[dict] = []
    shown: list[methods.OfChannel] = []
    total, called = len(names) * stack.sizes["C"], stack.channel_names
    with io.atomic(page, writing.overwrite) as unfinished:
        for c in range(stack.sizes["C"]):
            alone = _alone(stack, c)
            made = []
            for one in _made(alone, names, device):
                made.append(one)
                if progress:
                    progress(len(rows) + len(made), total + stack.sizes["C"])
            found = _judged(alone, made, None if truths is None else truths[c], where)
            rows += [{"channel": c, **row} for row in found]
            shown.append(_shown(called[c] if called else f"channel {c + 1}", made, found))
        others = [row["why_not"] for row in rows if row["method"] != WIDEFIELD]
        if others and all(others):
            raise InputError(f"no method makes an image: {others[0]}")
        pixel_size_um = None if stack.optics.pixel_size_um is None else stack.optics.pixel_size_um / SCALE
        notes = [*filter(None, [which_plane(stack)]), *stack.notes]
        text = methods.page_of(f"{path.name}: methods compared", shown, pixel_size_um, notes)
        unfinished.write_text(text, encoding="utf-8")
    scored = truths is not None
    done: dict[str, Any] = {"input": str(path), "paths": [str(page)], "scored": scored, "device": where.name}
    return done | {"rows": rows, "notes": list(stack.notes)}


def lines(report: dict) -> list[str]:
    """A line for each method."""
    said = []
    several = len({row["channel"] for row in report["rows"]}) > 1
    for row in report["rows"]:
        name = f"channel {row['channel'] + 1}, {row['method']}" if several else row["method"]
        if row["why_not"]:
            said.append(f"{name}: not used: {row['why_not']}")
            continue
        parts = [f"{row['cpu_seconds']:.2f} s of CPU" if row["cpu_seconds"] is not None else ""]
        parts += [f"residual {row['residual']:.2f}" if row["residual"] is not None else ""]
        parts += [f"{row['psnr']:.1f} dB, SSIM {row['ssim']:.3f}, NCC {row['ncc']:.3f}"] if row["psnr"] else []
        said.append(f"{name}: {', '.join(filter(None, parts))}")
    return said


def disagreement(images: list[np.ndarray]) -> np.ndarray:
    """Standard deviation over images (y, x), each fitted to the first, in parts of the range of that."""
    low, high = np.percentile(images[0], (1, 99.8))
    fitted = [images[0], *(fit_intensity(one, images[0]) for one in images[1:])]
    return np.std(fitted, axis=0) / max(float(high - low), BEYOND)


def _alone(stack: RawStack, channel: int) -> RawStack:
    raw = stack.raw(0, channel, stack.sizes["Z"] // 2)
    optics = stack.optics.of_channel(channel)
    return replace(stack, array=raw[None, None, None], optics=optics, channel_names=None)


def _fitting(stack: RawStack) -> list[str]:
    """Shipped models that take such a stack."""
    known = {name: recipes.load(name).data for name in models.names()}
    return [
        name
        for name, data in known.items()
        if inputs.module(data.input).OF_STACKS and inputs.module(data.input).suits(data, stack.pattern, stack.optics)
    ]


def _made(stack: RawStack, names: list[str], device: str) -> Iterator[Made]:
    """The widefield image first; loading a model is no part of its time."""
    raw = stack.raw()
    yield Made(WIDEFIELD, fourier_upscale(np.mean(frames_from_raw(raw), axis=-1, dtype=np.float32)))
    for name in names:
        try:
            chain = None if name in METHODS else Chain(name)
            started = time.process_time()
            if chain is None:
                result = reconstruct(stack, method=Method(name, device=device))
                image, channel = result.images[0, 0, 0], result.channels[0]
            else:
                image, channel = predict(chain, stack, device=devices.device(device)).image[0, 0, 0], None
            seconds = round(time.process_time() - started, 3)
            if image.shape != tuple(SCALE * n for n in raw.shape[2:]):
                raise InputError(f"it makes an image of {image.shape[0]} x {image.shape[1]} pixels, no {SCALE}x")
            yield Made(name, image, seconds, channel=channel)
        except InputError as problem:
            yield Made(name, why_not=str(problem))


def _judged(stack: RawStack, made: list[Made], truth: np.ndarray | None, device: Device) -> list[dict]:
    """A row for each method; the stripes are those of the Wiener image."""
    if truth is not None:
        keras_start.start()
        from srredsim.evaluation.scores import score  # its definitions are those of Keras

    wiener = next((one.channel for one in made if one.name == WIENER and one.channel), None)
    rows = []
    for one in made:
        residual = None
        if wiener and one.image is not None and not wiener.transfer.nominal:
            found = judge.judged((0, 0, 0), stack.raw(), one.image, wiener.parameters, wiener.transfer, device)
            residual = found.row.get("residual")
        scores = dict.fromkeys(SCORES)
        if truth is not None and one.image is not None:
            scores |= {name: value for name, value in score(truth, one.image).items() if name in SCORES}
        row: dict[str, Any] = {"method": one.name, "cpu_seconds": one.cpu_seconds, "residual": residual}
        rows.append(row | scores | {"why_not": one.why_not})
    return rows


def _shown(name: str, made: list[Made], rows: list[dict]) -> methods.OfChannel:
    """All at the same black and white: gain and offset of each are fitted to the Wiener image, or else the first."""
    there = [one for one in made if one.image is not None]
    reference = next((one for one in there if one.name == WIENER), there[0])
    images = [(one.name, fit_intensity(one.image, reference.image)) for one in there]
    others = [one.image for one in there if one.name != WIDEFIELD and one is not reference]
    spread = disagreement([reference.image, *others]) if others and reference.name != WIDEFIELD else None
    return methods.OfChannel(name, images, reference.name, rows, spread)


def _truths(path: Path, stack: RawStack) -> np.ndarray:
    """(channels, 2y, 2x) of the plane that is compared."""
    sizes, image = stack.sizes, io.read_image(path)[0]
    size = SCALE * sizes["Y"], SCALE * sizes["X"]
    if image.shape[3:] != size:
        there = f"{image.shape[3]} x {image.shape[4]}"
        raise InputError(f"`truth` should have {size[0]} x {size[1]} pixels, twice those of the frames; got {there}")
    planes = image.shape[:3]
    if planes == (sizes["T"], sizes["C"], sizes["Z"]):
        return image[0, :, sizes["Z"] // 2]
    if planes == (1, 1, 1) and sizes["C"] == 1:
        return image[0, :, 0]
    raise InputError(f"`truth` should have the times, channels and slices of the stack, or be one plane; got {planes}")
