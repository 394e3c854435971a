"""Simulated stacks to files: ``raw/0000.tif``, ``truth/0000.tif``, and ``0000.json`` with every parameter."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from srredsim import __version__, documents, io
from srredsim.acquisition import Optics
from srredsim.errors import WARNING, InputError
from srredsim.optics.sampling import SCALE
from srredsim.processes import cores, on_cores
from srredsim.simulation import calibrated, calibration_file
from srredsim.simulation.calibration import Calibration
from srredsim.simulation.camera import SATURATION_ADU
from srredsim.simulation.sim import Sample, simulate_stack

PIXELS_PER_WORKER = 1_000_000  # raw pixels of one frame, over all stacks: less is not worth starting a process for


def simulate(
    out: str | Path,
    *,
    count: int = 1,
    seed: int = 0,
    angles: int = 3,
    phases: int = 5,
    photons: tuple[float, float] = (20.0, 5000.0),
    size: int | tuple[int, int] = 128,
    progress: Callable[[int, int], None] | None = None,
    **fixed,
) -> list[Path]:
    """Write stacks 0 to ``count - 1`` of a seed; returns the paths of the raw stacks.

    Parameters
    ----------
    out : path
        Folder, made if need be; none of the files may be there yet.
    count, seed : int
    angles, phases, photons, size, **fixed
        As in `srredsim.simulation.sim.simulate_stack`.
    progress : callable, optional
        Called with the number of stacks written and the number of all.
    """
    asked = {"angles": angles, "phases": phases, "photons": photons, "size": size, **fixed}
    return _all_written(Path(out), count, partial(_sample, seed, asked), size, progress)


def simulate_microscope(
    out: str | Path,
    microscope: str | Path,
    *,
    count: int = 1,
    seed: int = 0,
    photons: tuple[float, float] | None = None,
    size: int | tuple[int, int] = 128,
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """As `simulate`, stacks of one microscope, whose file ``srredsim calibrate`` has written.

    ``photons`` left out: as the file has them.
    """
    asked: dict[str, Any] = {"size": size} | ({} if photons is None else {"photons": photons})
    sample = partial(_sample_of, calibration_file.load(microscope), seed, asked)
    return _all_written(Path(out), count, sample, size, progress)


def _all_written(out: Path, count: int, sample: Callable[[int], tuple[Sample, dict]], size, progress) -> list[Path]:
    if count < 1:
        raise InputError(f"at least one stack can be simulated; got {count}")
    digits = max(4, len(str(count - 1)))
    stems = [f"{index:0{digits}d}" for index in range(count)]
    for folder in (out, out / "raw", out / "truth"):
        io.clear_up(folder.absolute())
    for path in (path for stem in stems for path in _paths(out, stem)):
        if path.exists():
            raise InputError(f"{path} exists already; give another folder")
    write = partial(_write, out, sample)
    written = 0

    def tick(_: Path) -> None:
        nonlocal written
        written += 1
        if progress:
            progress(written, count)

    worth = int(count * np.prod(np.broadcast_to(size, 2)) // PIXELS_PER_WORKER)
    return on_cores(write, stems, min(worth, count, cores()), tick)


def _paths(out: Path, stem: str) -> tuple[Path, Path, Path]:
    return out / "raw" / f"{stem}.tif", out / "truth" / f"{stem}.tif", out / f"{stem}.json"


def _sample(seed: int, asked: dict, index: int) -> tuple[Sample, dict]:
    sample = simulate_stack(seed, index=index, **asked)
    return sample, sidecar(sample, seed, index)


def _sample_of(microscope: Calibration, seed: int, asked: dict, index: int) -> tuple[Sample, dict]:
    sample = calibrated.simulate_stack(microscope, seed, index=index, **asked)
    return sample, sidecar(sample, seed, index)


def _write(out: Path, make: Callable[[int], tuple[Sample, dict]], stem: str) -> Path:
    sample, about = make(int(stem))
    settings = sample.settings
    optics = Optics(settings.na, settings.wavelength_em_um, settings.pixel_size_um)
    raw_path, truth_path, sidecar_path = _paths(out, stem)
    with io.together(), io.atomic(sidecar_path) as temporary:
        io.write_raw(raw_path, sample.raw, optics=optics)
        io.write_image(
            truth_path, sample.truth[None, None, None], optics=Optics(pixel_size_um=settings.pixel_size_um / SCALE)
        )
        temporary.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    return raw_path


def sidecar(sample: Sample, seed: int, index: int) -> dict:
    """Every parameter of a sample, ready for JSON; the units are in the names."""
    settings = sample.settings
    return {
        "srredsim": __version__,
        "seed": seed,
        "index": index,
        "angles": settings.angles,
        "phases": settings.phases,
        **asdict(settings),
        "cutoff_per_um": settings.cutoff_per_um,
        "k_max_per_um": settings.k_max_per_um,
        "truth_pixel_size_um": settings.pixel_size_um / SCALE,
        "saturated_pixels": int(np.count_nonzero(sample.raw == SATURATION_ADU)),
    }


def saturated(raw_paths: Sequence[Path]) -> list[str]:
    """What is to be said of stacks whose light the camera has cut off, by the files beside them."""
    told = (documents.read_json(path.parents[1] / f"{path.stem}.json") for path in raw_paths)
    number = sum(one["saturated_pixels"] > 0 for one in told)
    if not number:
        return []
    words = f"{number} of {len(raw_paths)} stacks reach {SATURATION_ADU}, where the camera cuts the light off"
    return [f"{WARNING}{words}: give fewer `photons`"]
