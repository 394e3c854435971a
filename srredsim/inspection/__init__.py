"""What a raw file is: how it was understood, what its frames hold, whether they are good enough, what to change."""

from srredsim.inspection.picture import picture
from srredsim.inspection.report import inspect
from srredsim.inspection.words import lines

__all__ = ["inspect", "lines", "picture"]
