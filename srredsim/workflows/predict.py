"""From a raw stack to a super-resolved image: any size, in tiles, written as it is computed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np

from srredsim import io, picture, tiling
from srredsim.acquisition import Pattern, RawStack, frames_from_raw, which
from srredsim.errors import InputError
from srredsim.io.image import carried_over
from srredsim.normalise import Scaling, scaling_of
from srredsim.optics.illumination import check_phases
from srredsim.optics.transfer import Transfer, transfer_of
from srredsim.quality.report import verdict
from srredsim.reconstruction.channels import channels
from srredsim.reconstruction.planes import planes
from srredsim.stripes.parameters import Parameters
from srredsim.workflows import judge as judging
from srredsim.zoo import models
from srredsim.zoo.models import LoadedModel
from srredsim.zoo.windows import Network, default_tile

Position = tuple[int, int, int]  # (t, c, z)


def predict_frames(model: LoadedModel, frames: np.ndarray, tile: int | None = None) -> np.ndarray:
    """One super-resolved image from the frames (y, x, frames) of one raw stack.

    Returns
    -------
    (scale * y, scale * x) float32 ndarray
        In the units of the frames, above background.

    Raises
    ------
    InputError
        If the frames are not as many as the model takes, not finite, or constant.
    """
    if model.recipe.data.input == "wiener":
        raise InputError(f"the model {model.name} takes Wiener images, not frames; see clean_wiener")
    if frames.shape[-1] != model.angles * model.phases:
        raise InputError(
            f"the model {model.name} takes {model.angles} angles x {model.phases} phases ="
            f" {model.angles * model.phases} frames; got {frames.shape[-1]}"
        )
    scaling = scaling_of(frames)
    network = Network(model)
    return scaling.undo_gain(network.in_tiles(scaling.apply(frames), tile or default_tile(model)))


def clean_wiener(
    model: LoadedModel, image: np.ndarray, widefield: np.ndarray, scaling: Scaling, transfer: Transfer
) -> np.ndarray:
    """What a model of Wiener images makes of one.

    Parameters
    ----------
    image : (2y, 2x) ndarray
        From `srredsim.reconstruction.wiener.reconstruct`.
    widefield : (y, x) ndarray
        Mean of the raw frames that it was made of.
    scaling : Scaling
        Of these frames.

    Returns
    -------
    (2y, 2x) float32 ndarray
        In the units of the frames, above background.
    """
    network = Network(model)
    return scaling.undo_gain(network.in_tiles(channels(image, widefield, scaling, transfer), default_tile(model)))


def predict_file(
    path: str | Path,
    model: LoadedModel,
    *,
    out: str | Path | None = None,
    order: str | None = None,
    angles: int | None = None,
    phases: int | None = None,
    trailing_widefield: bool = False,
    pixel_size_um: float | None = None,
    na: float | None = None,
    wavelength_em_um: float | None = None,
    tile: int | None = None,
    dtype: str = "float32",
    consistency: bool = True,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> dict:
    """Super-resolved image of every t, c and z of a file: ``<stem>_<model>.tif`` and ``.png`` in the folder ``out``.

    Each raw stack is normalised as a whole and by itself, and its gain is undone on the image: intensities stay
    comparable along t, c and z. With ``dtype="uint16"`` they are rounded and clipped to 0 ... 65535.

    Parameters
    ----------
    out : path, optional
        Beside the input when left out.
    order, angles, phases, trailing_widefield, pixel_size_um :
        How to read the file, as in `srredsim.io.read`.
    na, wavelength_em_um : float, optional
        What the file does not say; models of Wiener images need them, and so does the consistency map.
    tile : int, optional
        Side of a tile in raw pixels, without its context; smaller tiles take less memory and more time.
    consistency : bool
        Where the optics are known, compare the image with the raw frames: ``<stem>_<model>_consistency.tif``, ``.png``.
    progress : callable, optional
        Called as ``progress(done, total)`` after every tile.

    Returns
    -------
    dict
        What was done, ready for JSON: input, model, paths, shape_tczyx, pixel_size_um, precision, tile, seconds,
        seconds_in_network (of these), stripes (a sentence for each channel, if the model needed them), consistency
        (None without; see `srredsim.workflows.judge.Judge.judge`), notes.

    Raises
    ------
    InputError
        Before anything is computed, if the file cannot be used or a result exists already.
    """
    started = time.perf_counter()
    path = Path(path)
    if tile is not None and tile < 1:
        raise InputError(f"a tile has at least 1 raw pixel; got {tile}")
    reading = {"order": order, "trailing_widefield": trailing_widefield, "pixel_size_um": pixel_size_um}
    stack = _read(path, model, angles, phases, reading)
    stack = replace(stack, optics=stack.optics.given(na=na, wavelength_em_um=wavelength_em_um))
    transfer = transfer_of(stack.optics) if (model.recipe.data.input == "wiener") else None
    scalings = {position: _scaling(stack, position) for position in stack.positions()}
    sizes = stack.sizes
    shape = (sizes["T"], sizes["C"], sizes["Z"], sizes["Y"] * model.scale, sizes["X"] * model.scale)
    calibration = carried_over(stack, model.scale)
    result = Path(out or path.parent) / f"{path.stem}_{model.name}.tif"
    preview = result.with_suffix(".png")
    tile = tile or default_tile(model)
    network = Network(model)
    judge, why_not = _judge(result, stack, overwrite, calibration) if consistency else (None, None)
    judged = None
    with (
        io.atomic(preview, overwrite) as unfinished_preview,
        io.ImageWriter(result, shape, dtype, overwrite=overwrite, **calibration) as writer,
        judge or nullcontext(),
    ):
        if transfer:
            stripes = _predict_planes(network, stack, scalings, transfer, tile, writer, progress)
        else:
            stripes = {}
            _predict_stack(network, stack, scalings, tile, writer, progress)
        _preview(unfinished_preview, stack, writer, model, path.name)
        if judge:
            judged = judge.judge(
                lambda position: writer.plane(*position), name=model.name, title=path.name, stripes=stripes
            )
    notes = [*stack.notes, *(judged["notes"] if judged else [why_not] if why_not else [])]
    if network.largest_window:
        notes.append(f"memory was short: went on with windows of at most {network.largest_window} raw pixels")
    if np.dtype(dtype).kind == "u":
        notes.append("uint16: values are rounded, and clipped to 0 ... 65535")
    return {
        "input": str(path),
        "model": model.name,
        "paths": [str(result), str(preview), *(judge.paths if judge else [])],
        "shape_tczyx": list(shape),
        "pixel_size_um": calibration["pixel_size_um"],
        "precision": model.precision,
        "tile": tile,
        "seconds": round(time.perf_counter() - started, 3),
        "seconds_in_network": round(network.seconds, 3),
        "stripes": [verdict(parameters) for parameters in stripes.values()],
        "consistency": judged,
        "notes": notes,
    }


def _judge(
    result: Path, stack: RawStack, overwrite: bool, calibration: dict
) -> tuple[judging.Judge | None, str | None]:
    """Who compares the image with the frames; or why nobody can, in words."""
    try:
        transfer = judging.transfer_for(stack)
    except InputError as problem:
        return None, f"not compared with the raw frames: {problem}"
    return judging.Judge(result, stack, transfer, overwrite=overwrite, **calibration), None


def _predict_stack(
    network: Network,
    stack: RawStack,
    scalings: dict[Position, Scaling],
    tile: int,
    writer: io.ImageWriter,
    progress: Callable[[int, int], None] | None,
) -> None:
    """Every plane of the result, tile by tile, while the next window is being read."""
    model = network.model
    plan = tiling.tiles(stack.array.shape[-2:], tile, model.receptive_field, model.alignment)
    total = len(scalings) * len(plan)
    for done, (position, part, window) in enumerate(_one_ahead(_windows(stack, scalings, plan)), start=1):
        image = scalings[position].undo_gain(network.kept(window, part))
        writer.plane(*position)[tiling.magnified(part.place, model.scale)] = _stored(image, writer.dtype)
        if progress:
            progress(done, total)


def _predict_planes(
    network: Network,
    stack: RawStack,
    scalings: dict[Position, Scaling],
    transfer: Transfer,
    tile: int,
    writer: io.ImageWriter,
    progress: Callable[[int, int], None] | None,
) -> dict[int, Parameters]:
    """Every plane of the result, from its Wiener image; returns the stripes of each channel at its first time."""
    stripes: dict[int, Parameters] = {}
    for done, plane in enumerate(planes(stack, transfer), start=1):
        widefield = np.mean(stack.raw(*plane.position), axis=(0, 1), dtype=np.float32)
        scaling = scalings[plane.position]
        image = network.in_tiles(channels(plane.image, widefield, scaling, transfer), tile)
        writer.plane(*plane.position)[:] = _stored(scaling.undo_gain(image), writer.dtype)
        stripes.setdefault(plane.position[1], plane.parameters)
        if progress:
            progress(done, len(scalings))
    return stripes


def _stored(image: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Rounded and clipped where the type asks for it."""
    return image if dtype.kind == "f" else np.clip(np.rint(image), 0, np.iinfo(dtype).max).astype(dtype)


