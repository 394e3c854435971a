"""Which files are meant."""

from __future__ import annotations

import difflib
import glob
import os
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from srredsim.errors import InputError
from srredsim.io import formats, only
from srredsim.io.formats import tiff

MAPS = "_consistency"  # ending of the names of maps that say how well a result agrees with its frames
OME = ".ome"  # before the ending of an OME-TIFF
ADDRESS = re.compile("[a-z][a-z0-9+.-]+:/", re.IGNORECASE)  # s3://bucket/cells.zarr; C:/ is none
RAW = "raw"  # folder in which `simulate` and `reference` put their stacks


def stem(path: Path, scene: int | None = None, part: str | None = None) -> str:
    """Name of a file without its endings, ``cells`` of ``cells.ome.tif``; results begin with it.

    Those of one of several images in a file, a ``scene``, begin with ``cells_scene2``; those of a ``part`` of it, told
    as `srredsim.io.only` has it, with ``cells_t0-2_c1``.
    """
    name = path.stem[: -len(OME)] if path.stem.lower().endswith(OME) and path.stem.lower() != OME else path.stem
    return "_".join([name, *([] if scene is None else [f"scene{scene}"]), *([only.named(part)] if part else [])])


def beside(result: Path, ending: str) -> Path:
    """What belongs to a result: its name, with another ending."""
    return result.with_name(stem(result) + ending)


def find(
    inputs: Iterable[str | Path],
    tell: Callable[[str], None] = lambda note: None,
    known: set[Path] | None = None,
    *,
    stack: bool = False,
    frames_alone: bool = True,
) -> list[Path]:
    """Files as given, folders expanded to the readable files in them, sorted; each image once.

    A folder that is one image, as some formats have it, is found as a file is. Several files that are one image are
    found as the first of them.

    Parameters
    ----------
    inputs : sequence of path
        Also patterns, as ``"*.tif"``, which not every shell expands.
    tell : callable, optional
        Is given what should be known: that files are left out, or taken together.
    known : set of Path, optional
        Files that were found before, and are not found again; what is found is added.
    stack : bool
        The files of a folder are the frames of one stack: the folder is found as a file is.
    frames_alone : bool
        Whether files of a single frame are of use; if they are not, a folder of nothing else is refused.

    Raises
    ------
    InputError
        If a path does not exist, or a folder holds nothing that can be read.
    """
    found: list[Path] = []
    known = set() if known is None else known
    inputs = list(inputs)
    if not inputs:
        raise InputError("no input was given; name a file or a folder")
    for path in (path for one in inputs for path in _expanded(Path(one), tell)):
        full = existing(path).is_dir() and not formats.format_of_folder(path) and not stack
        for one in _tried_as_frames(path, _readable_in(path, tell), tell, frames_alone) if full else [path]:
            parts = tiff.files_of_set(one) if one.is_file() else [one]
            if one not in known and len(parts) > 1:
                tell(f"{one}: {', '.join(part.name for part in parts)} are one image")
            if one not in known:
                found.append(parts[0] if full else one)
            known.update([one, *parts])
    return found


def _tried_as_frames(folder: Path, paths: list[Path], tell: Callable[[str], None], frames_alone: bool) -> list[Path]:
    """The files of a folder; that they may be the frames of one stack is said, or is why they are refused."""
    if formats.are_frames(paths):
        words = f"holds {len(paths)} numbered files of one frame each"
        if not frames_alone:
            what = f"{words}, and a raw stack has several frames: give `stack=True` to take them for one"
            raise InputError(what, about=folder)
        tell(f"{folder} {words}; if they are the frames of one raw stack, give `stack=True`")
    return paths


def _expanded(path: Path, tell: Callable[[str], None]) -> list[Path]:
    """Images and folders that a pattern matches; a path that is there is no pattern, whatever its name."""
    if not glob.has_magic(str(path)) or os.path.lexists(path):
        return [path]
    found = [one for one in map(Path, sorted(glob.glob(str(path)))) if one.is_dir() or formats.is_image(one)]
    if not found:
        raise InputError("matches no image", about=path)
    return _without_results(found, path, tell)


def stamp(path: Path) -> str:
    """Digest of size and time of all files that an image is made of, in a folder or one beside another: what changes
    any of them changes it.
    """
    parts = [one for one in path.rglob("*") if one.is_file()] if path.is_dir() else tiff.files_of_set(path)
    return stamp_of_all(path.parent, parts)


def stamp_of_all(home: Path, files: Iterable[Path]) -> str:
    """The same of files in a folder, in any order; their names count, wherever the folder is."""
    digest = blake2b(digest_size=16)
    for part in sorted(files):
        found = part.stat()
        digest.update(f"{part.relative_to(home)} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _readable_in(folder: Path, tell: Callable[[str], None]) -> list[Path]:
    readable = formats.images_in(folder)
    if not readable and (folder / RAW).is_dir() and (readable := formats.images_in(folder / RAW)):
        tell(f"{folder} holds no image; those of {folder / RAW} are taken")
    if not readable:
        known = tuple(dict.fromkeys(formats.suffixes()))
        raise InputError(f"holds no {', '.join('*' + suffix for suffix in known)} file", about=folder)
    return _without_results(readable, folder, tell)


def _without_results(paths: list[Path], where: Path, tell: Callable[[str], None]) -> list[Path]:
    results = [path for path in paths if formats.is_result(path)]
    if len(results) == len(paths):  # results alone are what is meant, but for the maps that belong to them
        results = [path for path in results if stem(path).endswith(MAPS)]
    if not results or len(results) == len(paths):
        return paths
    tell(f"{where}: {len(results)} results of srredsim are left out, as {results[0].name}; name them to take them")
    return [path for path in paths if path not in results]


def existing(path: Path) -> Path:
    """The path, if something is there; else InputError, with what is there of a similar name."""
    try:
        path.stat()
    except FileNotFoundError:
        if ADDRESS.match(str(path)):
            raise InputError(
                "is an address: only what lies on this machine is read; copy it here", about=path
            ) from None
        if path.is_symlink():
            raise InputError(f"is a link to {path.readlink()}, which does not exist", about=path) from None
        raise InputError(f"does not exist{_nearest(path)}", about=path) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", about=path) from error
    return path


def _nearest(path: Path) -> str:
    with suppress(OSError):  # a folder that cannot be read has no suggestions
        alike = [p.name for p in path.parent.iterdir() if difflib.get_close_matches(path.stem, [p.stem])]
        if near := difflib.get_close_matches(path.name, alike, n=1):
            return f"; there is {path.parent / near[0]}"
    return ""
