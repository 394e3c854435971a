"""Work in several processes: its results, and how it ends before its end."""

import os
import signal
import subprocess
import sys
import time

import pytest

from srredsim.errors import InputError
from srredsim.processes import on_cores

SLOW = """
import signal, sys, threading, time
from pathlib import Path
from srredsim import io
from srredsim.processes import on_cores

folder = Path(sys.argv[1])

def work(number):
    with io.atomic(folder / f"{number}") as temporary:
        temporary.touch()
        time.sleep(60)

def interrupt():
    # as the system may do: the thread that is told of Ctrl-C is not the one that waits
    while len(list(folder.iterdir())) < 2:
        time.sleep(0.02)
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)
    time.sleep(60)

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # nohup, or & in a script, may have it ignored
    if len(sys.argv) > 2:
        threading.Thread(target=interrupt, daemon=True).start()
    on_cores(work, range(20), 2, lambda _: None)
"""


def square(number):
    return number * number


def end(number):
    os._exit(9)


@pytest.mark.parametrize("cores", [0, 1, 2])
def test_results_are_in_order_and_each_is_told(cores):
    told = []
    assert on_cores(square, range(7), cores, told.append) == [0, 1, 4, 9, 16, 25, 36]
    assert sorted(told) == [0, 1, 4, 9, 16, 25, 36]


def test_a_process_that_the_system_ends_is_said():
    with pytest.raises(InputError, match="ended by the system"):
        on_cores(end, range(3), 2, lambda _: None)


@pytest.fixture
def at_work(tmp_path):
    """A process with two others that have each begun a file; they and it are a group, as in a terminal."""
    script, out = tmp_path / "slow.py", tmp_path / "out"
    out.mkdir()
    script.write_text(SLOW)
    process = subprocess.Popen(
        [sys.executable, script, out],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    until(lambda: len(list(out.iterdir())) == 2)
    yield process, out
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.stdout.close()


def test_ctrl_c_that_another_thread_is_told_of(tmp_path):
    (tmp_path / "slow.py").write_text(SLOW)
    (tmp_path / "out").mkdir()
    command = [sys.executable, tmp_path / "slow.py", tmp_path / "out", "by itself"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=50)
    assert "KeyboardInterrupt" in ended.stderr
    assert list((tmp_path / "out").iterdir()) == []


def until(true, seconds=60.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_ctrl_c_ends_all_at_once_and_leaves_nothing(at_work):
    process, out = at_work
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=20)
    assert said.count("Traceback") == 1  # that of the first process, whose caller puts it in words
    assert "KeyboardInterrupt" in said
    assert list(out.iterdir()) == []


def test_nobody_works_on_for_a_process_that_was_killed(at_work):
    process, _ = at_work
    process.kill()
    process.communicate(timeout=20)  # its pipe is closed when the last of them is gone
