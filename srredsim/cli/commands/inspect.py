"""``srredsim inspect``"""

from __future__ import annotations

from pathlib import Path

from srredsim.cli import arguments as shared
from srredsim.cli import terminal
from srredsim.cli.several import each

GROUP = "images"
HELP = "say what a file is, whether its frames are good, and what to change"


def add_arguments(parser: shared.Parser) -> None:
    shared.stacks(parser)
    shared.out_folder(parser)
    shared.optics(parser)
    shared.several(parser)


def run(arguments) -> dict:
    from srredsim import inspection
    from srredsim.workflows.inspect import inspect_file

    shared.read_and_written(arguments)  # what is wrong with them is said before anything is read

    def work(path: Path, scene: int | None) -> dict:
        reading, writing = shared.read_and_written(arguments, scene)
        report = inspect_file(path, reading=reading, writing=writing)
        words = (f"  {line}".rstrip() for line in inspection.lines(report))
        terminal.say_coloured(path, *words, Path(report["picture"]))
        return report

    return each(arguments, work)
