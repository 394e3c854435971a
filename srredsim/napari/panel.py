"""The panel: which stack, what is known of it, and a button for each thing that can be done with it."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import Any

from magicgui.widgets import ComboBox, Container, FloatSpinBox, ProgressBar, PushButton, SpinBox, TextEdit
from napari.layers import Image
from napari.qt.threading import create_worker
from napari.utils.notifications import show_warning

from srredsim import resources
from srredsim.acquisition import OPTICS
from srredsim.errors import InputError
from srredsim.io.wanted import ORDERS, WIDEFIELD_FRAMES
from srredsim.napari import work
from srredsim.napari.layers import IMAGE, STACK, Layer
from srredsim.optics.illumination import PATTERNS
from srredsim.reconstruction.chosen import METHODS

BY_ITSELF = "the one that fits"  # model that is chosen by the stack
AS_READ = "as the file says"
LEFT_OUT = "0: as the file says, or as the frames tell"
AGAIN = "where it is not as the file was read, the frames are read again, and shown so"


class Panel(Container):
    """Inspect, reconstruct, predict and judge in a viewer, one at a time, beside it."""

    def __init__(self, napari_viewer: Any):
        self.viewer = napari_viewer
        self.stack = ComboBox(label="frames", choices=self._images, nullable=True)
        self.na = FloatSpinBox(label="NA", max=2, step=0.01, tooltip=LEFT_OUT)
        self.wavelength_em_um = FloatSpinBox(label="emission (um)", max=2, step=0.001, tooltip=LEFT_OUT)
        self.pixel_size_um = FloatSpinBox(label="pixel (um)", max=10, step=0.001, tooltip=LEFT_OUT)
        self.angles = SpinBox(label="angles", max=20, tooltip=f"0: as they were read; {AGAIN}")
        self.phases = SpinBox(label="phases", max=20, tooltip=f"0: as they were read; {AGAIN}")
        self.order = ComboBox(label="order", choices=[AS_READ, *ORDERS], tooltip=f"what changes fastest first; {AGAIN}")
        self.pattern = ComboBox(label="pattern", choices=[AS_READ, *PATTERNS], tooltip=f"hexagonal: 7 frames; {AGAIN}")
        self.widefield_frame = ComboBox(label="widefield frame", choices=[AS_READ, *WIDEFIELD_FRAMES], tooltip=AGAIN)
        self.method = ComboBox(label="method", choices=METHODS)
        self.model = ComboBox(label="model", choices=[BY_ITSELF, *resources.entries("models")])
        self.image = ComboBox(label="image to judge", choices=self._images, nullable=True)
        self.buttons = {
            "inspect": PushButton(text="Inspect"),
            "reconstruct": PushButton(text="Reconstruct"),
            "predict": PushButton(text="Predict"),
            "judge": PushButton(text="Judge"),
        }
        self.cancel = PushButton(text="Cancel", enabled=False)
        self.progress = ProgressBar(min=0, max=1, value=0)
        self.lines = TextEdit(label="report")
        known = [self.na, self.wavelength_em_um, self.pixel_size_um]
        known += [self.angles, self.phases, self.order, self.pattern, self.widefield_frame]
        chosen = [self.method, self.model, self.image]
        end = [*self.buttons.values(), self.cancel, self.progress, self.lines]
        super().__init__(widgets=[self.stack, *known, *chosen, *end])
        for name, button in self.buttons.items():
            button.changed.connect(partial(self.start, name))
        self.cancel.changed.connect(self.stop)
        for event in (self.viewer.layers.events.inserted, self.viewer.layers.events.removed):
            event.connect(self._layers_changed)
        self.task: work.Task | None = None
        self.worker: Any = None

    def start(self, name: str, *_: Any) -> None:
        """Begin one of the things that the buttons do; what cannot be done is said in one line."""
        try:
            self.task = self._task(name)
        except InputError as problem:
            self._say(str(problem))
            return
        self.worker = create_worker(_steps, self.task)
        self.worker.yielded.connect(self._step)
        self.worker.returned.connect(self._done)
        self.worker.finished.connect(partial(self._busy, False))
        self._busy(True)
        self.worker.start()

    def stop(self, *_: Any) -> None:
        """Stop what is being done, after its present step."""
        if self.task is not None:
            self.task.stop()

    def _task(self, name: str) -> work.Task:
        layer = self.stack.value
        if layer is None:
            raise InputError("choose the layer of the frames; File > Open reads them")
        known = {one: getattr(self, one).value for one in (*OPTICS, *work.OF_FRAMES)}
        told = {one: value for one, value in known.items() if value != AS_READ}
        asked = work.Asked.of(layer.metadata, layer.data, **told)
        if name == "judge":
            if self.image.value is None:
                raise InputError("choose the layer of the image that is judged")
            return work.Task(work.judge, asked, metadata=self.image.value.metadata, values=self.image.value.data)
        if name == "predict":
            model = None if self.model.value == BY_ITSELF else self.model.value
            return work.Task(work.predict, asked, model=model)
        if name == "reconstruct":
            return work.Task(work.reconstruct, asked, method=self.method.value)
        return work.Task(work.inspect, asked)

    def _step(self, step: tuple[int, int]) -> None:
        self.progress.max, self.progress.value = max(step[1], 1), step[0]

    def _done(self, done: work.Done | str | None) -> None:
        if isinstance(done, str):
            self._say(done)
            return
        self.lines.value = "stopped" if done is None else "\n".join(done.lines)
        for layer in done.layers if done else []:
            self._add(layer)

    def _add(self, layer: Layer) -> None:
        """A layer in the viewer; one of its name is replaced, and chosen where that was."""
        values, arguments, kind = layer
        chosen = self.stack.value is not None and self.stack.value.name == arguments["name"]
        if arguments["name"] in self.viewer.layers:
            self.viewer.layers.remove(arguments["name"])
        added = getattr(self.viewer, f"add_{kind}")(values, **arguments)
        if chosen:
            self.stack.value = added

    def _say(self, problem: str) -> None:
        """What the user can mend."""
        self.lines.value = problem
        show_warning(problem)

    def _busy(self, busy: bool) -> None:
        for button in self.buttons.values():
            button.enabled = not busy
        self.cancel.enabled = busy
        self.progress.value = 0

    def _images(self, *_: Any) -> list[Image]:
        return [layer for layer in self.viewer.layers if isinstance(layer, Image)]

    def _layers_changed(self, *_: Any) -> None:
        there = self._images()
        made = [layer for layer in there if IMAGE in layer.metadata]
        read = [layer for layer in there if STACK in layer.metadata and layer not in made]
        for box, fitting in ((self.stack, read), (self.image, made)):
            box.reset_choices()
            if box.value is None and fitting:
                box.value = fitting[0]


def _steps(task: work.Task) -> Generator[tuple[int, int], None, work.Done | str | None]:
    """Those of a task; what the user can mend comes out of it as a line, anything else is napari's to report."""
    try:
        return (yield from task.steps())
    except InputError as problem:
        return str(problem)
