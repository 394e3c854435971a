"""What the server does with a stack, once it is there: the work of `srredsim.predict`, on a file that it wrote itself.

It runs in a thread of its own, one stack at a time, as a network takes all cores.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np

from srredsim import api, io, resources
from srredsim.errors import InputError, doubts_in_notes
from srredsim.io.formats import npy, tiff
from srredsim.io.image import as_dtype
from srredsim.results import Image
from srredsim.serving import Refused
from srredsim.serving.asked import Asked
from srredsim.zoo.chain import Chain
from srredsim.zoo.choice import FIRST

UNREADABLE, TOO_LARGE, NO_SUCH_MODEL = 415, 413, 404  # status of HTTP
MAGIC = {"npy": (npy.MAGIC,), "tiff": tiff.MAGIC}  # of the formats that are taken
WARM_UP_PX = 64  # pixels on a side of what each network computes before the first request


class Gone(Exception):
    """Nobody waits for the image any more."""


@dataclass(frozen=True)
class Made:
    """An image in a file, and what is to be said of it."""

    path: Path
    format: str
    report: dict[str, Any]


class Served:
    """Models that are ready, of which a client names one; the first is that of who names none.

    Parameters
    ----------
    names : names or folders
        Also ``a+b``, as `srredsim.load_model` takes it.
    largest : int
        Bytes that a stack, unpacked, and its image may have.

    Raises
    ------
    InputError
        If a model cannot be loaded, or two have one name.
    """

    def __init__(self, names: Sequence[str | Path], largest: int, precision: str = "auto", engine: str = FIRST):
        self.largest = largest
        self.chains: dict[str, Chain] = {}
        for name in names:
            chain = Chain(name, precision, engine)
            if chain.name in self.chains:
                raise InputError(f"two models are called {chain.name}; rename the folder of one")
            self.chains[chain.name] = chain
        for chain in self.chains.values():
            _warm_up(chain)

    def listed(self) -> list[dict[str, Any]]:
        """A row for each model."""
        return [
            {
                "name": name,
                **chain.kind.describe(chain.first.recipe),
                "scale": chain.scale,
                "engine": chain.first.engine,
                "precision": chain.first.precision,
            }
            for name, chain in self.chains.items()
        ]

    def chain(self, name: str | None) -> Chain:
        """A model that is served; no other is ever loaded."""
        if name is None:
            return next(iter(self.chains.values()))
        if name not in self.chains:
            raise Refused(resources.unknown("model", name, list(self.chains)), NO_SUCH_MODEL)
        return self.chains[name]

    def image(self, path: Path, asked: Asked, gone: Event) -> Made:
        """Image of the stack in a file, written beside it.

        Raises
        ------
        Gone
            Soon after ``gone`` was set.
        InputError
            If the stack cannot be used; `Refused`, if it is too large or of another format.
        """
        started, chain, format = time.perf_counter(), self.chain(asked.model), _format(path)

        def tick(done: int, total: int) -> None:
            if gone.is_set():
                raise Gone

        tick(0, 0)
        if format == "tiff":
            tiff.refuse_other_files(path)
        source = io.open_source(path, **asked.reading.opening)
        self._check("the stack, unpacked,", (*source.shape, *source.size), source.dtype.itemsize)
        stack = chain.open(source, path, asked.reading)
        *places, _, _, y, x = stack.array.shape
        self._check("the image", (*places, chain.scale * y, chain.scale * x), np.dtype(np.float32).itemsize)
        with doubts_in_notes():
            image = api.predict(stack, model=chain, progress=tick)
            compared = api.compare_with_frames(image, stack).found if asked.consistency else {}
        made = _written(image, path.parent, asked.format or format, asked.dtype)
        report = {
            **{name: image.found[name] for name in ("model", "engine", "precision", "stripes")},
            "axes": image.axes,
            "shape": list(image.shape),
            "dtype": asked.dtype,
            "pixel_size_um": image.pixel_size_um,
            **({"consistency": compared["line"]} if compared else {}),
            "seconds": round(time.perf_counter() - started, 3),
            "notes": [*image.notes, *(note for note in compared.get("notes", ()) if note not in image.notes)],
        }
        return Made(made, asked.format or format, report)

    def _check(self, what: str, shape: Sequence[int], itemsize: int) -> None:
        size = prod(map(int, shape)) * itemsize
        if size > self.largest:
            words = f"{what} has {size / 2**20:.4g} MiB ({' x '.join(map(str, shape))} pixels)"
            raise Refused(f"{words}; this server takes {self.largest / 2**20:.4g}: send fewer planes", TOO_LARGE)


def _format(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(max(len(each) for several in MAGIC.values() for each in several))
    for name, several in MAGIC.items():
        if start.startswith(several):
            return name
    raise Refused("the body is neither a TIFF nor a .npy file, which are what this server reads", UNREADABLE)


def _written(image: Image, folder: Path, format: str, dtype: str) -> Path:
    if format == "tiff":
        return image.save(folder / "image.tif", dtype=dtype)
    path = folder / "image.npy"
    np.save(path, as_dtype(image.array, np.dtype(dtype)))
    return path


def _warm_up(chain: Chain) -> None:
    """What an engine does once it does now, and fails now if it fails."""
    for network in chain.networks:
        side = -(-WARM_UP_PX // network.model.alignment) * network.model.alignment * network.model.sampling
        network(np.zeros((side, side, network.model.channels), np.float32))
