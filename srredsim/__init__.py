"""srredsim: from raw structured-illumination stacks to denoised, super-resolved images.

>>> import srredsim
>>> stack = srredsim.read("cells.tif", na=1.4, wavelength_em_um=0.525)
>>> report = srredsim.inspect(stack)
>>> image = srredsim.predict(stack)
>>> image.save("cells_sim.tif").name
'cells_sim.tif'

`srredsim.api` explains these and the other verbs. They, and all submodules, are imported when they are asked for.
"""

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
    from pkgutil import iter_modules

    submodules = (module.name for module in iter_modules(__path__) if not module.name.startswith("_"))
    own = (name for name in globals() if name.startswith("__"))
    return sorted({*own, *__all__, *submodules})
