"""Several inputs, one after the other: what fails is told, and the others are done."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from srredsim import __version__, resources
from srredsim.cli import terminal
from srredsim.errors import InputError

LOG = "errors.log"  # in the cache folder
LONGEST = 200  # characters of an unexpected error in its line


def each(
    arguments: Any,
    work: Callable[[Path, int | None], dict],
    begin: Callable[[], None] = lambda: None,
    *,
    of_stacks: bool = True,
    of_planes: Callable[[Path, int | None, int], dict] | None = None,
    of_one: str = "",
) -> dict:
    """The reports of the inputs that went well, the reasons of those that did not, and what was there already.

    ``work`` is given a path and the number of an image in it, None where there is only one. ``begin``, which may take
    long, is called before the first of them; if none is there, it is not. ``of_stacks``: inputs of a command that can
    take a folder for one stack are raw stacks, and no single images. Of a share (i, n) of the inputs every nth
    is done, from the ith on. ``of_planes``, where it is given, is called for all of them instead, and with the number
    of each: it has the shares of its planes. ``of_one`` names an argument that is of one stack, and no more.
    """
    from srredsim import io

    results: list[dict] = []
    failures: list[dict] = []
    skipped: list[dict] = []
    claimed: dict = {}
    found = list(_found(arguments, failures, of_stacks))
    if found:
        begin()
    first, count = arguments.shard or (1, 1)
    if not (first or of_planes):
        raise InputError("`shard` should be I/N with I from 1 to N, as 1/8; 0/N only plans, with `by_plane`")
    inputs = ((one, scene) for one in found for scene in _scenes(arguments, one))
    numbered = enumerate(_only(list(inputs), of_one) if of_one and getattr(arguments, of_one) is not None else inputs)
    for number, (path, scene) in _rotated(list(numbered), first, count) if of_planes else numbered:
        mine = of_planes or number % count == first - 1
        try:
            _claim(claimed, path, scene, arguments.out)  # of all: what another process makes is not written over
            if mine:
                report = of_planes(path, scene, number) if of_planes else work(path, scene)
                results.append(report | ({} if scene is None else {"scene": scene}))
        except BrokenPipeError:
            raise
        except KeyboardInterrupt:
            _stopped(arguments, len(found), {one["input"] for one in [*results, *skipped]} - {str(path)})
            raise
        except Exception as problem:  # noqa: BLE001  a fault in one input, even of ours, does not lose the others
            if not mine:
                continue
            if arguments.skip_existing and isinstance(problem, io.Exists):
                skipped.append({"input": str(path), "path": str(problem.path)})
            else:
                _fail(failures, path, problem, arguments.debug, scene)
    _close(arguments, results, failures, skipped)
    if getattr(arguments, "page", False):
        write_indexes(results, failures, arguments.out)
    return {"results": results, "failures": failures, "skipped": skipped}


def _close(arguments: Any, results: list[dict], failures: list[dict], skipped: list[dict]) -> None:
    """How many inputs have warnings, failed or had been done, of several: single lines are overlooked."""
    total, warned = len(results) + len(failures) + len(skipped), sum(map(_has_warnings, results))
    if warned and total > 1:
        terminal.note(f"{warned} of {total} inputs have warnings")
    if failures and total > 1:
        terminal.note(f"{len(failures)} of {total} inputs failed")
    if skipped:
        bare = getattr(arguments, "page", False) and not all(map(_has_page, skipped))
        with_page = "; `page` is made together with the results: give `overwrite` for both" if bare else ""
        terminal.note(f"{len(skipped)} of {total} inputs have their results already{with_page}")


def _has_warnings(report: dict) -> bool:
    from srredsim.quality.report import WARNING, doubtful

    notes = report.get("notes", [])
    return any(line.startswith(WARNING) for line in [*notes, *doubtful(report.get("stripes", []), notes)])


def _has_page(skipped: dict) -> bool:
    from srredsim.io.files import beside

    return beside(Path(skipped["path"]), ".html").exists()


def _stopped(arguments: Any, inputs: int, done: set[str]) -> None:
    """How far an interrupted run over several inputs came, and what goes on from there."""
    if inputs < 2:
        return
    again = "" if arguments.skip_existing else " with `skip_existing`"
    told = "" if arguments.overwrite else f"; the same command{again} goes on"
    terminal.note(f"{len(done)}{'' if arguments.shard else f' of {inputs}'} inputs are done{told}")


def _only(inputs: list, name: str) -> list:
    """The inputs, if there is one at most; InputError if there are several."""
    if len(inputs) > 1:
        raise InputError(f"`{name}` is of one stack; {len(inputs)} inputs were given: take each with its own")
    return inputs


def _rotated(inputs: list, first: int, count: int) -> list:
    """Those of other shares begin elsewhere: no two plan the same input, but when there are few."""
    start = max(0, first - 1) * len(inputs) // count
    return inputs[start:] + inputs[:start]


def as_given(report: dict, folder: Path) -> dict:
    """A report whose paths in this folder are as the user has named it: who did the planes had to know it whole."""
    there = folder.resolve()
    paths = [str(folder / one.name) if one.parent == there else str(one) for one in map(Path, report["paths"])]
    return report | {"paths": paths}


def write_indexes(results: list[dict], failures: Sequence[dict] = (), out: Path | None = None) -> None:
    """Write a page over the pages of each folder that has got some; what failed is on that of its folder."""
    from srredsim.workflows.page import write_index

    for folder in dict.fromkeys(Path(one["paths"][0]).parent for one in results if "paths" in one):
        there = [one for one in failures if (out or Path(one["input"]).parent) == folder]
        path = write_index(folder, [(Path(one["input"]).name, one["error"]) for one in there])
        terminal.say(path) if path else terminal.note(f"{folder} has a reports.html of another kind, which stays")


def _found(arguments: Any, failures: list[dict], of_stacks: bool) -> Iterator[Path]:
    """Each image once, those of folders too."""
    from srredsim import io

    known: set[Path] = set()
    stack = getattr(arguments, "stack", False)
    if stack and (files := [path for path in arguments.inputs if not path.is_dir()]):
        raise InputError(f"`stack` takes folders, whose files are the frames of one stack; {files[0]} is none")
    alone = not of_stacks or not hasattr(arguments, "stack") or _order(arguments) == "tiled"
    for given in arguments.inputs:
        try:
            paths = io.find([given], terminal.note, known, stack=stack, frames_alone=alone)
        except (InputError, OSError) as problem:
            _fail(failures, given, problem, arguments.debug)
            continue
        yield from paths


def _order(arguments: Any) -> str | None:
    """The order of the frames that is told, or else that of the microscope."""
    from srredsim.io import microscope

    known = getattr(arguments, "microscope", None)
    return arguments.order or (microscope.load(known).order if known else None)


def _scenes(arguments: Any, path: Path) -> list[int | None]:
    """Numbers of the images in a file that are wanted; None for the only one."""
    from srredsim import io

    asked = getattr(arguments, "scene", None)
    several = hasattr(arguments, "scene") and not getattr(arguments, "stack", False)
    return io.scene_numbers(path, asked) if several else [asked]


def _claim(claimed: dict[Path, Path], path: Path, scene: int | None, out: Path | None) -> None:
    """Two inputs of one call may not write the same result, not even with ``--overwrite``."""
    from srredsim import io

    result = (out or path.parent) / io.stem(path, scene)
    if result in claimed:
        raise InputError(f"its result would have the name of that of {claimed[result]}; give each its own `out`")
    claimed[result] = path


def _fail(failures: list[dict], path: Path, problem: Exception, debug: bool, scene: int | None = None) -> None:
    subject = None
    try:
        failure: dict[str, Any] = {"input": str(path), "error": terminal.in_words(problem)}
        subject = problem.about if isinstance(problem, InputError) else getattr(problem, "filename", None)
    except Exception:  # noqa: BLE001  no words for it: its traceback is kept, the other inputs go on
        failure = {"input": str(path), "error": _unexpected(problem, path, debug), "unexpected": True}
    failures.append(failure if scene is None else failure | {"scene": scene})
    where = path if scene is None else f"{path}, scene {scene}"
    terminal.note(failure["error"] if str(subject) == str(path) else f"{where}: {failure['error']}")


def _unexpected(problem: Exception, path: Path, debug: bool) -> str:
    """A line; the traceback goes to standard error or into a file."""
    lines = "".join(traceback.format_exception(problem))
    line = " ".join(f"{type(problem).__name__}: {problem}".split())[:LONGEST]
    if debug:
        print(lines, file=sys.stderr, end="")
        return f"unexpected {line}"
    log = resources.cache_folder() / LOG
    with suppress(OSError):
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} srredsim {__version__} {path}\n{lines}\n")
        return f"unexpected {line}; please report it with {log}"
    return f"unexpected {line}; `debug` shows more"
