"""The state of a training on disk: complete after every epoch, whenever it is killed.

``checkpoint/state.json`` is the one source: it names the weights that belong to it, and is replaced in one step.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from srredsim import io
from srredsim.checkpoints.keras_file import save_weights
from srredsim.training.runs import CHECKPOINT


@dataclass
class State:
    """How far a training has come."""

    epochs_done: int = 0
    best: float | None = None  # best value of the monitored metric
    best_epoch: int | None = None
    history: list[dict] = field(default_factory=list)  # a row an epoch
    weights: str | None = None  # file of network and optimiser, beside state.json
    model_of: int | None = None  # epoch whose weights model.keras has


def load(folder: Path) -> State:
    """The state in a run's folder; a new one if there is none."""
    path = folder / CHECKPOINT / "state.json"
    return State(**json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else State()


def save(folder: Path, state: State, trainer) -> None:
    """Weights and optimiser first, then the state that names them, then away with the older ones."""
    home = folder / CHECKPOINT
    weights = home / f"epoch_{state.epochs_done:05d}.weights.h5"
    save_weights(trainer, weights)
    state.weights = weights.name
    save_state(folder, state)
    for old in home.glob("epoch_*.weights.h5"):
        if old != weights:
            old.unlink()


def save_state(folder: Path, state: State) -> None:
    write_text(folder / CHECKPOINT / "state.json", json.dumps(asdict(state)))


def write_text(path: Path, text: str) -> None:
    """Replace a file in one step."""
    with io.atomic(path, overwrite=True) as temporary:
        temporary.write_text(text, encoding="utf-8")
