"""``srredsim compare``"""

from __future__ import annotations

from pathlib import Path

from srredsim.cli import arguments as shared
from srredsim.cli import terminal
from srredsim.cli.several import each

GROUP = "images"
HELP = "show what every method makes of a raw stack, side by side on a page"


def add_arguments(parser: shared.Parser) -> None:
    shared.stacks(parser)
    shared.out_folder(parser)
    shared.optics(parser)
    shared.device(parser)
    truth = "image of twice the pixels, of one stack, that the methods are scored against"
    parser.add_argument("--truth", type=Path, metavar="FILE", help=truth)
    shared.several(parser)


def run(arguments) -> dict:
    from srredsim.workflows import compare

    how = shared.given(arguments, "device")
    shared.read_and_written(arguments)  # what is wrong with them is said before anything is read

    def work(path: Path, scene: int | None) -> dict:
        reading, writing = shared.read_and_written(arguments, scene)
        with terminal.progress(path.name) as progress:
            report = compare.compare_file(
                path, reading=reading, writing=writing, truth=arguments.truth, progress=progress, **how
            )
        terminal.say(path, *(f"  {line}" for line in compare.lines(report)), *map(Path, report["paths"]))
        terminal.notes(path, report["notes"])
        return report

    return each(arguments, work, of_one="truth")
