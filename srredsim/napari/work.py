"""What the buttons of the panel do: from a stack, and what is told of it, to layers and lines; how it is stopped."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from queue import Empty, Queue
from threading import Event, Thread
from typing import Any

import numpy as np

from srredsim import api, inspection
from srredsim.acquisition import RawStack
from srredsim.napari.layers import IMAGE, STACK, Layer, of_image, of_maps, of_stripes
from srredsim.quality import report
from srredsim.results import Image

POLL_S = 0.1
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Done:
    """What came of it: layers to add, lines to read."""

    layers: list[Layer]
    lines: list[str]


@dataclass(frozen=True)
class Asked:
    """A stack as it is shown, and what else is told of it: arguments of `srredsim.read`."""

    shown: RawStack
    told: dict[str, Any]

    @classmethod
    def of(cls, metadata: dict, values: Any, **told: Any) -> Asked:
        """Stack of a layer, if this plugin has read it; else of its values, axis by axis as an array has them."""
        told = {name: value for name, value in told.items() if value}
        if STACK in metadata:
            of_arrays = ("angles", "phases")
            return cls(metadata[STACK], {name: value for name, value in told.items() if name not in of_arrays})
        return cls(api.read(np.asarray(values), **told), {})


def inspect(asked: Asked, progress: Progress) -> Done:
    """Verdicts on raw data, and their spectra."""
    result = api.inspect(asked.shown, **asked.told)
    pixel = result.stack.optics.pixel_size_um
    layers: list[Layer] = []
    for c, channel in enumerate(result.found["channels"]):
        if channel["stripes"]:
            layers += of_stripes(asked.shown, channel["stripes"], pixel, c)
    return Done(layers, inspection.lines(result.found))


def reconstruct(asked: Asked, progress: Progress, method: str = "auto") -> Done:
    """The classical image, and the stripes that it rests on."""
    image = api.reconstruct(asked.shown, method=method, progress=progress, **asked.told)
    layers, pixel = of_image(image, asked.shown), image.found["optics"]["pixel_size_um"]
    for c, channel in enumerate(image.found["channels"]):
        layers += of_stripes(asked.shown, channel["angles"], pixel, c)
    return Done(layers, [*report.lines(image.found), *image.notes])


def predict(asked: Asked, progress: Progress, model: str | None = None) -> Done:
    """The image of a network."""
    image = api.predict(asked.shown, model=model, progress=progress, **asked.told)
    return Done(of_image(image, asked.shown), [f"model {image.name}", *image.found["stripes"], *image.notes])


def judge(asked: Asked, progress: Progress, metadata: dict, values: Any) -> Done:
    """Whether the frames support an image, another layer."""
    image: Any = metadata.get(IMAGE)
    if image is None:
        image = np.asarray(values, np.float32)
        image = image.reshape([n for n in image.shape[:-2] if n > 1] + list(image.shape[-2:]))
    maps: Image = api.compare_with_frames(image, asked.shown, **asked.told)
    return Done(of_maps(maps, asked.shown), [maps.found["line"], *maps.notes])


class Stopped(Exception):
    """Raised in the work, between two of its steps, when somebody has asked for that."""


class Task:
    """Work in a thread of its own, that tells how far it is and can be stopped."""

    def __init__(self, work: Callable[..., Done], *given: Any, **asked: Any):
        self._work, self._given, self._asked = work, given, asked
        self._stop, self._steps = Event(), Queue[tuple[int, int]]()
        self._done: Done | None = None
        self._problem: BaseException | None = None

    def stop(self) -> None:
        """Ask for the end; it comes after the step that is being done, and nothing comes of the work."""
        self._stop.set()

    def steps(self) -> Generator[tuple[int, int], None, Done | None]:
        """(done, total) of the steps, as they are done; its value is what came of it, None if it was stopped.

        Raises
        ------
        InputError, or whatever else the work raises
        """
        thread = Thread(target=self._run, daemon=True)
        thread.start()
        try:
            while thread.is_alive() or not self._steps.empty():
                try:
                    yield self._steps.get(timeout=POLL_S)
                except Empty:
                    continue
        finally:  # also where nobody waits any longer
            if thread.is_alive():
                self.stop()
            thread.join()
        if self._problem is not None:
            raise self._problem
        return None if self._stop.is_set() else self._done

    def _run(self) -> None:
        try:
            self._done = self._work(*self._given, progress=self._tell, **self._asked)
        except Stopped:
            pass
        except BaseException as problem:  # noqa: BLE001  it is raised where it is waited for
            self._problem = problem

    def _tell(self, done: int, total: int) -> None:
        if self._stop.is_set():
            raise Stopped
        self._steps.put((done, total))
