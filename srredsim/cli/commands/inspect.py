"""``srredsim inspect``"""

from __future__ import annotations

from pathlib import Path

from srredsim.cli import arguments as shared
from srredsim.cli import terminal
from srredsim.cli.several import each

GROUP = "images"
HELP = "say what a file is, whether its frames are good, and what to change"


def add_arguments(parser: shared.Parser) -> None:
    shared.stacks(parser)
    shared.out_folder(parser)
    shared.optics(parser, "left out: the file says; needed to find the stripes")
    shared.overwrite(parser)


def run(arguments) -> dict:
    from srredsim import inspection, io

    def work(path: Path) -> dict:
        stack = io.read(path, **shared.reading(arguments))
        stack = inspection.with_optics(stack, arguments.na, arguments.wavelength_em_um)
        others = io.alternatives(stack, trailing_widefield=arguments.trailing_widefield)
        picture = (arguments.out or path.parent) / f"{path.stem}_inspect.png"
        with io.atomic(picture, arguments.overwrite) as temporary:
            report = inspection.inspect(stack, others)
            inspection.picture(stack, temporary, report)
        terminal.say_coloured([str(path), *(f"  {line}".rstrip() for line in inspection.lines(report)), str(picture)])
        return {"input": str(path), **report, "picture": str(picture)}

    return each(arguments.inputs, work, arguments.out)
