"""``srredsim simulate``"""

from __future__ import annotations

from pathlib import Path

from srredsim.cli import arguments as shared
from srredsim.cli import terminal, values
from srredsim.errors import InputError

GROUP = "data"
DEFAULTS = ("srredsim.workflows.simulate:simulate",)
PATTERN_AND_LIGHT = ("angles", "phases", "pattern", "photons")
HELP = "make raw stacks with their truth"


def add_arguments(parser: shared.Parser) -> None:
    parser.add_argument("--out", type=Path, metavar="DIR", required=True)
    parser.add_argument("--count", type=values.positive, metavar="N", help="how many stacks ({default})")
    shared.seed(parser, "the same seed makes the same stacks")
    parser.add_argument("--angles", type=values.positive, metavar="A", help="of the pattern ({default})")
    parser.add_argument("--phases", type=values.positive, metavar="P", help="in each angle ({default})")
    kind = "{choices}: the second has three directions of stripes at once, in 7 frames, and no --angles, --phases"
    parser.add_argument("--pattern", choices=shared.PATTERNS, metavar="PATTERN", help=kind)
    light = "range of the expected photons in the brightest widefield pixel ({default})"
    parser.add_argument("--photons", type=values.above_zero, nargs=2, metavar=("LOW", "HIGH"), help=light)
    shared.microscope(parser, "stacks of this one; --count, --seed, --size and --photons only")
    size = "side in raw pixels ({default}; with --w2s that of its captures)"
    parser.add_argument("--size", type=values.positive, metavar="N", help=size)
    parser.add_argument(
        "--w2s",
        action="store_true",
        help="fields as in the raw archive of W2S, for prepare w2s: all captures, raw SIM frames and SIM image in three"
        " channels; --count, --seed and --size only. 650 MB a field of 512 pixels",
    )
    parser.add_argument(
        "--sr-caco-2",
        action="store_true",
        help="fields as the patches of SR-CACO-2, for prepare sr-caco-2: HR and LR at three scales in three cells, with"
        " fold lists; so many of each split. --count and --seed only",
    )


def run(arguments) -> dict:
    with terminal.progress("simulating") as progress:
        make = _kind(arguments)
        paths = make(arguments, progress)
    terminal.say(*paths)
    if make in (_stacks, _of_microscope):
        from srredsim.workflows.simulate import saturated

        for line in saturated(paths):
            terminal.note(line)
    return {"paths": [str(path) for path in paths]}


def _kind(arguments):
    if arguments.w2s and arguments.sr_caco_2:
        raise InputError("`w2s` and `sr_caco_2` are two data sets; give one of them")
    if arguments.microscope and (arguments.w2s or arguments.sr_caco_2):
        raise InputError("`microscope` has stacks of its own, `w2s` and `sr_caco_2` are data sets; give one of them")
    if arguments.microscope:
        return _of_microscope
    return _archive if arguments.w2s else _patches if arguments.sr_caco_2 else _stacks


def _of_microscope(arguments, progress) -> list[Path]:
    from srredsim.workflows.simulate import simulate_microscope

    if refused := list(shared.given(arguments, "angles", "phases", "pattern")):
        raise InputError(f"`microscope` has a pattern of its own; leave out `{', '.join(refused)}`")
    asked = shared.given(arguments, "count", "seed", "size", "photons")
    return simulate_microscope(arguments.out, arguments.microscope, progress=progress, **asked)


def _patches(arguments, progress) -> list[Path]:
    from srredsim.data.caco2.archive import simulate_archive

    if refused := list(shared.given(arguments, "size", *PATTERN_AND_LIGHT)):
        raise InputError(f"`sr_caco_2` has a size and a light of its own; leave out `{', '.join(refused)}`")
    return simulate_archive(arguments.out, progress=progress, **shared.given(arguments, "count", "seed"))


def _stacks(arguments, progress) -> list[Path]:
    from srredsim.workflows.simulate import simulate

    if arguments.pattern == "hexagonal" and (refused := list(shared.given(arguments, "angles", "phases"))):
        raise InputError(f"a hexagonal `pattern` has its own; leave out `{', '.join(refused)}`")
    asked = shared.given(arguments, "count", "seed", "size", *PATTERN_AND_LIGHT)
    return simulate(arguments.out, progress=progress, **asked)


def _archive(arguments, progress) -> list[Path]:
    from srredsim.data.w2s.archive import simulate_archive

    if refused := list(shared.given(arguments, *PATTERN_AND_LIGHT)):
        raise InputError(f"`w2s` has 3 angles, 5 phases and a light of its own; leave out `{', '.join(refused)}`")
    return simulate_archive(arguments.out, progress=progress, **shared.given(arguments, "count", "seed", "size"))
