"""The command line: each command makes one call, prints what came of it and returns that for ``--json``.

Exit status 0 when all went well; 2 for what the user can mend, with one line on standard error; 130 when interrupted.
With ``--json``, standard output holds one JSON object and nothing else: what a command prints goes to standard error.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout, suppress
from functools import cache
from pathlib import Path

from srredsim.cli.arguments import parser
from srredsim.errors import InputError

NO_MODELS = "there are no models"
NO_SPACE = {errno.ENOSPC, errno.EDQUOT}
OF_RAW_STACKS = {  # what `predict` is not told of a widefield image
    "order": "--order",
    "angles": "--angles",
    "phases": "--phases",
    "trailing_widefield": "--trailing-widefield",
    "na": "--na",
    "wavelength_em_um": "--wavelength-em-um",
}
NO_ACCESS = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST}


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    arguments = parser().parse_args(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # told to stop is like Ctrl-C: nothing stays half-written
    try:
        with redirect_stdout(sys.stderr) if arguments.json else nullcontext():
            result = COMMANDS[arguments.command](arguments)
        if arguments.json:
            print(json.dumps(result, indent=2))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _complain("interrupted", status=130)
    except BrokenPipeError:  # nobody reads our output any more, as in `srredsim models | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (InputError, MemoryError, OSError) as problem:
        return _complain(_in_words(problem))
    return 2 if result.get("failures") else 0


def train() -> None:
    sys.exit(main(["train", *sys.argv[1:]]))


def predict() -> None:
    sys.exit(main(["predict", *sys.argv[1:]]))


# The commands


def _train(arguments) -> dict:
    from srredsim.training import runs
    from srredsim.zoo import recipe

    if not arguments.model and not (arguments.resume and arguments.out):
        raise InputError("--model is missing: the name of a model (srredsim models lists them) or a recipe.yaml")
    folder = arguments.out
    if arguments.resume:  # a run goes on with the recipe that it was started with
        folder = runs.find(arguments.out, arguments.model and recipe.load(arguments.model).name)
    chosen = recipe.load(folder if arguments.resume else arguments.model, _overrides(arguments))

    _start_keras()
    from srredsim.training.fit import train

    run = train(chosen, out=folder, gpus=arguments.gpus, resume=arguments.resume)
    print(run)
    return {"run": str(run)}


def _predict(arguments) -> dict:
    _start_keras()
    from srredsim import io
    from srredsim.workflows import predict as prediction
    from srredsim.workflows import predict_widefield as widefield
    from srredsim.zoo import models

    load = cache(lambda name: models.load(name, arguments.precision))
    if arguments.model:  # a wrong model stops the run before the first file
        if widefield.is_chain(arguments.model):
            return _predict_widefield(arguments)
        load(arguments.model)
    reading = _reading(arguments)

    def work(path: Path) -> dict:
        name = arguments.model
        if not name:
            stack = io.read(path, **reading)
            optics = stack.optics.given(na=arguments.na, wavelength_em_um=arguments.wavelength_em_um)
            name = models.fitting(stack.pattern, optics)
            angles, phases = stack.pattern.angles, stack.pattern.phases
            _note(f"{path}: {angles} angles x {phases} phases, taking the model {name}")
        with _progress(path.name) as progress:
            report = prediction.predict_file(
                path,
                load(name),
                na=arguments.na,
                wavelength_em_um=arguments.wavelength_em_um,
                out=arguments.out,
                tile=arguments.tile,
                dtype=arguments.dtype,
                consistency=arguments.consistency,
                overwrite=arguments.overwrite,
                progress=progress,
                **reading,
            )
        if report["stripes"]:
            _note(f"{path}: {'; '.join(report['stripes'])}")
        print(*report["paths"], sep="\n")
        _say_consistency(path, report)
        return report

    return _each(arguments.inputs, work, arguments.out)


def _predict_widefield(arguments) -> dict:
    from srredsim.workflows.predict_widefield import Chain

    if flag := next((flag for name, flag in OF_RAW_STACKS.items() if getattr(arguments, name)), None):
        raise InputError(f"{flag} is for raw stacks; the model {arguments.model} takes widefield images")
    return _planewise(arguments, _through(Chain(arguments.model, arguments.precision, arguments.tile)))


def _through(chain) -> Callable[..., dict]:
    """What takes a file through a chain of models and says what is to be said of it."""
    from srredsim.workflows.predict_widefield import predict_image_file

    def work(path: Path, **asked) -> dict:
        report = predict_image_file(path, chain, **asked)
        for note in report["notes"]:
            _note(f"{path}: {note}")
        return report

    return work


def _planewise(arguments, work: Callable[..., dict]) -> dict:
    """Every input through ``work``, which is told what the flags say of the result."""

    def one(path: Path) -> dict:
        with _progress(path.name) as progress:
            report = work(
                path,
                out=arguments.out,
                dtype=arguments.dtype,
                pixel_size_um=arguments.pixel_size_um,
                overwrite=arguments.overwrite,
                progress=progress,
            )
        print(*report["paths"], sep="\n")
        return report

    return _each(arguments.inputs, one, arguments.out)


def _say_consistency(path: Path, report: dict) -> None:
    """How far the frames support the image; or what to give, so that it can be said."""
    if report["consistency"]:
        print(f"consistency: {report['consistency']['line']}")
    for note in report["notes"]:
        if note.startswith("not compared") and "give --" in note:
            _note(f"{path}: {note}")


def _denoise(arguments) -> dict:
    from srredsim.denoising.methods import METHODS

    classical = arguments.method in METHODS
    for flag, kept, where in (("noise", classical, METHODS), ("prior", arguments.method == "vst_epll", ["vst_epll"])):
        if getattr(arguments, flag) and not kept:
            raise InputError(f"--{flag} is for --method {' or '.join(where)}; {arguments.method} does not take it")
    if classical and arguments.model:
        raise InputError(f"--model is for the networks dncnn, memnet and ridnet; {arguments.method} has none")
    return _planewise(arguments, _denoise_by_maths(arguments) if classical else _denoise_by_network(arguments))


def _denoise_by_maths(arguments) -> Callable[..., dict]:
    from srredsim.workflows import denoise as files

    def work(path: Path, **asked) -> dict:
        report = files.denoise_file(path, arguments.method, noise=arguments.noise, prior=arguments.prior, **asked)
        print(path, *(f"  {line}" for line in files.lines(report)), sep="\n")
        return report

    return work


def _denoise_by_network(arguments) -> Callable[..., dict]:
    _start_keras()
    from srredsim.workflows.predict_widefield import Chain

    chain = Chain(arguments.model or f"w2s_{arguments.method}")
    if chain.scale != 1:
        raise InputError(f"{chain.name} makes {chain.scale}x the pixels: srredsim predict --model takes it")
    return _through(chain)


def _reconstruct(arguments) -> dict:
    from srredsim.quality.report import lines
    from srredsim.workflows import reconstruct as files

    def work(path: Path) -> dict:
        with _progress(path.name) as progress:
            report = files.reconstruct_file(
                path,
                na=arguments.na,
                wavelength_em_um=arguments.wavelength_em_um,
                wiener=arguments.wiener,
                attenuation=arguments.attenuation,
                method=arguments.method,
                iterations=arguments.iterations,
                parameters=arguments.parameters,
                k0_per_um=arguments.k,
                steps_rad=arguments.phase_steps,
                otf=arguments.otf,
                otf_damping=arguments.otf_damping,
                split_photons=arguments.split_photons,
                out=arguments.out,
                overwrite=arguments.overwrite,
                progress=progress,
                **_reading(arguments),
            )
        print(path, *(f"  {line}" for line in lines(report)), *report["paths"], sep="\n")
        for channel in report["channels"]:
            if any(angle["status"] != "measured" for angle in channel["angles"]) or len(channel["angles"]) == 1:
                _note(f"{path}: warning: {channel['verdict']}")
        return report

    return _each(arguments.inputs, work, arguments.out)


def _inspect(arguments) -> dict:
    from srredsim import inspection, io

    def work(path: Path) -> dict:
        stack = inspection.with_optics(io.read(path, **_reading(arguments)), arguments.na, arguments.wavelength_em_um)
        others = io.alternatives(stack, trailing_widefield=arguments.trailing_widefield)
        picture = (arguments.out or path.parent) / f"{path.stem}_inspect.png"
        with io.atomic(picture, arguments.overwrite) as temporary:
            report = inspection.inspect(stack, others)
            inspection.picture(stack, temporary, report)
        _print_coloured([str(path), *(f"  {line}".rstrip() for line in inspection.lines(report)), str(picture)])
        return {"input": str(path), **report, "picture": str(picture)}

    return _each(arguments.inputs, work, arguments.out)


def _reference(arguments) -> dict:
    from srredsim.workflows import reference

    names = "low light photons gain_adu offset_adu read_noise_e na wavelength_em_um wiener validation accept_incomplete"
    asked = {name: getattr(arguments, name) for name in (*names.split(), "seed", "overwrite", "out")}
    pairs = reference.Reference(reading=_reading(arguments), **asked)

    def work(path: Path) -> dict:
        with _progress(path.name) as progress:
            report = pairs.add(path, progress)
        paths = [name for pair in report["pairs"] for name in pair["paths"][:2]]
        print(path, *(f"  {line}" for line in reference.lines(report)), *paths, sep="\n")
        return report

    result = _each(arguments.inputs, work, arguments.out)
    if pairs.taken == 1 and arguments.validation:
        _note("one stack only: none was held back for validation")
    return result


def _simulate(arguments) -> dict:
    if arguments.w2s:
        return _simulate_w2s(arguments)
    from srredsim.workflows.simulate import simulate

    with _progress("simulating") as progress:
        paths = simulate(
            arguments.out,
            count=arguments.count,
            seed=arguments.seed,
            angles=arguments.angles,
            phases=arguments.phases,
            photons=tuple(arguments.photons),
            size=arguments.size or 128,
            progress=progress,
        )
    print(*paths, sep="\n")
    return {"paths": [str(path) for path in paths]}


def _simulate_w2s(arguments) -> dict:
    from srredsim.data.w2s.archive import simulate_archive

    if (arguments.angles, arguments.phases, tuple(arguments.photons)) != (3, 5, (20.0, 5000.0)):
        raise InputError("--w2s has 3 angles, 5 phases and a light of its own; leave out --angles, --phases, --photons")
    with _progress("simulating") as progress:
        paths = simulate_archive(
            arguments.out, arguments.count, seed=arguments.seed, size=arguments.size or 512, progress=progress
        )
    print(*paths, sep="\n")
    return {"paths": [str(path) for path in paths]}


def _prepare(arguments) -> dict:
    from srredsim.data.w2s import prepare

    settings = prepare.Settings(_zscore(arguments.zscore), arguments.sim_zscore, arguments.sim_order, arguments.raw_sim)
    with _progress(arguments.raw.name) as progress:
        report = prepare.prepare(
            arguments.raw,
            arguments.out,
            settings,
            skip_incomplete=arguments.skip_incomplete,
            limit=arguments.limit,
            overwrite=arguments.overwrite,
            progress=progress,
        )
    print(report["path"], *(f"  {line}" for line in prepare.lines(report)), sep="\n")
    return report


def _zscore(words: list[str]) -> str | tuple[float, float]:
    """``published``, ``own``, or mean and standard deviation."""
    if len(words) == 1:
        return words[0]
    try:
        mean, std = map(float, words)
    except ValueError:
        raise InputError(f"--zscore is published, own, or MEAN STD; got {' '.join(words)}") from None
    return mean, std


def _analyse(arguments) -> dict:
    return {"noise": _analyse_noise, "kernel": _analyse_kernel}[arguments.measure](arguments)


def _analyse_noise(arguments) -> dict:
    from srredsim import io
    from srredsim.analysis import noise

    with _progress("noise") as progress:
        report = noise.analyse(io.find(arguments.images), arguments.limits, arguments.repeats, progress)
    for failure in report["failures"]:
        _complain(f"{failure['input']}: {failure['error']}")
    return _analysed("noise", arguments, report, noise.lines(report))


def _analyse_kernel(arguments) -> dict:
    from srredsim import io
    from srredsim.analysis import kernel

    asked = {name: getattr(arguments, name) for name in ("regularisation", "unit", "width", "upscale")}
    with _progress("kernel") as progress:
        lr, hr = ([path for one in given for path in io.find([one])] for given in (arguments.lr, arguments.hr))
        report = kernel.analyse(lr, hr, progress=progress, **asked)  # a file given twice is in two pairs
    return _analysed("kernel", arguments, report, kernel.lines(report))


def _analysed(name: str, arguments, report: dict, lines: list[str]) -> dict:
    """Print what was measured and, into ``--out``, write it with its picture."""
    from srredsim import io
    from srredsim.analysis import picture

    print(*lines, sep="\n")
    if arguments.out:
        table, image = arguments.out / f"{name}.json", arguments.out / f"{name}.png"
        with io.atomic(table, arguments.overwrite) as new_table, io.atomic(image, arguments.overwrite) as new_image:
            new_table.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
            getattr(picture, name)(report, new_image)
        report = report | {"paths": [str(table), str(image)]}
        print(table, image, sep="\n")
    return report


def _evaluate(arguments) -> dict:
    _start_keras()
    from srredsim import io
    from srredsim.evaluation import tables
    from srredsim.evaluation.benchmark import evaluate
    from srredsim.zoo import models

    model = models.load(arguments.model)
    with io.atomic(arguments.out, arguments.overwrite) as temporary, _progress("evaluating") as progress:
        result = evaluate(model, arguments.data, arguments.split, progress, arguments.pattern)
        temporary.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(tables.text(result), tables.definitions(result), arguments.out, sep="\n")
    return result


def _benchmark(arguments) -> dict:
    _start_keras()
    from srredsim import io
    from srredsim.evaluation.w2s import cells as w2s
    from srredsim.evaluation.w2s import tables as w2s_tables

    weights = dict(_named(text) for text in arguments.model)
    out = arguments.out
    bench = w2s.open_benchmark(arguments.data, arguments.split, out, weights=weights, limit=arguments.limit)
    cells, lacking = bench.plan(arguments.methods, arguments.noise_levels)
    for reason in sorted(set(lacking.values())):
        _note(reason)
    if not cells:
        raise InputError("none of these cells can be computed; see above")
    with _progress("W2S") as progress:
        result = bench.run(cells, progress)
    for failure in result["failures"]:
        _note(f"{failure['input']}: {failure['error']}")
    if not result["cells"]:
        return result
    report = w2s_tables.report(result, lacking)
    for name, text in (("tables.md", report), ("tables.csv", w2s_tables.as_csv(result))):
        with io.atomic(out / name, overwrite=True) as temporary:
            temporary.write_text(text, encoding="utf-8")
    print(w2s_tables.markdown(result), *(out / name for name in ("results.json", "tables.md", "tables.csv")), sep="\n")
    return result


def _named(text: str) -> tuple[str, str]:
    """``rcan=runs/w2s_rcan`` as (method, folder)."""
    name, separator, folder = text.partition("=")
    if not separator or not folder:
        raise InputError(f"--model takes METHOD=DIR, as rcan=runs/w2s_rcan/1; got {text!r}")
    return name, folder


def _export(arguments) -> dict:
    _start_keras()
    from srredsim.workflows.export import export
    from srredsim.zoo import models

    path = export(models.load(arguments.model, "float32"), arguments.out, arguments.format)
    print(path)
    return {"path": str(path)}


def _import_weights(arguments) -> dict:
    _start_keras()
    from srredsim.workflows.import_weights import import_weights

    recipe = _recipe_of_checkpoint(arguments)
    report = import_weights(arguments.checkpoint, arguments.network, arguments.out, arguments.overwrite, recipe)
    settings = ", ".join(f"{name} {value}" for name, value in report["settings"].items())
    print(f"{report['network']}: {settings}; {report['parameters']:,} parameters")
    if report["dead"]:
        print(f"left out: {len(report['dead'])} tensors without effect on the image")
    print(report["path"])
    return report


def _recipe_of_checkpoint(arguments):
    """The recipe that was named; z-scores that it lacks are those of the data set that was named."""
    from dataclasses import replace

    from srredsim import inputs
    from srredsim.zoo import recipe

    if not arguments.recipe:
        if arguments.data or arguments.set:
            raise InputError("--data and --set are for the recipe of the checkpoint; give --recipe NAME, too")
        return None
    data = [f"data.name={json.dumps(_data_set(arguments.data))}"] if arguments.data else []
    chosen = recipe.load(arguments.recipe, data + arguments.set)
    known = inputs.module(chosen.data.input).with_constants(chosen).data if data else chosen.data
    zscores = {key: getattr(chosen.data, key) or getattr(known, key) for key in ("zscore", "sim_zscore")}
    return replace(chosen, data=replace(chosen.data, **zscores))


def _models(arguments) -> dict:
    from srredsim.zoo import models

    rows = models.describe()
    trained = [row for row in rows if row["trained"]]
    untrained = [row for row in rows if not row["trained"]] + [
        row | {"name": f"{row['name']}/{variant}", "variants": []} for row in trained for variant in row["variants"]
    ]
    lists = {
        "": [_model_row(row) | {"results": _psnr(row["results"])} for row in trained],
        "without weights, to be trained with srredsim train --model NAME or NAME/VARIANT:": [
            _model_row(row) | {"variants": ", ".join(row["variants"]) or None} for row in untrained
        ],
    }
    print("\n\n".join(f"{title}\n{_table(table)}".lstrip() for title, table in lists.items() if table) or NO_MODELS)
    return {"models": rows}


def _model_row(row: dict) -> dict:
    return {name: row[name] for name in ("name", "network", "input")} | {"patterns": ", ".join(row["patterns"]) or None}


def _doctor(arguments) -> dict:
    with suppress(InputError):  # the doctor says what is wrong with Keras
        _start_keras()
    from srredsim.cli import doctor

    report = doctor.examine()
    print(*doctor.lines(report), sep="\n")
    return report


COMMANDS = {
    "train": _train,
    "predict": _predict,
    "denoise": _denoise,
    "reconstruct": _reconstruct,
    "inspect": _inspect,
    "reference": _reference,
    "simulate": _simulate,
    "prepare": _prepare,
    "analyse": _analyse,
    "evaluate": _evaluate,
    "benchmark": _benchmark,
    "export": _export,
    "import-weights": _import_weights,
    "models": _models,
    "doctor": _doctor,
}


def _overrides(arguments) -> list[str]:
    """The flags of ``train`` that stand for a key of the recipe, then ``--set``, which has the last word."""
    keys = {
        "data.name": arguments.data and json.dumps(_data_set(arguments.data)),
        "epochs": arguments.epochs,
        "steps": arguments.steps,
        "data.batch": arguments.batch,
        "precision": arguments.precision,
        "seed": arguments.seed,
        "vgg_weights": arguments.vgg_weights and json.dumps(str(arguments.vgg_weights.resolve())),
    }
    return [f"{key}={value}" for key, value in keys.items() if value is not None] + arguments.set


def _data_set(name_or_folder: str) -> str:
    """A folder by its full path, so that the run can be resumed from anywhere."""
    folder = Path(name_or_folder)
    return str(folder.resolve()) if folder.is_dir() else name_or_folder


def _reading(arguments) -> dict:
    """How to read a raw stack, as far as it was said."""
    names = "order", "angles", "phases", "trailing_widefield", "pixel_size_um"
    return {name: getattr(arguments, name) for name in names}


# Several inputs, one after the other


def _each(inputs: list[Path], work: Callable[[Path], dict], out: Path | None) -> dict:
    """The reports of the inputs that went well, and the reasons of those that did not."""
    results, failures, claimed = [], [], {}
    for path in _found(inputs, failures):
        try:
            _claim(claimed, path, out)
            results.append(work(path))
        except (InputError, MemoryError, OSError) as problem:
            _fail(failures, path, problem)
    total = len(results) + len(failures)
    if failures and total > 1:
        _note(f"{len(failures)} of {total} inputs failed")
    return {"results": results, "failures": failures}


def _found(inputs: list[Path], failures: list[dict]) -> Iterator[Path]:
    from srredsim import io

    seen = set()
    for given in inputs:
        try:
            paths = io.find([given])
        except (InputError, OSError) as problem:
            _fail(failures, given, problem)
            continue
        yield from (path for path in paths if path not in seen)
        seen.update(paths)


def _claim(claimed: dict[Path, Path], path: Path, out: Path | None) -> None:
    """Two inputs of one call may not write the same result, not even with ``--overwrite``."""
    result = (out or path.parent) / path.stem
    if result in claimed:
        raise InputError(f"its result would have the name of that of {claimed[result]}; give each its own --out")
    claimed[result] = path


def _fail(failures: list[dict], path: Path, problem: Exception) -> None:
    message = _in_words(problem)
    failures.append({"input": str(path), "error": message})
    _complain(message if message.startswith(f"{path} ") else f"{path}: {message}")


# What goes to the terminal


def _start_keras() -> None:
    """Import Keras without the page of remarks that TensorFlow writes to standard error before it can be told not to.

    They are there again with TF_CPP_MIN_LOG_LEVEL=0.
    """
    told = "TF_CPP_MIN_LOG_LEVEL" in os.environ
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with nullcontext() if told else _no_standard_error():
            import keras  # noqa: F401
    except (ImportError, ValueError) as problem:
        raise InputError(f"Keras cannot start: {problem}; see srredsim doctor") from None


@contextmanager
def _no_standard_error() -> Iterator[None]:
    """Nothing at all is written to standard error, not even by libraries."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _note(line: str) -> None:
    print(f"srredsim: {line}", file=sys.stderr)


