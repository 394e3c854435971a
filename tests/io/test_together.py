"""Files of one result appear together, and what killed processes left is finished or removed."""

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from srredsim import io
from srredsim.errors import InputError
from srredsim.io import whole

TWO_FILES = """
import sys
from pathlib import Path
from srredsim import io
folder = Path(sys.argv[1])
with io.together(folder / "image"), io.atomic(folder / "image") as image, io.atomic(folder / "preview") as preview:
    image.write_text("an image")
    preview.write_text("a preview")
"""

REPLACED = """
import os, sys
from pathlib import Path
from srredsim import io
real = os.replace
def replace(old, new):
    real(old, new)
    os._exit(137)
os.replace = replace
with io.atomic(Path(sys.argv[1]) / "m", overwrite=True) as new:
    new.mkdir()
    (new / "2").touch()
"""


@pytest.fixture(autouse=True)
def forget():
    """Folders are cleared up once in a process; the tests look twice."""
    whole.clear_up.cache_clear()


def stopped_at(moment, folder, script=TWO_FILES):
    stopped = subprocess.run([sys.executable, "-c", script, folder], env=os.environ | {whole.STOP_AT: moment})
    assert stopped.returncode == 137


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_all_appear_when_all_are_written(tmp_path):
    with io.together(tmp_path / "image"):
        with io.atomic(tmp_path / "image") as image:
            image.write_text("i")
        with io.atomic(tmp_path / "preview") as preview:
            preview.write_text("p")
        assert not (tmp_path / "image").exists()
        assert not (tmp_path / "preview").exists()
    assert names(tmp_path) == ["image", "preview"]


def test_none_appears_when_one_fails(tmp_path):
    def work():
        with io.together():
            with io.atomic(tmp_path / "new" / "image") as image:
                image.write_text("i")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert names(tmp_path) == []


def test_one_that_appears_meanwhile_stops_all(tmp_path):
    def work():
        with io.together():
            for name in ("a", "b"):
                with io.atomic(tmp_path / name) as temporary:
                    temporary.write_text("mine")
            (tmp_path / "b").write_text("theirs")

    with pytest.raises(io.Exists):
        work()
    assert names(tmp_path) == ["b"]


