"""Time and memory of the classical reconstruction:  python benchmarks/reconstruct.py [--sizes 512 1024]

Every row is a process of its own with one simulated stack of 3 x 5 frames, of 1500 photons. "found" is all of it,
blind: preparing the frames, finding the stripes, making the image. "known" is with stripes, phases and contrasts that
are known. "next time" is a further time point: vectors and phase steps are known, phases and contrasts are measured.
"live" is one of `reconstruct --live`: only the phases are. They are done in turn, over and over; each is the median of
several runs, seconds by the clock and, in brackets, of the processor, which count where a machine is shared. Start-up,
"imports", happens once.
"""

import argparse
import json
import subprocess
import sys
import time

import machine
from alternated import alternated


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[512, 1024], help="raw pixels along y and x")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--row", nargs=2, metavar=("SIZE", "STARTED"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.row:
        print(json.dumps(measure(int(arguments.row[0]), arguments.runs, float(arguments.row[1]))))
    else:
        compare(arguments.sizes, arguments.runs)


def compare(sizes: list[int], runs: int) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Classical reconstruction of 15 frames, seconds", caption=machine.described())
    for heading in ("frames", "imports", "found", "known", "next time", "live", "peak GiB"):
        table.add_column(heading, justify="right")
    for size in sizes:
        row = in_own_process(size, runs)
        times = [f"{one['seconds']:.2f} ({one['core_seconds']:.2f})" for one in row["works"].values()]
        table.add_row(f"{size} x {size}", f"{row['imports']:.1f}", *times, f"{row['peak_gib']:.2f}")
    Console(width=110).print(table)


def in_own_process(size: int, runs: int) -> dict:
    command = [sys.executable, __file__, "--runs", str(runs), "--row", str(size), str(time.time())]
    answer = subprocess.run(command, capture_output=True, text=True)
    if answer.returncode:
        sys.exit(answer.stderr)
    return json.loads(answer.stdout.splitlines()[-1])


def measure(size: int, runs: int, started: float) -> dict:
    from srredsim.optics.transfer import Transfer
    from srredsim.reconstruction.live import Live
    from srredsim.reconstruction.wiener import reconstruct
    from srredsim.stripes.estimate import estimate
    from srredsim.stripes.measure import remeasured
    from srredsim.stripes.preprocess import prepare

    imports = time.time() - started
    raw, cutoff_per_um, pixel_size_um = simulated(size)
    transfer = Transfer(cutoff_per_um, pixel_size_um)

    def found():
        prepared = prepare(raw)
        reconstruct(prepared, estimate(prepared, transfer), transfer)

    parameters = estimate(prepare(raw), transfer)
    live = Live(prepare(raw), parameters, transfer)

    def known():
        reconstruct(prepare(raw), parameters, transfer)

    def following():
        prepared = prepare(raw)
        reconstruct(prepared, remeasured(parameters, prepared.frames, transfer), transfer)

    works = {"found": found, "known": known, "next": following, "live": lambda: live(prepare(raw))}
    return {
        "imports": imports,
        "works": alternated(works, runs),
        "peak_gib": machine.peak_memory_gib(),
    }


def simulated(size: int) -> tuple:
    """A stack, simulated by another process: its memory is not what is asked for."""
    import multiprocessing

    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_simulate, (size,))


def _simulate(size: int) -> tuple:
    from srredsim.simulation.sim import simulate_stack

    sample = simulate_stack(2024, index=1, size=size, photons=(1500.0, 1500.0))
    return sample.raw, sample.settings.cutoff_per_um, sample.settings.pixel_size_um


if __name__ == "__main__":
    main()
