"""Hostile files through every command, in one process: one line each, nothing left, no time and no memory lost."""

import json
import re
import resource
import shutil
import signal
import time
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import tifffile

from srredsim.cli.main import parser
from srredsim.zoo import models, recipe

DEEP = "[" * 50_000 + "]" * 50_000
MOST_MEMORY = 1500 * 2**20  # bytes that all of them together may add to this process
LONGEST = 60  # seconds of one command, on a machine that does much else
LINE = 1000  # characters
OPTICS = ("--na", 1.4, "--wavelength-em-um", 0.525, "--pixel-size-um", 0.08)


@contextmanager
def limited(seconds):
    """RuntimeError in what hangs."""

    def stop(*_):
        raise RuntimeError(f"nothing came of it in {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture
def complaint(run, tmp_path, recwarn, monkeypatch):
    """Function: what is wrong with how a command took a hostile file; None if nothing is."""
    monkeypatch.setenv("SRREDSIM_CACHE", str(tmp_path / "cache"))

    def complaint(*argv, must_fail=False):
        out = tmp_path / "out"
        with limited(LONGEST):
            status, _, err = run(*argv)
        lines = err.splitlines()
        left = [path.name for path in tmp_path.rglob("*")] if status else []
        for folder in (out, tmp_path / "cache"):
            shutil.rmtree(folder, ignore_errors=True)
        shown = f"{[str(word)[-40:] for word in argv]}: {status} {[line[:300] for line in lines]} {left}"
        if status not in ((2,) if must_fail else (0, 2)) or left:
            return shown
        told = [line for line in lines if line.startswith("srredsim: ") and len(line) < LINE and "sys." not in line]
        if told != lines or "Warning" in err or (status == 2 and len(lines) != 1):
            return shown
        return None

    return complaint


def commands(path, out, model):
    return [
        ("inspect", path),
        ("reconstruct", path, "--out", out, *OPTICS),
        ("predict", path, "--out", out, "--model", model),
        ("denoise", path, "--out", out, "--method", "pure_let"),
        ("analyse", "noise", path, "--out", out),
        ("reference", path, "--out", out, *OPTICS),
    ]


def by_dice(path):
    return re.fullmatch(r"(plain|deflate|big|ome|imagej|array)_\d+", path.stem) is not None


def taken(hostile, number):
    """Every image made by hand, and of those damaged by dice every eighth, for each command another one.

    A second model of raw frames gets every other image made by hand, as it reads them as the first does, and so do
    those that read as ``denoise`` does.
    """
    paths = sorted((hostile / "images").iterdir())
    dice = [path for path in paths if by_dice(path)]
    by_hand = [path for path in paths if not by_dice(path)]
    step = 2 if list(OF_IMAGES)[number] in ("predict_wiener", "predict_widefield", "noise") else 1
    return by_hand[::step] + dice[number :: len(OF_IMAGES)]


ARGUMENT = re.compile(  # as Python has it: on the command line it is a flag, of this command or of one that is named
    rf"\b({'|'.join({name for one in parser().commands.values() for name in one.flags() if '_' in name})})\b"
)
OF_IMAGES = {
    "inspect": ("inspect",),
    "reconstruct": ("reconstruct", *OPTICS),
    "predict": ("predict", "--model", "tiny_model"),
    "predict_wiener": ("predict", "--model", "tiny_cleaner", *OPTICS),
    "predict_widefield": ("predict", "--model", "tiny_denoiser"),
    "denoise": ("denoise", "--method", "pure_let", "--noise", 1, 1),
    "noise": ("analyse", "noise", "--repeats"),
    "reference": ("reference", "--light", 0.3, "--accept-incomplete", *OPTICS),
}


def through(name, paths, out, run, request):
    """What is wrong with how a command took many images in one call, and how many it could use."""
    argv = [request.getfixturevalue(word) if str(word).startswith("tiny_") else word for word in OF_IMAGES[name]]
    memory, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, time.process_time()
    with limited(int(LONGEST + 5 * len(paths))):
        status, printed, err = run(*argv, *paths, "--out", out, "--json")
    assert printed, (status, err[-500:])
    report, lines = json.loads(printed), err.splitlines()  # among them what is printed of images that are of use
    wrong = [] if status in (0, 2) else [f"exit status {status}"]
    wrong += [line[:300] for line in lines if re.search(r"Warning|Traceback|^\w*Error", line)]
    wrong += [line for line in lines if line.startswith("srredsim: ") and ARGUMENT.search(line)]
    wrong += [f"{len(line)} characters: {line[:200]}" for line in lines if len(line) >= LINE]
    for failure in report["failures"]:
        said = [line for line in lines if line.startswith(f"srredsim: {failure['input']}")]
        wrong += [str(failure)[:300]] if "unexpected" in failure else []
        wrong += [str(said)[:600]] if len(said) != 1 else []
    results = report.get("results", report.get("images"))
    names = {path for each in results for path in files_in(each)} | set(report.get("paths", ()))
    wrong += [f"left: {path}" for path in out.rglob("*") if path.is_file() and str(path) not in names]
    used = {each["input"] for each in results}
    assert len(used) + len(report["failures"]) == len(paths)
    more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - memory
    wrong += [f"{more / 2**20:.0f} MiB of memory"] if more > MOST_MEMORY else []
    print(f"{name}: {len(paths)} images, {len(used)} of use, {time.process_time() - started:.1f} s of processor")
    return wrong, used


def files_in(result):
    """Paths that a result names."""
    each = [result, *result.get("pairs", ())]
    return [path for one in each for path in (*one.get("paths", ()), one.get("picture")) if path]


@pytest.fixture(scope="session")
def tiny_denoiser(tmp_path_factory):
    """Folder of an untrained model of widefield images."""
    folder = tmp_path_factory.mktemp("zoo") / "models" / "denoiser"
    folder.mkdir(parents=True)
    (folder / "recipe.yaml").write_text(
        "network: {name: dncnn, depth: 3, filters: 4}\n"
        "data: {name: w2s_simulated, input: widefield, target: average, normalise: noise, crop: 16, batch: 2}\n"
    )
    models.build_network(recipe.load(folder)).save_weights(folder / models.WEIGHTS)
    return folder


@pytest.fixture
def few_pictures(monkeypatch):
    """One in six of the pictures of images of use is drawn: they take most of the time."""
    from srredsim import inspection, picture
    from srredsim.consistency import picture as maps

    for module, name, number in ((inspection, "picture", 1), (maps, "picture", 0), (picture, "panels", 0)):
        real, drawn = getattr(module, name), count()

        def drawn_or_not(*given, real=real, drawn=drawn, number=number, **how):
            if next(drawn) % 6 == 0:
                return real(*given, **how)
            Path(given[number]).write_bytes(b"not drawn")

        monkeypatch.setattr(module, name, drawn_or_not)


@pytest.mark.usefixtures("few_pictures")
@pytest.mark.parametrize("name", OF_IMAGES)
def test_images(name, hostile, run, request, tmp_path):
    """Each command takes every kind of hostile image, in one call; all images together are with the slow tests."""
    paths = taken(hostile, list(OF_IMAGES).index(name))
    wrong, used = through(name, paths, tmp_path / "out", run, request)
    assert wrong == []
    assert 5 < len(used) < len(paths) - 30


@pytest.mark.slow
@pytest.mark.usefixtures("few_pictures")
def test_all_images_through_every_command(hostile, run, request, tmp_path):
    started, paths = time.monotonic(), sorted((hostile / "images").iterdir())
    assert len(paths) > 300
    found = [through(name, paths, tmp_path / name, run, request)[0] for name in OF_IMAGES]
    assert found == [[]] * len(OF_IMAGES)
    assert time.monotonic() - started < 600  # less than two minutes, where nothing else runs


def test_images_where_pairs_are_expected(hostile, complaint, tmp_path, tiny_model):
    """Low resolution beside a healthy image, and raw stacks to be scored: some of each kind."""
    paths = [path for path in sorted((hostile / "images").iterdir()) if not by_dice(path)]
    kernel = "analyse", "kernel", "--out", tmp_path / "out", "--hr", hostile / "healthy.tif"
    found = [complaint(*kernel, "--lr", path) for path in paths]
    for number, path in enumerate(paths[::9]):
        folder = hostile / "pairs" / str(number)
        for part, image in (("raw", path), ("truth", hostile / "healthy.tif")):
            (folder / "test" / part).mkdir(parents=True)
            shutil.copy(image, folder / "test" / part / f"one{path.suffix}")
        found.append(complaint("evaluate", "--model", tiny_model, "--data", folder))
    assert [one for one in found if one] == []


def test_texts(hostile, complaint, tmp_path):
    """JSON and YAML where recipes, data sets, parameters and curves are expected."""
    out, stack = tmp_path / "out", hostile / "healthy.tif"
    found = []
    for path in sorted((hostile / "texts").iterdir()):
        (folder := hostile / "data" / path.stem).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder / "dataset.yaml")
        shutil.copy(path, curve := folder / "curve.json")
        found += [
            complaint("train", "--model", path, "--out", out, must_fail=True),
            complaint("evaluate", "--model", path, "--out", out, must_fail=True),
            complaint("train", "--model", "srredsim", "--data", folder, "--out", out, must_fail=True),
            complaint("reconstruct", stack, "--out", out, "--parameters", curve, *OPTICS, must_fail=True),
            complaint("reconstruct", stack, "--out", out, "--otf", curve, *OPTICS, must_fail=True),
        ]
    assert [one for one in found if one] == []


