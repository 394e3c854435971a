"""What a caller says of a file that is read, and of the files that are written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from srredsim.io.orders import Wanted


@dataclass(frozen=True)
class Reading:
    """How to read an image; None, or left out: the file says, or it stays unknown. See `srredsim.io.read`."""

    order: str | None = None
    angles: int | None = None
    phases: int | None = None
    trailing_widefield: bool = False
    pixel_size_um: float | None = None
    na: float | None = None
    wavelength_em_um: float | None = None

    @property
    def frames(self) -> Wanted:
        return Wanted(self.order, self.angles, self.phases, self.trailing_widefield)


@dataclass(frozen=True)
class Writing:
    """Where results go, and how.

    ``out`` is a folder, left out: that of the input; ``dtype`` is float32, or uint16, for which values are rounded and
    clipped to 0 ... 65535; ``overwrite`` replaces results that exist.
    """

    out: Path | None = None
    dtype: str = "float32"
    overwrite: bool = False

    def path(self, source: Path, name: str) -> Path:
        """``<stem>_<name>.tif``"""
        return Path(self.out or source.parent) / f"{source.stem}_{name}.tif"

    def notes(self) -> list[str]:
        return ["uint16: values are rounded, and clipped to 0 ... 65535"] if self.dtype == "uint16" else []
