"""A benchmark is a plan of cells; the runner computes each once, and keeps it as soon as it is done.

``results.json`` says which data it is of, defines its scores, and has the cells by their keys. It is written anew after
every cell, so that a run that was stopped goes on where it was. Processes that share out the cells of a plan write into
one folder, each a file of its own, ``results-I-of-N.json``, which the next run without shares takes over. A cell is
computed again where its weights have changed since, its precision, the source of a method without weights, or any image
that it is of; results of data of another name are refused.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from srredsim import documents, io, resources
from srredsim.data.stored import digest_of
from srredsim.errors import InputError, out_of_memory

RESULTS, OF_SHARE = "results.json", "results-{}-of-{}.json"
CLASSICAL = "classical"  # what has no weights

Progress = Callable[[int, int], None]  # (images done, images in all)


class Cell(Protocol):
    """One number of a table before it is computed, such as a method on a data set."""

    @property
    def key(self) -> str:
        """Its name in the results."""


class Plan(Protocol):
    """What a benchmark tells the runner."""

    definitions: Mapping[str, str]  # what the scores are

    def facts(self) -> dict[str, Any]:
        """What all cells have in common, such as the data; results with other facts are refused."""

    def fingerprint(self, cell: Any) -> str:
        """What the cell depends on: other weights, or other images, are another cell."""

    def prepare(self, cells: Sequence[Any]) -> None:
        """Called once, before the first of these cells."""

    def count(self, cell: Any) -> int:
        """How many images the cell is the mean of."""

    def scores(self, cell: Any, index: int) -> Any:
        """What is measured on one image; InputError if it cannot be, which costs this cell alone."""

    def describe(self, cell: Any) -> dict[str, Any]:
        """What the cell is, ready for JSON."""

    def summary(self, cell: Any, rows: list[Any]) -> dict[str, Any]:
        """What is kept of the scores of all images, ready for JSON."""


class Runner:
    """The plan in the folder ``out``; in memory alone if there is none."""

    def __init__(self, plan: Plan, out: str | Path | None = None):
        self.plan = plan
        self._path = None if out is None else Path(out) / RESULTS
        self._result: dict[str, Any] | None = None

    def run(
        self, cells: Sequence[Any], progress: Progress | None = None, share: tuple[int, int] = (1, 1)
    ) -> dict[str, Any]:
        """Content of the results, after the cells that they lacked were computed; of a share (i, n) every nth of these.

        A cell of which one image cannot be computed is left out, and stands with the reason under ``failures``.

        Raises
        ------
        InputError
            If the results are damaged, or of other data.
        """
        (number, shares), failures, done = share, [], 0
        path = self._path if shares == 1 else self._path and self._path.with_name(OF_SHARE.format(number, shares))
        if shares == 1:
            self._take_over(cells)
        todo = [cell for cell in cells[number - 1 :: shares] if not self._done(cell)]
        if todo:
            self.plan.prepare(todo)
        total = sum(map(self.plan.count, todo))
        for cell in todo:
            if not self._done(cell):  # another process may have been faster
                try:
                    entry = self._measured(cell, _after(done, total, progress))
                except Exception as problem:
                    if not (isinstance(problem, InputError) or out_of_memory(problem)):
                        raise
                    failures.append({"input": cell.key, "error": str(problem)})
                else:
                    result = self._read(path)
                    result["cells"][cell.key] = entry
                    self._write(path, result)
            done += self.plan.count(cell)
        return self._read(path) | {"failures": failures}

    def _done(self, cell: Cell) -> bool:
        """Whether any file has it."""
        return any(self._has(self._read(path), cell) for path in (self._path, *self._of_shares()))

    def _take_over(self, cells: Sequence[Cell]) -> None:
        """Put what shares have computed to the results, in the order of the plan, and remove their files."""
        if not (files := self._of_shares()):
            return
        result = self._read(self._path)
        found: dict[str, Any] = {}
        for path in files:
            found |= self._read(path)["cells"]
        ordered = [*(cell.key for cell in cells if cell.key in found), *sorted(found)]
        current = {cell.key for cell in cells if self._has(result, cell)}
        result["cells"] |= {key: found[key] for key in ordered if key not in current}
        self._write(self._path, result)
        for path in files:
            path.unlink(missing_ok=True)

    def _of_shares(self) -> list[Path]:
        return [] if self._path is None else sorted(self._path.parent.glob(OF_SHARE.format("*", "*")))

    def begin(self) -> None:
        """Say in the folder of which data its results will be, before anything else is written there."""
        if self._path is not None and not self._path.exists():
            self._write(self._path, self._read(self._path))

    def _has(self, result: dict[str, Any], cell: Cell) -> bool:
        return result["cells"].get(cell.key, {}).get("weights") == self.plan.fingerprint(cell)

    def _measured(self, cell: Cell, tick: Callable[[int], None]) -> dict[str, Any]:
        """What is kept of one cell, with how long it took."""
        times, rows = [time.perf_counter()], []
        fingerprint = self.plan.fingerprint(cell)
        for index in range(self.plan.count(cell)):
            rows.append(self.plan.scores(cell, index))
            times.append(time.perf_counter())
            tick(index + 1)
        return {
            **self.plan.describe(cell),
            "images": len(rows),
            "weights": fingerprint,
            "seconds": round(times[-1] - times[0], 1),
            "seconds_an_image": float(f"{np.median(np.diff(times)):.3g}"),  # the first has to wait for its network
            **self.plan.summary(cell, rows),
        }

    def _read(self, path: Path | None) -> dict[str, Any]:
        """The results as they are now; their head alone if there are none."""
        facts = self.plan.facts()
        if path is None or not path.is_file():
            return self._result or {**facts, "definitions": dict(self.plan.definitions), "cells": {}}
        try:
            result = documents.read_json(path)
        except ValueError:
            result = None
        if not isinstance(result, dict) or not isinstance(result.get("cells"), dict):
            raise InputError(f"{path} is damaged, or not of this benchmark; remove it, or give another `out`")
        for name, value in facts.items():
            if result.get(name) != value:
                raise InputError(
                    f"{path} is of other data: its {name} is {result.get(name)}, not {value}; give another `out`"
                )
        return result

    def _write(self, path: Path | None, result: dict[str, Any]) -> None:
        if path is None:
            self._result = result
            return
        with io.atomic(path, overwrite=True) as temporary:
            temporary.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


class Cache:
    """Images on disk that several cells share, each made once; ``announce`` is called before one is written."""

    def __init__(self, folder: str | Path, announce: Callable[[], None] = lambda: None):
        self._folder, self._announce = Path(folder), announce

    def image(self, *place: str, make: Callable[[], np.ndarray]) -> np.ndarray:
        """The image in the file ``<place>/<place>.npy``; made now if it is not there."""
        path = self._path(place)
        if not path.is_file():
            image = make()
            self._announce()
            with io.atomic(path, overwrite=True) as temporary, temporary.open("wb") as file:
                np.save(file, image)
        return np.load(path)

    def _path(self, place: Sequence[str]) -> Path:
        return self._folder.joinpath(*place[:-1], f"{place[-1]}.npy")


def mean_and_spread(values: Iterable[float]) -> dict[str, float]:
    """``mean`` and ``std`` of the scores of all images."""
    values = list(values)
    return {"mean": float(np.mean(values)), "std": float(np.std(values))}


def check_used(weights: Iterable[str], methods: Iterable[str]) -> None:
    """InputError if weights were given for what is not among the methods: their scores would be missed."""
    methods = list(dict.fromkeys(methods))
    for name in weights:
        if name not in methods:
            raise InputError(
                f"`weights` were given for {name}, which is none of the methods: {', '.join(methods)}; name it in"
                " `methods`, too"
            )


@cache
def classical(*sources: str) -> str:
    """What stands for weights where there are none: a digest of the source that makes the images, see
    `srredsim.resources.sources`.
    """
    return f"{CLASSICAL}-{digest_of('', resources.sources(*sources))}"


def _after(before: int, total: int, progress: Progress | None) -> Callable[[int], None]:
    return lambda done: progress(before + done, total) if progress else None