def _windows(
    stack: RawStack, scalings: dict[Position, Scaling], plan: list[tiling.Tile]
) -> Iterator[tuple[Position, tiling.Tile, np.ndarray]]:
    """What the network is given: normalised frames (y, x, frames) of every tile of every position."""
    for position, scaling in scalings.items():
        raw = stack.raw(*position)
        for part in plan:
            window = frames_from_raw(scaling.apply(raw[:, :, *part.window]))
            yield position, part, np.ascontiguousarray(window)


def _one_ahead(items: Iterator) -> Iterator:
    """The same items; the next one is prepared in a thread while the current one is used."""
    end = object()
    with ThreadPoolExecutor(1) as thread:
        following = thread.submit(next, items, end)
        while (item := following.result()) is not end:
            following = thread.submit(next, items, end)
            yield item


def _read(path: Path, model: LoadedModel, angles: int | None, phases: int | None, reading: dict) -> RawStack:
    """The stack as angles and phases that the model takes; of a file that names neither, the model decides."""
    if model.recipe.data.input == "wiener":
        stack = io.read(path, angles=angles, phases=phases, **reading)
        check_phases(stack.pattern.phases)
        return stack
    try:
        stack = io.read(path, angles=angles or model.angles, phases=phases or model.phases, **reading)
    except InputError:
        stack = io.read(path, angles=angles, phases=phases, **reading)  # says what the file is, or what ails it
    if (stack.pattern.angles, stack.pattern.phases) == (model.angles, model.phases):
        return stack
    raise InputError(
        f"the model {model.name} takes {model.angles} angles x {model.phases} phases;"
        f" this stack has {stack.pattern.angles} x {stack.pattern.phases}; {_other_model(stack.pattern)}"
    )


def _other_model(pattern: Pattern) -> str:
    try:
        return f"try --model {models.fitting(pattern)}"
    except InputError as problem:
        return str(problem)


def _scaling(stack: RawStack, position: Position) -> Scaling:
    """Of one raw stack; a complaint says which one, where there are several."""
    try:
        return scaling_of(frames_from_raw(stack.raw(*position)))
    except InputError as problem:
        raise InputError(": ".join(filter(None, (which(stack.array.shape[:3], position), str(problem))))) from None


def _preview(path: Path, stack: RawStack, writer: io.ImageWriter, model: LoadedModel, title: str) -> None:
    """Widefield and result of the first time and channel, in the middle of z."""
    position = (0, 0, stack.sizes["Z"] // 2)
    widefield = np.mean(frames_from_raw(stack.raw(*position)), axis=-1, dtype=np.float32)
    picture.side_by_side(
        path,
        widefield,
        writer.plane(*position),
        names=("widefield", model.name),
        title="   ".join(filter(None, (title, which(stack.array.shape[:3], position)))),
        pixel_size_um=stack.optics.pixel_size_um,
    )
