"""Peak memory of commands:  python benchmarks/memory.py [--rows 15x2048 9x4096] [--commands reconstruct]

Every row is the command line in a process of its own, on one stack of so many frames (3 angles) and pixels a side, with
the default model; `predict` with each of two engines. The peak is what the system counted for that process, files that
are mapped into memory included.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import machine
import numpy as np

ROWS = ("15x2048", "9x4096")
COMMANDS = {
    "reconstruct": ["reconstruct"],
    "predict, onnxruntime": ["predict", "--engine", "onnxruntime"],
    "predict, tensorflow": ["predict", "--engine", "tensorflow"],
}
NA, WAVELENGTH_UM, PIXEL_UM = 1.4, 0.525, 0.08


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", nargs="+", default=ROWS, metavar="FRAMESxSIDE")
    parser.add_argument("--commands", nargs="+", default=COMMANDS, choices=COMMANDS)
    arguments = parser.parse_args()
    print(machine.described())
    for name, row in measured(arguments.rows, arguments.commands).items():
        print(f"{name}: {row['peak_gib']:.2f} GiB, {row['core_seconds']:.0f} core seconds", flush=True)


def measured(rows=ROWS, commands=COMMANDS) -> dict[str, dict]:
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for row in rows:
            frames, side = map(int, row.split("x"))
            path = Path(folder) / f"{row}.tif"
            write(path, frames, side)
            for command in commands:
                found[f"{command} {row}"] = peak([*COMMANDS[command], str(path), "--out", folder, "--overwrite"])
    return found


def peak(command: list[str]) -> dict:
    """Largest resident size and processor time of ``srredsim`` with such arguments."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    process = subprocess.Popen([sys.executable, "-m", "srredsim", *command], **quiet)
    said = process.stderr.read().decode()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(said)
    unit = 1 if sys.platform == "darwin" else 1024
    return {"peak_gib": used.ru_maxrss * unit / 2**30, "core_seconds": used.ru_utime + used.ru_stime}


def write(path: Path, frames: int, side: int) -> None:
    """A stack of bright points under stripes, seen through a lens: enough for the stripes to be found."""
    from srredsim import io
    from srredsim.acquisition import Optics
    from srredsim.optics.transfer import transfer_of

    optics, rng = Optics(NA, WAVELENGTH_UM, PIXEL_UM), np.random.default_rng(0)
    transfer, phases = transfer_of(optics), frames // 3
    passed = transfer(np.fft.fftfreq(side, PIXEL_UM), np.fft.rfftfreq(side, PIXEL_UM))
    points = np.float32(2000) * rng.random((side, side), np.float32) ** 12
    at_um = PIXEL_UM * np.arange(side)
    length = (0.42 if phases >= 5 else 0.8) * transfer.cutoff_per_um
    raw = np.empty((3, phases, side, side), np.uint16)
    for angle, phase in np.ndindex(3, phases):
        direction = 0.2 + np.pi * angle / 3
        cycles = length * (np.sin(direction) * at_um[:, None] + np.cos(direction) * at_um) + phase / phases
        light = 1 + 0.6 * np.cos(2 * np.pi * cycles, dtype=np.float32)
        if phases >= 5:
            light += 0.3 * np.cos(4 * np.pi * cycles, dtype=np.float32)
        seen = np.fft.irfft2(np.fft.rfft2(points * light) * passed, s=(side, side))
        raw[angle, phase] = rng.poisson(np.maximum(seen, 0) + 20)
    io.write_raw(path, raw, optics=optics)


if __name__ == "__main__":
    main()
