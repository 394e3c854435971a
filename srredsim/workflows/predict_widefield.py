"""Widefield images through networks: models whose input is one image, and chains of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from srredsim import inputs, picture
from srredsim.data.w2s.field import Zscore
from srredsim.errors import InputError
from srredsim.normalise import SCALINGS, Scaling
from srredsim.workflows.planewise import Plane, planewise
from srredsim.zoo import models
from srredsim.zoo import recipe as recipes
from srredsim.zoo.models import LoadedModel
from srredsim.zoo.windows import Network, default_tile

LINK = "+"  # between the models of a chain


class Chain:
    """One model, or several of which each takes what the one before made; compute with ``chain(image)``."""

    def __init__(self, names: str | Path | Sequence[str | Path], precision: str = "auto", tile: int | None = None):
        self.models = [_widefield_model(name, precision) for name in _links(names)]
        self._networks = [Network(model) for model in self.models]
        self._tile = tile

    @property
    def name(self) -> str:
        return LINK.join(model.name for model in self.models)

    @property
    def scale(self) -> int:
        """Pixels of the result per pixel of the input."""
        return int(np.prod([model.scale for model in self.models]))

    @property
    def notes(self) -> list[str]:
        return [note for network in self._networks for note in _notes(network)]

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """(y, x) of any unit -> (scale * y, scale * x) float32.

        In the units of the input. A super-resolved image is above background, unless its model was trained on z-scores
        of the SIM images: then it is in the units of those.

        Raises
        ------
        InputError
            If a pixel is not finite, or all are the same.
        """
        for network in self._networks:
            image = restored(network, image, self._tile)
        return image


def restored(network: Network, image: np.ndarray, tile: int | None = None) -> np.ndarray:
    """What one network makes of an image (y, x), see `Chain`."""
    data = network.model.recipe.data
    frames = np.asarray(image, np.float32)[..., None]
    scaling = Scaling(*data.zscore) if data.normalise == "dataset" else SCALINGS[data.normalise](frames)
    result = network.in_tiles(scaling.apply(frames), tile or default_tile(network.model))
    if data.target != "sim":
        return scaling.undo_gain(result) + np.float32(scaling.offset)
    return Zscore(*data.sim_zscore).undo(result) if data.normalise == "dataset" else scaling.undo_gain(result)


def predict_image_file(
    path: str | Path,
    chain: Chain,
    *,
    out: str | Path | None = None,
    dtype: str = "float32",
    pixel_size_um: float | None = None,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> dict:
    """``<stem>_<models>.tif`` and ``.png``: every t, c and z of a widefield file through a chain of models.

    Each plane is normalised by itself, and that is undone on the result: brightness stays comparable. The arguments,
    what is returned and what is raised are those of `srredsim.workflows.planewise.planewise`, with ``model`` besides.
    """

    def work(plane: Plane) -> np.ndarray:
        return chain(plane.image)

    report = planewise(
        path,
        chain.name,
        work,
        picture.side_by_side,
        scale=chain.scale,
        out=out,
        dtype=dtype,
        pixel_size_um=pixel_size_um,
        overwrite=overwrite,
        progress=progress,
    )
    return report | {"model": chain.name, "notes": [*report["notes"], *chain.notes]}


def is_chain(name: str | Path) -> bool:
    """Whether a name stands for models of widefield images; InputError if it stands for none at all."""
    links = _links(name)
    return len(links) > 1 or not inputs.module(recipes.load(models.find(links[0])).data.input).OF_STACKS


def _links(names: str | Path | Sequence[str | Path]) -> list[str | Path]:
    """``a+b`` as [a, b]; a folder may have a plus in its name."""
    if not isinstance(names, str | Path):
        return list(names)
    links = [str(names)] if Path(names).is_dir() else str(names).split(LINK)
    if not all(links):
        raise InputError(f"a chain has a model on each side of {LINK}, as w2s_dncnn+w2s_rcan; got {names}")
    return links


def _widefield_model(name: str | Path, precision: str) -> LoadedModel:
    model = models.load(name, precision)
    if model.kind.OF_STACKS:
        raise InputError(
            f"the model {model.name} takes {model.kind.WORDS}, not widefield images; it is no part of a chain"
        )
    return model


def _notes(network: Network) -> list[str]:
    model, notes = network.model, []
    if model.recipe.data.normalise == "dataset":
        mean, std = model.recipe.data.zscore
        notes.append(
            f"{model.name} expects counts as those of its data set: mean {mean:.4g}, standard deviation {std:.4g}"
        )
    if network.largest_window:
        notes.append(f"memory was short: went on with windows of at most {network.largest_window} pixels")
    return notes
