"""What the measures share: where the report goes."""

from __future__ import annotations

import json
from pathlib import Path

from srredsim.cli import arguments as shared
from srredsim.cli import terminal


def add_out(parser: shared.Parser) -> None:
    parser.add_argument("--out", type=Path, metavar="DIR", help="for JSON and PNG; left out: printed only")
    shared.overwrite(parser)


def give(name: str, arguments, report: dict, lines: list[str]) -> dict:
    """Print what was measured and, into ``--out``, write it with its picture."""
    from srredsim import io
    from srredsim.analysis import picture

    terminal.say(*lines)
    if arguments.out:
        table, image = arguments.out / f"{name}.json", arguments.out / f"{name}.png"
        with (
            io.together(table),
            io.atomic(table, arguments.overwrite) as new_table,
            io.atomic(image, arguments.overwrite) as new_image,
        ):
            new_table.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
            getattr(picture, name)(report, new_image)
        report = report | {"paths": [str(table), str(image)]}
        terminal.say(table, image)
    return report
