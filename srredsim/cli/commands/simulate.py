"""``srredsim simulate``"""

from __future__ import annotations

from pathlib import Path

from srredsim.cli import arguments as shared
from srredsim.cli import terminal
from srredsim.errors import InputError

GROUP = "data"
HELP = "make raw stacks with their truth"


def add_arguments(parser: shared.Parser) -> None:
    parser.add_argument("--out", type=Path, metavar="DIR", required=True)
    parser.add_argument("--count", type=shared.positive, default=1, metavar="N", help="how many stacks (1)")
    seed = "the same seed makes the same stacks (0)"
    parser.add_argument("--seed", type=shared.count, default=0, metavar="S", help=seed)
    parser.add_argument("--angles", type=shared.positive, default=3, metavar="A", help="of the pattern (3)")
    parser.add_argument("--phases", type=shared.positive, default=5, metavar="P", help="in each angle (5)")
    light = "range of the expected photons in the brightest widefield pixel (20 5000)"
    parser.add_argument(
        "--photons", type=shared.above_zero, nargs=2, default=(20.0, 5000.0), metavar=("LOW", "HIGH"), help=light
    )
    parser.add_argument("--size", type=shared.positive, metavar="N", help="side in raw pixels (128; 512 with --w2s)")
    parser.add_argument(
        "--w2s",
        action="store_true",
        help="fields as in the raw archive of W2S, for prepare w2s: 400 captures, raw SIM frames and SIM image in three"
        " channels; --count, --seed and --size only. 650 MB a field of 512 pixels",
    )


def run(arguments) -> dict:
    with terminal.progress("simulating") as progress:
        paths = (_archive if arguments.w2s else _stacks)(arguments, progress)
    terminal.say(*paths)
    return {"paths": [str(path) for path in paths]}


def _stacks(arguments, progress) -> list[Path]:
    from srredsim.workflows.simulate import simulate

    return simulate(
        arguments.out,
        count=arguments.count,
        seed=arguments.seed,
        angles=arguments.angles,
        phases=arguments.phases,
        photons=tuple(arguments.photons),
        size=arguments.size or 128,
        progress=progress,
    )


def _archive(arguments, progress) -> list[Path]:
    from srredsim.data.w2s.archive import simulate_archive

    if (arguments.angles, arguments.phases, tuple(arguments.photons)) != (3, 5, (20.0, 5000.0)):
        raise InputError("--w2s has 3 angles, 5 phases and a light of its own; leave out --angles, --phases, --photons")
    size = arguments.size or 512
    return simulate_archive(arguments.out, arguments.count, seed=arguments.seed, size=size, progress=progress)
