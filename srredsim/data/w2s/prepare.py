"""From the raw archive of W2S to a folder to train and to test on.

Averages of captures and SIM images become z-scores, in the layout of the released data
(`srredsim.data.w2s.folder`); the raw SIM stacks become pairs with their SIM images
(`srredsim.data.pairs`). Every file is made once and appears whole, so that a run that was interrupted goes on where it
stopped; ``w2s.json``, written last, says by what was z-scored.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from srredsim import __version__, documents, io
from srredsim.data.w2s.captures import Moments, averages, moments, moments_of_captures
from srredsim.data.w2s.folder import AS_IT_IS, BEGUN, RECORD, normalized_in, path_of, read_record
from srredsim.data.w2s.layout import as_record, layout, zscore
from srredsim.data.w2s.raw import SIM_ORDERS, Archive, RawField, in_words, open_archive, ranges
from srredsim.errors import InputError
from srredsim.io.formats.npy import memory_map
from srredsim.normalise import Scaling

SIM_ZSCORES = ("global", "lr", "per-image", "none")
MOMENTS = ".srredsim-moments"  # folder of what was counted, as long as it is needed


@dataclass(frozen=True)
class Settings:
    """How the images are made.

    Parameters
    ----------
    zscore : "published", "own" or (mean, std)
        Mean and deviation of the averages; "own" is measured over all captures of all fields here, as the published one
        was.
    sim_zscore : {"global", "lr", "per-image", "none"}
        The same of the SIM images: one for those of the published training fields; that of the averages; of each image
        its own; or none.
    sim_order : {"angles-in-rows", "angles-in-columns"}
        Order of the montage of raw SIM frames.
    raw_sim : bool
        Whether the pairs of raw SIM stacks and SIM images are made.
    """

    zscore: str | tuple[float, float] = "published"
    sim_zscore: str = "global"
    sim_order: str = SIM_ORDERS[0]
    raw_sim: bool = True

    def __post_init__(self):
        if self.sim_zscore not in SIM_ZSCORES:
            raise InputError(f"no `sim_zscore` {self.sim_zscore!r}; there are: {', '.join(SIM_ZSCORES)}")
        if self.sim_order not in SIM_ORDERS:
            raise InputError(f"no `sim_order` {self.sim_order!r}; there are: {', '.join(SIM_ORDERS)}")
        if isinstance(self.zscore, str):
            if self.zscore not in ("published", "own"):
                raise InputError(f"`zscore` is published, own, or MEAN STD; got {self.zscore}")
        elif not (np.all(np.isfinite(self.zscore)) and self.zscore[1] > 0):
            raise InputError(f"`zscore` MEAN STD are two numbers, STD above 0; got {self.zscore[0]} {self.zscore[1]}")

    def plain(self) -> dict:
        """Ready for JSON."""
        return asdict(self) | {"zscore": self.zscore if isinstance(self.zscore, str) else list(self.zscore)}


def prepare(
    raw: str | Path,
    out: str | Path,
    settings: Settings | None = None,
    *,
    skip_incomplete: bool = False,
    limit: int | None = None,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> dict:
    """Make the folder `out` of the raw archive `raw`; what is there already is kept.

    Parameters
    ----------
    skip_incomplete : bool
        Leave out fields with missing or broken files.
    limit : int, optional
        The first so many fields only.
    overwrite : bool
        Make everything anew, also with other settings than before.

    Returns
    -------
    dict
        What is in ``w2s.json``, with the number of images that were made and kept.

    Raises
    ------
    InputError
        If fields are incomplete, `out` was made with other settings, or there is nothing to prepare.
    """
    raw, out, settings = Path(raw), Path(out), settings or Settings()
    if raw.is_dir() and normalized_in(raw) and not any(raw.glob("Image[0-9][0-9][0-9]")):
        raise InputError(
            f"{raw} holds z-scored averages as they were released: nothing has to be prepared; give this folder as "
            "the data. SIM images and raw SIM stacks are in the raw archive only"
        )
    archive = open_archive(raw, settings.raw_sim, limit)
    if archive.problems and not skip_incomplete:
        raise InputError(f"{raw}: {archive.summary()}. Get their files again, or leave them out: `skip_incomplete`")
    if not archive.fields:
        raise InputError(f"{raw}: no field is complete: {archive.summary()}")
    return _Work(out, archive, settings, progress).done(overwrite)


@dataclass
class _Work:
    out: Path
    archive: Archive
    settings: Settings
    progress: Callable[[int, int], None] | None
    known: dict | None = None  # record of another run on the same fields, whose constants need not be measured again

    def done(self, overwrite: bool) -> dict:
        if overwrite:
            shutil.rmtree(self.out / MOMENTS, ignore_errors=True)
        earlier = None if overwrite else self._earlier()
        if earlier and earlier["fields"] == [one.number for one in self.archive.fields]:
            self.known = earlier
        constants = {"widefield": as_record(self.widefield), "sim": self.sim and as_record(self.sim)}
        if overwrite:
            self._remove(*self._parts)
        elif earlier:
            self._remove(*self._out_of_date(earlier, constants))
        record = self._record(earlier, constants)
        _write(self.out / BEGUN, record)
        (self.out / RECORD).unlink(missing_ok=True)
        made = 0
        for number, (one, channel) in enumerate(self._sets, start=1):
            made += self._make(one, channel)
            self._tick(number)
        record["fields"] = [number for number in record["fields"] if self._is_made(number)]
        record["sim_images"] = (earlier or {}).get("sim_images", {}) | self._own_constants()
        _write(self.out / RECORD, record)
        (self.out / BEGUN).unlink()
        shutil.rmtree(self.out / MOMENTS, ignore_errors=True)
        return {"path": str(self.out), "made": made, "kept": len(self._sets) - made, **record}

    @property
    def _sets(self) -> list[tuple[RawField, int]]:
        return [(one, channel) for one in self.archive.fields for channel in layout().channels]

    @property
    def _parts(self) -> dict[str, list[Path]]:
        """Folders, by the constant that their files depend on."""
        normalized = self.out / "normalized"
        return {
            "widefield": [normalized / f"avg{level}" for level in layout().levels],
            "sim": [normalized / "sim"],
            "pairs": [self.out / split / part for split in layout().splits for part in ("raw", "truth")],
        }

    # What was done before

    def _earlier(self) -> dict | None:
        """The record of another run of the same settings."""
        path = next((self.out / name for name in (BEGUN, RECORD) if (self.out / name).exists()), None)
        if path is None:
            strange = next((folder for part in self._parts.values() for folder in part if folder.exists()), None)
            if strange:
                raise InputError(f"{strange} was not made by this command; give another `out`, or `overwrite`")
            return None
        earlier = read_record(path)
        before, now = earlier.get("settings", {}), self.settings.plain()
        matter = ["zscore", "sim_zscore"]
        if before.get("raw_sim") and now["raw_sim"]:  # pairs may also be made later, or not any more
            matter.append("sim_order")
        different = [name for name in matter if before.get(name) != now[name]]
        if different:
            words = "; ".join(f"`{name}` was {_said(before.get(name))}, now {_said(now[name])}" for name in different)
            raise InputError(f"{self.out} was made with other settings ({words}); give another `out`, or `overwrite`")
        return earlier

    def _out_of_date(self, earlier: dict, constants: dict) -> list[str]:
        """The parts to make again, because more fields have changed what they are z-scored by."""
        parts = [part for part in ("widefield", "sim") if earlier[part] != constants[part]]
        lost = set(earlier.get("fields", ())) - {one.number for one in self.archive.fields}
        if parts and lost:
            raise InputError(
                f"{self.out} has fields that are not read now ({ranges(lost)}), and without them its images would be "
                "z-scored by other numbers; give all fields, another `out`, or `overwrite`"
            )
        return parts

    def _remove(self, *parts: str) -> None:
        for part in parts:
            for folder in self._parts[part]:
                for path in (*folder.glob("[0-9][0-9][0-9]_[0-9].npy"), *folder.glob("[0-9][0-9][0-9]_[0-9].tif")):
                    path.unlink()

    def _record(self, earlier: dict | None, constants: dict) -> dict:
        fields = sorted({*(earlier or {}).get("fields", ()), *(one.number for one in self.archive.fields)})
        settings = self.settings.plain()
        if (
            earlier and earlier["settings"]["raw_sim"] and not settings["raw_sim"]
        ):  # the pairs of before are still there
            settings |= {name: earlier["settings"][name] for name in ("raw_sim", "sim_order")}
        skipped = {**(earlier or {}).get("skipped", {}), **self.archive.problems}
        return {
            "srredsim": __version__,
            "numpy": np.__version__,
            "settings": settings,
            **constants,
            "captures": {
                str(level): [numbers[0], numbers[-1]] for level, numbers in layout().captures.items()
            },  # both included
            "size": list(self.archive.size),
            "channels": list(layout().channels),
            "fields": fields,
            "skipped": {name: words for name, words in skipped.items() if int(name[-3:]) not in fields},
        }

    # Means and deviations

    @cached_property
    def widefield(self) -> Scaling:
        """Mean and deviation of the averages."""
        if self.settings.zscore == "published":
            return layout().zscore
        if self.settings.zscore != "own":
            return Scaling(*map(float, self.settings.zscore))
        if self.known:
            return zscore("widefield", self.known["widefield"])
        total = Moments(0, 0, 0)
        for number, (one, channel) in enumerate(self._sets, start=1):
            total += self._counted(one, channel)
            self._tick(number)
        return total.zscore(self.archive.fields[0].folder.parent)

    def _counted(self, one: RawField, channel: int) -> Moments:
        """Moments of all captures of a field, which takes minutes for all fields: kept until the end."""
        path = self.out / MOMENTS / f"{_name(one, channel)}.json"
        if not path.exists():
            _write(path, list(moments_of_captures(one.captures(channel))))
        return Moments(*documents.read_json(path))

    @cached_property
    def sim(self) -> Scaling | None:
        """Mean and deviation of all SIM images; None where there is no constant for all."""
        if self.settings.sim_zscore == "lr":
            return self.widefield
        if self.settings.sim_zscore != "global":
            return None
        if self.known:
            return zscore("sim", self.known["sim"])
        total = Moments(0, 0, 0)
        for one, channel in self._sets:
            if one.number in layout().training:
                total += moments(one.sim(channel))
        if not total.count:
            raise InputError(
                f"`sim_zscore` global is measured on the fields {ranges(layout().training)}, of which none is there; "
                "give lr, per-image or none"
            )
        return total.zscore(self.archive.fields[0].folder.parent)

    def _sim_zscore(self, image: np.ndarray, path: Path) -> Scaling:
        """Mean and deviation of one SIM image, which was read from `path`."""
        if self.settings.sim_zscore == "per-image":
            return moments(image).zscore(path)
        return self.sim or AS_IT_IS

    def _own_constants(self) -> dict:
        """By what each SIM image was z-scored, where that was done one by one."""
        if self.settings.sim_zscore != "per-image":
            return {}
        return {
            _name(one, channel): as_record(self._sim_zscore(one.sim(channel), one.path("sim", channel)))
            for one, channel in self._sets
        }

    # The images

    def _make(self, one: RawField, channel: int) -> bool:
        """Whether anything was lacking."""
        name, size = _name(one, channel), self.archive.size
        normalized = self.out / "normalized"
        lacking = [level for level in layout().levels if not _whole(path_of(normalized, f"avg{level}", name), size)]
        if lacking:
            found = averages(one.captures(channel))
            for level in lacking:
                self._save(path_of(normalized, f"avg{level}", name), found[level], self.widefield)
        pair = [self.out / split_of(one.number) / part / f"{name}.tif" for part in ("raw", "truth")]
        pair = [path for path in pair if self.settings.raw_sim and not path.exists()]
        sim_path = path_of(normalized, "sim", name)
        sim_lacks = not _whole(sim_path, tuple(layout().scale * n for n in size))
        if sim_lacks or pair:
            image = one.sim(channel)
            if sim_lacks:
                self._save(sim_path, image, self._sim_zscore(image, one.path("sim", channel)))
            for path in pair:
                if path.parent.name == "truth":
                    io.write_image(path, image)
                else:
                    io.write_raw(path, _storable(one.sim_frames(channel, self.settings.sim_order)))
        return bool(lacking or pair or sim_lacks)

    def _is_made(self, number: int) -> bool:
        """Not so for a field that an interrupted run did not come to, if this one leaves it out."""
        names = [f"{number:03d}_{channel}" for channel in layout().channels]
        normalized = self.out / "normalized"
        return all(path_of(normalized, f"avg{level}", name).exists() for level in layout().levels for name in names)

    def _save(self, path: Path, image: np.ndarray, by: Scaling) -> None:
        """Exact to the last digit of float32: what is subtracted and divided has the digits of float64."""
        z = (np.asarray(image, np.float64) - by.offset) / by.gain
        with io.atomic(path, overwrite=True) as temporary:
            np.save(temporary, z.astype(np.float32))

    def _tick(self, number: int) -> None:
        if self.progress:
            self.progress(number, len(self._sets))


def split_of(number: int) -> str:
    """Split of a field."""
    return next(split for split, numbers in layout().fields_of.items() if number in numbers)


def lines(report: dict) -> list[str]:
    """What was done, for a terminal."""
    text = []
    for split, numbers in layout().fields_of.items():
        there = [number for number in report["fields"] if number in numbers]
        text.append(f"{split}: {len(there)} of {len(numbers)} fields{f' ({ranges(there)})' if there else ''}")
    how = report["settings"]["zscore"]
    text.append(f"averages: {_zscore_words(report['widefield'], how if isinstance(how, str) else 'given')}")
    text.append(f"SIM images: {_zscore_words(report['sim'], report['settings']['sim_zscore'])}")
    if report["skipped"]:
        text.append(f"left out: {in_words(report['skipped'])}")
    text.append(f"images of {report['made']} channels were made, those of {report['kept']} were there")
    return text


def _zscore_words(zscore: dict | None, how: str) -> str:
    return f"mean {zscore['mean']:.6g}, standard deviation {zscore['std']:.6g} ({how})" if zscore else f"z-score {how}"


def _name(one: RawField, channel: int) -> str:
    return f"{one.number:03d}_{channel}"


def _said(value) -> str:
    """As on the command line."""
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _whole(path: Path, shape: tuple[int, ...]) -> bool:
    """Whether the file is there with all of its values."""
    if not path.is_file():
        return False
    try:
        return memory_map(path).shape == shape
    except InputError:  # cut short by a full disk or a broken copy: made again
        return False


def _storable(frames: np.ndarray) -> np.ndarray:
    """uint16 of any byte order where that holds the values; else float32."""
    unsigned = frames.dtype.kind == "u" and frames.dtype.itemsize <= 2
    return frames.astype(np.uint16 if unsigned else np.float32)


def _write(path: Path, content) -> None:
    with io.atomic(path, overwrite=True) as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
