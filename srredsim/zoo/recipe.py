"""A recipe is all that a training depends on: read from YAML, overridden by ``a.b=value``, saved with the weights."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from srredsim import documents, inputs, io, resources, schema
from srredsim.data import readers
from srredsim.errors import InputError, shown
from srredsim.schema import choice
from srredsim.zoo import bounds, renamed

NORMALISATIONS = ("image", "noise", "dataset")
PRECISIONS = ("auto", "float32", "bfloat16", "float16")
SCHEDULES = ("constant", "cosine", "step")
OPTIMIZERS = ("adam", "adamw", "sgd", "lion")
WITH_L2 = ("adam", "sgd")  # adamw and lion decay apart from the gradient
WITH_EPSILON = ("adam", "adamw")
INITIALISATIONS = ("keras", "torch", "kaiming_clamped", "looks_linear")
GANS = ("esrgan", "epsr")
REAL_IMAGES = ("same_batch", "other_batch")


@dataclass(frozen=True)
class Data:
    """Which pairs, and how they are cut into batches."""

    name: str = "simulated"  # an entry of the catalogue, or a folder of pairs
    angles: int = 3
    phases: int = 5
    input: str = "frames"  # or another kind: a file of srredsim.inputs
    patterns: tuple[str, ...] = ()  # those of Wiener images, which can be several: 3x5 is 3 angles x 5 phases
    noise_level: int | None = None  # captures that a widefield image is the average of; None: all noisy levels, in turn
    target: str = "average"  # truth of a widefield image: average of all captures, or sim; of one's own pairs: truth
    normalise: str = "image"  # widefield images: each by itself, or by its noise; or dataset: z-scores of all
    zscore: tuple[float, ...] | None = None  # mean and standard deviation, filled in from the data set by the training
    sim_zscore: tuple[float, ...] | None = None  # the same of the SIM images
    leaves: float = 0.0  # share of the widefield examples that show dead leaves, see srredsim.data.leaves
    dense: float = 0.0  # share of scenes full of structure under lenses of many shapes, see srredsim.data.dense
    crop: int = 64  # pixels of the input, the side of the square that one training example covers
    truth_crop: int | None = None  # the same in pixels of the truth, for data of several scales: crop follows from it
    batch: int = 8  # over all devices together
    gain_jitter: float = 0.3  # each example is made brighter or darker by up to this factor, input and truth alike
    count: int | None = None  # simulated stacks; None: as many as the data set says
    validation_count: int = 32  # validation images
    control_count: int = 0  # fields of the control without stripes at every epoch, see data/stripes_control; 0: none
    validation_crop: int = 128  # pixels of the input, the centre of each validation image; at most this much is used
    options: dict = field(default_factory=dict)  # what else the reader of the data set can be asked by: its own keys

    @property
    def each_pattern(self) -> list[tuple[int, int]]:
        """(angles, phases) of all the pairs."""
        return [pattern(text) for text in self.patterns] or [(self.angles, self.phases)]

    def wanted(self, split: str) -> readers.Wanted:
        """What a reader is asked for."""
        count = self.count if split == "train" else None
        return readers.Wanted(count, self.noise_level, self.target, self.normalise, self.options)


@dataclass(frozen=True)
class Optimizer:
    name: str = "adam"
    learning_rate: float = 1e-4
    weight_decay: float = 0.0  # decoupled
    clip_norm: float | None = 1.0  # largest norm of the whole gradient
    ema: float | None = None  # momentum of the averaged weights; None: no averaging
    l2: float = 0.0  # times each weight, biases too, is added to its gradient (weight_decay of PyTorch's Adam)
    l1: float = 0.0  # times the sign of each weight, likewise: what makes weights sparse
    momentum: float = 0.0  # of sgd: share of the last step that goes into the next
    nesterov: bool = False  # with momentum: the gradient is that of the place it leads to
    epsilon: float | None = None  # constant of adam and adamw; None: that of Keras, 1e-7
    restart_each_epoch: bool = False  # moments and step count to zero at the start of every epoch


@dataclass(frozen=True)
class Schedule:
    """Learning rate over the steps: warmed up linearly, then constant, a cosine to ``final_fraction``, or steps."""

    name: str = "constant"
    warmup_steps: int = 0
    final_fraction: float = 0.01  # cosine: the last learning rate over the first
    step_epochs: int = 50  # step: every so many epochs ...
    step_factor: float = 0.5  # ... the learning rate is multiplied by this ...
    least: float = 0.0  # ... until it is this
    step_every: int | None = None  # every so many steps of the optimiser, instead of epochs


@dataclass(frozen=True)
class Adversarial:
    """A discriminator that learns to tell the network's images from true ones, and what the network learns of it."""

    kind: str = "esrgan"  # or epsr: which relativistic loss the network has
    weight: float = 0.005  # weight of that loss, beside the recipe's own
    discriminator: dict[str, Any] = field(default_factory=lambda: {"name": "vgg_style"})  # as Recipe.network
    learning_rate: float = (
        1e-4  # learning rate of the discriminator, which has the network's optimiser and schedule otherwise
    )
    real: str = "same_batch"  # the true images of the batch, or other_batch: of another, differently shuffled
    warm_up_epochs: int = 0  # with the recipe's own loss alone

    def __post_init__(self):
        if "name" not in self.discriminator:
            raise InputError("adversarial.discriminator needs a name, e.g. {name: vgg_style, size: 128}")
        choice("adversarial.kind", self.kind, GANS)
        choice("adversarial.real", self.real, REAL_IMAGES)


