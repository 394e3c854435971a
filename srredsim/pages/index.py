"""A page with a line for each of the pages in a folder, whoever made them, in one call or in many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import quote

from srredsim.pages.parts import element, facts_of, page, section, table

NAME = "reports.html"
COLUMNS = {
    "input": "file",
    "made": "by",
    "residual": "residual",
    "doubtful": "doubtful",
    "bad": "bad",
    "notes": "notes",
}


def index(pages: Iterable[Path], failed: Sequence[tuple[str, str]] = ()) -> str:
    """The page, a text in HTML. Files that are no pages of this package are left out.

    ``failed`` are the inputs, each with the reason, that the call which writes the page could not do.
    """
    rows = []
    for path in sorted(pages):
        facts = facts_of(path.read_text(encoding="utf-8", errors="replace"))
        if facts and facts.get("kind") == "stack":
            cells = [facts.get(name, "") for name in COLUMNS]
            rows.append([element("a", cells[0], href=quote(path.name)), *cells[1:]])
    words = (
        "residual: what the image leaves unexplained of the frames, 1 where only noise is left. doubtful, bad: checks"
        " of the raw data with that verdict. notes: what is to be known of the image. A click on a heading sorts."
    )
    body = [element("p", words, class_="soft"), table(list(COLUMNS.values()), rows, class_="sortable")]
    if failed:
        body.append(section("Not done by the last call", table(["file", "why"], failed)))
    return page(f"{len(rows)} stack{'s' * (len(rows) != 1)}", body, {"kind": "index"})


def may_be_replaced(path: Path) -> bool:
    """Whether there is nothing, or an index that was made here."""
    if not path.exists():
        return True
    facts = facts_of(path.read_text(encoding="utf-8", errors="replace"))
    return bool(facts) and facts.get("kind") == "index"