def _complain(line: str, status: int = 2) -> int:
    _note(line)
    return status


def _in_words(problem: Exception) -> str:
    """One line about what the user can mend; any other problem is ours and keeps its traceback."""
    if isinstance(problem, InputError):
        return " ".join(str(problem).split())
    if isinstance(problem, MemoryError):
        return "there is not enough memory for this; try a smaller --tile, --batch or --size"
    if problem.errno in NO_SPACE | NO_ACCESS:
        return f"{problem.filename}: {problem.strerror}" if problem.filename else str(problem.strerror)
    raise problem


@contextmanager
def _progress(title: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error, gone when the work is done; call it with how much is done, and of how much."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, redirect_stdout=False, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _print_coloured(lines: list[str]) -> None:
    """Verdicts in colour where somebody looks; plain lines elsewhere."""
    from rich.console import Console
    from rich.text import Text

    console = Console(soft_wrap=True, highlight=False)
    for line in lines:
        text = Text(line)
        for word, style in (("good", "green"), ("doubtful", "yellow"), ("bad", "bold red")):
            text.highlight_regex(rf"(?<=  ){word}(?=  )", style)
        console.print(text)


def _table(rows: list[dict]) -> str:
    """Columns of text, as wide as their widest cell."""
    cells = [[name.replace("_", " ") for name in rows[0]]] + [[_cell(value) for value in row.values()] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in cells)


def _psnr(results: dict | None) -> str | None:
    """``PSNR in dB (of the best baseline): 27.3 (21.0) 3x5 at 20 photons, 30.1 (21.4) 3x5 at 100 photons``"""
    if results is None:
        return None
    if "cells" in results:
        return _psnr_at_levels(results)
    scores = []
    for group in results["groups"]:
        psnr = {method: score["psnr"]["mean"] for method, score in group["methods"].items()}
        model = psnr.pop(results["model"])
        level = f" at {group['photons']:g} photons" if isinstance(group["photons"], int | float) else ""
        scores.append(f"{model:.1f} ({max(psnr.values()):.1f}) {group['pattern']}{level}")
    return f"PSNR in dB (of the best baseline): {', '.join(scores)}"


def _psnr_at_levels(results: dict) -> str:
    """``PSNR in dB (of the best baseline): 34.9 (34.7) avg1, 42.9 (42.8) avg16``"""
    levels: dict[int, dict[str, float]] = {}
    for cell in results["cells"].values():
        levels.setdefault(cell["noise_level"], {})[cell["chain"]] = cell["psnr_fitted"]["mean"]
    scores = []
    for level, psnr in levels.items():
        model = psnr.pop(results["model"])
        scores.append(f"{model:.1f} ({max(psnr.values()):.1f}) avg{level}")
    return f"PSNR in dB (of the best baseline): {', '.join(scores)}"


def _cell(value) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


if __name__ == "__main__":
    sys.exit(main())
