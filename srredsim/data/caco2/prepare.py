"""From the released patches and fold lists of SR-CACO-2 to a folder to train and to test on.

Everything is looked at before anything is written: whether each list has its lines, each line its two patches, each
patch its size and 8 bits. Patches are linked where the file system can, copied where it cannot; each appears whole, so
that a run that was interrupted goes on where it stopped. ``sr_caco_2.json``, written last, says what is there.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from srredsim import __version__, io
from srredsim.data.caco2 import folds
from srredsim.data.caco2.folder import HR, read, write
from srredsim.data.caco2.folds import LIST, LISTS, Named
from srredsim.data.caco2.layout import Layout, fold, layout
from srredsim.errors import InputError

RECORD = "sr_caco_2.json"
Progress = Callable[[int, int], None]


def prepare(
    raw: str | Path,
    archive: str | Path,
    out: str | Path,
    *,
    convert: bool = False,
    skip_incomplete: bool = False,
    progress: Progress | None = None,
) -> dict:
    """Make the folder `out` of the released patches in `raw` and of `archive`, the fold lists; what is there is kept.

    Parameters
    ----------
    convert : bool
        Make 8 bits and one channel of patches that have 16 bits or three channels.
    skip_incomplete : bool
        Leave out pairs of which a patch is missing or broken, and lists of other numbers of lines as they are.

    Returns
    -------
    dict
        What is in ``sr_caco_2.json``, with how many patches were made and kept.

    Raises
    ------
    InputError
        If lists or patches are missing or not what they should be; nothing is written then.
    """
    raw, archive, out = Path(raw), Path(archive), Path(out)
    work = _Work(raw, out, layout(), convert, progress)
    lists = work.lists(archive)
    problems = work.problems(lists)
    if (problems.patches or problems.counts) and not skip_incomplete:
        raise InputError(f"{raw}: {problems.summary()}. Get them again, or leave such pairs out: `skip_incomplete`")
    whole = {
        key: [one for one in its if not {one.low, one.high} & problems.patches.keys()] for key, its in lists.items()
    }
    if not any(whole.values()):
        raise InputError(f"{raw}: no pair is complete: {problems.summary()}")
    made = work.write(whole)
    record = {
        "srredsim": __version__,
        "folds_sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
        "converted": convert,
        "pairs": {name: len(its) for name, its in whole.items()},
        "skipped": {name: len(lists[name]) - len(its) for name, its in whole.items() if len(its) < len(lists[name])},
    }
    with io.atomic(out / RECORD, overwrite=True) as temporary:
        temporary.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return {"path": str(out), "made": made, "kept": len(_files(whole)) - made, **record}


@dataclass(frozen=True)
class Problems:
    """Patches that cannot be used, each with the reason, and lists of other numbers of lines."""

    patches: dict[str, str]
    counts: list[str]

    def summary(self) -> str:
        """In one line."""
        parts = list(self.counts[:1])
        if self.patches:
            path, reason = next(iter(self.patches.items()))
            many = f"{len(self.patches)} patches are missing or not as they should be, the first is"
            parts.append(f"{many if len(self.patches) > 1 else 'a patch cannot be used:'} {path}: {reason}")
        return "; ".join(parts)


@dataclass(frozen=True)
class _Work:
    raw: Path
    out: Path
    layout: Layout
    convert: bool
    progress: Progress | None

    def lists(self, archive: Path) -> dict[str, list[Named]]:
        """The pairs of every fold list, by the name of its folder."""
        self._refuse_other_folder()
        contents, lists = folds.in_archive(archive, self.layout), {}
        for token, scale, cell in folds.kinds(self.layout):
            name = fold(token, scale, cell, self.layout.size)
            where = f"{archive}: {name}/{LIST}"
            lists[name] = folds.parsed(contents[name], where, (token, scale, cell), self.layout)
        return lists

    def problems(self, lists: dict[str, list[Named]]) -> Problems:
        expected, counts, patches = self.layout.counts(), [], {}
        for token, scale, cell in folds.kinds(self.layout):
            name = fold(token, scale, cell, self.layout.size)
            if len(lists[name]) != expected[token]:
                counts.append(f"{name} lists {len(lists[name])} pairs, not {expected[token]}")
        files = _files(lists)
        for number, (path, scale) in enumerate(files.items(), start=1):
            try:
                read(self.raw / path, self.layout.size // scale, self.convert)
            except InputError as problem:
                reason = str(problem).removeprefix(str(self.raw / path)).lstrip(": ")
                patches[path] = "missing" if reason.startswith("is missing") else reason
            self._tick(number, 2 * len(files))
        return Problems(patches, counts)

    def write(self, lists: dict[str, list[Named]]) -> int:
        """How many patches were not there yet."""
        files, made = _files(lists), 0
        for number, (path, scale) in enumerate(files.items(), start=1):
            made += self._patch(path, self.layout.size // scale)
            self._tick(len(files) + number, 2 * len(files))
        for name, pairs in lists.items():
            with io.atomic(self.out / LISTS / name / LIST, overwrite=True) as temporary:
                temporary.write_text("".join(f"{one.low},{one.high}\n" for one in pairs), encoding="utf-8")
        return made

    def _patch(self, path: str, side: int) -> bool:
        """Whether it was not there as it should be."""
        source, target = self.raw / path, self.out / path
        if target.is_file():
            try:
                read(target, side)
            except InputError:
                target.unlink()  # cut short by a broken copy, or linked to what was to be converted
            else:
                return False
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            read(source, side)
        except InputError:  # its pixels are of another kind, else it would have been refused before
            write(target, read(source, side, convert=True))
            return True
        try:
            os.link(source, target)
        except OSError:  # another file system, or one without links
            with io.atomic(target) as temporary:
                shutil.copyfile(source, temporary)
        return True

    def _refuse_other_folder(self) -> None:
        lacking = [
            f"hr_div_{scale}" for scale in (1, *self.layout.scales) if not (self.raw / f"hr_div_{scale}").is_dir()
        ]
        if lacking:
            raise InputError(
                f"{self.raw} has no {', '.join(lacking)}; `raw` is the folder caco2 of the released patches, with"
                f" {HR} (HR) and hr_div_2, hr_div_4, hr_div_8 (LR)"
            )
        if self.out.resolve() == self.raw.resolve():
            raise InputError(f"`out` is the folder of the released patches itself, {self.raw}; give another")

    def _tick(self, done: int, total: int) -> None:
        if self.progress:
            self.progress(done, total)


def lines(report: dict) -> list[str]:
    """What was done, for a terminal."""
    of_scale: dict[str, list[int]] = {}
    for token, scale, cell in folds.kinds(layout()):
        of_scale.setdefault(token, []).append(report["pairs"][fold(token, scale, cell, layout().size)])
    text = [f"{token}: {_range(counts)} pairs of each scale and cell" for token, counts in of_scale.items()]
    if report["skipped"]:
        text.append(f"left out: {sum(report['skipped'].values())} pairs in {len(report['skipped'])} lists")
    return [*text, f"{report['made']} patches were made, {report['kept']} were there"]


def _range(counts: Iterable[int]) -> str:
    low, high = min(counts), max(counts)
    return str(low) if low == high else f"{low} to {high}"


def _files(lists: dict[str, list[Named]]) -> dict[str, int]:
    """Every patch once, with its scale."""
    files = {}
    for pairs in lists.values():
        for one in pairs:
            files[one.high], files[one.low] = 1, int(one.low.split("/")[0].removeprefix("hr_div_"))
    return files
