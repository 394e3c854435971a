"""From a file of raw frames to ``<stem>_wiener.tif``, with what it rests on in ``<stem>_wiener.json``.

The stripes also go into a file for another program, where one is asked for.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, replace
from pathlib import Path

from srredsim import io
from srredsim.errors import InputError
from srredsim.io.files import beside
from srredsim.io.image import carried_over
from srredsim.optics.sampling import SCALE
from srredsim.stripes import written
from srredsim.workflows.page import write_page
from srredsim.workflows.reconstruct import KnownStripes, Lens, Method, Progress, Reconstruction


def reconstruct_file(
    path: str | Path,
    *,
    reading: io.Reading | None = None,
    writing: io.Writing | None = None,
    method: Method | None = None,
    known: KnownStripes | None = None,
    lens: Lens | None = None,
    split_photons: bool = False,
    progress: Progress | None = None,
) -> dict:
    """Reconstruct every t, c and z of a file, as `reconstruct` does, one plane in memory at a time.

    Returns
    -------
    dict
        What is in the JSON file, and its paths, ready for JSON.

    Raises
    ------
    InputError
        Before anything is computed, if the file or its optics cannot be used or a result exists already.
    """
    started = time.perf_counter()
    path, reading, writing, method = Path(path), reading or io.Reading(), writing or io.Writing(), method or Method()
    stack = io.read(path, **asdict(reading))
    work = Reconstruction(stack, method, known or KnownStripes(), lens or Lens(), split_photons=split_photons)
    result = writing.path(path, method.name.replace("-", "_"))
    report_path = beside(result, ".json")
    calibration = carried_over(replace(stack, optics=work.optics), SCALE)
    io.refuse_results(result, [report_path, *writing.beside(result)], writing.overwrite)
    _check_parameters(writing, work)
    with io.together(result):
        with (
            io.atomic(report_path, writing.overwrite) as unfinished_report,
            io.ImageWriter(result, work.shape, overwrite=writing.overwrite, tag=io.RESULT, **calibration).compressed(
                writing.compress
            ) as writer,
        ):
            for plane in work.planes(progress):
                writer[plane.position] = plane.image
            facts = work.report()
            parameters = _write_parameters(writing, work, facts)
            unfinished_report.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
        report = facts | {
            "paths": [str(path) for path in (result, report_path, *writing.beside(result), *parameters)],
            "shape_tczyx": list(work.shape),
            "seconds": round(time.perf_counter() - started, 3),
        }
        write_page(report, reading, writing)
    return report


def _check_parameters(writing: io.Writing, work: Reconstruction) -> None:
    """InputError before the work if the file of parameters that is asked for cannot be written."""
    if (path := writing.write_parameters) is not None:
        written.check(path, work.stack.sizes["C"], work.optics.pixel_size_um)
        if Path(path).exists() and not writing.overwrite:  # no result that may be skipped
            raise InputError(f"`write_parameters` {path} exists already; give `overwrite` or another name")
        io.refuse_unwritable(Path(path), writing.overwrite)


def _write_parameters(writing: io.Writing, work: Reconstruction, facts: dict) -> list[Path]:
    """Write the file of parameters, if one is asked for and it can say what was found; else a note in the facts."""
    if writing.write_parameters is None:
        return []
    path, sizes = Path(writing.write_parameters), work.stack.sizes
    try:
        text = written.text_of(facts, path, max(sizes["Y"], sizes["X"]))
    except InputError as problem:
        facts["notes"].append(f"warning: {problem}")
        return []
    with io.atomic(path, writing.overwrite) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
    return [path]
