"""Scores of a model and of the baselines on the same images."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from srredsim.data import description
from srredsim.data.pairs import Pair, Pairs
from srredsim.errors import InputError
from srredsim.evaluation import methods
from srredsim.evaluation.control import measured
from srredsim.evaluation.methods import First
from srredsim.evaluation.runner import Progress, Runner, mean_and_spread
from srredsim.evaluation.scores import DEFINITIONS, score
from srredsim.simulation import calibration, calibration_file
from srredsim.simulation.calibration import Calibration
from srredsim.zoo import models
from srredsim.zoo.models import LoadedModel

LEVELS = ("condition", "photons", "noise_level")  # facts of a pair by which scores are kept apart
NAMES = ("source", "name", "fov", "index")  # facts of a pair that say which it is


def evaluate(
    model: LoadedModel | str | Path,
    data: str | Path | None = None,
    split: str | First = "test",
    progress: Progress | None = None,
    pattern: str | None = None,
    work: str | Path | None = None,
    microscope: str | Path | None = None,
    control: int = 0,
) -> dict[str, Any]:
    """Scores of a model, and of what it is compared with, on a split of a data set.

    Raw stacks are compared with their Wiener image, where the optics are known, and with the widefield image up-scaled
    by Fourier and by bicubic interpolation; widefield images with these two, or as they are where the scale is 1.

    Parameters
    ----------
    model : LoadedModel, str or Path
    data : str or Path, optional
        A data set of the catalogue or a folder of pairs. Left out: ``simulated`` for models of raw stacks, what its
        recipe names for others.
    split : str or First
        Its images, or the first of each light level.
    progress : callable(done, total), optional
        Called after every image of every method.
    pattern : str, optional
        Angles x phases of the stacks, as ``3x5``; left out: all that the model is for.
    work : path, optional
        Folder in which every method's scores are kept as soon as they are there: run again, it goes on, and another
        model finds what it has in common with this one. Left out: nothing is kept.
    microscope : path, optional
        A file of ``srredsim calibrate``: the simulated stacks are of this one. Left out: that which the model was
        trained for, if no data are named either.
    control : int
        Fields of the control without stripes, where the stacks are simulated, see `srredsim.evaluation.control`.

    Returns
    -------
    dict
        ``control``: rows of the control without stripes, if it was asked for; ``microscope``: the stacks that it was
        measured in, if the simulated ones are of one.
        ``split``: which one was scored, that to validate with where a folder has none to test with.
        ``groups``: for every pattern and light level (or the whole set) the number of images, and for every method and
        metric the mean and the spread; ``each``: a row for every image and method, with its scores; ``definitions``
        says what the numbers are.

    Raises
    ------
    InputError
        If there is no such data set, or if the model does not take its images.
    """
    model = models.load(model) if isinstance(model, str | Path) else model
    one = _microscope(model, data, microscope)
    data = model.kind.tested_on(model.recipe) if data is None else data
    if one:
        pattern = pattern or "x".join(map(str, one.pattern))
    options = {"microscope": one.as_dict()} if one else None
    sets = methods.opened(model, data, split, pattern, options)
    split = next(iter(sets.values())).split or str(split)
    trial = Trial(model, sets, str(data), split, work)
    result = trial.runner.run(trial.cells(), progress)
    if result["failures"]:
        raise InputError(result["failures"][0]["error"])
    simulated = control and model.kind.OF_STACKS and description.of(data).reader.ANY_PATTERN
    without_stripes = measured(model, control, pattern, options) if simulated else []
    cells = [result["cells"][cell.key] for cell in trial.cells()]
    return {
        "model": model.name,
        "data": trial.data,
        "split": split,
        "precision": model.precision,
        "images": sum(map(len, trial.sets.values())),
        "definitions": DEFINITIONS,
        "groups": list(_groups(cells)),
        "each": [row for cell in cells for row in cell["each"]],
        **({"control": without_stripes} if without_stripes else {}),
        **({"microscope": list(one.stacks)} if one else {}),
    }


def _microscope(model: LoadedModel, data: str | Path | None, path: str | Path | None) -> Calibration | None:
    """The one that all simulated stacks are to be of."""
    if path is not None:
        return calibration_file.load(path)
    content = model.recipe.data.options.get("microscope")
    return calibration.of(content, "data.microscope") if content and data is None else None


@dataclass(frozen=True)
class Cell:
    """One method on the pairs of one pattern."""

    method: str
    pattern: str

    @property
    def key(self) -> str:
        return f"{self.method}@{self.pattern}"


class Trial:
    """The plan of an evaluation, see `srredsim.evaluation.runner.Plan`."""

    definitions: Mapping[str, str] = DEFINITIONS

    def __init__(self, model: LoadedModel, sets: dict[str, Pairs], data: str, split: str, work):
        self.model, self.sets, self.data, self.split = model, sets, data, split
        self.runner = Runner(self, work)
        self._contents = {pattern: pairs.identity() for pattern, pairs in sets.items()}

    def cells(self) -> list[Cell]:
        return [
            Cell(method, pattern) for pattern, pairs in self.sets.items() for method in methods.names(self.model, pairs)
        ]

    def facts(self) -> dict[str, Any]:
        return {"data": self.data, "split": self.split}

    def fingerprint(self, cell: Cell) -> str:
        return f"{methods.made_by(cell.method, self.model)}, data {self._contents[cell.pattern]}, each image"

    def prepare(self, cells: Sequence[Cell]) -> None:
        """The pairs are there."""

    def count(self, cell: Cell) -> int:
        return len(self.sets[cell.pattern])

    def scores(self, cell: Cell, index: int) -> dict[str, Any]:
        pair = self.sets[cell.pattern][index]
        image = methods.image(cell.method, self.model, pair, cell.pattern)
        scores = None if image is None else score(pair.truth, image, _pixel_size_um(pair))
        level = {name: pair.facts.get(name) for name in LEVELS if name in pair.facts}
        return {"image": _name(pair, index), "level": level, "scores": scores}

    def describe(self, cell: Cell) -> dict[str, Any]:
        return {"method": cell.method, "pattern": cell.pattern}

    def summary(self, cell: Cell, rows: list[dict[str, Any]]) -> dict[str, Any]:
        """For each light level, as they come, how many images, and their scores; then those of each image."""
        levels: list[dict] = []
        for row in rows:
            if row["level"] not in levels:
                levels.append(row["level"])
        found = [[row["scores"] for row in rows if row["level"] == level and row["scores"]] for level in levels]
        each = [
            {"pattern": cell.pattern, **row["level"], "image": row["image"], "method": cell.method, **row["scores"]}
            for row in rows
            if row["scores"]
        ]
        means = [{**level, **_means(scores)} for level, scores in zip(levels, found, strict=True) if scores]
        return {"levels": means, "each": each}


def _name(pair: Pair, index: int) -> str:
    """What an image is called in its data set: its file or its field; where it has neither, its number there."""
    return str(next((pair.facts[name] for name in NAMES if name in pair.facts), index))


def _pixel_size_um(pair: Pair) -> float | None:
    """Pixel size of the truth."""
    optics = pair.facts.get("optics")
    return optics["pixel_size_um"] / pair.scale if optics else None


def _means(rows: list[dict[str, float]]) -> dict[str, Any]:
    """How many images there are; for each metric the mean and the spread of those that have it."""
    names = dict.fromkeys(name for row in rows for name in row)
    scores = {name: mean_and_spread(row[name] for row in rows if name in row) for name in names}
    return {"images": len(rows), "scores": scores}


def _groups(cells: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """For each pattern and light level, the scores of every method."""
    groups: dict[str, dict] = {}
    for cell in cells:
        for level in cell["levels"]:
            facts = {"pattern": cell["pattern"], "photons": None}
            facts |= {name: value for name, value in level.items() if name in LEVELS}
            group = groups.setdefault(json.dumps(facts), {**facts, "images": level["images"], "methods": {}})
            group["methods"][cell["method"]] = level["scores"]
    yield from groups.values()
