"""``srredsim benchmark``: every folder of `srredsim.evaluation` is one that it computes."""

from __future__ import annotations

import inspect
from pathlib import Path
from types import ModuleType

from srredsim import keras_start
from srredsim.cli import arguments as shared
from srredsim.cli import terminal, values
from srredsim.errors import InputError

GROUP = "models"
HELP = "all tables of a published benchmark, cell by cell; run again, it goes on"
KIND = "benchmark"
FILES = ("results.json", "tables.md", "tables.csv")


class Benchmark:
    """One of them as a command."""

    DESCRIPTION, DEFAULTS, KIND = "", (), ""  # as a file that leaves them out

    def __init__(self, name: str, module: ModuleType):
        self.name, self._module, self.HELP = name, module, module.HELP

    def add_arguments(self, parser: shared.Parser) -> None:
        data = "folder that prepare made, or simulated data ({default})"
        parser.add_argument("--data", default=self._module.DATA, metavar="NAME|DIR", help=data)
        split = "train, validation or test ({srredsim.evaluation.tables:TEST})"
        parser.add_argument("--split", metavar="S", help=split)
        self._module.add_arguments(parser)
        parser.add_argument("--limit", type=values.positive, metavar="N", help="images at most")
        weights = f"where the weights of a method are; {self._module.WEIGHTS}"
        parser.add_argument("--model", action="append", dest="weights", default=[], metavar="METHOD=DIR", help=weights)
        if self._module.PICTURES:
            pictures = "also draw the first N patches of each cell: LR, bicubic, method, HR, error"
            parser.add_argument("--pictures", type=values.positive, metavar="N", help=pictures)
        share = "compute every Nth cell only, from the Ith on: N processes share them, and the same without joins them"
        parser.add_argument("--shard", type=values.shard, default=(1, 1), metavar="I/N", help=share)
        out = Path(f"benchmark_{self.name.replace('-', '_')}")
        parser.add_argument("--out", type=Path, default=out, metavar="DIR", help="default: {default}")

    def run(self, arguments) -> dict:
        if not arguments.shard[0]:
            raise InputError("`shard` should be I/N with I from 1 to N, as 1/8")
        keras_start.start()
        from srredsim import evaluation
        from srredsim.evaluation.tables import TEST

        weights = dict(_named(text) for text in arguments.weights)
        open_benchmark = evaluation.part(self.name, "cells").open_benchmark
        place = arguments.data, arguments.split or TEST, arguments.out
        opened = open_benchmark(*place, weights=weights, limit=arguments.limit)
        chosen = {name: getattr(arguments, name) for name in inspect.signature(opened.plan).parameters}
        cells, lacking = opened.plan(**chosen)
        for reason in sorted(set(lacking.values())):
            terminal.note(reason)
        if not cells:
            raise InputError("none of these cells can be computed; see above")
        with terminal.progress(self.name) as progress:
            result = opened.run(cells, progress, *([arguments.shard] if arguments.shard[1] > 1 else []))
        for failure in result["failures"]:
            terminal.note(f"{failure['input']}: {failure['error']}")
        if arguments.shard[1] > 1:
            terminal.say(f"{arguments.out}: {len(result['cells'])} cells are there of this share")
            return result
        if result["cells"]:
            self._write(result, lacking, arguments.out)
        if self._module.PICTURES and arguments.pictures:
            done = [cell for cell in cells if cell.key in result["cells"]]
            draw = evaluation.part(self.name, "pictures").draw
            terminal.say(*draw(opened, done, arguments.pictures, arguments.out))
        return result

    def _write(self, result: dict, lacking: dict[str, str], out: Path) -> None:
        """The tables, beside the results and on the terminal."""
        from srredsim import evaluation, io

        tables = evaluation.part(self.name, "tables")
        for name, text in zip(FILES[1:], (tables.report(result, lacking), tables.as_csv(result)), strict=True):
            with io.atomic(out / name, overwrite=True) as temporary:
                temporary.write_text(text, encoding="utf-8")
        terminal.say(tables.preface(result), "", tables.markdown(result), *(out / name for name in FILES))


def members() -> dict[str, Benchmark]:
    """Every benchmark, by its name."""
    from srredsim import evaluation

    return {name: Benchmark(name, evaluation.module(name)) for name in evaluation.names()}


def _named(text: str) -> tuple[str, str]:
    """``rcan=runs/w2s_rcan`` as (method, folder)."""
    name, separator, folder = text.partition("=")
    if not separator or not folder:
        raise InputError(f"`weights` are METHOD=DIR, as rcan=runs/w2s_rcan/1; got {text!r}")
    return name, folder
