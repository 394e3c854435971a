"""Inputs of widefield images, plane by plane: what ``denoise`` and ``predict`` share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from srredsim.cli import terminal
from srredsim.cli.several import each


def planewise(arguments, work: Callable[..., dict]) -> dict:
    """Every input through ``work``, which is told what the flags say of the result."""

    def one(path: Path) -> dict:
        with terminal.progress(path.name) as progress:
            report = work(
                path,
                out=arguments.out,
                dtype=arguments.dtype,
                pixel_size_um=arguments.pixel_size_um,
                overwrite=arguments.overwrite,
                progress=progress,
            )
        terminal.say(*report["paths"])
        return report

    return each(arguments.inputs, one, arguments.out)


def through(chain) -> Callable[..., dict]:
    """What takes a file through a chain of models and says what is to be said of it."""
    from srredsim.io import Reading, Writing
    from srredsim.workflows.predict import predict_file

    def work(path: Path, *, out, dtype, pixel_size_um, overwrite, progress) -> dict:
        reading, writing = Reading(pixel_size_um=pixel_size_um), Writing(out, dtype, overwrite)
        report = predict_file(path, chain, reading=reading, writing=writing, progress=progress)
        for note in report["advice"]:
            terminal.note(f"{path}: {note}")
        return report

    return work
