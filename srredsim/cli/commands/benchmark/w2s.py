"""``srredsim benchmark w2s``"""

from __future__ import annotations

from pathlib import Path

from srredsim.cli import arguments as shared
from srredsim.cli import terminal
from srredsim.errors import InputError

HELP = "denoising, super-resolution and both together, from widefield to SIM"


def add_arguments(parser: shared.Parser) -> None:
    data = "what prepare w2s made, or simulated"
    parser.add_argument("--data", default="w2s_simulated", metavar="NAME|DIR", help=data)
    parser.add_argument("--split", default="test", metavar="S")
    methods = "chains such as vst_bm3d, dncnn+rcan, jdsr_rrdb, bicubic; left out: all that the paper has"
    parser.add_argument("--methods", nargs="+", default=(), metavar="M", help=methods)
    parser.add_argument("--noise-levels", nargs="+", type=int, choices=(1, 2, 4, 8, 16, 400), default=(), metavar="N")
    parser.add_argument("--limit", type=shared.positive, metavar="N", help="images at most")
    weights = "where the weights of a method are, {level} standing for the noise level; left out: the model w2s_METHOD"
    parser.add_argument("--model", action="append", default=[], metavar="METHOD=DIR", help=weights)
    parser.add_argument("--out", type=Path, default=Path("benchmark_w2s"), metavar="DIR")


def run(arguments) -> dict:
    terminal.start_keras()
    from srredsim import io
    from srredsim.evaluation.w2s import cells as w2s
    from srredsim.evaluation.w2s import tables as w2s_tables

    weights = dict(_named(text) for text in arguments.model)
    out = arguments.out
    bench = w2s.open_benchmark(arguments.data, arguments.split, out, weights=weights, limit=arguments.limit)
    cells, lacking = bench.plan(arguments.methods, arguments.noise_levels)
    for reason in sorted(set(lacking.values())):
        terminal.note(reason)
    if not cells:
        raise InputError("none of these cells can be computed; see above")
    with terminal.progress("W2S") as progress:
        result = bench.run(cells, progress)
    for failure in result["failures"]:
        terminal.note(f"{failure['input']}: {failure['error']}")
    if not result["cells"]:
        return result
    report = w2s_tables.report(result, lacking)
    for name, text in (("tables.md", report), ("tables.csv", w2s_tables.as_csv(result))):
        with io.atomic(out / name, overwrite=True) as temporary:
            temporary.write_text(text, encoding="utf-8")
    terminal.say(w2s_tables.markdown(result), *(out / name for name in ("results.json", "tables.md", "tables.csv")))
    return result


def _named(text: str) -> tuple[str, str]:
    """``rcan=runs/w2s_rcan`` as (method, folder)."""
    name, separator, folder = text.partition("=")
    if not separator or not folder:
        raise InputError(f"`model` takes METHOD=DIR, as rcan=runs/w2s_rcan/1; got {text!r}")
    return name, folder
