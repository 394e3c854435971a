"""Whether this Python is the one that the package is installed for: the scripts of a checkout start in any.

What this file imports, and itself, Python 3.8 can read.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

OLDEST = (3, 11)
NEEDED = ("numpy", "scipy", "tifffile", "yaml", "keras")  # some of what is installed with the package
ROOT = Path(__file__).absolute().parents[2]  # of a checkout


def start(name: str) -> None:
    """Run a command of the package as a process of its own; in another Python, say in one line which to take."""
    if lacking := _lacking():
        print(f"srredsim: {sys.executable} {lacking}: {_instead(name)}", file=sys.stderr)
        sys.exit(2)
    from srredsim.cli.main import command

    command([name, *sys.argv[1:]])


def _lacking() -> str:
    """What is wrong with this Python; empty, if nothing is."""
    if tuple(sys.version_info) < OLDEST:
        return f"is Python {sys.version_info[0]}.{sys.version_info[1]}, too old"
    missing = [package for package in NEEDED if find_spec(package) is None]
    return f"has no {missing[0]}" if missing else ""


def _instead(name: str) -> str:
    for python in (".venv/bin/python", ".venv/Scripts/python.exe"):
        if (ROOT / python).exists():
            return f"run {ROOT / python} {name}.py"
    return "in this folder `make demo` installs what is needed into .venv, `pip install .` into a Python of your own"
