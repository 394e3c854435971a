"""``srredsim doctor``: what this machine has, what srredsim makes of it, and what would help."""

from __future__ import annotations

import os
import platform
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from srredsim import __version__, keras_start, resources
from srredsim.cli import arguments as shared
from srredsim.cli import terminal
from srredsim.errors import InputError

GROUP = "machine"
HELP = "say what this machine has"
NEEDED = ("keras", "tensorflow", "numpy", "scipy", "tifffile", "imagecodecs", "scikit-image", "onnxruntime")
OPTIONAL = {  # package -> what it is for, and how to get it
    "tensorboard": ("training curves", "pip install tensorboard"),
    "onnx": ("srredsim export --format onnx", resources.install("export")),
    "tf2onnx": ("srredsim export --format onnx", resources.install("export")),
    "zarr": ("OME-Zarr folders", resources.install("files")),
    "nd2": ("ND2 files of Nikon", resources.install("files")),
    "liffile": ("LIF files of Leica", resources.install("files")),
    "distributed": ("--dask of predict, reconstruct and denoise", resources.install("dask")),
    "dask-jobqueue": ("--dask slurm:FILE", resources.install("dask")),
    "jax": ("KERAS_BACKEND=jax, predict --engine jax, and --device gpu", resources.install("jax")),
    "napari": ("the plugin for napari", resources.install("napari")),
    "starlette": ("srredsim serve --local", resources.install("serve")),
    "uvicorn": ("srredsim serve --local", resources.install("serve")),
    "openvino": ("predict --engine openvino, which may be the fastest", resources.install("fast")),
}
GIB = 2**30


def add_arguments(parser: shared.Parser) -> None:
    pass


def run(arguments) -> dict:
    with suppress(InputError):  # the report says what is wrong with Keras
        keras_start.start()
    report = examine()
    terminal.say(*lines(report))
    return report


def examine() -> dict:
    """Everything `lines` prints, for programs."""
    from srredsim.processes import cores
    from srredsim.zoo import models, precision

    backend = _backend()
    facts = {
        "srredsim": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "packages": {name: _version(name) for name in (*NEEDED, *OPTIONAL)},
        "backend": backend,
        "cores": cores(),
        "memory_bytes": _memory_bytes(),
        "cpu_bfloat16": precision.cpu_has_bfloat16(),
        "gpu_compute_capability": precision.gpu_compute_capability(),
        "precision_auto": precision.resolve("auto"),
        "models": models.names(),
        "microscopes": resources.microscopes(),
        "cache": {"folder": str(resources.cache_folder()), "bytes": _size_on_disk(resources.cache_folder())},
    }
    return facts | {"advice": _advice(facts)}


def lines(facts: dict) -> list[str]:
    """The report, for the terminal."""
    backend, cache, memory = facts["backend"], facts["cache"], facts["memory_bytes"]
    rows = {
        "srredsim": facts["srredsim"],
        "Python": f"{facts['python']}, {facts['system']}",
        "packages": ", ".join(f"{name} {found or 'missing'}" for name, found in facts["packages"].items()),
        "Keras backend": backend["problem"] or backend["name"],
        "GPUs": ", ".join(backend["gpus"]) or "none",
        "cores": facts["cores"],
        "memory": f"{memory / GIB:.1f} GiB" if memory else "unknown",
        "bfloat16": "yes, the processor computes in it" if facts["cpu_bfloat16"] else "not on the processor",
        "--precision auto": facts["precision_auto"],
        "models": ", ".join(facts["models"]) or "none",
        "--microscope": ", ".join(facts["microscopes"]),
        "cache": f"{cache['folder']}, {cache['bytes'] / GIB:.2f} GiB",
    }
    width = max(map(len, rows))
    return [f"{name:<{width}}  {value}" for name, value in rows.items()] + [f"-> {line}" for line in facts["advice"]]


def _backend() -> dict:
    """The backend as Keras sees it, or why it cannot be used."""
    try:
        import keras
    except (ImportError, ValueError) as problem:
        return {"name": None, "gpus": [], "problem": f"cannot start: {' '.join(str(problem).split())}"}
    return {"name": keras.backend.backend(), "gpus": keras.distribution.list_devices("gpu"), "problem": None}


def _advice(facts: dict) -> list[str]:
    advice = []
    backend, memory = facts["backend"], facts["memory_bytes"]
    if backend["problem"]:
        advice.append("nothing works without Keras and a backend: unset KERAS_BACKEND, or install srredsim again")
    elif backend["name"] == "torch":
        advice.append("srredsim is tested on the backends tensorflow and jax: set KERAS_BACKEND=tensorflow")
    if facts["gpu_compute_capability"] is not None and not backend["gpus"]:
        advice.append(f"there is a GPU that {backend['name']} does not see (on Linux): {resources.install('gpu')}")
    if facts["precision_auto"] == "float32" and not backend["gpus"]:
        advice.append("neither a GPU nor bfloat16: prediction works, training a model of full size takes days")
    if memory and memory < 8 * GIB:
        advice.append("less than 8 GiB of memory: give predict --tile 256, and train --batch 4, if they run short")
    for name, (purpose, how) in OPTIONAL.items():
        if facts["packages"][name] is None:
            advice.append(f"{name} is missing, for {purpose}: {how}")
    return advice or ["nothing is missing"]


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _memory_bytes() -> int | None:
    """Memory of the machine; None where the system does not say (Windows)."""
    if sys.platform == "win32":
        return None
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _size_on_disk(folder: Path) -> int:
    """Bytes the files really take: those of the cache may have holes."""
    files = (path.stat() for path in folder.rglob("*") if path.is_file())
    return sum(file.st_blocks * 512 if hasattr(file, "st_blocks") else file.st_size for file in files)
