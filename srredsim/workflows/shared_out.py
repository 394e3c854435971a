"""Units of a job done one after the other, here: what is kept, what fails and is tried again by the next process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from srredsim.acquisition import Position, which
from srredsim.errors import InputError
from srredsim.workflows.job import Job

Progress = Callable[[int, int], None]


@dataclass
class Failures:
    """Units that failed: why, and the first problem that nobody thought of."""

    words: dict[Position, str] = field(default_factory=dict)
    unexpected: Exception | None = None

    def add(self, position: Position, problem: Exception) -> str:
        mendable = isinstance(problem, InputError | OSError | MemoryError)
        text = str(problem) if isinstance(problem, InputError) else f"{type(problem).__name__}: {problem}"
        self.words[position] = " ".join(text.split())
        self.unexpected = self.unexpected or (None if mendable else problem)
        return self.words[position]

    def refuse(self, job: Job) -> None:
        """Raise what failed, if anything did: all units are done by then that can be."""
        if self.unexpected:
            raise self.unexpected
        if not self.words:
            return
        position, why = next(iter(self.words.items()))
        where = which(job.shape, position)
        why = why if why.startswith(where) else ": ".join(filter(None, (where, why)))
        raise InputError(f"{len(self.words)} of {job.count} planes failed, the first: {why}" if job.count > 1 else why)


def do_here(job: Job, units: Sequence[Position], worker: Callable[[], Any], progress: Progress) -> Failures:
    """Do units of a job, and keep what came of each.

    Parameters
    ----------
    worker : callable
        Makes who does them; called once, if there are any.
    progress : callable
        Called as ``progress(done, total)``: how much of the whole job is done, by whomever, when it began.
    """
    failures, total = Failures(), job.count
    before = total - len(job.missing())
    progress(before, total)
    at_work = worker() if units else None
    for number, position in enumerate(units, start=1):
        try:
            job.keep(at_work.do(position))
        except Exception as problem:  # noqa: BLE001  one plane does not lose the others
            job.fail(position, failures.add(position, problem))
        progress(before + number, total)
    return failures
