"""One file whose planes are shared out: a folder of parts beside its result, until they are merged.

``<stem>_predict-<fingerprint>.parts`` has ``job.json``, which says what is done and for whom to read, the plan, and a
record of each unit (t, c, z) that is done. The fingerprint is that of the file and of all that was asked, so that no
part of other settings is ever taken for one of these. Processes share nothing but the folder: a part, as the folder
itself, is there whole or not at all, and one that is there is not done again.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from typing import Any

from srredsim import __version__, documents, io, records
from srredsim.acquisition import Position
from srredsim.errors import InputError, shown
from srredsim.workflows.plan import AnyPlan, refuse_other_models

WORKS = {  # modules with a Plan, its Worker and `merge`
    "predict": "srredsim.workflows.predict",
    "reconstruct": "srredsim.workflows.reconstruct_file",
    "denoise": "srredsim.workflows.denoise",
}
SUFFIX = ".parts"
MANIFEST, PLAN = "job.json", "plan.npz"
PART = re.compile(r"t(\d+)_c(\d+)_z(\d+)\.npz")
GONE = "is gone: another process has merged its parts, or removed them"
MOST = 10**7  # planes of a file
FAILED = re.compile(r"t(\d+)_c(\d+)_z(\d+)\.failed\.json")
_latest: dict[str, Any] = {}  # models that were loaded last


@dataclass(frozen=True)
class Asked:
    """What is to be done on a file: the ``work``, one of `WORKS`; in ``settings`` all that its result depends on.

    ``command`` is who asks, in words.
    """

    work: str
    path: Path
    writing: io.Writing
    settings: dict[str, Any]
    command: str = "command"

    @property
    def fingerprint(self) -> str:
        known = {"work": self.work, "version": __version__, "file": io.stamp(self.path), **self.settings}
        told = json.dumps(known, sort_keys=True, default=str)
        return blake2b(told.encode(), digest_size=8).hexdigest()

    def folder(self) -> Path:
        name = f"{io.stem(self.path, self.writing.scene, self.writing.only)}_{self.work}-{self.fingerprint}{SUFFIX}"
        return Path(self.writing.out or self.path.parent).resolve() / name


class Job:
    """A folder of parts that is there.

    Raises
    ------
    InputError
        If it is no such folder, or one of another version of this package.
    """

    def __init__(self, folder: Path):
        self.folder, self.opened = folder, None
        try:
            self.manifest = documents.read_json(folder / MANIFEST)
            known = [self.manifest[name] for name in ("work", "version", "shape_tczyx", "input", "fingerprint")]
            self.shape: tuple[int, ...] = tuple(int(n) for n in known[2][:3])
            if len(self.shape) != 3 or min(self.shape) < 1 or self.count > MOST:
                raise ValueError("no counts of planes")
        except (OSError, ValueError, KeyError, TypeError, OverflowError):
            words = f"has no {MANIFEST} that tells what it is part of; remove the folder"
            raise InputError(words, about=folder) from None
        if known[1] != __version__:
            words = f"was begun by srredsim {shown(known[1])}, this is {__version__}: use that, or remove the folder"
            raise InputError(words, about=folder)
        if known[0] not in WORKS:
            raise InputError(f"is of another work than {' or '.join(WORKS)}: {shown(known[0])}", about=folder)

    @classmethod
    def begun(cls, asked: Asked, opened: Callable[[], Any]) -> Job:
        """The job as another process has begun it, or a new one, of whose work ``opened`` gives a Worker.

        Raises
        ------
        InputError
            As of ``opened``, or if its models are not those asked for; `srredsim.io.Exists` if the result is there.
        """
        folder, worker = asked.folder(), None
        if not folder.is_dir():
            worker = opened()
            if models := asked.settings.get("model"):  # which may have been loaded before they were trained anew
                refuse_other_models(worker.plan.models, models, worker.plan.made_of)
            worker.plan = replace(worker.plan, token=asked.fingerprint)
            if not _appear(folder, worker.plan, asked):
                worker = None  # the plan is that of the faster one
        job = cls(folder)
        job.opened = worker
        io.refuse_results(job.plan.result, job.plan.paths[1:], asked.writing.overwrite)
        return job

    @cached_property
    def plan(self) -> Any:
        """The plan; InputError if it cannot be read, or is another than the manifest's."""
        try:
            plan = records.read(self.folder / PLAN)
            if (plan.token, tuple(plan.shape[:3])) != (self.manifest["fingerprint"], self.shape):
                raise records.Damaged(f"{self.folder / MANIFEST} is of another plan than {PLAN} beside it")
        except (OSError, AttributeError, records.Damaged) as problem:
            raise InputError(f"{problem}; remove the folder and begin anew") from None
        return plan

    @property
    def count(self) -> int:
        """Number of units."""
        times, channels, slices = self.shape
        return times * channels * slices

    @property
    def units(self) -> list[Position]:
        """Every (t, c, z): channel by channel, in each of them time by time, z fastest."""
        times, channels, slices = self.shape
        return [(t, c, z) for c in range(channels) for t in range(times) for z in range(slices)]

    def done(self) -> set[Position]:
        """Units whose part is there."""
        return self._listed(PART)

    def missing(self, share: tuple[int, int] = (1, 1), shift: int = 0) -> list[Position]:
        """Units that are to be done yet, of a share (i, n): those that follow one another go to the same.

        ``shift`` moves the shares on, so that those of files with a single unit differ.
        """
        (number, shares), done, count = share, self.done(), self.count
        every = enumerate(self.units)
        return [one for k, one in every if (k * shares // count + shift) % shares == number - 1 and one not in done]

    def keep(self, part: Any) -> None:
        """Put a part to the others.

        Raises
        ------
        InputError
            If the folder is gone, as when another process has merged it meanwhile.
        """
        if not self.folder.is_dir():
            raise InputError(GONE, about=self.folder)
        with io.atomic(self._part(part.position), overwrite=True) as unfinished:
            records.write(unfinished, part)
        self._failure(part.position).unlink(missing_ok=True)

    def fail(self, position: Position, error: str) -> None:
        """Tell whoever asks why a unit could not be done; it is tried again by the next process."""
        told = {"error": error, "machine": platform.node(), "time": time.strftime("%Y-%m-%d %H:%M:%S")}
        with suppress(InputError, OSError), io.atomic(self._failure(position), overwrite=True) as unfinished:
            unfinished.write_text(json.dumps(told) + "\n", encoding="utf-8")

    def failures(self) -> list[dict[str, Any]]:
        """Units that could not be done yet, and why."""
        found = []
        for t, c, z in sorted(self._listed(FAILED) - self.done()):
            with suppress(OSError, ValueError):
                found.append({"t": t, "c": c, "z": z} | documents.read_json(self._failure((t, c, z))))
        return found

    def status(self) -> dict[str, Any]:
        """What is done and what is missing, ready for JSON; InputError if the plan is not that of the manifest."""
        done, plan = self.done(), self.plan
        missing = [dict(zip("tcz", one, strict=True)) for one in self.units if one not in done]
        told = {"units": self.count, "done": len(done), "missing": missing, "failed": self.failures()}
        return {"parts": str(self.folder), **self.manifest, "only": plan.writing.only, **told}

    def worker(self) -> Any:
        """Who does units of the plan; with the models of the last one, where they are the same."""
        if self.opened is None:
            self.opened = self._work.Worker(self.plan, *_loaded(self._work, self.plan))
        return self.opened

    def merge(self, overwrite: bool | None = None) -> dict:
        """Write the result of all units, and remove the parts; the report is that of one process.

        Raises
        ------
        InputError
            If parts are missing, or the result is there already. A part that is damaged is removed, to be done again.
        """
        plan = self.plan
        if overwrite is not None:
            plan = replace(plan, writing=replace(plan.writing, overwrite=overwrite))
        done, missing = self.done(), self.missing()
        if missing:
            again = f"; the same {self.manifest.get('command', 'command')} again does them" if done else ""
            of = Path(self.manifest["input"]).name
            raise InputError(f"{len(missing)} of {self.count} planes of {of} are missing{again}")
        report = self._work.merge(plan, self._parts(plan))
        self.remove()
        return report

    def remove(self) -> None:
        """Away with the parts, all at once for whoever looks."""
        unfinished = io.unfinished_beside(self.folder, SUFFIX)
        with suppress(OSError):
            self.folder.rename(unfinished)
        shutil.rmtree(unfinished, ignore_errors=True)

    def _parts(self, plan: AnyPlan) -> Iterator[Any]:
        for position in plan.units:
            path = self._part(position)
            try:
                part = records.read(path)
                if (part.plan, tuple(part.position)) != (plan.token, position):
                    raise records.Damaged(f"{path} is the part of another plan, or plane")
            except FileNotFoundError:
                raise InputError(GONE, about=self.folder) from None
            except (records.Damaged, AttributeError) as problem:
                path.unlink(missing_ok=True)
                raise InputError(f"{problem}, and was removed; the same command again does it anew") from None
            yield part

    @property
    def _work(self) -> Any:
        return import_module(WORKS[self.manifest["work"]])

    def _listed(self, name: re.Pattern) -> set[Position]:
        found = set()
        for entry in os.scandir(self.folder):
            if match := name.fullmatch(entry.name):
                t, c, z = map(int, match.groups())
                found.add((t, c, z))
        return {one for one in found if all(n < count for n, count in zip(one, self.shape, strict=True))}

    def _part(self, position: Position) -> Path:
        return self.folder / f"{_name(position)}.npz"

    def _failure(self, position: Position) -> Path:
        return self.folder / f"{_name(position)}.failed.json"


def jobs_in(places: Iterable[Path]) -> list[Path]:
    """Folders of parts: those that are named, and those in the folders that are."""
    found: dict[Path, None] = {}
    for place in places:
        io.existing(place)
        own = [place] if place.suffix == SUFFIX else sorted(one for one in place.glob(f"*{SUFFIX}") if one.is_dir())
        found |= dict.fromkeys(own)
    return list(found)


def _loaded(work: Any, plan: Any) -> tuple[Any, ...]:
    """The models of a plan, which a process loads once; none, where its work has none.

    They are known by what they are made of: a folder may have other weights by the next plan.
    """
    if not hasattr(plan, "models"):
        return ()
    models = (plan.models, plan.made_of, plan.computed)
    if _latest.get("models") != models:
        _latest.clear()
        _latest.update(chain=work.chain_of(plan), models=models)
    return (_latest["chain"],)


def _name(position: Position) -> str:
    t, c, z = position
    return f"t{t:05}_c{c:02}_z{z:04}"


def _appear(folder: Path, plan: Any, asked: Asked) -> bool:
    """Make the folder with plan and manifest; False where another process was faster, whose folder stays."""
    manifest = {
        "work": asked.work,
        "command": asked.command,
        "input": str(plan.path),
        "result": str(plan.result),
        "shape_tczyx": list(plan.shape),
        "fingerprint": asked.fingerprint,
        "version": __version__,
        "begun": time.strftime("%Y-%m-%d %H:%M:%S"),
        "settings": asked.settings,
    }
    unfinished = io.unfinished_beside(folder, SUFFIX)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished.mkdir()
        records.write(unfinished / PLAN, plan)
        (unfinished / MANIFEST).write_text(json.dumps(manifest, indent=2, default=str) + "\n", encoding="utf-8")
        try:
            unfinished.rename(folder)
        except OSError:  # there is one that holds something
            if not folder.is_dir():
                raise
            return False
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return True
