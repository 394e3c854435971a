"""Train a recipe: ``model.fit`` inside a strategy's scope, resumable at any moment."""

from __future__ import annotations

import json
import platform
import random
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import numpy as np

from srredsim import inputs, io, losses, metrics
from srredsim.checkpoints.keras_file import load_weights, reserve
from srredsim.data import pipeline
from srredsim.data.batches import Batches, validation_batches
from srredsim.data.pairs import Pairs
from srredsim.errors import InputError
from srredsim.training import (
    adversarial,
    callbacks,
    checkpoint,
    compared,
    control,
    optimizers,
    outputs,
    over_hosts,
    runs,
    same_data,
    strategy,
)
from srredsim.training.alone import alone
from srredsim.training.averages import Averages
from srredsim.training.counted import with_counts
from srredsim.training.hosts import Hosts
from srredsim.training.initialisation import initialise
from srredsim.training.schedule import learning_rate
from srredsim.zoo import gate, models
from srredsim.zoo import recipe as recipes
from srredsim.zoo.precision import resolve
from srredsim.zoo.recipe import Recipe

VALIDATION_BATCH = 4
MODEL = "model.keras"


def train(
    recipe: Recipe,
    *,
    out: Path | None = None,
    gpus: int | None = None,
    resume: bool = False,
    devices: strategy.Devices | None = None,
) -> Path:
    """Train, and return the folder of the run: recipe.yaml, model.keras, model.weights.h5 (the best epoch),
    last.weights.h5, history.csv, preview.png, run.json, TensorBoard logs and the checkpoint.

    With ``resume`` the run in ``out`` (or the newest of this model) goes on as if it had never stopped: every batch is
    a function of seed and step, and the checkpoint has the rest.
    """
    folder = runs.go_on(recipe, out) if resume else runs.start(recipe, out)
    return _train(recipe, folder, checkpoint.load(folder), devices or strategy.choose(gpus))


def train_together(
    recipe: Recipe | None, hosts: Hosts, *, out: Path | None = None, gpus: int | None = None, resume: bool = False
) -> Path:
    """Train on several hosts, each of which calls this; returns the folder of the run, which only the chief writes.

    All do what the chief is told: the others need neither ``recipe`` nor ``out`` nor ``resume``. ``gpus`` are those of
    each host. All have to find the data, and weights to start from, under the same names.
    """
    with over_hosts.joined(hosts, gpus) as devices:
        together = over_hosts.together(devices)
        plan = json.loads(together.told(_plan(recipe, out, resume) if hosts.chief and recipe else b""))
        if "refused" in plan:
            raise InputError(plan["refused"])
        recipe, state, folder = recipes.from_dict(plan["recipe"]), checkpoint.State(**plan["state"]), Path(plan["out"])
        saved = Path(runs.CHECKPOINT, state.weights or "none yet")
        weights = together.told((folder / saved).read_bytes() if hosts.chief and state.weights else b"")
        if hosts.chief:
            return _train(recipe, folder, state, devices)
        if state.epochs_done < recipe.epochs and not compared.ended_early(recipe, state):
            with TemporaryDirectory(prefix="srredsim-") as own:
                Path(own, saved).parent.mkdir()
                Path(own, saved).write_bytes(weights)
                try:
                    _train(recipe, Path(own), state, devices)
                except InputError as problem:
                    raise InputError(str(problem).replace(own, str(folder))) from None
    return folder


def _plan(recipe: Recipe, out: Path | None, resume: bool) -> bytes:
    """What all hosts have to know, as JSON: a refusal, too, with which all of them end."""
    try:
        folder = runs.go_on(recipe, out) if resume else runs.start(recipe, out)
        over_hosts.check(recipe)
        state = checkpoint.load(folder)
    except InputError as problem:
        return json.dumps({"refused": str(problem)}).encode()
    plain = replace(recipe, precision=resolve(recipe.precision)).as_dict()
    return json.dumps({"recipe": plain, "state": asdict(state), "out": str(folder)}).encode()


