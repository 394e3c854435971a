"""Parts of a page: what comes from users and files is escaped here, and nowhere else has to be."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from srredsim import __version__

GENERATOR = "srredsim page"  # by which a page is known as one of these
EMPTY = ("img", "input")  # elements that have no end
FACTS = re.compile(r'<script type="application/json" id="facts">(.*?)</script>', re.DOTALL)


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def escaped(text: Any) -> Markup:
    """Any text as HTML; what is HTML stays as it is."""
    return text if isinstance(text, Markup) else Markup(html.escape(str(text)))


def element(name: str, *inside: Any, **attributes: Any) -> Markup:
    """``<name attributes>inside</name>``; an underscore ends a name that Python has taken, others are hyphens.

    >>> element("p", "a < b", class_="note")
    '<p class="note">a &lt; b</p>'
    """
    named = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items() if value is not None}
    said = "".join(f' {key}="{html.escape(str(value))}"' for key, value in named.items())
    return Markup(f"<{name}{said}>" if name in EMPTY else f"<{name}{said}>{''.join(map(escaped, inside))}</{name}>")


def section(title: str, *inside: Any) -> Markup:
    return element("section", element("h2", title), *inside)


def lines(texts: Iterable[Any], kind: str = "ul") -> Markup:
    """A list; nothing where there is no text."""
    items = [element("li", text) for text in texts]
    return element(kind, *items) if items else Markup()


def table(head: Sequence[str], rows: Iterable[Sequence[Any]], **attributes: Any) -> Markup:
    """A table of texts; it scrolls sideways where the screen is narrow."""
    top = element("thead", element("tr", *(element("th", name, scope="col") for name in head)))
    body = element("tbody", *(element("tr", *(element("td", cell) for cell in row)) for row in rows))
    return element("div", element("table", top, body, **attributes), class_="wide")


def inside_page(data: bytes, kind: str) -> str:
    """Address of a picture that is the picture."""
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def picture(data: bytes, words: str, kind: str = "png", **attributes: Any) -> Markup:
    """A picture, with what it shows for those who do not see it."""
    return element("img", src=inside_page(data, kind), alt=words, **attributes)


def page(title: str, body: Iterable[Markup], facts: Mapping[str, Any]) -> str:
    """The whole page, with facts for programs: an index reads them."""
    said = json.dumps(facts).replace("<", "\\u003c")  # no text ends the script
    return "\n".join(
        (
            "<!DOCTYPE html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta name="generator" content="{GENERATOR} {__version__}">',
            f"<title>{escaped(title)}</title><style>{_asset('page.css')}</style></head><body><main>",
            element("h1", title),
            *body,
            f'</main><script type="application/json" id="facts">{said}</script>',
            f"<script>{_asset('page.js')}</script></body></html>",
            "",
        )
    )


def facts_of(text: str) -> dict[str, Any] | None:
    """Facts of a page that was made here; None of any other file."""
    found = FACTS.search(text) if f'content="{GENERATOR}' in text[:1000] else None
    try:
        facts = json.loads(found[1]) if found else None
    except ValueError:
        return None
    return facts if isinstance(facts, dict) else None


@cache
def _asset(name: str) -> str:
    return resources.files("srredsim.pages").joinpath(name).read_text(encoding="utf-8")