@pytest.mark.parametrize("stop", [OSError(5, "broken"), KeyboardInterrupt()])
def test_what_has_its_name_already_is_dropped_when_another_gets_none(tmp_path, monkeypatch, stop):
    """Files and a folder, in a folder that was made for them; what was there before stays."""
    (tmp_path / "kept").touch()
    real = os.replace

    def replace(old, new):
        if new == tmp_path / "new" / "last":
            raise stop
        real(old, new)

    def work():
        with io.together(tmp_path / "new" / "last"):
            for name in ("a", "last", "b"):
                with io.atomic(tmp_path / "new" / name) as temporary:
                    temporary.mkdir() if name == "b" else temporary.write_text(name)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(type(stop)):
        work()
    assert names(tmp_path) == ["kept"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(("place", "called"), [(Path, "write_text"), (os, "replace"), (Path, "unlink")])
def test_told_to_stop_while_files_get_their_names_it_stops_when_they_have_them(
    tmp_path, monkeypatch, number, place, called
):
    """Just after the list of what is ready is written, after a name, and after the list is gone."""

    def work():
        with io.together(tmp_path / "image"):
            for name in ("image", "preview"):
                with io.atomic(tmp_path / name) as temporary:
                    temporary.touch()
            real = getattr(place, called)
            monkeypatch.setattr(place, called, lambda *told, **more: (real(*told, **more), signal.raise_signal(number)))

    before = signal.signal(number, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            work()
        assert signal.getsignal(number) is signal.default_int_handler
    finally:
        signal.signal(number, before)
    assert names(tmp_path) == ["image", "preview"]


def test_before_the_first_name_a_kill_leaves_nothing(tmp_path):
    stopped_at("before preview", tmp_path)
    assert not (tmp_path / "image").exists()
    assert not (tmp_path / "preview").exists()
    io.refuse_existing(tmp_path / "another")
    assert names(tmp_path) == ["image", "preview"]  # both were ready, and have their names now


@pytest.mark.parametrize("moment", ["after preview", "before image"])
def test_between_the_names_the_next_run_finishes(tmp_path, moment):
    stopped_at(moment, tmp_path)
    assert (tmp_path / "preview").exists()
    assert not (tmp_path / "image").exists()  # the one that says that all are there
    with pytest.raises(io.Exists):
        io.refuse_existing(tmp_path / "image")
    assert (tmp_path / "image").read_text() == "an image"
    assert names(tmp_path) == ["image", "preview"]


def test_what_was_not_ready_is_removed(tmp_path):
    script = TWO_FILES.replace("an image", 'an image"); io.moment("written')
    stopped_at("written", tmp_path, script)
    assert len(names(tmp_path)) == 1
    with io.atomic(tmp_path / "another") as temporary:
        temporary.write_text("a")
    assert names(tmp_path) == ["another"]


def test_a_folder_that_is_replaced_is_never_lost(tmp_path):
    (tmp_path / "m" / "1").mkdir(parents=True)
    stopped_at("none", tmp_path, REPLACED)
    io.refuse_existing(tmp_path / "another")
    assert names(tmp_path) == ["m"]
    assert names(tmp_path / "m") == ["2"]


def test_what_others_are_writing_is_left_alone(tmp_path):
    machine, process = whole.MACHINE, os.getpid()
    kept = [f".srredsim-{machine}-{process}-01234567.tif", ".srredsim-ffffff-999999999-01234567.tif", ".srredsim-mine"]
    for name in kept:
        (tmp_path / name).touch()
    io.refuse_existing(tmp_path / "a")
    assert names(tmp_path) == sorted(kept)


def test_a_list_that_was_forged_reaches_no_other_folder(tmp_path):
    inside, gone = tmp_path / "in", f".srredsim-{whole.MACHINE}-999999999-"
    inside.mkdir()
    (tmp_path / "victim").write_text("precious")
    (inside / f"{gone}01234567.tif").write_text("evil")
    (inside / f"{gone}01234568{whole.LIST}").write_text(json.dumps([[f"{gone}01234567.tif", "../victim", True]]))
    for number, text in enumerate(["", "{}", "[[1]]", '[["a", "b", true]]']):
        (inside / f"{gone}0123457{number}{whole.LIST}").write_text(text)
    io.refuse_existing(inside / "a")
    assert (tmp_path / "victim").read_text() == "precious"
    assert names(inside) == ["victim"]


@pytest.fixture
def small_disk():
    """No file may be larger than 64 kB, which a full disk tells in the same words."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def large_image(path):
    io.write_image(path, np.zeros((200, 200), np.float32))


def large_stack(path):
    io.write_raw(path, np.zeros((3, 5, 64, 64), np.uint16))


def large_array(path):
    with io.atomic(path) as temporary, temporary.open("wb") as file:
        np.save(file, np.zeros(100_000))


def large_weights(path):
    import keras

    network = keras.Sequential([keras.Input((500,)), keras.layers.Dense(500)])
    with io.atomic(path) as temporary:
        network.save_weights(temporary)


@pytest.mark.parametrize(
    ("write", "name"),
    [(large_image, "a.tif"), (large_stack, "a.tif"), (large_array, "a.npy"), (large_weights, "a.weights.h5")],
)
def test_a_full_disk_is_said_and_nothing_is_left(tmp_path, small_disk, write, name):
    with pytest.raises(InputError, match=f"{name} cannot be written: no space left on the disk"):
        write(tmp_path / "new" / name)
    assert names(tmp_path) == []


def test_a_list_that_does_not_fit_any_more_is_no_leftover(tmp_path, small_disk):
    """Both results have their place, the list of them, with a long name in it, has none."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

    def write():
        with io.together():
            for name in ("a" * 200, "b"):
                with io.atomic(tmp_path / name) as temporary:
                    temporary.write_bytes(b"x" * 50)

    with pytest.raises(InputError, match="b cannot be written: no space left on the disk"):
        write()
    assert names(tmp_path) == []
