"""What commands share of their arguments: the parser, arguments that several of them take, types of numbers."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

from srredsim import resources
from srredsim.cli import values
from srredsim.cli.looked_up import Choices, constant
from srredsim.cli.meant import meant
from srredsim.errors import short

Record = TypeVar("Record")

ORDERS = Choices("srredsim.io.wanted:ORDERS")
PATTERNS = Choices("srredsim.optics.illumination:PATTERNS")
OF_PLANES = Choices("srredsim.io.wanted:OF_PLANES")
WIDEFIELD_FRAMES = Choices("srredsim.io.wanted:WIDEFIELD_FRAMES")
OPTICS = "left out: the file says, or the frames tell the cut-off of the lens"
DEVICES = Choices("srredsim.devices:CHOICES")
PRECISIONS = Choices("auto", "srredsim.zoo.precision:POLICIES")
DTYPES = Choices("srredsim.io.asked:DTYPES")
FORMATS = Choices("srredsim.io.asked:FORMATS")
COMPRESS = Choices("srredsim.io.stored:COMPRESS")


class Parser(argparse.ArgumentParser):
    """Complains in one line, and tells in its help what the package does by default.

    In the help of an argument, ``{choices}`` stands for these, ``{default}`` for what is done where it is left out, and
    a place as in `srredsim.cli.looked_up.constant`, between braces, for the value there. ``defaults_of`` are the
    functions and dataclasses of the package, as such places, that have the default; ``commands`` are all of the
    command line, by name. ``fill`` adds the arguments when they are first asked for: of many commands one runs.
    """

    defaults_of: Sequence[str] = ()
    commands: dict[str, Parser]
    fill: Callable[[Parser], None] | None = None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, allow_abbrev=False, **kwargs)  # what begins a flag may mean another
        self.commands = {}

    def _filled(self) -> None:
        fill, self.fill = self.fill, None
        if fill is not None:
            fill(self)

    def format_help(self) -> str:
        self._filled()
        for action in self._actions:
            if action.help:
                action.help = re.sub(r"\{(default|choices|[\w.]+:[\w.]+)\}", partial(self._told, action), action.help)
        return super().format_help()

    def _told(self, action: argparse.Action, asked: re.Match) -> str:
        if asked[1] == "choices":
            return ", ".join(map(str, action.choices))
        if asked[1] != "default":
            return _plain(constant(asked[1]))
        if action.default is not None:
            return _plain(action.default)
        for place in self.defaults_of:
            with suppress(LookupError):
                return _plain(constant(f"{place}.{action.dest}"))
        raise LookupError(f"{self.prog}: no default of {action.dest} in {self.defaults_of}")

    def flags(self) -> dict[str, str]:
        """What the user types for each argument, by its name in Python: ``{"na": "--na", "inputs": "INPUT"}``.

        A flag is there by its own name, too, where that is another: ``--k`` sets ``k0_per_um``.
        """
        self._filled()
        flags: dict[str, str] = {}
        for action in self._actions:
            typed = action.option_strings[-1] if action.option_strings else str(action.metavar or action.dest)
            flags[action.dest] = typed
            flags.setdefault(typed.lstrip("-").replace("-", "_"), typed)
        return flags

    def parse_known_args(self, args=None, namespace=None):
        """What argparse by itself takes for something else.

        ``--k -3.1,0.4`` means ``--k=-3.1,0.4``: a value with a sign is no flag. ``--wavelength-em-um 0.461 0.525
        cells.tif`` means ``--wavelength-em-um=0.461,0.525``: what is no number is the input.
        """
        self._filled()
        signed, several = (
            {flag for action in self._actions if action.type in types for flag in action.option_strings}
            for types in (values.SIGNED, values.SEVERAL)
        )
        joined: list[str] = []
        for text in sys.argv[1:] if args is None else args:
            flag, _, value = joined[-1].partition("=") if joined else ("", "", "")
            if (flag in signed and not value and re.match(r"-[\d.]", text)) or (
                flag in several and values.is_number(text)
            ):
                joined[-1] = f"{flag}={value},{text}" if value else f"{flag}={text}"
            else:
                joined.append(text)
        return super().parse_known_args(joined, namespace)

    def error(self, message: str):
        words = f"{short(message)}{meant(message, self._option_string_actions)}"
        print(f"srredsim: {words} (see {self.prog} --help)", file=sys.stderr)
        sys.exit(2)


# Arguments that several commands take


def stacks(parser: Parser, incomplete: str = "") -> None:
    """Raw stacks, and how to read them; ``incomplete`` is the help of `--accept-incomplete`."""
    parser.add_argument(
        "inputs", nargs="+", type=Path, metavar="INPUT", help="images in any format that is read, or folders of them"
    )
    order = (
        "of the frames, what changes fastest first: {choices}; left out: from the file, or the first of these;"
        " of widefield and confocal planes that the file does not name: Z (left out) or T"
    )
    known = "what is known of it, where neither the file nor another flag says: order, angles, phases, NA; FILE.yaml of"
    parser.add_argument(
        "--microscope",
        metavar="NAME|FILE.yaml",
        help=f"{known} such keys, or of srredsim calibrate; there are {', '.join(resources.microscopes())}",
    )
    parser.add_argument("--order", choices=ORDERS, metavar="ORDER", help=order)
    parser.add_argument("--angles", type=values.positive, metavar="A", help="of the pattern; left out: from the file")
    parser.add_argument("--phases", type=values.positive, metavar="P", help="in each angle; left out: from the file")
    pattern = "{choices}: the second has three directions of stripes at once, in 7 frames; left out: the frames tell"
    parser.add_argument("--pattern", choices=PATTERNS, metavar="PATTERN", help=pattern)
    widefield = "of each group of frames is a widefield frame, {choices}; left out: none"
    parser.add_argument("--widefield-frame", choices=WIDEFIELD_FRAMES, metavar="WHICH", help=widefield)
    parser.add_argument("--trailing-widefield", action="store_true", help="the same as --widefield-frame last")
    channels = "colours that alternate frame by frame; left out: the file says"
    parser.add_argument("--channels", type=values.positive, metavar="C", help=channels)
    hot = "leave them as they are; else they are given the median of the pixels around them, rays that of other frames"
    parser.add_argument("--keep-hot-pixels", action="store_true", help=hot)
    accept_incomplete(parser, incomplete)
    rolling = "an image for every new angle of a time series, with the latest frames of the others"
    parser.add_argument("--rolling", action="store_true", help=rolling)
    parser.add_argument("--stack", action="store_true", help="the files of a folder are the frames of one stack")
    scene(parser)
    only(parser)
    pixel_size(parser, "of the raw frames; left out: the file says")


def order_of_planes(parser: Parser) -> None:
    help = "what planes are that the file does not name, {choices}: z-planes or times; left out: the first of these"
    parser.add_argument("--order", choices=OF_PLANES, metavar="AXIS", help=help)


def scene(parser: Parser) -> None:
    help = "of a file that holds several images, positions or series: this one, from 1; left out: each"
    parser.add_argument("--scene", type=values.positive, metavar="N", help=help)


def only(parser: Parser) -> None:
    help = "some times, channels or z-planes of each input, numbered from 0 (c=0 is channel 1): t=0-2, or t=0-2,c=1,z=5"
    parser.add_argument("--only", metavar="WHICH", help=help)


def accept_incomplete(parser: Parser, help: str = "") -> None:
    help = help or "go on with what is whole in a file that lacks frames"
    parser.add_argument("--accept-incomplete", action="store_true", help=help)


def images(parser: Parser, name: str = "inputs") -> None:
    parser.add_argument(
        name, nargs="+", type=Path, metavar="IMAGE", help="images in any format that is read, or folders of them"
    )


def pixel_size(parser: Parser, help: str = "left out: the file says") -> None:
    parser.add_argument("--pixel-size-um", type=values.above_zero, metavar="F", help=help)


def optics(parser: Parser, left_out: str = OPTICS) -> None:
    parser.add_argument("--na", type=values.above_zero, metavar="F", help=f"numerical aperture; {left_out}")
    wavelength = f"of the emission, or one for each channel; {left_out}"
    parser.add_argument("--wavelength-em-um", type=values.one_or_several, metavar="F", help=wavelength)


def camera(parser: Parser) -> None:
    gain = "of the camera, per electron; else estimated"
    parser.add_argument("--gain-adu", type=values.above_zero, metavar="F", help=gain)
    offset = "of the camera; left out: estimated"
    parser.add_argument("--offset-adu", type=values.not_negative, metavar="F", help=offset)
    read_noise = "of the camera, in electrons; else assumed"
    parser.add_argument("--read-noise-e", type=values.not_negative, metavar="F", help=read_noise)


def microscope(parser: Parser, help: str) -> None:
    parser.add_argument("--microscope", type=Path, metavar="FILE.yaml", help=f"of srredsim calibrate: {help}")


def out_folder(parser: Parser) -> None:
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of the results; left out: beside the input")


def dtype(parser: Parser) -> None:
    parser.add_argument("--dtype", choices=DTYPES, help="of the written image ({default})")


def precision(parser: Parser) -> None:
    help = "{choices}; auto is what this machine computes fastest"
    parser.add_argument("--precision", choices=PRECISIONS, metavar="P", help=help)


def device(parser: Parser) -> None:
    help = "{choices}: where Wiener images are computed, and compared with the frames; auto: on the GPU that JAX sees"
    parser.add_argument("--device", choices=DEVICES, metavar="D", help=help)


def seed(parser: Parser, help: str) -> None:
    parser.add_argument("--seed", type=values.count, metavar="S", help=f"{help} ({{default}})")


def overwrite(parser: Parser, help: str = "replace results that exist") -> None:
    parser.add_argument("--overwrite", action="store_true", help=help)


def stored(parser: Parser) -> None:
    kind = "of the image, {choices}: the first is for ImageJ, the others have smaller copies of large images"
    parser.add_argument("--format", choices=FORMATS, metavar="FORMAT", help=f"{kind} ({{default}})")
    compress = "{choices}: of OME-TIFF and OME-Zarr, without loss ({default})"
    parser.add_argument("--compress", choices=COMPRESS, metavar="HOW", help=compress)


def page(parser: Parser) -> None:
    about = "also a web page about each stack: images to compare, stripes, checks; reports.html over all of a folder"
    parser.add_argument("--report", dest="page", action="store_true", help=about)


def several(parser: Parser) -> None:
    """What is done about results that are there, and about errors nobody thought of."""
    existing = parser.add_mutually_exclusive_group()
    existing.add_argument("--overwrite", action="store_true", help="replace results that exist")
    existing.add_argument("--skip-existing", action="store_true", help="go on without inputs that have their results")
    share = "do every Nth input only, from the Ith on: N processes, or tasks of a cluster, share them"
    parser.add_argument("--shard", type=values.shard, metavar="I/N", help=share)
    parser.add_argument("--debug", action="store_true", help="show the traceback of an unexpected error")


def planes(parser: Parser) -> None:
    """Planes of each input as units of work of their own."""
    kept = (
        "keep each t, c and z when it is done, in a folder beside the result: what was stopped goes on after the last"
        " of them, and --shard shares out the planes of each input (0/N: only begin); see `status` and `merge`"
    )
    parser.add_argument("--by-plane", action="store_true", help=kept)
    dask = "have workers of dask do the planes: local, local:N, slurm:FILE (jobs of SLURM), or a scheduler's address"
    parser.add_argument("--dask", metavar="WHERE", help=dask)


def settings(parser: Parser) -> None:
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="any key of the recipe, a.b=value"
    )


# What was given


def given(arguments, *names: str) -> dict:
    """Those of these arguments that were not left out: of the others, what is called knows what to do."""
    return {name: getattr(arguments, name) for name in names if was_given(arguments, name)}


def record(kind: type[Record], arguments, **names: str) -> Record:
    """A dataclass of the package, such as `srredsim.io.Reading`, from the arguments that its fields are named after.

    ``names`` has the argument of a field that has another name. What was left out is left to the dataclass.
    """
    wanted = {one.name: names.get(one.name, one.name) for one in fields(cast(Any, kind))}
    return kind(**{field: getattr(arguments, name) for field, name in wanted.items() if was_given(arguments, name)})


def was_given(arguments, name: str) -> bool:
    return getattr(arguments, name, None) is not None


def read_and_written(arguments, scene: int | None = None) -> tuple[Any, Any]:
    """`srredsim.io.Reading` and `srredsim.io.Writing`, of one of several images in a file."""
    from srredsim import io

    both = record(io.Reading, arguments), record(io.Writing, arguments)
    return both if scene is None else (replace(both[0], scene=scene), replace(both[1], scene=scene))


def data_set(name_or_folder: str) -> str:
    """A folder by its full path, so that the run can be resumed from anywhere."""
    folder = Path(name_or_folder)
    return str(folder.resolve()) if folder.is_dir() else name_or_folder


def _plain(value) -> str:
    """A value as the user types it."""
    values = value if isinstance(value, (list, tuple)) else [value]
    return " ".join(f"{each:g}" if isinstance(each, float) else str(each) for each in values)
