"""What the buttons of the panel do: from a stack, and what is told of it, to layers and lines; how it is stopped."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from queue import Empty, Queue
from threading import Event, Thread
from typing import Any

import numpy as np

from srredsim import api, inspection, io
from srredsim.acquisition import RawStack
from srredsim.errors import doubts_in_notes
from srredsim.napari.layers import IMAGE, READ, STACK, Layer, of_image, of_maps, of_stack, of_stripes
from srredsim.quality import report
from srredsim.results import Image
from srredsim.stacks import any_stack

OF_FRAMES = ("order", "angles", "phases", "pattern", "widefield_frame")  # what is told of them
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
    anew: tuple[Layer, ...] = ()  # its frames, where they were read in another way than they are shown
    scene: int | None = None  # of its file

    @classmethod
    def of(cls, metadata: dict, values: Any, **told: Any) -> Asked:
        """Stack of a layer, if this plugin has read it; else of its values, axis by axis as an array has them.

        Where something else is told of the frames than was when they were read, they are read again.
        """
        told = {name: value for name, value in told.items() if value}
        if STACK not in metadata:
            return cls(api.read(np.asarray(values), **told), {})
        stack, read = metadata[STACK], metadata.get(READ, {})
        of_frames = {name: told.pop(name) for name in OF_FRAMES if name in told}
        sorted_by = {name: value for name, value in read.items() if name in OF_FRAMES}
        counts = {"angles": stack.pattern.angles, "phases": stack.pattern.phases}
        if of_frames == sorted_by or (not sorted_by and of_frames.items() <= counts.items()):
            return cls(stack, told, scene=read.get("scene"))
        source, scene = stack.source, read.get("scene")
        read = {"scene": scene} | of_frames
        if source is None:
            stack, name = api.read(np.asarray(values), **of_frames), None
        else:
            stack = api.read(source, **read) if of_frames else any_stack(source, scene)
            name = io.stem(source, scene)
        return cls(stack, told, tuple(of_stack(stack, name, read)), scene)

    def refuse_planes(self) -> None:
        """InputError if its planes are no frames of a pattern: why its file was not read so."""
        if self.shown.pattern.frames == 1 and self.shown.source is not None:
            api.read(self.shown.source, scene=self.scene)


def inspect(asked: Asked, progress: Progress) -> Done:
    """Verdicts on raw data, and their spectra."""
    asked.refuse_planes()
    result = api.inspect(asked.shown, **asked.told)
    pixel = result.stack.optics.pixel_size_um
    layers = [*asked.anew]
    for c, channel in enumerate(result.found["channels"]):
        if channel["stripes"]:
            layers += of_stripes(asked.shown, channel["stripes"], pixel, c)
    return Done(layers, inspection.lines(result.found))


@doubts_in_notes()
def reconstruct(asked: Asked, progress: Progress, method: str = "auto") -> Done:
    """The classical image, and the stripes that it rests on."""
    asked.refuse_planes()
    image = api.reconstruct(asked.shown, method=method, progress=progress, **asked.told)
    layers, pixel = [*asked.anew, *of_image(image, asked.shown)], image.found["optics"]["pixel_size_um"]
    for c, channel in enumerate(image.found["channels"]):
        layers += of_stripes(asked.shown, channel["angles"], pixel, c)
    return Done(layers, [*report.lines(image.found), *image.notes])


@doubts_in_notes()
def predict(asked: Asked, progress: Progress, model: str | None = None) -> Done:
    """The image of a network."""
    image = api.predict(asked.shown, model=model, progress=progress, **asked.told)
    return Done(
        [*asked.anew, *of_image(image, asked.shown)], [f"model {image.name}", *image.found["stripes"], *image.notes]
    )


@doubts_in_notes()
def judge(asked: Asked, progress: Progress, metadata: dict, values: Any) -> Done:
    """Whether the frames support an image, another layer."""
    asked.refuse_planes()
    image: Any = metadata.get(IMAGE)
    if image is None:
        image = np.asarray(values, np.float32)
        image = image.reshape([n for n in image.shape[:-2] if n > 1] + list(image.shape[-2:]))
    maps: Image = api.compare_with_frames(image, asked.shown, **asked.told)
    return Done([*asked.anew, *of_maps(maps, asked.shown)], [maps.found["line"], *maps.notes])


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
