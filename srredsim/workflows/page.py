"""Web page beside a result, ``<stem>_<model>.html``: how the file was read, what was found, and images to compare."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from srredsim import __version__, inspection, io
from srredsim.acquisition import OPTICS, Optics, RawStack, frames_from_raw
from srredsim.errors import InputError
from srredsim.noise.photons import counting_of
from srredsim.optics.sampling import SCALE
from srredsim.pages.index import NAME, index, may_be_replaced
from srredsim.pages.stack import OfChannel, OfStack, page_of
from srredsim.quality.report import is_dark
from srredsim.quality.split_frc import split_frc
from srredsim.reconstruction.chosen import WIENER, called
from srredsim.reconstruction.upscale import fourier_upscale
from srredsim.workflows.inspect import inspect
from srredsim.workflows.reconstruct import KnownStripes, Lens, Method, Reconstructed, reconstruct

MOST_CHANNELS = 4
WITHOUT = ("overwrite", "page", "out")  # of how results are written: not what they show


def write_page(report: Mapping[str, Any], reading: io.Reading, writing: io.Writing) -> None:
    """Write the page of a result, if it is wanted; among the others of `srredsim.io.together`.

    Parameters
    ----------
    report : dict
        Of `srredsim.workflows.predict.predict_file` with a model of raw stacks, or of `reconstruct_file`.

    Raises
    ------
    InputError
        If there is such a page, or it cannot be written.
    """
    for path in writing.beside(Path(report["paths"][0])):
        with io.atomic(path, writing.overwrite) as unfinished:
            unfinished.write_text(page_of(_told(report, reading, writing)), encoding="utf-8")


def write_index(folder: Path, failed: Sequence[tuple[str, str]] = ()) -> Path | None:
    """Write `reports.html` over all pages of a folder; None if a file that is none of ours has that name.

    ``failed`` are inputs that could not be done, each with the reason.
    """
    path = folder / NAME
    if not may_be_replaced(path):
        return None
    with io.atomic(path, overwrite=True) as unfinished:
        unfinished.write_text(index([one for one in folder.glob("*.html") if one != path], failed), encoding="utf-8")
    return path


def _told(report: Mapping[str, Any], reading: io.Reading, writing: io.Writing) -> OfStack:
    source = Path(report["input"])
    stack = _with_optics(io.read(source, **asdict(reading)), report.get("optics") or {})
    found = inspect(stack)
    png = BytesIO()
    inspection.picture(stack, png, found)
    name = report.get("model") or called(channel["method"] for channel in report["channels"])
    channels = [_channel(stack, c, name, report) for c in range(min(stack.sizes["C"], MOST_CHANNELS))]
    consistency = report.get("consistency")
    checks = [check for channel in found["channels"] for check in channel["checks"]]
    notes = report["notes"]
    facts = {
        "kind": "stack",
        "input": source.name,
        "made": name,
        "residual": _residual(consistency),
        "notes": len(notes),
        **{verdict: sum(check["verdict"] == verdict for check in checks) for verdict in ("doubtful", "bad")},
    }
    head = inspection.lines(found)
    pixel_size_um = stack.optics.pixel_size_um
    return OfStack(
        title=f"{source.name}: {name}",
        reading=head[: head.index("")],
        checks=checks,
        inspection=png.getvalue(),
        channels=channels,
        pixel_size_um=None if pixel_size_um is None else pixel_size_um / SCALE,
        shown=which_plane(stack),
        notes=notes,
        consistency=_consistency(report, consistency),
        made=_made(report, reading, writing, name),
        facts=facts,
    )


def _residual(consistency: Mapping[str, Any] | None) -> str:
    rows = [row["residual"] for row in (consistency or {}).get("planes", ()) if row.get("residual") is not None]
    return f"{np.mean(rows):.2f}" if rows else ""


def _consistency(report: Mapping[str, Any], found: Mapping[str, Any] | None) -> tuple[str, bytes] | None:
    picture = next((Path(path) for path in report["paths"] if path.endswith("_consistency.png")), None)
    return (found["line"], io.written(picture).read_bytes()) if found and picture else None


def _with_optics(stack: RawStack, told: Mapping[str, Any]) -> RawStack:
    """A stack with the optics of its classical result: some of them may be those that ``parameters`` say."""
    lacking = {name: told.get(name) for name in OPTICS if getattr(stack.optics, name) is None}
    waves = lacking.get("wavelength_em_um")
    lacking |= {"wavelength_em_um": tuple(waves)} if isinstance(waves, list) else {}
    return replace(stack, optics=stack.optics.given(**lacking))


def which_plane(stack: RawStack) -> str:
    """Which plane the images of a page are, where there are several; empty if there is one."""
    times, slices = stack.sizes["T"], stack.sizes["Z"]
    words = [f"the first of {times} times"] if times > 1 else []
    words += [f"z-plane {slices // 2 + 1} of {slices}"] if slices > 1 else []
    return f"Shown: {', '.join(words)}." if words else ""


def _channel(stack: RawStack, channel: int, name: str, report: Mapping[str, Any]) -> OfChannel:
    """Images of a channel in the middle of z, with the classical one and its stripes where they can be made."""
    z, result = stack.sizes["Z"] // 2, Path(report["paths"][0])
    raw = stack.raw(0, channel, z)
    images = [("widefield", fourier_upscale(np.mean(frames_from_raw(raw), axis=-1, dtype=np.float32)))]
    made = (name, io.read_plane(io.written(result), (0, channel, z)))
    called = (stack.channel_names or [f"channel {n + 1}" for n in range(stack.sizes["C"])])[channel]
    alone = replace(
        stack, array=raw[None, None, None], optics=stack.optics.of_channel(channel), channel_names=None, source=None
    )
    try:
        classical = reconstruct(alone, method=Method(WIENER), **_as_found(report, channel, alone.optics))
    except InputError as problem:
        return OfChannel(called, [*images, made], words=[f"no classical image: {problem}"])
    if name != WIENER:
        images.append((WIENER, classical.images[0, 0, 0]))
    (told,) = classical.report["channels"]
    if "channels" in report:
        told = report["channels"][channel]
    else:
        words = told["out_of_focus"] | {"words": f"image {WIENER}: {told['out_of_focus']['words']}"}
        shown = ["measured in the plane that is shown"] if which_plane(stack) else []
        told = told | {"notes": [*shown, *told["notes"]], "out_of_focus": words}
    return _with_stripes(OfChannel(called, [*images, made]), classical, told, raw)


def _as_found(report: Mapping[str, Any], channel: int, optics: Optics) -> dict[str, Any]:
    """Stripes and lens of a channel of a classical result, to make it again with; none if they are to be looked for."""
    if "channels" not in report or is_dark(report["channels"][channel]["angles"]):
        return {}
    told, cutoffs = report["channels"][channel], report["cutoffs"]
    alone = {"channels": [told], "cutoffs": cutoffs and cutoffs[channel : channel + 1]}
    alone["optics"] = report["optics"] | {"wavelength_em_um": optics.wavelength_em_um}
    return {"known": KnownStripes(parameters=dict(report) | alone), "lens": Lens(otf=told["otf"]["file"])}


def _with_stripes(shown: OfChannel, classical: Reconstructed, told: Mapping[str, Any], raw: np.ndarray) -> OfChannel:
    """With what is told of the stripes, and the correlation of two halves of the light with them."""
    (found,) = classical.channels
    parameters, transfer = found.parameters, found.transfer
    marks: list[tuple[str, float]] = []
    correlation = None
    if not transfer.nominal:
        halves = counting_of(raw, transfer)
        correlation = split_frc(raw, parameters, transfer, halves, np.random.default_rng(0))
        marks = [("lens", transfer.cutoff_per_um)]
    words = [told["out_of_focus"]["words"], *told["notes"], *told["quality"]["words"]]
    stripes = {"verdict": told["verdict"], "angles": told["angles"], "words": words}
    return replace(shown, **stripes, correlation=correlation, marks=marks)


def _made(
    report: Mapping[str, Any], reading: io.Reading, writing: io.Writing, name: str
) -> dict[str, str | float | Sequence[int]]:
    said = {key: value for key, value in (asdict(reading) | asdict(writing)).items() if value and key not in WITHOUT}
    kept = {key: report[key] for key in ("engine", "precision", "seconds") if report.get(key) is not None}
    versions = f"srredsim {__version__}, Python {platform.python_version()}, NumPy {np.__version__}"
    return {
        "input": report["input"],
        "by": name,
        "result": Path(report["paths"][0]).name,
        "shape (t, c, z, y, x)": report["shape_tczyx"],
        **{key.replace("_", " "): value for key, value in (kept | said).items()},
        "versions": versions,
    }
