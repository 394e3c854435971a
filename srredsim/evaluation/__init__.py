"""Scores of methods on known truths: `evaluate` one model, or fill the tables of a published benchmark.

A benchmark is a folder here, found by its name (``sr_caco_2`` is ``sr-caco-2``); `runner` runs it cell by cell. It has

``__init__.py``
    ``HELP``, one line; ``DATA``, the data set if none is named; ``WEIGHTS``, which weights a method has if none are
    named; ``add_arguments(parser)``, which adds to an argparse parser what chooses cells; ``PICTURES``, whether it can
    draw them. Nothing heavy is imported here: ``srredsim --help`` reads it.
``cells.py``
    ``open_benchmark(data, split, out, weights=, limit=)``: a `runner.Plan` which also has
    ``plan(...) -> (cells, lacking)``, whose parameters are named as those arguments, and says why which cells cannot be
    computed (key -> reason); and ``run(cells, progress) -> result``.
``pictures.py``, with ``PICTURES``
    ``draw(benchmark, cells, count, out) -> paths`` of the first images of these cells.
``tables.py``
    ``preface(result)``, a sentence on what the figures are; ``markdown(result)``, ``report(result, lacking)`` and
    ``as_csv(result)``, with the published figures beside.
"""

from importlib import import_module
from types import ModuleType

from srredsim.members import Folders

LEFT_OUT = {"PICTURES": False}
_folders = Folders("benchmark", __name__, __path__, LEFT_OUT)
names, module = _folders.names, _folders.module


def part(name: str, file: str) -> ModuleType:
    """The file ``cells``, ``tables`` or ``pictures`` of a benchmark."""
    return import_module(f"{module(name).__name__}.{file}")
