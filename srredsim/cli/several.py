"""Several inputs, one after the other: what fails is told, and the others are done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from srredsim.cli import terminal
from srredsim.errors import InputError


def each(inputs: list[Path], work: Callable[[Path], dict], out: Path | None) -> dict:
    """The reports of the inputs that went well, and the reasons of those that did not."""
    results, failures, claimed = [], [], {}
    for path in _found(inputs, failures):
        try:
            _claim(claimed, path, out)
            results.append(work(path))
        except (InputError, MemoryError, OSError) as problem:
            _fail(failures, path, problem)
    total = len(results) + len(failures)
    if failures and total > 1:
        terminal.note(f"{len(failures)} of {total} inputs failed")
    return {"results": results, "failures": failures}


def _found(inputs: list[Path], failures: list[dict]) -> Iterator[Path]:
    """Each file once, those of folders too."""
    from srredsim import io

    seen = set()
    for given in inputs:
        try:
            paths = io.find([given])
        except (InputError, OSError) as problem:
            _fail(failures, given, problem)
            continue
        yield from (path for path in paths if path not in seen)
        seen.update(paths)


def _claim(claimed: dict[Path, Path], path: Path, out: Path | None) -> None:
    """Two inputs of one call may not write the same result, not even with ``--overwrite``."""
    result = (out or path.parent) / path.stem
    if result in claimed:
        raise InputError(f"its result would have the name of that of {claimed[result]}; give each its own `out`")
    claimed[result] = path


def _fail(failures: list[dict], path: Path, problem: Exception) -> None:
    message = terminal.in_words(problem)
    failures.append({"input": str(path), "error": message})
    terminal.note(message if message.startswith(f"{path} ") else f"{path}: {message}")
