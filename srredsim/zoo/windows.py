"""A network on images of any size, in windows that fit into memory."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import numpy as np

from srredsim import tiling
from srredsim.arrays import HOST, Device
from srredsim.errors import InputError, out_of_memory
from srredsim.processes import give_back_memory
from srredsim.reconstruction.channels import Channels
from srredsim.zoo import gate, models
from srredsim.zoo.models import LoadedModel

if TYPE_CHECKING:
    from srredsim.reconstruction.channels import Channels

WINDOW = 768  # raw pixels, the longest side that is computed at once: bounds the memory
SMALLEST_TILE = 64  # raw pixels: below, a network with a large receptive field would compute little but context;
SMALLEST_IMAGE = 128  # and pixels of the image, which are fewer raw ones above a scale of 2


def default_tile(model: LoadedModel) -> int:
    """Side of a tile in raw pixels with which memory stays bounded, whatever the size of the image."""
    smallest = min(SMALLEST_TILE, SMALLEST_IMAGE // model.scale)
    return max(smallest, int(min(model.facts.largest_window, WINDOW)) - 2 * model.receptive_field)


class Network:
    """A model's network on its normalised input (y, x, channels); what is made for it is computed on ``device``."""

    def __init__(self, model: LoadedModel, device: Device = HOST):
        self.model, self.device = model, device
        self.largest_window: int | None = None  # raw pixels, known after memory was short
        self.seconds = 0.0
        self._doubts = gate.doubts(model.name, model.folder) if model.kind.OF_STACKS else []
        self.begin()

    def begin(self) -> None:
        """From now on, notes are of other images."""
        self.side = 0  # raw pixels of the largest window that an image was cut into, 0 if none was
        self.short = False  # whether windows were smaller than asked for
        self.told: list[str] = []  # by whoever makes its input

    @property
    def tile(self) -> int:
        """Side of a tile in raw pixels with which memory stays bounded."""
        return default_tile(self.model)

    def in_tiles(self, frames: np.ndarray | Channels, tile: int | None = None) -> np.ndarray:
        """The whole image (scale * y, scale * x) of a field of y times x raw pixels, ``tile`` of them at a time."""
        sampling, scale = self.model.sampling, self.model.scale
        shape = frames.shape[0] // sampling, frames.shape[1] // sampling
        image = np.empty([side * scale for side in shape], np.float32)
        parts = list(tiling.tiles(shape, tile or self.tile, self.model.receptive_field, self.model.alignment))
        if len(parts) > 1:
            self.side = max(self.side, *(place.stop - place.start for part in parts for place in part.window))
        for part in parts:
            window = frames[tiling.magnified(part.window, sampling)].astype(np.float32, copy=False)
            image[tiling.magnified(part.place, scale)] = self.kept(window, part)
        give_back_memory()
        return image

    def rebuilt(self, **settings) -> Network:
        """One with other settings, of the same weights."""
        return Network(models.rebuilt(self.model, **settings), self.device)

    def kept(self, window: np.ndarray, part: tiling.Tile) -> np.ndarray:
        """The exact part of the image of a window."""
        return self(window)[tiling.magnified(part.kept, self.model.scale)]

    def __call__(self, window: np.ndarray) -> np.ndarray:
        side = max(window.shape[:2]) // self.model.sampling
        if self.largest_window is None or side <= self.largest_window:
            try:
                return self._compute(window)
            except _runtime_errors() as error:
                if not out_of_memory(error):
                    raise
            self.largest_window = self._next_smaller(side)
        self.short = True
        return self.in_tiles(window, self.largest_window - 2 * self.model.receptive_field)

    def notes(self) -> list[str]:
        """What is to be said with the images."""
        said = [*self.model.kind.notes(self.model.recipe), *self._doubts, *dict.fromkeys(self.told)]
        if self.short:
            said.append(f"memory was short: went on with windows of at most {self.largest_window} pixels")
        if self.side and self.model.facts.sees_all:
            said.append(
                f"{self.model.name} looks at the whole of what it is given, here windows of {self.side} pixels;"
                " with others the image is slightly different"
            )
        return said

    def _compute(self, window: np.ndarray) -> np.ndarray:
        started = time.perf_counter()
        image = self.model.images_of(np.ascontiguousarray(window[None], np.float32))[0, ..., 0]
        self.seconds += time.perf_counter() - started
        if not np.isfinite(image).all():
            raise InputError(
                f"the model {self.model.name} made pixels that are NaN or infinite of this image; it is not kept"
            )
        return image

    def _next_smaller(self, side: int) -> int:
        smaller = max(side // 2, 2 * self.model.receptive_field + 16)
        if smaller >= side:
            raise MemoryError(f"not enough memory for a window of {side} raw pixels, the smallest that is of use")
        return smaller


def _runtime_errors() -> tuple[type[BaseException], ...]:
    """What an engine may raise; asked for without importing one."""
    tensorflow = sys.modules.get("tensorflow")
    onnxruntime = sys.modules.get("onnxruntime.capi.onnxruntime_pybind11_state")
    return (
        MemoryError,
        RuntimeError,
        *([tensorflow.errors.ResourceExhaustedError] if tensorflow else []),
        *([onnxruntime.Fail, onnxruntime.RuntimeException] if onnxruntime else []),
    )
