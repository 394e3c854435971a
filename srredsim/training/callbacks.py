"""What happens around the epochs of a training."""

from __future__ import annotations

import csv
import io
import math
import time
from pathlib import Path

import keras

from srredsim.checkpoints.keras_file import save_weights
from srredsim.errors import InputError
from srredsim.training import checkpoint
from srredsim.training.averages import Averages
from srredsim.training.optimizers import restart
from srredsim.zoo.recipe import Recipe

OBJECTIVE = "objective"
HISTORY = "history.csv"
LOWER_IS_BETTER = ("loss", "mean_squared_error", "mse_8bit", "rmse", "nrmse", "nrmse_8bit", "roi_mse", "roi_nrmse")


class Average(keras.callbacks.Callback):
    """The averages follow every step, and are what validation sees."""

    def __init__(self, averages: Averages):
        super().__init__()
        self._averages = averages

    def on_train_batch_end(self, batch, logs=None):
        self._averages.update(self.model)

    def on_test_begin(self, logs=None):
        self._context = self._averages.in_place()
        self._context.__enter__()

    def on_test_end(self, logs=None):
        self._context.__exit__(None, None, None)


class Epoch(keras.callbacks.Callback):
    """Tells a loss that gets stricter with time which epoch it is, by the number that `count_epochs` gave the model."""

    def on_epoch_begin(self, epoch, logs=None):
        self.model.epoch.assign(epoch)


def count_epochs(model):
    """The number of the epoch as a variable of the model, kept with its weights."""
    model.epoch = keras.Variable(0.0, trainable=False, name="epoch")
    return model.epoch


class RestartOptimizer(keras.callbacks.Callback):
    """Every epoch has an optimiser as if newly made."""

    def on_epoch_begin(self, epoch, logs=None):
        restart(self.model.optimizer)


class ValidationLoss(keras.callbacks.Callback):
    """Keras counts images of weight zero in ``val_loss``; the metric `OBJECTIVE`, the same loss, does not."""

    def on_epoch_end(self, epoch, logs=None):
        logs.pop(OBJECTIVE)
        logs["val_loss"] = logs.pop(f"val_{OBJECTIVE}")


class TensorBoard(keras.callbacks.TensorBoard):
    """Curves of what the history has; Keras adds those of the bare evaluation, whose loss counts weight zero, too."""

    def on_test_end(self, logs=None):
        super().on_test_end({})


class StopOnNaN(keras.callbacks.Callback):
    """Ends the run at the first loss that is no number; what the last epoch saved stays."""

    def __init__(self, folder: Path, state: checkpoint.State):
        super().__init__()
        self._folder, self._state = folder, state

    def on_train_batch_end(self, batch, logs=None):
        if not math.isfinite(logs["loss"]):
            epoch = self._state.epochs_done
            kept = f"the weights of epoch {epoch} are kept in {self._folder}" if epoch else "no epoch was finished"
            raise InputError(
                f"the loss became {logs['loss']} in epoch {epoch + 1}; {kept};"
                " try a lower optimizer.learning_rate, optimizer.clip_norm=1 or precision float32"
            )


class Record(keras.callbacks.Callback):
    """After every epoch: history.csv, the best and the last weights, then the checkpoint to resume from."""

    def __init__(self, folder: Path, state: checkpoint.State, network, averages: Averages, monitor: str):
        super().__init__()
        self._folder, self._state, self._network, self._monitor = folder, state, network, monitor
        self._averages = averages
        self._started = time.monotonic()

    def on_epoch_begin(self, epoch, logs=None):
        self._started = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        state, row = self._state, {name: float(value) for name, value in logs.items()}
        state.epochs_done = epoch + 1
        state.history.append({"epoch": epoch + 1, **row, "seconds": round(time.monotonic() - self._started, 1)})
        value = row[self._monitor]
        with self._averages.in_place():
            save_weights(self._network, self._folder / "last.weights.h5")
            if better(self._monitor, value, state.best):
                state.best, state.best_epoch = value, epoch + 1
                save_weights(self._network, self._folder / "model.weights.h5")
        checkpoint.write_text(self._folder / HISTORY, as_csv(state))
        checkpoint.save(self._folder, state, self.model)


class Preview(keras.callbacks.Callback):
    """After every epoch, preview.png: widefield, network and truth of one validation image."""

    def __init__(self, folder: Path, averages: Averages, frames, truth, title: str):
        super().__init__()
        self._averages = averages
        self._folder, self._frames, self._truth, self._title = folder, frames, truth, title

    def on_epoch_end(self, epoch, logs=None):
        from srredsim.training.preview import save_preview

        with self._averages.in_place():
            image = self.model(self._frames[None], training=False)  # one image is not worth a graph
        image = keras.ops.convert_to_numpy(image)[0, ..., -1]  # the last of several steps
        title = f"{self._title}, epoch {epoch + 1}"
        save_preview(self._folder / "preview.png", self._frames.mean(-1), image, self._truth[..., 0], title)


class Progress(keras.callbacks.Callback):
    """One line an epoch, and on a terminal a bar with loss, metrics and the time left."""

    def __init__(self, epochs: int, steps: int, first_epoch: int, quiet: bool = False):
        super().__init__()
        from rich import progress
        from rich.console import Console

        self._console = Console(stderr=True, quiet=quiet)
        columns = [
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TextColumn("{task.fields[scores]}"),
            progress.TimeRemainingColumn(),
        ]
        self._bar = progress.Progress(*columns, console=self._console, disable=not self._console.is_terminal)
        self._epochs, self._steps, self._done = epochs, steps, first_epoch * steps

    def on_train_begin(self, logs=None):
        self._bar.start()
        self._task = self._bar.add_task("training", total=self._epochs * self._steps, completed=self._done, scores="")

    def on_train_batch_end(self, batch, logs=None):
        self._bar.update(self._task, advance=1, scores=_scores(logs))

    def on_epoch_end(self, epoch, logs=None):
        self._console.print(f"epoch {epoch + 1}/{self._epochs}: {_scores(logs)}", highlight=False, soft_wrap=True)

    def close(self):
        self._bar.stop()


def monitor_of(recipe: Recipe) -> str:
    """The score by which the best epoch is chosen."""
    return f"val_{recipe.metrics[0]}" if recipe.metrics else "val_loss"


def better(monitor: str, value: float, than: float | None) -> bool:
    """Whether a score is the best so far; one that is no number never is."""
    lower = monitor.removeprefix("val_") in LOWER_IS_BETTER
    return math.isfinite(value) and (than is None or (value < than if lower else value > than))


def as_csv(state: checkpoint.State) -> str:
    """The history, with the validation scores of what needs no network beside each epoch."""
    beside = {f"{key} of {name}": value for name, of in state.baselines.items() for key, value in of.items()}
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=[*max(state.history, key=len), *beside])
    writer.writeheader()
    writer.writerows(row | beside for row in state.history)
    return text.getvalue()


def _scores(logs: dict | None) -> str:
    return "  ".join(f"{name} {float(value):.4g}" for name, value in (logs or {}).items() if name != OBJECTIVE)
