"""``srredsim merge``"""

from __future__ import annotations

from pathlib import Path

from srredsim.cli import arguments as shared
from srredsim.cli import terminal
from srredsim.cli.commands import status
from srredsim.cli.several import as_given, write_indexes

GROUP = "images"
HELP = "join planes that were done one by one (--by-plane) into the results of one process"


def add_arguments(parser: shared.Parser) -> None:
    status.folders(parser)
    shared.overwrite(parser)


def run(arguments) -> dict:
    from srredsim.workflows.job import Job, jobs_in

    results: list[dict] = []
    failures: list[dict] = []
    for folder in jobs_in(arguments.folders):
        try:
            results.append(as_given(Job(folder).merge(arguments.overwrite or None), folder.parent))
            terminal.say(*map(Path, results[-1]["paths"]))
        except Exception as problem:  # noqa: BLE001  what is no fault of the user's is raised again
            error = terminal.in_words(problem)
            terminal.note(error if getattr(problem, "about", None) else f"{folder}: {error}")
            failures.append({"input": str(folder), "error": error})
    write_indexes([one for one in results if any(path.endswith(".html") for path in one["paths"])])
    if not results and not failures:
        terminal.note("there is nothing to merge")
    return {"results": results, "failures": failures}
