"""The zoo: a folder is a model, with its recipe, its weights, its card and its scores."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from srredsim import documents, engines, inputs, keras_start, resources
from srredsim.acquisition import Optics, Pattern, RawStack
from srredsim.checkpoints.keras_file import load_weights
from srredsim.errors import InputError
from srredsim.optics.transfer import in_words, missing_of
from srredsim.zoo import evidence, gate, identity, portable
from srredsim.zoo import recipe as recipes
from srredsim.zoo.portable import Facts, Portable
from srredsim.zoo.precision import policy, resolve
from srredsim.zoo.recipe import Recipe

WEIGHTS, RECIPE = identity.WEIGHTS, identity.RECIPE


@dataclass(frozen=True)
class Later:
    """A ``keras.Model`` that is built when it is asked for."""

    build: Callable[[], Any]


@dataclass(frozen=True)
class LoadedModel:
    """A network with its weights, ready to predict."""

    name: str
    folder: Path
    recipe: Recipe
    built: Any  # keras.Model, or a Later of one
    receptive_field: int  # raw pixels of context on each side
    scale: int  # output pixels per raw pixel
    precision: str
    alignment: int = 1  # raw pixels to whose multiples tiles are moved
    engine: str | None = None  # a file of `srredsim.engines`; None: the backend that Keras has
    portable: Portable | None = None  # what engines compute that need no Keras
    made_of: str = ""  # of a folder, see `srredsim.zoo.identity`

    @cached_property
    def network(self) -> Any:
        """The ``keras.Model``."""
        return self.built.build() if isinstance(self.built, Later) else self.built

    @cached_property
    def images_of(self) -> Callable[[np.ndarray], np.ndarray]:
        """What computes its images: `srredsim.engines.open`, once it is wanted."""
        return engines.open(self)

    @cached_property
    def facts(self) -> Facts:
        """What is to be known of the network."""
        return self.portable.facts if self.portable else _facts(self.recipe)

    @property
    def identity(self) -> str:
        """What its images depend on, see `srredsim.zoo.identity`."""
        return identity.identity(self.made_of, self.precision)

    @property
    def channels(self) -> int:
        """Channels of its input."""
        return self.portable.channels if self.portable else self.network.input_shape[-1]

    def portable_or_refuse(self) -> Portable:
        if self.portable is None:
            raise ValueError(f"the model {self.name} was not loaded for the engine {self.engine}")
        return self.portable

    @property
    def kind(self) -> ModuleType:
        """What it takes: a file of `srredsim.inputs`."""
        return inputs.module(self.recipe.data.input)

    @property
    def sampling(self) -> int:
        """Pixels of the input per raw pixel."""
        return self.kind.sampling(self.recipe)

    @property
    def angles(self) -> int:
        return self.recipe.data.angles

    @property
    def phases(self) -> int:
        return self.recipe.data.phases


def names() -> list[str]:
    """Every model that has weights, by name."""
    home = resources.folder("models")
    return [name for name in resources.entries("models") if (home / name / WEIGHTS).is_file()]


def find(name_or_folder: str | Path) -> Path:
    """The folder of a model: a training's output folder, or an entry of the zoo."""
    try:
        path = recipes.find(name_or_folder)
    except resources.Unknown as problem:
        every = resources.entries("models")
        raise resources.Unknown(resources.unknown("model", str(name_or_folder), names(), every)) from problem
    folder = path.parent
    if path.name != "recipe.yaml" and (folder / "recipe.yaml").is_file():
        raise InputError(
            f"{name_or_folder} is a variant of {folder.name}, a recipe to train; its weights are in the folder of a run"
        )
    if not (folder / WEIGHTS).is_file():
        raise InputError(f"{name_or_folder} has no weights yet ({WEIGHTS} is missing); train it first")
    return folder


def load(name_or_folder: str | Path, precision: str = "auto", engine: str | None = None) -> LoadedModel:
    """Build the network of a model and read its weights.

    ``engine`` is a file of `srredsim.engines`; left out: Keras with the backend that it has.

    Raises
    ------
    InputError
        If there is no such model, if its weights are damaged or belong to another network, or if the engine is not
        installed or has no such precision.
    """
    folder = find(name_or_folder)
    recipe = recipes.load(folder)
    precision, made_of = _precision(engine, precision), identity.made_of(folder)  # before they are read
    if engine and engines.module(engine).PORTABLE:
        return replace(_portable(folder, recipe, precision, engine), made_of=made_of)
    keras_start.start(engine)
    network = _with_weights(recipe, folder, precision)
    built = _Built(network, scale_of(network), _facts(recipe))
    return _loaded(folder, recipe, built, precision=precision, engine=engine, made_of=made_of)


