"""``srredsim status``"""

from __future__ import annotations

from pathlib import Path

from srredsim.cli import arguments as shared
from srredsim.cli import terminal
from srredsim.errors import InputError

GROUP = "images"
HELP = "what is done and what is missing, of inputs that are done plane by plane"
SHOWN = 5  # failures of each input


def add_arguments(parser: shared.Parser) -> None:
    folders(parser)


def folders(parser: shared.Parser) -> None:
    help = "folder with the results (--out), or one of parts in it"
    parser.add_argument("folders", nargs="+", type=Path, metavar="OUT", help=help)


def run(arguments) -> dict:
    from srredsim.workflows.job import Job, jobs_in

    found: list[dict] = []
    failures: list[dict] = []
    for folder in jobs_in(arguments.folders):
        try:
            found.append(Job(folder).status())
        except InputError as problem:
            terminal.note(str(problem))
            failures.append({"input": str(folder), "error": str(problem)})
    for one in found:
        terminal.say(_line(one))
        for failed in one["failed"][:SHOWN]:
            terminal.say(f"  t={failed['t']}, c={failed['c']}, z={failed['z']} failed: {failed['error']}")
    if not found and not failures:
        terminal.say("nothing is half done")
    return {"results": found, "failures": failures}


def _line(one: dict) -> str:
    missing, of = one["missing"], one["input"] + (f", {one['only']} alone" if one["only"] else "")
    if not missing:
        return f"{of}: all {one['units']} planes are done, to be merged into {one['result']}"
    first = ", ".join(f"{axis}={missing[0][axis]}" for axis in "tcz")
    failed = f", {len(one['failed'])} failed" if one["failed"] else ""
    words = f"{one['done']} of {one['units']} planes are done{failed}, {len(missing)} are missing, the first {first}"
    return f"{of}: {words} ({one['work']}, {Path(one['result']).name})"