def _train(recipe: Recipe, folder: Path, state: checkpoint.State, devices: strategy.Devices) -> Path:
    if state.epochs_done >= recipe.epochs or compared.ended_early(recipe, state):
        with alone(folder):
            return _finish(folder, recipe, state)
    _check_batch(recipe, devices)
    losses.check_epochs(recipe.loss, recipe.epochs)
    make = partial(_generate, devices)
    recipe = with_counts(inputs.module(recipe.data.input).with_constants(recipe), make)
    steps = range(state.epochs_done * recipe.steps, recipe.epochs * recipe.steps)
    batches, validation = _examples(recipe)
    if devices.hosts:
        batches = batches.share(devices.hosts.index, devices.hosts.count)
    controls = control.opened(recipe)
    network, trainer, averages, started = _trainer(recipe, devices, state, folder)
    scale = models.scale_of(network)
    batches.pairs.check(scale, recipe.data.crop)
    validation.check(scale)

    with runs.made(folder):
        if started and devices.chief:
            print(started, file=sys.stderr)
        make(batches.pairs, batches.indices(steps), "training data")
        make(validation, range(min(recipe.data.validation_count, len(validation))), "validation data")
        for fields in controls.values():
            make(fields.seen, range(fields.count), "control without stripes")
        size = VALIDATION_BATCH * devices.replicas
        held_back = list(
            validation_batches(validation, recipe.data.validation_count, recipe.data.validation_crop, size)
        )
        data = _told(devices, same_data.data_of(batches.pairs, validation, held_back))
        batches[steps.start]  # images that are missing, or smaller than a crop, are found before a run is begun
    with alone(folder):
        if devices.chief and checkpoint.load(folder) != state:
            raise InputError(f"{folder} was trained on by another process just now; resume once more")
        changes = same_data.go_on(folder, state, data, fine_tunes=recipe.fine_tuning is not None)
        for line in changes if devices.chief else ():
            print(line, file=sys.stderr)
        _write_facts(folder, recipe, devices)
        fitting = trainer if devices.hosts is None else over_hosts.fitting(trainer, averages, devices)
        if recipe.fine_tuning and not state.history:
            compared.begin(recipe, folder, state, network, fitting, validation, held_back)
        progress = callbacks.Progress(recipe.epochs, recipe.steps, state.epochs_done, quiet=not devices.chief)
        try:
            fitting.fit(
                pipeline.training_data(batches, steps),
                initial_epoch=state.epochs_done,
                epochs=recipe.epochs,
                steps_per_epoch=recipe.steps,
                validation_data=pipeline.Stored(held_back),
                callbacks=[*_watchers(recipe, folder, state, network, averages, (held_back, controls)), progress],
                shuffle=False,
                verbose=0,
            )
        except Exception:
            runs.forget_begun(folder)
            raise
        finally:
            progress.close()
        if devices.chief:
            _write_model(folder, recipe, state)
    return folder


def _finish(folder: Path, recipe: Recipe, state: checkpoint.State) -> Path:
    """Write what is missing of a run that was stopped after its last epoch."""
    if state.model_of == state.best_epoch and (folder / MODEL).is_file():
        if state.epochs_done < recipe.epochs:
            raise InputError(
                f"{folder} ended after {state.epochs_done} epochs, the last {recipe.fine_tuning.patience} without a"
                " better score; set fine_tuning.patience higher to go on"
            )
        raise InputError(f"{folder} has its {recipe.epochs} epochs already; give `epochs` a larger number to go on")
    checkpoint.write_text(folder / callbacks.HISTORY, callbacks.as_csv(state))
    _write_model(folder, inputs.module(recipe.data.input).with_constants(recipe), state)
    return folder


