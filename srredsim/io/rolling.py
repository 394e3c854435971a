"""Rolling images of a time series: each angle that is recorded makes one, with the latest frames of the others."""

from __future__ import annotations

import numpy as np

from srredsim.errors import InputError


def rolled(numbers: np.ndarray) -> np.ndarray:
    """Numbers (t, c, z, angles, phases) of the frames of more times: one for every angle, of the last time for one.

    Time ``t * angles + a`` has the first ``a`` angles of time t + 1 and the others of time t.

    >>> rolled(np.arange(6).reshape(2, 1, 1, 3, 1))[:, 0, 0, :, 0]
    array([[0, 1, 2],
           [3, 1, 2],
           [3, 4, 2],
           [3, 4, 5]])

    Raises
    ------
    InputError
        If there is one time or one angle only, or a stack of z-planes between two angles.
    """
    times, _, slices, angles, _ = numbers.shape
    if times < 2 or angles < 2 or slices > 1:
        raise InputError(
            f"`rolling` takes several times of one z-plane with several angles; these are {times} times, {slices}"
            f' z-planes, {angles} angles; if the planes of the file are times, give `order="PAT"`'
        )
    made = [numbers[t // angles] for t in range(angles * (times - 1) + 1)]
    for t, one in enumerate(made):
        if later := t % angles:
            made[t] = np.concatenate([numbers[t // angles + 1][..., :later, :], one[..., later:, :]], axis=-2)
    return np.stack(made)