@dataclass(frozen=True)
class FineTuning:
    """A run that begins with a model of the same network: the start is its epoch 0, and may stay the best."""

    patience: int = 6  # epochs without a better validation score, after which the run ends


@dataclass(frozen=True)
class Recipe:
    name: str
    network: dict[str, Any]  # name: a file in srredsim/networks; the rest are its settings
    data: Data = field(default_factory=Data)
    loss: Any = "mean_absolute_error"  # a name, or names with weights
    metrics: tuple[str, ...] = ("psnr", "ncc")
    optimizer: Optimizer = field(default_factory=Optimizer)
    schedule: Schedule = field(default_factory=Schedule)
    epochs: int = 100
    steps: int = 200  # in an epoch
    precision: str = "auto"
    seed: int = 0
    initial_weights: str | None = None  # a model (or run) whose weights of equal shape are the start
    initialisation: str = "keras"  # or torch, kaiming_clamped, looks_linear: see srredsim.training.initialisation
    adversarial: Adversarial | None = None
    fine_tuning: FineTuning | None = None
    vgg_weights: str | None = None  # file for losses of features; None: downloaded once, see srredsim.losses.features

    def __post_init__(self):
        if "name" not in self.network:
            raise InputError("network needs a name, e.g. network: {name: red_net, input_channels: 15}")
        _check_name(self.name)
        choice("precision", self.precision, PRECISIONS)
        choice("schedule.name", self.schedule.name, SCHEDULES)
        choice("optimizer.name", self.optimizer.name, OPTIMIZERS)
        choice("data.input", self.data.input, inputs.names())
        choice("data.normalise", self.data.normalise, NORMALISATIONS)
        bounds.check(self)
        _check_patterns(self.data)
        if self.data.leaves and self.data.dense:
            raise InputError("data.dense has leaves among its scenes; leave data.leaves out")
        inputs.module(self.data.input).check_data(self.data)
        for key in ("zscore", "sim_zscore"):
            _check_zscore(f"data.{key}", getattr(self.data, key))
        choice("initialisation", self.initialisation, INITIALISATIONS)
        _check_optimizer(self.optimizer, self.schedule)
        if self.fine_tuning:
            _check_fine_tuning(self)
        if self.adversarial and self.adversarial.warm_up_epochs >= self.epochs:
            raise InputError(
                f"adversarial.warm_up_epochs={self.adversarial.warm_up_epochs} leaves none of the {self.epochs} epochs"
            )

    def as_dict(self) -> dict:
        """Plain keys and values, as YAML has them; the reader's own stand among the others of ``data``."""
        content = _plain(dataclasses.asdict(self))
        return content | {"data": content["data"] | content["data"].pop("options")}


def _check_name(name: str) -> None:
    """Runs are folders of this name, and results have it in theirs."""
    if not name.strip() or name.startswith(".") or set(name) & set("/\\:\0\n"):
        raise InputError(f"name is that of a folder, as my_model, without / or a dot in front; got {shown(name)}")


