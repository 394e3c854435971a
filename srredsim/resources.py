"""Where the shipped models and data sets are: inside the installed package, or beside it in a checkout.

Presets of microscopes are always inside.
"""

from __future__ import annotations

import difflib
import os
import sys
from pathlib import Path

from srredsim.errors import InputError

PACKAGE = Path(__file__).resolve().parent
SHIPPED = PACKAGE / "_shipped"  # the wheel puts models/ and data/ here
MICROSCOPES = PACKAGE / "microscopes"
DESCRIPTIONS = {"models": "recipe.yaml", "data": "dataset.yaml"}  # a folder that has this file is an entry
WORDS = {"models": "model", "data": "data set"}


def folder(kind: str) -> Path:
    """Folder of the shipped ``"models"`` or ``"data"``."""
    if kind not in DESCRIPTIONS:
        raise ValueError(f"kind is one of {', '.join(DESCRIPTIONS)}; got {kind!r}")
    inside = SHIPPED / kind
    return inside if inside.is_dir() else PACKAGE.parent / kind


def entries(kind: str) -> list[str]:
    """Names of the shipped models or data sets, sorted."""
    home = folder(kind)
    if not home.is_dir():
        return []
    return sorted(path.parent.name for path in home.glob(f"*/{DESCRIPTIONS[kind]}"))


def has(kind: str, name: str) -> bool:
    """Whether a model or data set of that name is shipped."""
    home = folder(kind)
    return home.is_dir() and name in os.listdir(home) and (home / name / DESCRIPTIONS[kind]).is_file()


class Unknown(InputError):
    """Nothing of that name is shipped."""


def entry(kind: str, name: str) -> Path:
    """Folder of one shipped model or data set.

    Raises
    ------
    Unknown
        If there is none of that name; the message has the names and the nearest one.
    """
    if not has(kind, name):
        raise Unknown(unknown(WORDS[kind], name, entries(kind)))
    return folder(kind) / name


def unknown(what: str, name: str, names: list[str], known: list[str] | None = None) -> str:
    """``no model called 'srredsm' (did you mean 'srredsim'?); there are: srredsim, srredsim_3x3``

    ``known``, left out: the same names, are those that may have been meant.
    """
    there_are = f"there are: {', '.join(names)}" if names else "there are none"
    nearest = difflib.get_close_matches(name, names if known is None else known, n=1)
    hint = f" (did you mean {nearest[0]!r}?)" if nearest else ""
    return f"no {what} called {name!r}{hint}; {there_are}"


def sources(*parts: str) -> list[Path]:
    """Files of this package's own source, sorted: a file by its name, as ``optics/otf.py``, or all of a folder."""
    found = (PACKAGE / part for part in parts)
    return sorted(path for one in found for path in ([one] if one.suffix else one.glob("*.py")))


def microscopes() -> list[str]:
    """Names of the microscopes of which something is known, sorted; see `srredsim.io.microscope`."""
    return sorted(path.stem for path in MICROSCOPES.glob("*.yaml"))


def install(extra: str) -> str:
    """How to get what an extra of the package needs: srredsim is on no index, it is installed from its checkout."""
    return f'pip install ".[{extra}]", in the checkout of srredsim'


def cache_folder() -> Path:
    """Folder for what can be made again: ``$SRREDSIM_CACHE``, else ``srredsim`` in the user's cache folder."""
    if chosen := os.environ.get("SRREDSIM_CACHE"):
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "srredsim" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "srredsim"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "srredsim"
