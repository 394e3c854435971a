"""What was meant by a command, a flag or a choice that is nearly right."""

from __future__ import annotations

import re
from collections.abc import Iterable

ALIKE = 0.75  # share of the letters that a flag has in common with what was typed


def meant(message: str, flags: Iterable[str]) -> str:
    """`` (did you mean 'x'?)`` for a message of argparse, by the choices in it or these flags; or nothing."""
    from srredsim.schema import nearest

    if found := re.search(r"invalid choice: '([^']*)' \(choose from (.*)\)", message):
        return nearest(found[1], re.findall(r"'([^']*)'", found[2]))
    if found := re.search(r"unrecognized arguments: (?:.* )?(--[\w-]+)", message):
        flags = list(flags)
        begun = [flag for flag in flags if flag.startswith(found[1])]
        return nearest(found[1], begun, 0.0) if len(begun) == 1 else nearest(found[1], flags, ALIKE)
    return ""
