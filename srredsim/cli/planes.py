"""Inputs whose planes are units of work of their own: done here, shared out, or done by the workers of dask."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from srredsim.cli import terminal
from srredsim.cli.several import as_given
from srredsim.errors import InputError

OF_RESULT = ("dtype", "format", "compress", "page", "write_parameters")  # of how results are written: what is in them
OfPlanes = Callable[[Path, int | None, int], dict]


@dataclass(frozen=True)
class Parts:
    """What is asked of one input: see `srredsim.workflows.job.Asked`; and who plans it, if nobody has yet."""

    work: str
    asked: dict[str, Any]
    reading: Any
    writing: Any
    opened: Callable[[], Any]

    @property
    def settings(self) -> dict[str, Any]:
        """All that its result depends on."""
        written = {name: getattr(self.writing, name) for name in OF_RESULT}
        return {**self.asked, "reading": self.reading.values, "writing": written}


def digests(*files: Path | None) -> list[str | None]:
    """Those of files that a result depends on, as far as they are there."""
    return [hashlib.sha256(one.read_bytes()).hexdigest() if one and one.is_file() else None for one in files]


@contextmanager
def each_of(
    arguments: Any, parts: Callable[[Path, int | None], Parts], say: Callable[[Path, dict], dict]
) -> Iterator[OfPlanes | None]:
    """What `srredsim.cli.several.each` calls for every input, None if whole inputs are asked for.

    ``say`` is given the report of a result that was merged.
    """
    if not (arguments.by_plane or arguments.dask):
        yield None
        return
    if arguments.dask and arguments.shard:
        raise InputError("`dask` shares out the planes by itself; leave out `shard`")
    with ExitStack() as stack:
        client = None
        if arguments.dask:
            from srredsim.workflows.on_dask import client_of

            client = stack.enter_context(client_of(arguments.dask))
        yield lambda path, scene, number: _one(arguments, path, parts(path, scene), number, say, client)


def _one(arguments: Any, path: Path, parts: Parts, number: int, say: Callable[[Path, dict], dict], client: Any) -> dict:
    """A share of the planes of an input; of all of them the result is merged."""
    from srredsim.workflows.job import Asked, Job
    from srredsim.workflows.on_dask import do_on
    from srredsim.workflows.shared_out import do_here

    asked = Asked(parts.work, path, parts.writing, parts.settings, f"{arguments.parser.prog} --by-plane")
    job = Job.begun(asked, parts.opened)
    share, out = arguments.shard or (1, 1), arguments.out or path.parent
    units = job.missing(share, number)
    if len(units) < job.count and share == (1, 1):
        terminal.note(f"{path}: {job.count - len(units)} of {job.count} planes were done before")
    with terminal.progress(path.name) as progress:
        failures = do_on(client, job, units, progress) if client else do_here(job, units, job.worker, progress)
    failures.refuse(job)
    if share == (1, 1):
        return say(path, as_given(job.merge(arguments.overwrite), out) | {"input": str(path)})
    missing = len(job.missing())
    left = f", {missing} are missing" if missing else ", none is missing: `merge` joins them"
    terminal.say(f"{out / job.folder.name}: {len(units)} of {job.count} planes done here{left}")
    return {"input": str(path), "parts": str(job.folder), "units": job.count, "done": len(units), "missing": missing}