def untrained(name_or_folder: str | Path, overrides: Sequence[str] = (), precision: str = "auto") -> LoadedModel:
    """A model with the weights that its training would begin with, see `srredsim.zoo.recipe.load`."""
    recipe, precision = recipes.load(name_or_folder, overrides), resolve(precision)
    keras_start.start()
    import keras

    keras.utils.set_random_seed(recipe.seed)
    network = build_network(recipe, precision)
    check(recipe, network)
    built = _Built(network, scale_of(network), _facts(recipe))
    return _loaded(recipes.find(name_or_folder).parent, recipe, built, precision=precision, engine=None)


def _precision(engine: str | None, precision: str) -> str:
    """The precision that an engine computes in if it is asked for this one."""
    if engine is None:
        return resolve(precision)
    engines.check(engine)
    has = engines.module(engine).precisions()
    if precision == "auto":
        return has[0]
    if precision not in has:
        resolve(precision)  # there may be no such precision at all
        raise InputError(f"`engine={engine!r}` computes in {' or '.join(has)} on this machine; got {precision}")
    return precision


def _portable(folder: Path, recipe: Recipe, precision: str, engine: str) -> LoadedModel:
    """A model for an engine that needs no Keras; where the network is not at hand for it, it is made now."""
    found = portable.find(folder, recipe) or portable.make(load(folder, "float32"))
    network = Later(lambda: _with_weights(recipe, folder, "float32"))
    inputs.module(recipe.data.input).check(recipe, found.channels, found.scale)
    inputs.module(recipe.data.input).check_constants(recipe)
    built = _Built(network, found.scale, found.facts)
    return _loaded(folder, recipe, built, precision=precision, engine=engine, portable=found)


class _Built(NamedTuple):
    network: Any
    scale: int  # output pixels per input pixel
    facts: Facts


def _loaded(folder: Path, recipe: Recipe, built: _Built, **others: Any) -> LoadedModel:
    sampling = inputs.module(recipe.data.input).sampling(recipe)
    return LoadedModel(
        name=_name(recipe, folder),
        folder=folder,
        recipe=recipe,
        built=built.network,
        receptive_field=built.facts.receptive_field // sampling,
        scale=built.scale * sampling,
        alignment=built.facts.alignment,
        **others,
    )


def _with_weights(recipe: Recipe, folder: Path, precision: str) -> Any:
    """The ``keras.Model`` of a folder."""
    network = build_network(recipe, precision)
    check(recipe, network)
    load_weights(network, folder / WEIGHTS)
    return network


def _facts(recipe: Recipe) -> Facts:
    from srredsim import networks

    settings = dict(recipe.network)
    architecture = networks.module(settings.pop("name"))
    return Facts(
        receptive_field=architecture.receptive_field(**settings),
        alignment=architecture.alignment(**settings),
        largest_window=architecture.largest_window(**settings),
        sees_all=bool(architecture.SEES_ALL),
    )


def _name(recipe: Recipe, folder: Path) -> str:
    """That of the recipe; a run that bears the name of a shipped model has that of its folder, too."""
    shipped = resources.has("models", recipe.name) and resources.entry("models", recipe.name) != folder
    return f"{recipe.name}-{folder.resolve().name}" if shipped and folder.resolve().name != recipe.name else recipe.name


OUTPUTS = {  # what a loss may want besides the image: the setting of a network, and in words
    "steps": ("all_steps", "a loss over steps is for a network that makes its image in steps, as srfbn"),
    "levels": ("all_levels", "a loss over levels is for a network that makes an image at each, as prosr"),
    "misfit": ("with_misfit", "a loss of the misfit is for a network that knows how frames come about, as unrolled"),
}


def build_network(recipe: Recipe, precision: str = "float32", outputs: str | None = None):
    """The recipe's network, untrained, at a precision.

    ``outputs`` is what a loss wants besides: "steps", the images of all steps as channels, "misfit", what is left of
    the frames as the first channel, or "levels", the images of all levels as several outputs, the largest last.
    """
    from srredsim import networks

    setting, words = OUTPUTS[outputs] if outputs else ("", "")
    if outputs and setting not in inspect.signature(networks.module(recipe.network["name"]).build).parameters:
        raise InputError(f"{words}; {recipe.network['name']} has none")
    network = _built(recipe, precision, **{setting: True} if outputs else {})
    check_input(recipe, network)
    return network


