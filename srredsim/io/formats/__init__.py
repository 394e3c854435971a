"""Formats of files and folders: every file here is one.

Each has

``MAGIC``
    The bytes that a file begins with, or a tuple of such; the name of a file tells nothing.
``SUFFIXES``
    What the names usually end with: of a folder full of files, these are taken.
``NAME``
    What it is called in messages: ``a TIFF``.
``open_source(path, pixel_size_um)``
    The planes, a `srredsim.io.source.Source`; a pixel size that is given wins over the file's. InputError. A file that
    promises more planes than it holds has the shape that it promises; ``incomplete`` says so, and what is ``missing``.
``scenes(path)``
    Left out, or the names of the images that the file holds, each a stack by itself; of several, ``open_source`` is
    given the number of one as ``scene``, which counts from 0.
``recognises(path, start)``
    Left out, or whether a file without a ``MAGIC``, which may then be empty, is of this format: ``start`` are its first
    bytes, `LONGEST_START` of them at most.
``claims(folder)``
    Left out, or whether a folder is one image of this format, which a marker in it tells; ``MAGIC`` may then be empty.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from srredsim import documents
from srredsim.errors import InputError
from srredsim.io.formats import _frame_files, ome_zarr, tiff
from srredsim.io.source import Source
from srredsim.members import Members

LEFT_OUT = {"scenes": lambda path: [path.name], "claims": lambda folder: False, "recognises": lambda path, start: False}

_members = Members("format", __name__, __path__, LEFT_OUT)
names, module = _members.names, _members.module

LONGEST_START = 1024  # bytes


def open_source(
    path: str | Path,
    pixel_size_um: float | None = None,
    accept_incomplete: bool = False,
    stack: bool = False,
    scene: int | None = None,
) -> Source:
    """The planes of a file, or of a folder that is one image, in any of the formats.

    ``accept_incomplete`` also takes a file that promises more frames than it holds; its ``missing`` are not there. With
    ``stack`` the files of a folder are its planes. ``scene`` is the number of one of several images in a file and
    counts from 1; left out, the first.
    """
    path = Path(path)
    found = format_of_folder(path) if path.is_dir() else _format_of_file(path)
    if found is not None:
        source = _scene(found, path, pixel_size_um, scene)
    elif stack:
        source = _frame_files.open_frames(_frames_in(path), lambda one: open_source(one, pixel_size_um))
    else:
        raise InputError("the file cannot be read: Is a directory, and no image by itself")
    if source.incomplete and not accept_incomplete:
        raise InputError(
            f"{source.incomplete}; export it again, or give `accept_incomplete` to go on with the whole stacks that are"
            " there"
        )
    return source.accepted()


def scenes(path: Path) -> list[str]:
    """Names of the images that a file, or a folder that is an image, holds: mostly one."""
    found = format_of_folder(path) if path.is_dir() else _format_of_file(path)
    return [path.name] if found is None else found.scenes(path)


def scene_numbers(path: Path, asked: int | None = None) -> list[int | None]:
    """Numbers of the images of a file that are wanted, all if none is asked for; None for the only one there is.

    A file that cannot be read has one: whoever opens it says why.
    """
    if asked is None:
        with suppress(InputError, OSError):
            names = scenes(path)
            return [*range(1, len(names) + 1)] if len(names) > 1 else [None]
    return [asked]


def _scene(found: ModuleType, path: Path, pixel_size_um: float | None, scene: int | None) -> Source:
    """One image of a file, with a note of which it is."""
    names = found.scenes(path)
    if scene is not None and scene > len(names):
        there = f"the file holds {len(names)}: {', '.join(names)}" if len(names) > 1 else "the file holds a single one"
        raise InputError(f"there is no scene {scene}; {there}")
    if len(names) == 1:
        return found.open_source(path, pixel_size_um)
    number = 1 if scene is None else scene
    source = found.open_source(path, pixel_size_um, scene=number - 1)
    words = f"scene {number} of {len(names)}, {names[number - 1]}"
    advice = "" if scene is not None else "; `scene` takes another"
    return replace(source, notes=(words + advice, *source.notes))


def are_frames(paths: list[Path]) -> bool:
    """Whether files look like the frames of one raw stack, each in a file of its own."""
    if not _frame_files.are_numbered(paths) or not all(path.is_file() for path in paths):
        return False
    with suppress(InputError):
        return all(open_source(path).planes == 1 for path in (paths[0], paths[-1]))
    return False


def _frames_in(folder: Path) -> list[Path]:
    paths = [path for path in images_in(folder) if not is_result(path)]
    if not paths:
        raise InputError("holds no images", about=folder)
    return paths


def images_in(folder: Path) -> list[Path]:
    """Files of a folder, and folders that are one image, that can be read by their names, sorted."""
    try:
        entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", about=folder) from error
    return [path for path in entries if is_image(path)]


def is_result(path: Path) -> bool:
    """Whether srredsim made an image from another."""
    return ome_zarr.is_result(path) if path.is_dir() else tiff.is_result(path)


def is_image(path: Path) -> bool:
    if path.is_dir():
        return format_of_folder(path) is not None
    return path.name.lower().endswith(suffixes()) and path.is_file()


def suffixes() -> tuple[str, ...]:
    """Endings of files that can be read, in lower case."""
    return tuple(suffix for name in names() for suffix in module(name).SUFFIXES)


def format_of_folder(folder: Path) -> ModuleType | None:
    """The format in which a folder is one image; None if it is just a folder."""
    modules = (module(name) for name in names())
    return next((one for one in modules if one.claims(folder)), None)


def _format_of_file(path: Path) -> ModuleType:
    documents.regular(path)
    try:
        with path.open("rb") as file:
            start = file.read(LONGEST_START)
    except FileNotFoundError as error:
        raise InputError("does not exist", about=path) from error
    except OSError as error:
        raise InputError(f"the file cannot be read: {error.strerror}") from error
    if not start:
        raise InputError("the file is empty (0 bytes)")
    modules = [module(name) for name in names()]
    for one in modules:
        if (one.MAGIC and start.startswith(one.MAGIC)) or one.recognises(path, start):
            return one
    *others, last = (one.NAME for one in reversed(modules) if one.SUFFIXES)
    raise InputError(f"neither {', '.join(others)} nor {last}; in Fiji: File > Save As > Tiff")
