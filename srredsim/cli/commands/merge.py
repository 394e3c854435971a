"""``srredsim merge``"""

from __future__ import annotations

from pathlib import Path

from srredsim.cli import arguments as shared
from srredsim.cli import terminal
from srredsim.cli.commands import status

GROUP = "images"
HELP = "join the planes that were done one by one (--by-plane --shard) into the results that one process writes"


def add_arguments(parser: shared.Parser) -> None:
    status.folders(parser)
    shared.overwrite(parser)


def run(arguments) -> dict:
    from srredsim.workflows.job import Job, jobs_in

    results: list[dict] = []
    failures: list[dict] = []
    for folder in jobs_in(arguments.folders):
        try:
            results.append(Job(folder).merge(arguments.overwrite or None))
            terminal.say(*map(Path, results[-1]["paths"]))
        except Exception as problem:  # noqa: BLE001  what is no fault of the user's is raised again
            error = terminal.in_words(problem)
            terminal.note(error if str(getattr(problem, "about", None)) in error else f"{folder}: {error}")
            failures.append({"input": str(folder), "error": error})
    if not results and not failures:
        terminal.note("there is nothing to merge")
    return {"results": results, "failures": failures}
