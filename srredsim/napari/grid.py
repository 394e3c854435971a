"""Where the layers of a stack lie in a viewer: all have the axes of its frames, each with its place and its unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from srredsim.acquisition import RawStack

AXES = "TZAPYX"  # of a layer; channels are layers of their own
LABELS = {"T": "time", "Z": "z", "A": "angle", "P": "phase", "Y": "y", "X": "x"}
GAP = 0.05  # of the field, between it and the spectrum beside it


@dataclass(frozen=True)
class Grid:
    """``sizes`` of a stack along `AXES`, and ``steps``: how far pixels, planes and times are apart, in ``units``.

    What is as long as 1 in the stack is no axis of its layers. An image has no angles and phases: there it is a single
    plane, as thick as all of them, and so is seen at each.
    """

    sizes: dict[str, int]
    steps: dict[str, float]
    units: dict[str, str]

    @classmethod
    def of(cls, stack: RawStack) -> Grid:
        optics = stack.optics
        known = {"T": (optics.frame_interval_s, "second"), "Z": (optics.z_step_um, "micrometer")}
        known |= dict.fromkeys("YX", (optics.pixel_size_um, "micrometer"))
        told = {axis: (step, unit) for axis, (step, unit) in known.items() if step}
        return cls(
            {axis: stack.sizes[axis] for axis in AXES},
            {axis: told.get(axis, (1.0, ""))[0] for axis in AXES},
            {axis: told.get(axis, (1.0, "pixel"))[1] for axis in AXES},
        )

    @property
    def axes(self) -> str:
        return "".join(axis for axis in AXES if axis in "YX" or self.sizes[axis] > 1)

    def of_frames(self) -> dict[str, Any]:
        """Arguments of a layer of raw frames."""
        return self._placed([self.steps[axis] for axis in self.axes], [0.0] * len(self.axes))

    def of_image(self, shape: Sequence[int]) -> dict[str, Any]:
        """Arguments of a layer of an image, whose (y, x) have the same field and centre as those of the frames.

        Raw pixel (i, j) is output pixels 2i..2i+1, 2j..2j+1, where there are twice as many.
        """
        finer = dict(zip("YX", shape[-2:], strict=True))
        scale, translate = [], []
        for axis in self.axes:
            n, step = self.sizes[axis], self.steps[axis]
            if axis in finer:
                share = n / finer[axis]
                scale.append(step * share)
                translate.append(step * (share - 1) / 2)
            else:
                thick = axis in "AP"
                scale.append(step * n if thick else step)
                translate.append(step * (n - 1) / 2 if thick else 0.0)
        return self._placed(scale, translate)

    def of_spectra(self) -> dict[str, Any]:
        """Arguments of a layer of spectra, one an angle, at every time, z and phase: right of the field, as large."""
        thick = [axis in "TZP" for axis in self.axes]
        steps = [self.steps[axis] for axis in self.axes]
        sizes = [self.sizes[axis] for axis in self.axes]
        translate = [step * (n - 1) / 2 if one else 0.0 for one, step, n in zip(thick, steps, sizes, strict=True)]
        translate[-1] = (1 + GAP) * steps[-1] * sizes[-1]
        scale = [step * n if one else step for one, step, n in zip(thick, steps, sizes, strict=True)]
        return self._placed(scale, translate)

    def arranged(self, values: np.ndarray, axes: str) -> np.ndarray:
        """Values with these of `AXES` as those of a layer: what is not among them is a single plane."""
        sizes = dict(zip(axes, values.shape, strict=True))
        return values.reshape([sizes.get(axis, 1) for axis in self.axes])

    def _placed(self, scale: list[float], translate: list[float]) -> dict[str, Any]:
        return {
            "scale": scale,
            "translate": translate,
            "axis_labels": [LABELS[axis] for axis in self.axes],
            "units": [self.units[axis] for axis in self.axes],
        }
