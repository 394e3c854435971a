"""A recipe is all that a training depends on: read from YAML, overridden by ``a.b=value``, saved with the weights."""

from __future__ import annotations

import dataclasses
import difflib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from srredsim import resources
from srredsim.errors import InputError
from srredsim.w2s.field import LEVELS, NOISY_LEVELS

INPUTS = ("frames", "wiener", "widefield")
TARGETS = ("average", "sim")
NORMALISATIONS = ("image", "dataset")
PRECISIONS = ("auto", "float32", "bfloat16", "float16")
SCHEDULES = ("constant", "cosine", "step")
OPTIMIZERS = ("adam", "adamw", "sgd", "lion")


@dataclass(frozen=True)
class Data:
    """Which pairs, and how they are cut into batches."""

    name: str = "simulated"  # an entry of the catalogue, or a folder of pairs
    angles: int = 3
    phases: int = 5
    input: str = "frames"  # or wiener (see srredsim.reconstruction.channels), or widefield: one image
    patterns: tuple[str, ...] = ()  # of Wiener images, which can be of several: 3x5 is 3 angles x 5 phases
    noise_level: int | None = None  # of widefield images: captures that are averaged; None: 1, 2, 4, 8 and 16 in turn
    target: str = "average"  # of widefield images: of 400 captures; or sim: the SIM image of twice the pixels
    normalise: str = "image"  # of widefield images: each by itself; or dataset: z-scores by the constants of all
    zscore: tuple[float, ...] | None = None  # mean and standard deviation, filled in from the data set by the training
    sim_zscore: tuple[float, ...] | None = None  # the same of the SIM images
    crop: int = 64  # pixels of the input, the side of the square that one training example covers
    batch: int = 8  # over all devices together
    gain_jitter: float = 0.3  # each example is made brighter or darker by up to this factor, input and truth alike
    count: int | None = None  # simulated stacks; None: as many as the data set says
    validation_count: int = 32  # validation images
    validation_crop: int = 128  # pixels of the input, the centre of each validation image; at most this much is used

    @property
    def noise_levels(self) -> tuple[int, ...]:
        """Of all the pairs of widefield images."""
        return (self.noise_level,) if self.noise_level else NOISY_LEVELS

    @property
    def each_pattern(self) -> list[tuple[int, int]]:
        """(angles, phases) of all the pairs."""
        return [pattern(text) for text in self.patterns] or [(self.angles, self.phases)]


@dataclass(frozen=True)
class Optimizer:
    name: str = "adam"
    learning_rate: float = 1e-4
    weight_decay: float = 0.0  # decoupled
    clip_norm: float | None = 1.0  # of the whole gradient
    ema: float | None = None  # momentum of the averaged weights; None: no averaging


@dataclass(frozen=True)
class Schedule:
    """Of the learning rate: warmed up linearly, then constant, a cosine to ``final_fraction``, or steps."""

    name: str = "constant"
    warmup_steps: int = 0
    final_fraction: float = 0.01  # cosine: the last learning rate over the first
    step_epochs: int = 50  # step: every so many epochs ...
    step_factor: float = 0.5  # ... the learning rate is multiplied by this


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

    def __post_init__(self):
        if "name" not in self.network:
            raise InputError("network needs a name, e.g. network: {name: red_net, input_channels: 15}")
        _choice("precision", self.precision, PRECISIONS)
        _choice("schedule.name", self.schedule.name, SCHEDULES)
        _choice("optimizer.name", self.optimizer.name, OPTIMIZERS)
        _choice("data.input", self.data.input, INPUTS)
        _choice("data.target", self.data.target, TARGETS)
        _choice("data.normalise", self.data.normalise, NORMALISATIONS)
        if self.data.noise_level not in (None, *LEVELS):
            raise InputError(
                f"data.noise_level is how many captures are averaged: {', '.join(map(str, LEVELS))}, or null for"
                f" all but the last; got {self.data.noise_level}"
            )
        if len(self.data.each_pattern) > 1 and self.data.input == "frames":
            raise InputError("a network of raw frames has one pattern: set data.angles and data.phases")
        for key in ("epochs", "steps", "data.batch", "data.crop", "data.angles", "data.phases"):
            if _get(self, key) < 1:
                raise InputError(f"{key} must be at least 1; got {_get(self, key)}")
        if self.optimizer.learning_rate <= 0:
            raise InputError(f"optimizer.learning_rate must be above 0; got {self.optimizer.learning_rate}")

    def as_dict(self) -> dict:
        return _plain(dataclasses.asdict(self))