def _check_patterns(data: Data) -> None:
    for angles, phases in data.each_pattern:
        if angles < 1 or phases < 1:
            raise InputError(f"data.patterns has at least 1 angle and 1 phase, as 3x5; got {angles}x{phases}")


def _check_zscore(key: str, value: tuple | None) -> None:
    """Mean and standard deviation."""
    numbers = value is None or all(isinstance(n, int | float) and math.isfinite(n) for n in value)
    if not numbers or (value is not None and (len(value) != 2 or value[1] <= 0)):
        raise InputError(f"{key} is a mean and a standard deviation above 0, as [154.5, 66.03]; got {list(value)}")


def _check_optimizer(optimizer: Optimizer, schedule: Schedule) -> None:
    """Options that go together; the others are refused rather than left without effect."""
    for key in ("l2", "l1"):
        value = getattr(optimizer, key)
        if value and optimizer.name not in WITH_L2:
            raise InputError(f"optimizer.{key} goes with {' or '.join(WITH_L2)}; got {value} with {optimizer.name}")
    if optimizer.momentum and optimizer.name != "sgd":
        raise InputError(f"optimizer.momentum goes with sgd; got {optimizer.momentum} with {optimizer.name}")
    if optimizer.nesterov and not optimizer.momentum:
        raise InputError("optimizer.nesterov is a kind of momentum; set optimizer.momentum, as to 0.9")
    if optimizer.epsilon is not None and optimizer.name not in WITH_EPSILON:
        raise InputError(
            f"optimizer.epsilon goes with {' or '.join(WITH_EPSILON)}; got {optimizer.epsilon} with {optimizer.name}"
        )
    if optimizer.restart_each_epoch and (optimizer.ema or schedule.warmup_steps or schedule.name != "constant"):
        raise InputError(
            "optimizer.restart_each_epoch starts the count of steps anew, on which ema and schedule depend; leave ema"
            " out, and the schedule constant without warm-up"
        )


def _check_fine_tuning(recipe: Recipe) -> None:
    if not recipe.initial_weights:
        raise InputError("fine_tuning is of the model that initial_weights names; set it, or leave fine_tuning out")
    if recipe.adversarial or not recipe.metrics:
        raise InputError(
            "fine_tuning keeps the weights that the first of the metrics calls best; name one, as metrics=[psnr], and"
            " set adversarial=null"
        )


SECTIONS = {
    "data": Data,
    "optimizer": Optimizer,
    "schedule": Schedule,
    "adversarial": Adversarial,
    "fine_tuning": FineTuning,
}


def _plain(value):
    """Lists for tuples: YAML has no other."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def load(name_or_file: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """The recipe of a model in the zoo, of a folder, or of a YAML file, with ``a.b=value`` overrides."""
    path = find(name_or_file)
    content = documents.read_yaml(path)
    if not isinstance(content, dict):
        raise InputError(f"{path} holds no recipe; it should begin with name:, network: and data:")
    content.setdefault("name", _name(path))
    for override in overrides:
        _override(content, override)
    data = content.get("data")
    cropped = isinstance(data, dict) and data.get("truth_crop") is not None
    if cropped and "data.crop" in {one.partition("=")[0] for one in overrides}:
        raise InputError("data.crop follows from data.truth_crop and the scale; set data.truth_crop instead")
    return from_dict(content)


def find(name_or_file: str | Path) -> Path:
    """The YAML file behind a model's name, a folder or a file.

    ``NAME/VARIANT`` is ``VARIANT.yaml`` beside the recipe.yaml of that model (or folder).
    """
    path = Path(name_or_file)
    if path.suffix in (".yaml", ".yml"):
        if not path.is_file():
            raise InputError(f"no recipe {name_or_file}; give a model's name or a YAML file")
        return path
    if (path / "recipe.yaml").is_file():
        return path / "recipe.yaml"
    if path.parent.name and not path.is_dir() and (base := _folder_of(path.parent)):
        return _variant(base, path.name)
    if path.is_dir() and not resources.has("models", str(name_or_file)):
        raise InputError(f"{name_or_file} has no recipe.yaml; it is no model")
    return resources.entry("models", str(name_or_file)) / "recipe.yaml"


def variants(folder: Path) -> list[str]:
    """Names of the recipes beside a folder's recipe.yaml, sorted."""
    return sorted(path.stem for path in folder.glob("*.yaml") if path.name != "recipe.yaml")


