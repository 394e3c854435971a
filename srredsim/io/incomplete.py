"""Files that hold fewer frames than they promise: what is left that is whole."""

from __future__ import annotations

import numpy as np

from srredsim.errors import InputError


def whole_stacks(numbers: np.ndarray, missing: tuple[int, ...]) -> tuple[np.ndarray, list[str]]:
    """Numbers (t, c, z, ...) without the times of which a frame is missing; of a single time, without such z-planes.

    Raises
    ------
    InputError
        If nothing is whole.
    """
    if not missing:
        return numbers, []
    lacking = np.isin(numbers, missing).reshape(*numbers.shape[:3], -1).any(axis=3)
    times, planes = ~lacking.any(axis=(1, 2)), ~lacking.any(axis=(0, 1))
    if times.any():
        return numbers[times], [f"of {len(times)} times {np.count_nonzero(times)} are whole, and taken"]
    if len(times) == 1 and planes.any():
        return numbers[:, :, planes], [f"of {len(planes)} z-planes {np.count_nonzero(planes)} are whole, and taken"]
    raise InputError(f"{len(missing)} frames are missing in the file, and no stack is whole without them")
