"""The zoo: a folder is a model, with its recipe, its weights, its card and its scores."""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from srredsim import resources
from srredsim.acquisition import Optics, Pattern
from srredsim.checkpoints.keras_file import load_weights
from srredsim.errors import InputError
from srredsim.optics.sampling import SCALE
from srredsim.optics.transfer import transfer_of
from srredsim.reconstruction.channels import CHANNELS
from srredsim.zoo import recipe as recipes
from srredsim.zoo.precision import policy, resolve
from srredsim.zoo.recipe import Recipe

WEIGHTS, RECIPE = "model.weights.h5", "recipe.yaml"
INPUTS = {"frames": "raw frames", "wiener": "Wiener images", "widefield": "widefield images"}


@dataclass(frozen=True)
class LoadedModel:
    """A network with its weights, ready to predict."""

    name: str
    folder: Path
    recipe: Recipe
    network: Any  # keras.Model
    receptive_field: int  # raw pixels of context on each side
    scale: int  # output pixels per raw pixel
    precision: str
    alignment: int = 1  # raw pixels to whose multiples tiles are moved

    @property
    def takes_wiener_images(self) -> bool:
        """Its input is the Wiener image of the frames, of any pattern; otherwise the frames."""
        return self.recipe.data.input == "wiener"

    @property
    def takes_widefield_images(self) -> bool:
        """Its input is one widefield image."""
        return self.recipe.data.input == "widefield"

    @property
    def sampling(self) -> int:
        """Pixels of the input per raw pixel."""
        return _sampling(self.recipe)

    @property
    def angles(self) -> int:
        return self.recipe.data.angles

    @property
    def phases(self) -> int:
        return self.recipe.data.phases


def names() -> list[str]:
    """Every model that has weights, by name."""
    return [name for name in resources.entries("models") if (resources.entry("models", name) / WEIGHTS).is_file()]


def find(name_or_folder: str | Path) -> Path:
    """The folder of a model: a training's output folder, or an entry of the zoo."""
    path = recipes.find(name_or_folder)
    folder = path.parent
    if path.name != "recipe.yaml" and (folder / "recipe.yaml").is_file():
        raise InputError(
            f"{name_or_folder} is a variant of {folder.name}, a recipe to train; its weights are in the folder of a run"
        )
    if not (folder / WEIGHTS).is_file():
        raise InputError(f"{name_or_folder} has no weights yet ({WEIGHTS} is missing); train it first")
    return folder


def load(name_or_folder: str | Path, precision: str = "auto") -> LoadedModel:
    """Build the network of a model and read its weights.

    Raises
    ------
    InputError
        If there is no such model, or if its weights are damaged or belong to another network.
    """
    from srredsim import networks

    folder = find(name_or_folder)
    recipe = recipes.load(folder)
    network = build_network(recipe, precision)
    check(recipe, network)
    load_weights(network, folder / WEIGHTS)
    sampling = _sampling(recipe)
    settings = {key: value for key, value in recipe.network.items() if key != "name"}
    architecture = networks.module(recipe.network["name"])
    return LoadedModel(
        name=recipe.name,
        folder=folder,
        recipe=recipe,
        network=network,
        receptive_field=architecture.receptive_field(**settings) // sampling,
        scale=scale_of(network) * sampling,
        precision=resolve(precision),
        alignment=architecture.alignment(**settings) if hasattr(architecture, "alignment") else 1,
    )


def _sampling(recipe: Recipe) -> int:
    return SCALE if recipe.data.input == "wiener" else 1


def build_network(recipe: Recipe, precision: str = "float32", all_steps: bool = False):
    """The recipe's network, untrained, at a precision; to train a loss over steps, with all its steps as channels."""
    import keras

    from srredsim import networks

    if all_steps and "all_steps" not in inspect.signature(networks.module(recipe.network["name"]).build).parameters:
        raise InputError(
            "a loss over steps is for a network that makes its image in steps, as srfbn;"
            f" {recipe.network['name']} has none"
        )
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy(precision))
    try:
        network = networks.build(**recipe.network, **({"all_steps": True} if all_steps else {}))
    finally:
        keras.config.set_dtype_policy(before)
    _check_input(recipe, network)
    return network


