"""The state of a training on disk: complete after every epoch, whenever it is killed.

``checkpoint/state.json`` is the one source: it names the weights that belong to it, and is replaced in one step.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import keras
import numpy as np

from srredsim import documents, io
from srredsim.checkpoints.keras_file import save_weights
from srredsim.errors import InputError, shown
from srredsim.training.runs import CHECKPOINT


@dataclass
class State:
    """How far a training has come."""

    epochs_done: int = 0
    best: float | None = None  # best value of the monitored metric
    best_epoch: int | None = None
    history: list[dict] = field(default_factory=list)  # a row an epoch; that of a fine-tuning's start is epoch 0
    baselines: dict[str, dict[str, float]] = field(default_factory=dict)  # validation scores of what needs no network
    weights: str | None = None  # file of network and optimiser, beside state.json
    model_of: int | None = None  # epoch whose weights model.keras has
    data: dict[str, str] = field(default_factory=dict)  # which they are, see `srredsim.training.same_data`
    drawn: list[list[int]] = field(default_factory=list)  # how far each layer that draws by chance has come


def load(folder: Path) -> State:
    """The state in a run's folder; a new one if there is none."""
    path = folder / CHECKPOINT / "state.json"
    if not path.is_file():
        return State()
    try:
        state = State(**documents.read_json(path))
        _check(state)
    except (TypeError, ValueError) as problem:
        raise InputError(
            f"{path} is damaged, so the run cannot go on: {problem}; start anew with another `out`, or take the weights"
            " that the folder has"
        ) from None
    return state


def _check(state: State) -> None:
    """ValueError if what was read cannot be the state of a run."""
    counts = (state.epochs_done, state.best_epoch or 0, state.model_of or 0)
    if not all(type(count) is int and 0 <= count < 10**9 for count in counts):
        raise ValueError("its epochs are no counts")
    if not (state.best is None or isinstance(state.best, int | float)):
        raise ValueError(f"best is {shown(state.best)}")
    if not isinstance(state.history, list) or not all(map(_is_of_numbers, state.history)):
        raise ValueError("its history is no list of rows")
    if len(state.history) not in (state.epochs_done, state.epochs_done + 1):
        raise ValueError(f"its history has {len(state.history)} rows for {state.epochs_done} epochs")
    if not isinstance(state.baselines, dict) or not all(map(_is_of_numbers, state.baselines.values())):
        raise ValueError("its baselines are no scores")
    if not isinstance(state.data, dict) or not all(isinstance(value, str) for value in state.data.values()):
        raise ValueError(f"data is {shown(state.data)}")
    if not isinstance(state.drawn, list) or not all(map(_is_of_counts, state.drawn)):
        raise ValueError(f"drawn is {shown(state.drawn)}")
    named = state.weights is None if state.epochs_done == 0 else isinstance(state.weights, str)
    if not named or (state.weights and Path(state.weights).name != state.weights):
        raise ValueError(f"weights is {shown(state.weights)}, not a file beside it")


def _is_of_numbers(row) -> bool:
    return isinstance(row, dict) and all(isinstance(value, int | float) for value in row.values())


def _is_of_counts(row) -> bool:
    return isinstance(row, list) and all(type(value) is int and 0 <= value < 2**63 for value in row)


def save(folder: Path, state: State, trainer) -> None:
    """Weights and optimiser first, then the state that names them, then away with the older ones."""
    home = folder / CHECKPOINT
    weights = home / f"epoch_{state.epochs_done:05d}.weights.h5"
    save_weights(trainer, weights)
    state.weights = weights.name
    state.drawn = [keras.ops.convert_to_numpy(of_layer).tolist() for of_layer in _drawing(trainer)]
    save_state(folder, state)
    for old in home.glob("epoch_*.weights.h5"):
        if old != weights:
            old.unlink()


def draw_on(trainer, state: State) -> None:
    """Have the layers of a trainer that draw by chance, as stochastic depth does, go on where they were.

    What the state does not tell, as that of an older version does not, begins anew.
    """
    for of_layer, drawn in zip(_drawing(trainer), state.drawn, strict=False):
        of_layer.assign(np.array(drawn, of_layer.dtype))


def _drawing(trainer) -> list[keras.Variable]:
    """Seed and count of each layer that draws; Keras saves them with no weights."""
    return [one for one in trainer.variables if one.name == "seed_generator_state"]


def save_state(folder: Path, state: State) -> None:
    write_text(folder / CHECKPOINT / "state.json", json.dumps(asdict(state)))


def write_text(path: Path, text: str) -> None:
    """Replace a file in one step."""
    with io.atomic(path, overwrite=True) as temporary:
        temporary.write_text(text, encoding="utf-8")