def _folder_of(path: Path) -> Path | None:
    """The folder of a model, by its path or by its name in the zoo; None if it is neither."""
    if (path / "recipe.yaml").is_file():
        return path
    return resources.entry("models", str(path)) if resources.has("models", str(path)) else None


def _variant(folder: Path, name: str) -> Path:
    if name not in variants(folder):
        raise InputError(resources.unknown(f"variant of {folder.name}", name, variants(folder)))
    return folder / f"{name}.yaml"


def _name(path: Path) -> str:
    """``jdsr_rrdb`` of its recipe.yaml, ``jdsr_rrdb-code`` of the variant code.yaml, else the file's own."""
    if path.name == "recipe.yaml":
        return path.parent.name
    return f"{path.parent.name}-{path.stem}" if (path.parent / "recipe.yaml").is_file() else path.stem


def from_dict(content: dict) -> Recipe:
    """Checks every key; an unknown one is refused, with the known ones and the nearest one named."""
    if isinstance(content.get("data"), dict):
        content = content | {"data": _with_options(content["data"])}
        content = _of_one_scale(content)
    return schema.build(Recipe, renamed.current(content), "recipe", sections=SECTIONS)


def _with_options(data: dict) -> dict:
    """The section ``data`` with the keys that only a reader of data sets knows under ``options``."""
    own, known = [field.name for field in dataclasses.fields(Data) if field.name != "options"], {}
    foreign = {key: value for key, value in data.items() if key not in own}
    if foreign:
        known = readers.choices()
    for key, value in foreign.items():
        if key not in known:
            raise InputError(schema.unknown_key("recipe", f"data.{key}", [*own, *known]))
        foreign[key] = schema.typed(known[key], value, f"data.{key}")
    return {key: value for key, value in data.items() if key in own} | {"options": foreign}


def _of_one_scale(content: dict) -> dict:
    """With the scale of the data for the network, and ``data.crop`` from ``data.truth_crop``."""
    data, network = content["data"], content.get("network")
    if not isinstance(network, dict):
        return content
    scale = data["options"].get("scale")
    if scale is not None:
        network = network if "scale" in network else network | {"scale": scale}
        content = content | {"network": network}
    if scale is not None and network["scale"] != scale:
        raise InputError(
            f"data.scale is {scale}, network.scale {shown(network['scale'])}; leave that out or set it to {scale}"
        )
    truth_crop = data.get("truth_crop")
    if truth_crop is None:
        return content
    scale, side = network.get("scale", 1), schema.typed("int", truth_crop, "data.truth_crop")
    if not isinstance(scale, int) or scale < 1 or side < 1 or side % scale:
        raise InputError(
            f"data.truth_crop should be a multiple of the scale, {shown(scale)}; got {side}; set another, or another"
            " scale, as 2, 4 or 8"
        )
    return content | {"data": data | {"crop": side // scale}}


def save(recipe: Recipe, path: Path, header: str = "") -> None:
    """Write the recipe as YAML that `load` reads back; ``header`` becomes comment lines."""
    with io.atomic(path, overwrite=True) as temporary:
        temporary.write_text(as_text(recipe, header), encoding="utf-8")


def as_text(recipe: Recipe, header: str = "") -> str:
    """What `save` writes."""
    comment = "".join(f"# {line}\n" for line in header.splitlines())
    return comment + yaml.safe_dump(recipe.as_dict(), sort_keys=False)


def _override(content: dict, override: str) -> None:
    key, separator, text = override.partition("=")
    if not separator:
        raise InputError(f"what is set is key=value, as data.batch=4; got {override!r}")
    *parents, last = key.strip().split(".")
    for parent in parents:
        if content.get(parent) is None:
            content[parent] = {}
        content = content[parent]
        if not isinstance(content, dict):
            raise InputError(f"no recipe key {key}: {parent} is a single value")
    try:
        content[last] = documents.parse_yaml(text)
    except ValueError as problem:
        raise InputError(f"{key}={shown(text)} is not a value as YAML has it, as 3 or [3x5, 3x3]: {problem}") from None


def pattern(text: str) -> tuple[int, int]:
    """(angles, phases) of ``3x5``."""
    try:
        angles, phases = (int(number) for number in str(text).split("x"))
    except ValueError:
        raise InputError(f"a pattern is angles x phases, as 3x5; got {text!r}") from None
    return angles, phases
