"""Ctrl-C: the process ends, whatever its threads wait for."""

import subprocess
import sys

import pytest

HELD = """
import threading
from srredsim.cli import main

def interrupted(argv):
    threading.Thread(target=threading.Event().wait).start()  # Python would wait for it at its end
    print("told")
    return main.INTERRUPTED

main.main = interrupted
main.command()
"""


def test_after_an_interruption_no_thread_holds_the_process():
    ended = subprocess.run([sys.executable, "-c", HELD], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (130, "told\n")


@pytest.mark.parametrize("status", [1, 2, 3])
def test_a_command_that_failed_beside_tensorflow_is_not_held_either(status):
    script = HELD.replace("main.INTERRUPTED", str(status)).replace("import threading", "import sys, threading")
    script = script.replace("from srredsim.cli", "sys.modules['tensorflow'] = threading\nfrom srredsim.cli")
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (status, "told\n")


DROPPED = """
import gc, os, signal, sys, time
from srredsim.cli import main
from srredsim.cli.commands import models

def clear_up(phase, _):
    gc.callbacks.remove(clear_up)
    os.kill(os.getpid(), signal.{signal})  # its exception is raised here, where nobody hears of it

def work(_):
    gc.callbacks.append(clear_up)
    gc.collect()
    end = time.monotonic() + 20
    while time.monotonic() < end:
        time.sleep(0.01)
    return {{}}

signal.signal(signal.SIGINT, signal.default_int_handler)  # nohup, or & in a script, may have it ignored
models.run = work
main.command(["models"])
"""


@pytest.mark.parametrize("signal", ["SIGINT", "SIGTERM"])
def test_an_interruption_while_memory_is_cleared_up_is_heard(signal):
    script = DROPPED.format(signal=signal)
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (130, "srredsim: interrupted\n")
