"""What a benchmark ran on, in a line: figures without it mean nothing."""

import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path


def described() -> str:
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    packages = ", ".join(f"{name} {version(name)}" for name in ("keras", "tensorflow"))
    return (
        f"{_processor()}, {os.cpu_count()} cores (load before: {load:.1f}), {_gpus()};"
        f" Python {platform.python_version()}, {packages}; {platform.system()}"
    )


def peak_memory_gib() -> float:
    """Largest resident size of this process so far."""
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(errors="replace").splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    special = [flag for flag in ("avx512_bf16", "amx_bf16") if any(flag in line for line in lines)]
    return " with ".join([names[0] if names else platform.processor() or platform.machine(), *special])


def _gpus() -> str:
    try:
        answer = subprocess.run(
            ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"], capture_output=True, text=True
        )
    except FileNotFoundError:
        return "no GPU"
    return ", ".join(answer.stdout.split("\n")).strip(", ") or "no GPU"
