"""What the tests share. Nothing here touches the user's own cache, home or screen."""

import functools
import gc
import hashlib
import os
import sys
import typing
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["MPLBACKEND"] = "Agg"
sys.path.insert(0, str(Path(__file__).parent))  # microscopes.py, which several tests share
if "PYTEST_XDIST_WORKER" in os.environ:  # the workers share the processors
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")

from typing import NamedTuple

import numpy as np
import pytest
from sparing import spare_tensorflow

gc.disable()  # until all is imported and collected: nothing of that is rubbish

# Of what takes longest, what is not first by its number of tests: begun late, one worker would end alone with it.
LONGEST = (
    "tests/hostile/test_every_command.py",
    "tests/workflows/test_export.py",
    "tests/training/test_two_devices.py",
    "tests/training/test_adversarial.py",
    "tests/training/test_fine_tuning.py",
    "tests/training/test_fit.py",
    "tests/training/test_jax.py",
    "tests/workflows/test_predict_units.py",
    "tests/workflows/test_predict_reads.py",
    "tests/workflows/test_scales.py",
    "tests/stripes/test_estimate.py",
    "tests/cli/test_stopped.py",
)

TINY_RECIPE = """\
network: {name: red_net, input_channels: 15, depth: 3, filters: 4, widefield_skip: true}
data: {name: simulated, angles: 3, phases: 5, crop: 16, batch: 2, count: 4, validation_count: 2, validation_crop: 16}
epochs: 1
steps: 2
"""

TINY_CLEANER_RECIPE = """\
network: {name: red_net, input_channels: 3, depth: 3, filters: 4, widefield_skip: true, scale: 1}
data: {name: simulated, input: wiener, patterns: [3x5, 3x3], crop: 32, batch: 2, count: 2, validation_count: 2}
epochs: 1
steps: 2
"""


def pytest_collection_finish():
    """Python need not look for rubbish among all of Keras and TensorFlow again and again: a tenth of the time."""
    gc.enable()
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
    if "tensorflow" in sys.modules:
        spare_tensorflow()
    if sys.version_info < (3, 12):  # which remembers by itself what a protocol asks for; TensorFlow asks all the time
        typing._get_protocol_attrs = functools.lru_cache(None)(typing._get_protocol_attrs)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Worker by worker, a file stays together, and the tests of the networks, which share what takes long to build."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.partition("::")[0]
            return "networks" if "/networks/" in file else file

        def _assign_work_unit(self, node):
            if left := [scope for scope in ("networks", *LONGEST) if scope in self.workqueue]:
                self.workqueue.move_to_end(left[0], last=False)
            super()._assign_work_unit(node)

    return ByFile(config, log)


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory):
    """Simulated data sets of the tests go where pytest cleans up."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SRREDSIM_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True, scope="session")
def small_networks_are_built_once():
    """To build one and to trace its graph takes most of the time of a small prediction. Weights tell them apart."""
    from srredsim.zoo import models

    build, built = models._with_weights, {}

    def once(recipe, folder, precision):
        weights = (folder / models.WEIGHTS).read_bytes()
        if len(weights) > 2**23:
            return build(recipe, folder, precision)
        key = repr(recipe.network), precision, hashlib.sha256(weights).digest()
        if key not in built:
            built[key] = build(recipe, folder, precision)
        models.check(recipe, built[key])
        return built[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models, "_with_weights", once)
        yield


@pytest.fixture
def eagerly():
    """Few steps are done in half of the time when no graph is built for them."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


class Outcome(NamedTuple):
    """What a command came to, and what it wrote to standard output and standard error."""

    status: int
    out: str
    err: str


@pytest.fixture
def run(capsys):
    """Function: one command of srredsim, here and now."""
    from srredsim.cli.main import main

    def run(*argv) -> Outcome:
        capsys.readouterr()
        try:
            status = main([str(argument) for argument in argv])
        except SystemExit as stop:  # argparse
            status = stop.code
        return Outcome(status, *capsys.readouterr())

    return run


@pytest.fixture
def refused(run):
    """Function: a command that has to fail, with one line on standard error and nothing on standard output."""

    def refused(*argv) -> str:
        status, out, err = run(*argv)
        assert (status, out, len(err.splitlines())) == (2, "", 1), err
        assert err.startswith("srredsim: ")
        return err.removesuffix("\n")

    return refused


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory):
    """Folder of a model for 3 x 5 frames: a small network with its first, random weights."""
    return _untrained(tmp_path_factory.mktemp("zoo") / "models" / "tiny", TINY_RECIPE)


@pytest.fixture(scope="session")
def tiny_cleaner(tmp_path_factory):
    """Folder of a model of Wiener images whose last layer is still zero: it returns the image as it is."""
    return _untrained(tmp_path_factory.mktemp("zoo") / "models" / "cleaner", TINY_CLEANER_RECIPE)


def _untrained(folder, text):
    import keras

    from srredsim.zoo import models, recipe

    folder.mkdir(parents=True)
    (folder / "recipe.yaml").write_text(text, encoding="utf-8")
    keras.utils.set_random_seed(3)
    network = models.build_network(recipe.load(folder))
    network.save_weights(folder / models.WEIGHTS)
    return folder


@pytest.fixture(scope="session")
def widefield():
    """Function: expected photons of a phantom through a lens of NA 1.4, at 80 nm a pixel."""

    from srredsim.optics.otf import otf
    from srredsim.optics.sampling import bin_pixels, radial_frequency_per_um
    from srredsim.simulation import phantoms

    def widefield(kind="filaments", size=128, peak=100.0, background=5.0, seed=3):
        rng = np.random.default_rng(seed)
        fine = phantoms.draw(rng, phantoms.Field((4 * size, 4 * size), 0.02), kind)
        transfer = otf(radial_frequency_per_um(fine.shape, 0.02), 2 * 1.4 / 0.6, 0.8)
        blurred = np.maximum(bin_pixels(np.fft.ifft2(np.fft.fft2(fine) * transfer).real, 4), 0)
        return peak * blurred / np.percentile(blurred, 99.9) + background

    return widefield
