"""What ``precision="auto"`` means on this machine."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path

from srredsim import checks
from srredsim.processes import cores

POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}
ANSWERS_S = 20  # seconds in which the driver of a GPU has to answer


def resolve(precision: str) -> str:
    """``auto`` -> bfloat16 where the hardware multiplies in it, else float32; anything else stays."""
    checks.one_of("precision", precision, ("auto", *POLICIES))
    if precision != "auto":
        return precision
    capability = gpu_compute_capability()
    fast = capability >= 8.0 if capability is not None else cpu_has_bfloat16()
    return "bfloat16" if fast else "float32"


def policy(precision: str) -> str:
    """The Keras dtype policy of a precision."""
    return POLICIES[resolve(precision)]


def cpu_has_bfloat16() -> bool:
    """Whether the processor has AMX or AVX512 instructions for bfloat16 (Linux says; elsewhere: no)."""
    cpuinfo = Path("/proc/cpuinfo")
    if platform.system() != "Linux" or not cpuinfo.exists():
        return False
    flags = cpuinfo.read_text(errors="replace")
    return "amx_bf16" in flags or "avx512_bf16" in flags


def processor() -> str:
    """Name of the processor and how many of its cores there are, as far as the system tells."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(errors="replace").splitlines() if cpuinfo.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return f"{next(named, platform.processor() or platform.machine())} x {cores()}"


def gpu_compute_capability() -> float | None:
    """Compute capability of the weakest NVIDIA GPU; None without one. 8.0 (Ampere) and up have bfloat16 units.

    One that is hidden from CUDA, or whose driver does not answer, is none.
    """
    command = shutil.which("nvidia-smi")
    if command is None or os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return None
    asked = [command, "--query-gpu=compute_cap", "--format=csv,noheader"]
    try:
        answer = subprocess.run(asked, capture_output=True, text=True, timeout=ANSWERS_S)
    except (subprocess.TimeoutExpired, OSError):
        return None
    found = [float(line) for line in answer.stdout.split() if line.replace(".", "", 1).isdigit()]
    return min(found) if answer.returncode == 0 and found else None