def test_priors_and_checkpoints(hostile, complaint, tmp_path):
    out, stack = tmp_path / "out", hostile / "healthy.tif"
    found = [
        complaint("denoise", stack, "--method", "vst_epll", "--prior", path, "--out", out, must_fail=True)
        for path in sorted((hostile / "priors").iterdir())
    ]
    found += [
        complaint("import-weights", path, "--network", "dncnn", "--out", out, must_fail=True)
        for path in sorted((hostile / "pickles").iterdir())
    ]
    assert [one for one in found if one] == []


def test_weights(hostile, complaint, tmp_path, tiny_model, tmp_path_factory):
    found = []
    for path in sorted((hostile / "weights").iterdir()):
        model = tmp_path_factory.mktemp("damaged") / "tiny"
        shutil.copytree(tiny_model, model)
        shutil.copy(path, model / "model.weights.h5")
        for argv in (("predict", hostile / "healthy.tif", "--model", model), ("export", model)):
            found.append(complaint(*argv, "--out", tmp_path / "out", must_fail=True))
    assert [one for one in found if one] == []


def test_a_pipe_by_name(hostile, complaint, tmp_path, tiny_model):
    pipe, stack, out = hostile / "pipe.tif", hostile / "healthy.tif", tmp_path / "out"
    found = [complaint(*argv, must_fail=True) for argv in commands(pipe, out, tiny_model)]
    for name in ("--parameters", "--otf"):
        found.append(complaint("reconstruct", stack, name, pipe, "--out", out, *OPTICS, must_fail=True))
    found.append(complaint("denoise", stack, "--method", "vst_epll", "--prior", pipe, "--out", out, must_fail=True))
    found.append(complaint("import-weights", pipe, "--network", "dncnn", "--out", out, must_fail=True))
    assert [one for one in found if one] == []


