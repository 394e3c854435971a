"""What a benchmark ran on: figures without it mean nothing."""

import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("numpy", "scipy", "keras", "tensorflow", "onnxruntime", "openvino", "torch")
SPECIAL = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")


def described() -> str:
    """In a line."""
    told = facts()
    packages = ", ".join(f"{name} {found}" for name, found in told["packages"].items())
    return (
        f"{told['processor']}, {told['cores']} cores (load before: {load():.1f}), {told['gpu']};"
        f" Python {told['python']}, {packages}; {told['system']}"
    )


def facts() -> dict:
    """Ready for JSON. The processor's name ends on what it has beyond AVX2."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "gpu": _gpus(),
        "python": platform.python_version(),
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
        "system": platform.system(),
    }


def load() -> float:
    """Processes that want a core, mean of the last minute."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")


def peak_memory_gib() -> float:
    """Largest resident size of this process so far."""
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(errors="replace").splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    flags = {flag for line in lines if line.startswith("flags") for flag in line.split()}
    best = [flag for flag in SPECIAL if flag in flags][-1:]
    return " with ".join([names[0] if names else platform.processor() or platform.machine(), *best])


def _gpus() -> str:
    try:
        answer = subprocess.run(
            ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"], capture_output=True, text=True
        )
    except FileNotFoundError:
        return "no GPU"
    return ", ".join(answer.stdout.split("\n")).strip(", ") or "no GPU"
