"""Time series:  python benchmarks/time_lapse.py [--times 100] [--live-times 40]

"predict": how much of the time the network is busy, and how much of the cores' time anything is, over many stacks of
15 x 128 x 128 raw pixels, without the comparison with the frames; in the precision that the machine is given, and in
float32, which is that of processors without units for bfloat16. "live": how many times of 9 x 512 x 512 raw pixels a
second `reconstruct --live` makes, from the file to the file, without finding the stripes, on one core, two, and so on
as far as there are; and how busy these cores are meanwhile. Where the machine is shared, core seconds a time are what
counts: one over them is what a core of its own would make.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import machine
import numpy as np


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--live-times", type=int, default=40)
    arguments = parser.parse_args()
    print(machine.described())
    for name, row in measured(arguments.times, arguments.live_times).items():
        print(name, json.dumps(row), flush=True)


def measured(times: int, live_times: int) -> dict[str, dict]:
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        series(Path(folder) / "small.tif", 5, 128, times)
        for precision in ("auto", "float32"):
            row = predicted(Path(folder), times, precision)
            found[f"predict 15x128x128, {row['engine'].split('/')[1]}"] = row
        everywhere = sorted(os.sched_getaffinity(0))
        for cores in sorted({1, 2, len(everywhere)} & set(range(1, len(everywhere) + 1))):
            os.sched_setaffinity(0, everywhere[:cores])
            found[f"live 9x512x512, {cores} cores"] = live(Path(folder), live_times, cores)
        os.sched_setaffinity(0, everywhere)
    return found


def series(path: Path, phases: int, size: int, times: int) -> None:
    """The same stack again and again, with its phases turned."""
    from srredsim import io
    from srredsim.acquisition import Optics
    from srredsim.simulation.sim import simulate_stack

    sample = simulate_stack(2024, index=1, size=size, phases=phases, photons=(1500.0, 1500.0))
    optics = Optics(sample.settings.na, sample.settings.wavelength_em_um, sample.settings.pixel_size_um)
    several = np.stack([np.roll(sample.raw, t, axis=1) for t in range(times)])
    io.write_raw(path, several[:, None, None], optics=optics)


def predicted(folder: Path, times: int, precision: str) -> dict:
    from srredsim.io import Writing
    from srredsim.workflows.predict import predict_file
    from srredsim.zoo.chain import Chain

    chain = Chain("red_frames", precision=precision)
    for _ in range(2):  # the first makes the engine ready
        processor, writing = time.process_time(), Writing(folder / "images", overwrite=True)
        report = predict_file(folder / "small.tif", chain, writing=writing, consistency=False)
        processor = time.process_time() - processor
    return {
        "engine": f"{report['engine']}/{report['precision']}",
        "stacks_a_second": round(times / report["seconds"], 2),
        "network_busy": round(report["seconds_in_network"] / report["seconds"], 3),
        "cores_busy": round(processor / report["seconds"] / len(os.sched_getaffinity(0)), 3),
    }


def live(folder: Path, times: int, cores: int) -> dict:
    from srredsim import io
    from srredsim.optics.transfer import transfers_of
    from srredsim.reconstruction.live_planes import live_planes

    path = folder / "live.tif"
    if not path.exists():
        series(path, 3, 512, times)
    stack = io.read(path)
    shape = (times, 1, 1, 1024, 1024)
    with io.ImageWriter(folder / "image.tif", shape, overwrite=True, tag=io.RESULT) as writer:
        made = live_planes(stack, transfers_of(stack))
        writer[0, 0, 0] = next(made).image
        clock, processor = time.perf_counter(), time.process_time()
        for plane in made:
            writer[plane.position] = plane.image
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    return {
        "times_a_second": round((times - 1) / clock, 2),
        "core_seconds_a_time": round(processor / (times - 1), 4),
        "busy": round(processor / clock / cores, 3),
    }


if __name__ == "__main__":
    main()