def check(recipe: Recipe, network) -> None:
    """The network is one that this recipe can predict with, or a clear refusal."""
    _check_input(recipe, network)
    _check_constants(recipe)


def _check_input(recipe: Recipe, network) -> None:
    """The network fits what the recipe's data are."""
    channels_in, scale = network.input_shape[-1], scale_of(network)
    if recipe.data.input == "wiener":
        if channels_in != len(CHANNELS) or scale != 1:
            raise InputError(
                f"a network of Wiener images takes {len(CHANNELS)} channels ({', '.join(CHANNELS)}) at scale 1; set"
                f" network.input_channels={len(CHANNELS)} and network.scale=1"
            )
        return
    if recipe.data.input == "widefield":
        wanted = {"average": 1, "sim": SCALE}[recipe.data.target]
        if (channels_in, scale) != (1, wanted):
            raise InputError(
                f"a network of widefield images takes 1 channel, and makes {wanted}x the pixels where the target is"
                f" {recipe.data.target}; this one takes {channels_in} and makes {scale}x"
            )
        return
    expected = recipe.data.angles * recipe.data.phases
    if channels_in != expected:
        raise InputError(
            f"the network takes {channels_in} frames, the data have {recipe.data.angles} angles x"
            f" {recipe.data.phases} phases = {expected}; set network.input_channels={expected}"
        )


def _check_constants(recipe: Recipe) -> None:
    """A model of z-scores knows by which; only a training may find them in its data set."""
    data = recipe.data
    if data.input != "widefield" or data.normalise != "dataset":
        return
    for key in ("zscore", "sim_zscore") if data.target == "sim" else ("zscore",):
        if getattr(data, key) is None:
            raise InputError(
                f"the recipe of {recipe.name} has data.normalise: dataset, but no data.{key}; give the mean and the"
                " standard deviation of the images it was trained on, as [154.5, 66.03]"
            )


def scale_of(network) -> int:
    """Output pixels per input pixel, from the network itself."""
    return network.compute_output_shape((1, 64, 64, network.input_shape[-1]))[1] // 64


def fitting(pattern: Pattern, optics: Optics | None = None) -> str:
    """The shipped model for a stack: of Wiener images where its optics allow them, else of its raw frames.

    Raises
    ------
    InputError
        If none fits; the message lists what there is.
    """
    known = {name: recipes.load(name).data for name in names()}
    cleaners = [name for name, data in known.items() if data.input == "wiener"]
    if cleaners and pattern.phases >= 3 and _reconstructible(optics):
        return cleaners[0]
    known = {name: data for name, data in known.items() if data.input == "frames"}
    for name, data in known.items():
        if (data.angles, data.phases) == (pattern.angles, pattern.phases):
            return name
    listed = ", ".join(f"{name} ({data.angles} x {data.phases})" for name, data in known.items())
    any_pattern = f"; {cleaners[0]} takes any, with --na --wavelength-em-um --pixel-size-um" if cleaners else ""
    raise InputError(
        f"no model for {pattern.angles} angles x {pattern.phases} phases; there are: {listed or 'none'}{any_pattern};"
        " train one with srredsim train, or give --angles and --phases if the file was misread"
    )


def _reconstructible(optics: Optics | None) -> bool:
    """Whether NA, wavelength and pixel size are known, and those of a microscope."""
    try:
        transfer_of(optics or Optics())
    except InputError:
        return False
    return True


def describe() -> list[dict]:
    """A row for each model of the zoo: what it is, and what it scored."""
    rows = []
    for name in resources.entries("models"):
        recipe, folder = recipes.load(name), resources.entry("models", name)
        results = folder / "results.json"
        of_patterns = recipe.data.input != "widefield"
        rows.append(
            {
                "name": name,
                "network": recipe.network["name"],
                "input": INPUTS[recipe.data.input],
                "patterns": [f"{a} x {p}" for a, p in recipe.data.each_pattern] if of_patterns else [],
                "trained": (folder / WEIGHTS).is_file(),
                "variants": recipes.variants(folder),
                "results": json.loads(results.read_text(encoding="utf-8")) if results.is_file() else None,
            }
        )
    return rows
