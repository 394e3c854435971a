"""Where trainings are kept: ``runs/<model>/<time>``."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import yaml

from srredsim import resources
from srredsim.data.baselines import WIDEFIELD, WIENER
from srredsim.errors import InputError
from srredsim.simulation import calibration_file
from srredsim.training import fine_tuning
from srredsim.zoo import recipe as recipes
from srredsim.zoo.recipe import Recipe

HOME = Path("runs")
CHECKPOINT = "checkpoint"
STACKS = "simulated_real"  # of one microscope
NO_MODEL = "`model` is missing: the name of a model (srredsim models lists them) or a recipe.yaml"
# when a run goes on; where a file lies is one of them
MAY_CHANGE = {"epochs", "precision", "vgg_weights", "fine_tuning.patience"}


def begun(
    model: str | None,
    overrides: Sequence[str],
    folder: Path | None,
    *,
    fine_tunes: bool = False,
    name: str | None = None,
    microscope: Path | None = None,
) -> tuple[Recipe, Path]:
    """The recipe of a new run of a model, or of its fine-tuning, under a name of its own; and where it goes.

    ``microscope`` is a file of ``srredsim calibrate``: the run is on simulated stacks of this one.
    """
    keys = {one.partition("=")[0].strip() for one in overrides}
    if not model:
        raise InputError(NO_MODEL)
    if fine_tunes and "data.name" not in keys and not microscope:
        raise InputError("`data` is missing: the folder of pairs to fine-tune on; or give a `microscope`")
    if microscope:
        overrides = [*of_microscope(model, microscope), *overrides]
    recipe = fine_tuning.recipe_for(model, overrides) if fine_tunes else recipes.load(model, overrides)
    if fitting := fine_tuning.pattern_of_folder(recipe):
        recipe = recipes.load(model, [*overrides, f"data.patterns=[{fitting}]"])
    if microscope:
        for pattern in recipe.data.each_pattern:
            calibration_file.load(microscope).check_pattern(*pattern)
    folder = start(recipe, folder)
    if "name" not in keys:  # which has the last word
        recipe = replace(recipe, name=name or name_of(recipe.name, folder))
    check_name(recipe.name)
    return recipe, folder


def of_microscope(model: str, path: Path) -> list[str]:
    """Overrides of the recipe of a model, with which it is trained for one microscope.

    Specimens are of all kinds, dense ones too: of thin ones alone a network forgets what dense ones look like.
    """
    found = calibration_file.load(path)
    text = yaml.safe_dump(found.as_dict(), default_flow_style=True, width=1_000_000).strip()
    changes = [f"data.microscope={text}", f"data.name={STACKS}"]
    if recipes.load(model).data.patterns:
        angles, phases = found.pattern
        changes.append(f"data.patterns=[{angles}x{phases}]")
    return changes


def resumed(model: str | None, overrides: Sequence[str], folder: Path | None) -> tuple[Recipe, Path]:
    """The recipe that a run was started with, and where it is: in the folder, else the latest of a model."""
    if not (model or folder):
        raise InputError(NO_MODEL)
    found = find(folder, recipes.load(model).name if model else "")
    recipe = recipes.load(found, overrides)
    if model and folder and recipes.load(model, overrides).network != recipe.network:
        raise InputError(
            f"{folder} is a run of {recipe.name}, whose network is another than that of {model}; a resumed run keeps"
            " its recipe: leave `model` out, or give another `out`"
        )
    return recipe, found


def find(folder: Path | None, model: str) -> Path:
    """The run to go on with: the one in the folder, else the latest of a model."""
    runs = [folder / "recipe.yaml"] if folder else sorted((HOME / model).glob("*/recipe.yaml"), key=_last_written)
    if not runs or not runs[-1].is_file():
        raise InputError(
            f"nothing to resume in {folder or HOME / model}; start without `resume`, or give the run as `out`"
        )
    return runs[-1].parent


def _last_written(recipe: Path) -> float:
    """Time of the last epoch of a run, or else of its start."""
    state = recipe.parent / CHECKPOINT / "state.json"
    return (state if state.is_file() else recipe).stat().st_mtime


def start(recipe: Recipe, folder: Path | None) -> Path:
    """Where a new run goes; refused if there is one already. Nothing is made yet."""
    folder = folder or HOME / recipe.name / time.strftime("%Y%m%d-%H%M%S")
    if (folder / "recipe.yaml").exists():
        raise InputError(f"{folder} has a run already; go on with `resume`, or give another `out`")
    if foreign := _content(folder):
        raise InputError(f"{folder} holds other files, as {foreign[0]}; a run has a folder of its own: another `out`")
    return folder


def name_of(model: str, folder: Path) -> str:
    """Name of a run of its own, so that its results are not taken for those of the model that it began with."""
    own = folder.resolve().name
    return own if own.startswith(model) and own != model else f"{model}-{own}"


def check_name(name: str) -> None:
    """InputError if results would be taken for those of a shipped model, or of what needs no network."""
    if resources.has("models", name):
        raise InputError(f"{name} is the name of a model of the zoo; give the run a `name` of its own")
    if name in (WIENER, WIDEFIELD):
        raise InputError(f"{name} is the name of an image that needs no network; give the run another `name`")


def _content(folder: Path) -> list[str]:
    """Names of what a user would miss; not what the system or an interrupted run hid there."""
    if not folder.exists():
        return []
    try:
        return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as problem:
        raise InputError(f"{folder} cannot be the folder of a run: {problem.strerror}") from None


@contextmanager
def made(folder: Path) -> Iterator[None]:
    """The folder, with those above it; what is new and still empty goes again if the work within fails.

    Raises
    ------
    InputError
        If it cannot be written to.
    """
    new = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".writable").touch()
        (folder / ".writable").unlink()
    except OSError as problem:
        raise InputError(f"cannot write to {folder}: {problem.strerror}") from None
    try:
        yield
    except BaseException:
        with suppress(OSError):  # it is not empty
            for one in new:
                one.rmdir()
        raise


def forget_begun(folder: Path) -> None:
    """Take away what tells of a run of which no epoch was done: it can be begun anew there, with other settings."""
    if not (folder / CHECKPOINT / "state.json").is_file():
        for name in ("recipe.yaml", "run.json"):
            (folder / name).unlink(missing_ok=True)
        shutil.rmtree(folder / "tensorboard", ignore_errors=True)
        with suppress(OSError):  # what else is there was there before
            folder.rmdir()


def go_on(recipe: Recipe, folder: Path | None) -> Path:
    """The folder of the run to go on with, if it was made by this recipe."""
    folder = find(folder, recipe.name)
    changed = [key for key in differences(recipes.load(folder), recipe) if key not in MAY_CHANGE]
    if changed:
        raise InputError(f"{folder} was trained with another {', '.join(changed)}; a resumed run keeps its recipe")
    return folder


def differences(one, other, prefix: str = "") -> list[str]:
    """Keys in which two recipes differ, as ``data.batch``."""
    found = []
    for field in fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if is_dataclass(a) and is_dataclass(b):
            found += differences(a, b, f"{prefix}{field.name}.")
        elif a != b:
            found.append(prefix + field.name)
    return found
