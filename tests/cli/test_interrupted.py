"""Ctrl-C: the process ends, whatever its threads wait for."""

import subprocess
import sys

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