def _built(recipe: Recipe, precision: str, **settings):
    import keras

    from srredsim import networks

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy(precision))
    try:
        return networks.build(**recipe.network | settings)
    except InputError:
        raise
    except ValueError as problem:  # Keras's own words are long
        words = str(problem).strip().splitlines()[0]
        raise InputError(f"`network` of {recipe.name} cannot be built: {words}") from problem
    finally:
        keras.config.set_dtype_policy(before)


def rebuilt(model: LoadedModel, **settings) -> LoadedModel:
    """The model with other settings of its network, which leave the weights as they are."""
    changed = replace(model.recipe, network=model.recipe.network | settings)
    network = _built(changed, model.precision)
    network.set_weights(model.network.get_weights())
    return replace(model, recipe=changed, built=network)


def check(recipe: Recipe, network) -> None:
    """The network is one that this recipe can predict with, or a clear refusal."""
    check_input(recipe, network)
    inputs.module(recipe.data.input).check_constants(recipe)


def check_input(recipe: Recipe, network) -> None:
    """The network fits what the recipe's data are."""
    inputs.module(recipe.data.input).check(recipe, network.input_shape[-1], scale_of(network))


def scale_of(network) -> int:
    """Output pixels per input pixel, from the network itself."""
    shape = network.compute_output_shape((1, 64, 64, network.input_shape[-1]))
    return (shape[-1] if isinstance(shape, list) else shape)[1] // 64


def fitting(pattern: Pattern, optics: Optics | None = None) -> str:
    """Name of the shipped model for a stack: each kind of input says whether its models suit it.

    One that hardly uses the stripes (`srredsim.zoo.gate`) is taken only where no other can be; of the others that which
    `srredsim.zoo.evidence` speaks for, and, where it speaks for none or several, that whose kind suits the stack best.

    Raises
    ------
    InputError
        If none fits; the message lists what there is.
    """
    known = {name: recipes.load(name).data for name in names()}
    suits = {name: inputs.module(data.input).suits(data, pattern, optics or Optics()) for name, data in known.items()}
    suits = {name: how_well for name, how_well in suits.items() if how_well}
    sure = {name: how_well for name, how_well in suits.items() if gate.passes(resources.entry("models", name))}
    if best := sure or suits:
        in_order = sorted(best, key=best.__getitem__, reverse=True)
        measured = evidence.best(resources.entry("models", name) for name in in_order)
        return measured.name if measured else in_order[0]
    if (missing := missing_of(optics or Optics())) and _some_would_suit(known, pattern):
        raise InputError(f"no model for {pattern} without {in_words(missing)}; give `{', '.join(missing)}`")
    offers = [inputs.module(data.input).offer(name, data) for name, data in known.items()]
    raise InputError(
        f"no model for {pattern}; there are:"
        f" {', '.join(filter(None, offers)) or 'none'}; train one with srredsim train, or give `angles` and `phases` if"
        " the file was misread"
    )


def _some_would_suit(known: Mapping[str, recipes.Data], pattern: Pattern) -> bool:
    """Whether a model takes such a pattern where the optics are known."""
    some = Optics(na=1.0, wavelength_em_um=0.5, pixel_size_um=0.1)
    return any(inputs.module(data.input).suits(data, pattern, some) for data in known.values())


def chosen(stack: RawStack) -> tuple[str, str]:
    """Name of the shipped model for a stack, and what is to be said of that; see `fitting`."""
    name = fitting(stack.pattern, stack.optics)
    return name, f"{stack.pattern}, taking the model {name}"


def describe() -> list[dict]:
    """A row for each model of the zoo: what it is, and what it scored."""
    rows = []
    for name in resources.entries("models"):
        recipe, folder = recipes.load(name), resources.entry("models", name)
        results = folder / gate.RESULTS
        rows.append(
            {
                "name": name,
                "network": recipe.network["name"],
                **inputs.module(recipe.data.input).describe(recipe),
                "trained": (folder / WEIGHTS).is_file(),
                "variants": recipes.variants(folder),
                "results": documents.read_json(results) if results.is_file() else None,
            }
        )
    return rows
