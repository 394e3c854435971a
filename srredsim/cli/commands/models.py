"""``srredsim models``"""

from __future__ import annotations

from srredsim.cli import arguments as shared
from srredsim.cli import terminal

GROUP = "models"
HELP = "list the models there are"
NONE = "there are no models"
UNTRAINED = "without weights, to be trained with srredsim train --model NAME or NAME/VARIANT:"


def add_arguments(parser: shared.Parser) -> None:
    pass


def run(arguments) -> dict:
    from srredsim.evaluation.tables import in_one_line
    from srredsim.zoo import models

    rows = models.describe()
    trained = [row for row in rows if row["trained"]]
    untrained = [row for row in rows if not row["trained"]] + [
        row | {"name": f"{row['name']}/{variant}", "variants": []} for row in trained for variant in row["variants"]
    ]
    lists = {
        "": [_row(row) | {"results": row["results"] and in_one_line(row["results"])} for row in trained],
        UNTRAINED: [_row(row) | {"variants": ", ".join(row["variants"]) or None} for row in untrained],
    }
    found = {title: table for title, table in lists.items() if table}
    terminal.say("\n\n".join(f"{title}\n{terminal.table(table)}".lstrip() for title, table in found.items()) or NONE)
    return {"models": rows}


def _row(row: dict) -> dict:
    return {name: row[name] for name in ("name", "network", "input")} | {"patterns": ", ".join(row["patterns"]) or None}
