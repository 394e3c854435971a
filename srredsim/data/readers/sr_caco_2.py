"""SR-CACO-2: patches of confocal tiles scanned at four resolutions, as released with their fold lists."""

from __future__ import annotations

from pathlib import Path

from srredsim.data.caco2.folder import Folder, is_released
from srredsim.data.caco2.layout import Layout as Settings
from srredsim.data.caco2.patches import CHOICES, Asked
from srredsim.data.description import Description
from srredsim.data.pairs import Pairs
from srredsim.data.readers import Wanted
from srredsim.errors import InputError

__all__ = ["CHOICES", "Settings", "images", "recognises"]


def recognises(folder: Path) -> bool:
    return is_released(folder)


def images(data: Description, split: str, wanted: Wanted) -> Pairs:
    if data.shipped:
        raise InputError(
            f"{data.name} is a layout, not data; take caco2_simulated, or the folder that srredsim prepare sr-caco-2"
            " makes of the released patches"
        )
    return Folder(data.folder, split, Asked.of(wanted, data.settings, data.name), data.settings)
