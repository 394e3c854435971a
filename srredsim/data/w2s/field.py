"""Names of `srredsim.data.w2s.layout` and `srredsim.data.fields` as they were before; read when they are asked for."""

from srredsim.data.fields import Field, Fields
from srredsim.data.w2s.layout import layout
from srredsim.normalise import Scaling as Zscore

__all__ = ["Field", "Fields", "Zscore"]
_NAMES = {"CAPTURES": "captures", "LEVELS": "levels", "NOISY_LEVELS": "noisy_levels", "REFERENCE": "reference"}


def __getattr__(name: str):
    if name not in _NAMES:
        raise AttributeError(name)
    return getattr(layout(), _NAMES[name])
