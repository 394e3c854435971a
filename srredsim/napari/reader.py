"""What napari opens with srredsim: files in every format that is read, folders that are one image, the sample."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from srredsim import io, resources, stacks
from srredsim.errors import InputError
from srredsim.io import formats
from srredsim.napari.layers import Layer, of_stack

SAMPLE = "tubulin_3x5_low_light.tif"


def get_reader(path: str | list[str]) -> Callable[[str | list[str]], list[Layer]] | None:
    """What reads these paths; None if one of them is in no format that is known here."""
    return read if all(formats.is_image(Path(one)) for one in _several(path)) else None


def read(path: str | list[str]) -> list[Layer]:
    """Layers of every image in every file: a raw stack where the frames make one, else plain images.

    Raises
    ------
    InputError
        If one cannot be read: the line begins with its name.
    """
    layers: list[Layer] = []
    for one in map(Path, _several(path)):
        try:
            for scene in io.scene_numbers(one):
                layers += of_stack(stacks.any_stack(one, scene), io.stem(one, scene), {"scene": scene})
        except InputError as problem:
            raise InputError(f"{one}: {problem}") from None
    return layers


def sample() -> list[Layer]:
    """The stack of simulated tubulin that comes with srredsim."""
    return read(str(resources.folder("data") / "sample" / SAMPLE))


def _several(path: str | list[str]) -> list[str]:
    return path if isinstance(path, list) else [path]
