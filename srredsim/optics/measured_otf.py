"""A measured OTF: its radial curve, read from a file and checked before anything rests on it."""

from __future__ import annotations

import tokenize
from pathlib import Path

import numpy as np

from srredsim import documents
from srredsim.errors import InputError

AT_ZERO = 0.02  # fraction of the cut-off: the lowest frequency may lie so far from 0
AT_END, LOW = 0.05, 0.05  # fraction of the cut-off that the highest may lie before it, where no more than this is left
WITHIN = 0.02  # difference from 1 by which the curve may miss it at 0 without being scaled
NEGATIVE = -0.02  # what noise may leave of nothing
HIGHEST = 1.05  # times the value at 0
COLUMNS = "two columns, frequency in cycles/um and value"


def read_curve(path: str | Path, cutoff_per_um: float) -> tuple[np.ndarray, list[str]]:
    """Radial OTF of a file: text (comma, tab or blanks; lines that begin with # are passed over), JSON or .npy.

    Parameters
    ----------
    cutoff_per_um : float
        ``2 NA / wavelength``: as far as the curve must reach.

    Returns
    -------
    curve : (2, n) ndarray
        Frequencies from 0 on, in cycles/um, and values, 1 at 0.
    notes : list of str
        What was done to it.

    Raises
    ------
    InputError
        If the file cannot be read, or is no OTF of such optics.
    """
    path = Path(path)
    try:
        frequency, value = _columns(path)
        return checked_curve(frequency, value, cutoff_per_um)
    except InputError as problem:
        raise InputError(f"`otf` {path}: {problem}") from None


def checked_curve(frequency: np.ndarray, value: np.ndarray, cutoff_per_um: float) -> tuple[np.ndarray, list[str]]:
    """Radial OTF of two columns, as `read_curve` returns it."""
    if np.iscomplexobj(value):
        raise InputError("complex values; a radial OTF is real: give its magnitude")
    if not (np.all(np.isfinite(frequency)) and np.all(np.isfinite(value))):
        raise InputError("a value is NaN or infinite")
    if np.any(np.diff(frequency) <= 0) or frequency[0] < 0:
        raise InputError("frequencies must rise from line to line, from 0 on")
    if frequency[0] > AT_ZERO * cutoff_per_um:
        raise InputError(f"the lowest frequency is {frequency[0]:g} cycles/um; the curve must begin at 0")
    if not value[0] > 0:
        raise InputError(f"the value at 0 is {value[0]:g}; an OTF is 1 there")
    notes = []
    if abs(value[0] - 1) > WITHIN:
        notes.append(f"the measured OTF was divided by its value at 0, {value[0]:g}")
    value = value / value[0]
    if value.min() < NEGATIVE:
        at = frequency[np.argmin(value)]
        raise InputError(f"{value.min():.3g} of the value at 0, negative, at {at:g} cycles/um: an OTF is 0 or more")
    if value.max() > HIGHEST:
        at = frequency[np.argmax(value)]
        raise InputError(f"{value.max():.3g} times the value at 0 at {at:g} cycles/um: an OTF is largest at 0")
    if (1 - AT_END) * cutoff_per_um <= frequency[-1] < cutoff_per_um and value[-1] <= LOW:
        notes.append(f"the measured OTF ends at {frequency[-1]:g} cycles/um, and goes on to 0 at {cutoff_per_um:.4g}")
        frequency, value = np.append(frequency, cutoff_per_um), np.append(value, 0.0)
    if frequency[-1] < cutoff_per_um:
        raise InputError(
            f"the curve ends at {frequency[-1]:g} cycles/um, but these optics reach {cutoff_per_um:.4g}"
            " (2 NA / wavelength): measure further, add zeros where there is nothing more, or check `na` and"
            " `wavelength_em_um`"
        )
    beyond = float(np.interp(cutoff_per_um, frequency, value))
    if beyond > -NEGATIVE:
        notes.append(f"the measured OTF is still {beyond:.2g} at the cut-off of these optics, and taken as 0 beyond it")
    return np.array([np.concatenate([[0.0], frequency[1:]]), np.maximum(value, 0.0)]), notes


def _columns(path: Path) -> tuple[np.ndarray, np.ndarray]:
    kind = path.suffix.lower()
    documents.regular(path)
    try:
        if kind == ".npy":
            table = np.load(path, allow_pickle=False)
        elif kind == ".json":
            table = np.array(documents.read_json(path))
        else:
            table = np.array(_numbers(path.read_text(encoding="utf-8")))
        if table.dtype.kind not in "iufc":
            raise ValueError("not numbers")
    except FileNotFoundError:
        raise InputError("there is no such file") from None
    except (
        ValueError,
        EOFError,
        SyntaxError,
        tokenize.TokenError,
        OverflowError,
        TypeError,
        RecursionError,
    ) as problem:
        raise InputError(f"cannot be read ({problem}); wanted {COLUMNS}, as text, JSON or .npy") from None
    if table.ndim != 2 or table.shape[1] != 2 or len(table) < 3:
        raise InputError(f"holds {' x '.join(map(str, table.shape))} numbers; wanted {COLUMNS}, and at least 3 lines")
    return table[:, 0].real.astype(float), table[:, 1]


def _numbers(text: str) -> list[list[float]]:
    """Numbers of every line; words in the first line are the names of the columns."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    cells = [line.replace(",", " ").replace(";", " ").split() for line in lines]
    try:
        return [[float(cell) for cell in line] for line in cells]
    except ValueError:
        return [[float(cell) for cell in line] for line in cells[1:]]