def _examples(recipe: Recipe) -> tuple[Batches | adversarial.WithOtherTruths, Pairs]:
    """What is trained on, and what is validated with."""
    validation = inputs.module(recipe.data.input).examples(recipe, "validation").pairs
    return adversarial.batches(recipe, _batches(recipe)), validation


def _batches(recipe: Recipe) -> Batches:
    data, opened = recipe.data, inputs.module(recipe.data.input).examples(recipe, "train")
    return Batches(
        opened.pairs,
        crop=data.crop,
        batch=data.batch,
        seed=recipe.seed,
        augmentation=opened.augmentation,
        angles=data.angles,
        phases=data.phases,
        gain_jitter=data.gain_jitter,
    )


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Within, the first weights are those of a seed; Python and NumPy then go on with the random numbers of before."""
    before, of_numpy = random.getstate(), np.random.get_state()  # noqa: NPY002  the caller's
    keras.utils.set_random_seed(seed)
    try:
        yield
    finally:
        random.setstate(before)
        np.random.set_state(of_numpy)  # noqa: NPY002


def _trainer(recipe: Recipe, devices: strategy.Devices, state: checkpoint.State, folder: Path):
    """The network, around it the compiled model that trains it, and its averages, as far as the checkpoint has come.

    And what is to be said of the weights it starts from.
    """
    started = ""
    with _seeded(recipe.seed), devices.scope():
        network = outputs.build(recipe)
        initialise(network, recipe.initialisation, recipe.seed)
        if recipe.initial_weights and not state.weights:
            started = _start_from(network, recipe.initial_weights)
        if recipe.adversarial:
            trainer = adversarial.trainer(recipe, network)
        else:
            trainer = outputs.trainer(recipe, network)
        trained, network = network.trainable_variables, outputs.last(recipe, network)
        epoch = callbacks.count_epochs(trainer) if losses.changes(recipe.loss) else 0
        loss = losses.get(recipe.loss, recipe.vgg_weights, epoch)
        objective = keras.metrics.MeanMetricWrapper(loss, name=callbacks.OBJECTIVE)
        seen = bool(losses.of_outputs(recipe.loss)), models.scale_of(network)
        trainer.compile(
            optimizer=optimizers.build(recipe.optimizer, learning_rate(recipe), recipe.precision),
            loss=loss,
            weighted_metrics=[*(metrics.get(name, 1.0, *seen) for name in recipe.metrics), objective],
            jit_compile=keras.backend.backend() != "tensorflow",  # XLA is slower than oneDNN on a CPU
        )
        trainer.optimizer.build(trained)
        averages = Averages(network, trainer.optimizer)
        if state.weights:
            load_weights(trainer, folder / runs.CHECKPOINT / state.weights)
            checkpoint.draw_on(trainer, state)
    return network, trainer, averages, started


def _watchers(recipe: Recipe, folder: Path, state: checkpoint.State, network, averages: Averages, judged_by) -> list:
    """The callbacks, in the order in which they act at the end of an epoch."""
    held_back, controls = judged_by
    frames, truths, _ = held_back[0]
    watchers = [
        *adversarial.watchers(recipe),
        *([callbacks.Epoch()] if losses.changes(recipe.loss) else []),
        *([callbacks.RestartOptimizer()] if recipe.optimizer.restart_each_epoch else []),
        callbacks.ValidationLoss(),
        callbacks.StopOnNaN(folder, state),
        callbacks.Average(averages),
        callbacks.Preview(folder, averages, frames[0], truths[0], recipe.name),
        *([control.Control(averages, controls)] if controls else []),
        callbacks.Record(folder, state, network, averages, callbacks.monitor_of(recipe)),  # the epoch is done
        *([compared.Patience(recipe, state)] if recipe.fine_tuning else []),
    ]
    if keras.backend.backend() == "tensorflow":
        watchers.append(callbacks.TensorBoard(folder / "tensorboard", write_graph=False))
    return watchers


def _check_batch(recipe: Recipe, devices: strategy.Devices) -> None:
    if recipe.data.batch % devices.replicas:
        raise InputError(
            f"a batch of {recipe.data.batch} cannot be shared by {devices.replicas} devices; use a multiple of that"
        )


def _generate(devices: strategy.Devices, pairs: Pairs, indices: Iterable[int], what: str) -> None:
    """Simulated pairs that are not on disk yet are made now, on all cores, so that training never waits.

    Of several hosts each makes a part, then what is still missing where they do not share a disk.
    """
    indices = sorted(set(indices))
    if devices.hosts:
        _make(pairs, indices[devices.hosts.index :: devices.hosts.count], what)
        over_hosts.together(devices).told()
    _make(pairs, indices, what)


def _told(devices: strategy.Devices, data: dict[str, str]) -> dict[str, str]:
    """What the chief found: files of other hosts may have other times."""
    if devices.hosts is None:
        return data
    return json.loads(over_hosts.together(devices).told(json.dumps(data).encode()))


def _make(pairs: Pairs, indices: list[int], what: str) -> None:
    if not (missing := len(pairs.missing(indices))):
        return
    from rich import progress
    from rich.console import Console

    console = Console(stderr=True)
    console.print(f"{what}: {pairs.task(missing)}", soft_wrap=True)
    with progress.Progress(console=console, transient=True) as bar:
        task = bar.add_task(what, total=missing)
        pairs.generate(indices, lambda done, total: bar.update(task, completed=done))


def _start_from(network, model: str) -> str:
    """Copy all weights of the same network, or every weight of the same layer and shape; says how many were."""
    source = models.load(model, "float32").network
    if [weight.shape for weight in source.weights] == [weight.shape for weight in network.weights]:
        network.set_weights(source.get_weights())
        return f"started from {model}: all weights"
    by_name = {layer.name: layer for layer in source.layers}
    copied, layers = 0, [layer for layer in network.layers if layer.weights]
    for layer in layers:
        weights = by_name[layer.name].get_weights() if layer.name in by_name else []
        if [w.shape for w in weights] == [tuple(w.shape) for w in layer.weights]:
            layer.set_weights(weights)
            copied += 1
    if not copied:
        raise InputError(f"initial_weights: no layer of {model} has the name and shape of one of this network")
    return f"started from {model}: {copied} of {len(layers)} layers"


def _write_facts(folder: Path, recipe: Recipe, devices: strategy.Devices) -> None:
    """What the run depends on, beside its weights."""
    facts = {
        "command": " ".join(sys.argv),
        "precision": resolve(recipe.precision),
        "replicas": devices.replicas,
        **({"hosts": devices.hosts.count} if devices.hosts else {}),
        "backend": keras.backend.backend(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "versions": {name: version(name) for name in ("keras", keras.backend.backend(), "numpy", "scipy")},
    }
    recipes.save(recipe, folder / models.RECIPE, f"seed {recipe.seed}; see run.json for versions and command")
    checkpoint.write_text(folder / "run.json", json.dumps(facts, indent=2))


def _write_model(folder: Path, recipe: Recipe, state: checkpoint.State) -> None:
    """model.keras in float32, with the best weights; what a fine-tuning came to is said."""
    best = models.build_network(recipe, "float32")
    if not (folder / models.WEIGHTS).is_file():
        raise InputError(f"no epoch had a finite validation score; nothing worth keeping in {folder}")
    load_weights(best, folder / models.WEIGHTS)
    with io.atomic(folder / MODEL, overwrite=True) as temporary:
        reserve(best, temporary)
        best.save(temporary)
    best_row = next((row for row in state.history if row["epoch"] == state.best_epoch), {})
    if row := control.row_of(recipe, best_row):
        checkpoint.write_text(folder / gate.OWN_CONTROL, json.dumps([row], indent=2))
    state.model_of = state.best_epoch
    checkpoint.save_state(folder, state)
    if recipe.fine_tuning:
        print(*compared.verdict(recipe, state), sep="\n", file=sys.stderr)
