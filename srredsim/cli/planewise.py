"""Inputs of widefield images, plane by plane: what ``denoise`` and ``predict`` share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from srredsim.cli import arguments as shared
from srredsim.cli import terminal
from srredsim.cli.several import each


def planewise(arguments, work: Callable[..., dict]) -> dict:
    """Every input through ``work``, which is told what the flags say of the result."""

    def one(path: Path) -> dict:
        with terminal.progress(path.name) as progress:
            report = work(
                path,
                overwrite=arguments.overwrite,
                progress=progress,
                **shared.given(arguments, "out", "dtype", "pixel_size_um"),
            )
        terminal.say(*map(Path, report["paths"]))
        return report

    return each(arguments.inputs, one, arguments.out)


def through(chain) -> Callable[..., dict]:
    """What takes a file through a chain of models and says what is to be said of it."""
    from srredsim.workflows.predict_widefield import predict_image_file

    def work(path: Path, **asked) -> dict:
        report = predict_image_file(path, chain, **asked)
        for note in report["notes"]:
            terminal.note(f"{path}: {note}")
        return report

    return work
