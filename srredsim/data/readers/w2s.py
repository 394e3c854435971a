"""W2S: averages of captures at noise levels with the SIM image, as released or as ``prepare w2s`` made them."""

from __future__ import annotations

from pathlib import Path

from srredsim.data.description import Description
from srredsim.data.fields import Fields
from srredsim.data.folder import FolderPairs, files_of
from srredsim.data.pairs import Pairs
from srredsim.data.readers import Wanted, _levels
from srredsim.data.w2s.folder import Folder, normalized_in
from srredsim.data.w2s.layout import Layout as Settings
from srredsim.errors import InputError
from srredsim.io import Reading

__all__ = ["Settings", "fields", "images", "recognises", "stacks"]


def recognises(folder: Path) -> bool:
    return normalized_in(folder) is not None


def stacks(data: Description, split: str, pattern: tuple[int, int], wanted: Wanted) -> Pairs:
    """The raw SIM stacks with their SIM images, which a prepared folder has in the layout of pairs."""
    _refuse_entry(data)
    files = files_of(data.folder, split, {})
    reading = Reading(angles=pattern[0], phases=pattern[1])
    return FolderPairs(files.inputs, files.truths, reading, files.split)


def images(data: Description, split: str, wanted: Wanted) -> Pairs:
    return _levels.pairs(data.name, fields(data, split, wanted), wanted)


def fields(data: Description, split: str, wanted: Wanted) -> Fields:
    _refuse_entry(data)
    return Folder(data.folder, split, layout=data.settings)


def published(data: Description) -> dict[str, tuple[float, float]]:
    """Mean and standard deviation by which the released images were z-scored, as far as it was published."""
    layout = data.settings
    constants = {"zscore": layout.widefield, "sim_zscore": layout.sim}
    return {key: (value["mean"], value["std"]) for key, value in constants.items() if value}


def _refuse_entry(data: Description) -> None:
    if data.shipped:
        raise InputError(
            f"{data.name} is a layout, not data; take w2s_simulated, or the folder that srredsim prepare w2s makes"
            " of the measured images"
        )