@pytest.mark.parametrize("text", ["[3x5", "[" * 4000, "9" * 5000, "x" * 5000, "&a [*a]", "{a: b: c}"])
def test_what_is_set(complaint, tmp_path, text):
    setting = f"data.patterns={text}"
    assert (
        complaint("train", "--model", "srredsim", "--set", setting, "--out", tmp_path / "out", must_fail=True) is None
    )


def test_names_without_end(complaint, tmp_path, tiny_model):
    name, out = "x" * 5000, tmp_path / "out"
    found = [complaint(*argv, must_fail=True) for argv in commands(name, out, tiny_model)]
    found.append(complaint("train", "--model", name, "--out", out, must_fail=True))
    found.append(complaint("train", "--model", "srredsim", "--data", name, "--out", out, must_fail=True))
    found.append(complaint("export", name, "--out", out, must_fail=True))
    found.append(complaint("simulate", "--out", out, "--count", "9" * 5000, must_fail=True))
    assert [one for one in found if one] == []


def test_a_pair_smaller_than_the_crop(tmp_path, refused, tiny_model):
    """One line names it, before a run folder is made, wherever it stands among the others."""
    dice = np.random.default_rng(3)
    for number in range(12):
        side = 12 if number == 7 else 32  # the crop is 16
        for part, scale, frames in (("raw", 1, (15,)), ("truth", 2, ())):
            (tmp_path / "train" / part).mkdir(parents=True, exist_ok=True)
            pixels = dice.poisson(100, (*frames, scale * side, scale * side)).astype(np.uint16)
            tifffile.imwrite(tmp_path / "train" / part / f"cell_{number}.tif", pixels, photometric="minisblack")
    shutil.copytree(tmp_path / "train", tmp_path / "validation")
    run = tmp_path / "run"
    line = refused("train", "--model", tiny_model / "recipe.yaml", "--data", tmp_path, "--out", run)
    assert "cell_7.tif" in line
    assert "12 x 12" in line
    assert not run.exists()


def test_a_damaged_state(tmp_path, refused, tiny_model):
    """Whatever of the state of a run is wrong, --resume says so in one line."""
    one_epoch = '{"epochs_done": 1, "weights": "a.h5", "history": '
    states = ["{", "[]", '{"epochs_done": -1}', '{"epochs_done": 1, "weights": "../x"}', DEEP]
    states += [
        one_epoch + rows for rows in ("[]}", '[{"loss": "low"}]}', '[{"epoch": 1}], "baselines": {"Wiener": 3}}')
    ]
    for number, state in enumerate(states):
        run = tmp_path / str(number)
        shutil.copytree(tiny_model, run)
        (run / "checkpoint").mkdir()
        (run / "checkpoint" / "state.json").write_text(state)
        assert "state.json is damaged" in refused("train", "--resume", "--out", run)
    (run / "checkpoint" / "state.json").write_text(one_epoch + '[{"epoch": 1}]}')
    assert refused("train", "--resume", "--out", run, "--epochs", 2).endswith("a.h5 are missing")
