"""srredsim: from raw structured-illumination stacks to denoised, super-resolved images.

>>> import srredsim
>>> stack = srredsim.read("cells.tif", na=1.4, wavelength_em_um=0.525)
>>> report = srredsim.inspect(stack)
>>> image = srredsim.predict(stack)
>>> image.save("cells_sim.tif").name
'cells_sim.tif'

``help(srredsim.api)`` explains these and the other verbs: what may be given as a stack, and how to say how it is read.
They, and all submodules, are imported when they are asked for.
"""

from __future__ import annotations  # for Pythons that are too old, which hear so

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from srredsim.api import (
        compare_with_frames,
        denoise,
        inspect,
        load_model,
        predict,
        read,
        reconstruct,
        show,
        simulate,
    )

__version__ = "0.1.0"
__all__ = [
    "compare_with_frames",
    "denoise",
    "inspect",
    "load_model",
    "predict",
    "read",
    "reconstruct",
    "show",
    "simulate",
]


def __getattr__(name: str) -> Any:
    """A verb, or a submodule."""
    if name in __all__:
        return getattr(import_module(f"{__name__}.api"), name)
    if not name.startswith("_"):
        try:
            return import_module(f"{__name__}.{name}")
        except ModuleNotFoundError as missing:
            if missing.name != f"{__name__}.{name}":
                raise
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """The verbs; ``help(srredsim)`` would import whatever else were named here."""
    return sorted({*(name for name in globals() if name.startswith("__")), *__all__})
