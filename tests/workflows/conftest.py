from collections import Counter
from pathlib import Path

import pytest
import tifffile

from srredsim.io.formats import npy, tiff
from srredsim.io.source import BarePlanes


@pytest.fixture
def counted(monkeypatch):
    """Reads of each plane, by its number, at the lowest level; and how often a file was opened."""
    reads, opened = Counter(), Counter()
    bare, page = BarePlanes.__call__, tifffile.TiffPage.asarray

    def read_bare(self, number):
        reads[number] += 1
        return bare(self, number)

    def read_page(self, *arguments, **keywords):
        reads[self.index] += 1
        return page(self, *arguments, **keywords)

    monkeypatch.setattr(BarePlanes, "__call__", read_bare)
    monkeypatch.setattr(tifffile.TiffPage, "asarray", read_page)
    monkeypatch.setattr(tifffile.TiffFrame, "asarray", read_page)
    for one in (npy, tiff):

        def open_source(*arguments, whole=one.open_source):
            opened["file"] += 1
            return whole(*arguments)

        monkeypatch.setattr(one, "open_source", open_source)
    return reads, opened


@pytest.fixture
def undrawn(monkeypatch):
    """Pictures are begun and finished as ever, from what was read for them; to draw them takes longer than the rest."""
    from srredsim import picture
    from srredsim.consistency import picture as maps

    for module, name in ((maps, "picture"), (picture, "panels")):
        monkeypatch.setattr(module, name, lambda path, *shown, **how: Path(path).write_bytes(b"not drawn"))
