"""TIFF through tifffile: the one place that knows its ways."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tifffile


def kind(name: str) -> dict[str, Any]:
    """The keyword that makes tifffile write "imagej" or "ome": `kind=` in new versions, `imagej=` or `ome=` in old."""
    if "kind" in inspect.signature(tifffile.imwrite).parameters:
        return {"kind": name}
    return {name: True}


def create(
    path: Path, shape: Sequence[int], dtype: Any, metadata: dict[str, Any], resolution: tuple[float, float] | None
) -> np.memmap:
    """A new ImageJ hyperstack of the shape (t, z, c, y, x), memory-mapped for writing."""
    return tifffile.memmap(
        path, shape=tuple(shape), dtype=dtype, metadata=metadata, resolution=resolution, **kind("imagej")
    )
