"""How the parts of a plan become its files, whatever was planned."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any

from srredsim import io
from srredsim.workflows.page import write_page
from srredsim.workflows.plan import AnyPlan


def merged(results: AbstractContextManager[Any], plan: AnyPlan, parts: Iterable[Any]) -> dict:
    """Report of ``results``, to which all parts were added: their files appear together, with the page, or not at all.

    Raises
    ------
    InputError
        If a part is of another plan, or comes twice. ValueError, if one is missing.
    """
    with io.together(plan.result):
        with results as files:
            for part in parts:
                files.add(part)
        write_page(files.report, plan.reading, plan.writing)
    return files.report