def _plain(value):
    """Lists for tuples: YAML has no other."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def load(name_or_file: str | Path, overrides: list[str] = ()) -> Recipe:
    """The recipe of a model in the zoo, of a folder, or of a YAML file, with ``a.b=value`` overrides."""
    path = find(name_or_file)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        raise InputError(f"{path} is not valid YAML: {' '.join(str(problem).split())}") from None
    if not isinstance(content, dict):
        raise InputError(f"{path} holds no recipe; it should begin with name:, network: and data:")
    content.setdefault("name", path.parent.name if path.name == "recipe.yaml" else path.stem)
    for override in overrides:
        _override(content, override)
    return from_dict(content)


def find(name_or_file: str | Path) -> Path:
    """The YAML file behind a model's name, a folder or a file."""
    path = Path(name_or_file)
    if path.suffix in (".yaml", ".yml"):
        if not path.is_file():
            raise InputError(f"no recipe {name_or_file}; give a model's name or a YAML file")
        return path
    if (path / "recipe.yaml").is_file():
        return path / "recipe.yaml"
    if path.is_dir() and str(name_or_file) not in resources.entries("models"):
        raise InputError(f"{name_or_file} has no recipe.yaml; it is no model")
    return resources.entry("models", str(name_or_file)) / "recipe.yaml"


def from_dict(content: dict) -> Recipe:
    """Checks every key; an unknown one is refused, with the known ones and the nearest one named."""
    return _build(Recipe, content, "")


def save(recipe: Recipe, path: Path, header: str = "") -> None:
    """Write the recipe as YAML that `load` reads back; ``header`` becomes comment lines."""
    comment = "".join(f"# {line}\n" for line in header.splitlines())
    path.write_text(comment + yaml.safe_dump(recipe.as_dict(), sort_keys=False), encoding="utf-8")


def nearest(word: str, known) -> str:
    """`` (did you mean 'x'?)``, or nothing."""
    close = difflib.get_close_matches(str(word), [str(k) for k in known], n=1, cutoff=0.5)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _build(cls, content: dict, prefix: str):
    fields = {f.name: f for f in dataclasses.fields(cls)}
    if not isinstance(content, dict):
        raise InputError(f"{prefix.rstrip('.')} should be keys and values ({', '.join(fields)}); got {content!r}")
    values = {}
    for key, value in content.items():
        if key not in fields:
            raise InputError(f"no recipe key {prefix}{key}{nearest(key, fields)}; there are: {', '.join(fields)}")
        nested = {"data": Data, "optimizer": Optimizer, "schedule": Schedule}.get(key) if cls is Recipe else None
        values[key] = _build(nested, value, f"{key}.") if nested else _typed(fields[key].type, value, prefix + key)
    missing = [f.name for f in fields.values() if f.default is f.default_factory and f.name not in values]
    if missing:
        raise InputError(f"the recipe lacks {', '.join(missing)}")
    return cls(**values)


def _typed(annotation: str, value, key: str):
    """The value as the annotation wants it; YAML reads 1e-4 as text, and whole numbers where a fraction may stand."""
    kinds = [kind.strip() for kind in annotation.split("|")]
    if (value is None and "None" in kinds) or "Any" in kinds:
        return value
    try:
        if "float" in kinds and not isinstance(value, bool):
            return float(value)
        if "int" in kinds and not isinstance(value, bool) and float(value).is_integer():
            return int(float(value))
    except (TypeError, ValueError):
        pass
    if "str" in kinds and isinstance(value, str):
        return value
    if annotation.startswith("dict") and isinstance(value, dict):
        return value
    if annotation.startswith("tuple") and isinstance(value, (list, tuple)):
        return tuple(value)
    raise InputError(f"{key} should be {annotation.replace(' | None', ' (or null)')}; got {value!r}")


def _override(content: dict, override: str) -> None:
    key, separator, text = override.partition("=")
    if not separator:
        raise InputError(f"--set takes key=value, e.g. data.batch=4; got {override!r}")
    *parents, last = key.strip().split(".")
    for parent in parents:
        content = content.setdefault(parent, {})
        if not isinstance(content, dict):
            raise InputError(f"no recipe key {key}: {parent} is a single value")
    content[last] = yaml.safe_load(text)


def pattern(text: str) -> tuple[int, int]:
    """(angles, phases) of ``3x5``."""
    try:
        angles, phases = (int(number) for number in str(text).split("x"))
    except ValueError:
        raise InputError(f"a pattern is angles x phases, as 3x5; got {text!r}") from None
    return angles, phases


def _choice(key: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InputError(f"no {key} {value!r}{nearest(value, choices)}; there are: {', '.join(choices)}")


def _get(recipe: Recipe, key: str):
    value = recipe
    for part in key.split("."):
        value = getattr(value, part)
    return value
