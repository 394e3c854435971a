"""What the stripes bring: how much a model gains with them, and how much on the same fields under even light."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from srredsim.data.pairs import Pairs
from srredsim.evaluation import methods
from srredsim.evaluation.runner import Progress
from srredsim.quality.intensity import gained_db
from srredsim.reconstruction.upscale import fourier_upscale, widefield_of
from srredsim.zoo.gate import CONTROL, FIELDS, GAINS
from srredsim.zoo.models import LoadedModel


def measured(
    model: LoadedModel,
    fields: int = FIELDS,
    pattern: str | None = None,
    options: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """A row for each pattern of the stacks that the model takes: gains in PSNR over the widefield image.

    Parameters
    ----------
    fields : int
        At most; the more, the longer it takes, and the surer it is.
    pattern, options
        As of `srredsim.evaluation.methods.opened`.

    Returns
    -------
    list of dict
        ``pattern``, ``photons``, ``images``, ``gain_with_stripes_db``, ``gain_without_stripes_db``.
    """
    rows: dict[str, dict[str, Any]] = {}
    opened = {name: methods.opened(model, CONTROL, split, pattern, options) for split, name in GAINS.items()}
    total, done = sum(min(fields, len(pairs)) for sets in opened.values() for pairs in sets.values()), 0
    for name, sets in opened.items():
        for of_pattern, pairs in sets.items():
            gains = []
            for index in range(min(fields, len(pairs))):
                gains.append(gain(model, pairs, index, of_pattern))
                done += 1
                if progress:
                    progress(done, total)
            photons = float(np.mean(pairs[0].facts["photons"]))
            row = rows.setdefault(of_pattern, {"pattern": of_pattern, "photons": photons, "images": len(gains)})
            row[name] = float(np.mean(gains))
    return list(rows.values())


def gain(model: LoadedModel, pairs: Pairs, index: int, pattern: str) -> float:
    """dB of PSNR over the widefield image of one pair."""
    pair = pairs[index]
    image = methods.image(model.name, model, pair, pattern)
    if image is None:
        raise ValueError(f"{model.name} made no image of simulated stacks, whose optics are known")
    return gained_db(pair.truth, image, fourier_upscale(widefield_of(pair.frames), pair.scale))
