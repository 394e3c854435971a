"""Parameters that were found, as a file for another stack, or for another program; its ending says which.

========  ==================================================================================================
ending    what is in it
========  ==================================================================================================
.yaml     all that `srredsim.stripes.saved` reads: stripes with phases, contrasts and status, optics, lens
.xml      as fairSIM lays out its settings: wave vectors, optics; of one channel
.cfg      as a configuration of cudasirecon: directions, one line spacing, NA, pixel; of one channel
========  ==================================================================================================

``.yml`` is ``.yaml``, ``.txt`` is ``.cfg``. Units and signs of the last two are those of `srredsim.stripes.settings`,
which reads them back as they were, but for the line spacing of a ``.cfg``, which is the mean of all angles.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import yaml

from srredsim.acquisition import numbers
from srredsim.errors import InputError

HEAD = """\
# Stripes and lens as srredsim reconstruct has found them: `parameters` of another stack of the same microscope.
# k0_per_um: (ky, kx) of the first order in cycles/um, y down; direction from x towards +y. phases_rad: first order,
# each frame, at the centre of raw pixel (0, 0). Where the pixel size is not known, lengths are in raw pixels.
"""
KEPT = ("pattern", "optics", "cutoffs")  # of a report, beside its channels
KEPT_OF_CHANNEL = ("channel", "angles", "otf")
AT_ONCE = ("angles_at_once",)  # of a hexagonal pattern


def check(path: str | Path, channels: int, pixel_size_um: float | None) -> None:
    """Whether a file of this name can hold what will be found.

    Raises
    ------
    InputError
        If nothing ends so, or if that layout has no place for so many channels or needs a pixel size.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in WRITERS:
        raise InputError(
            f"{path}: the ending of a file of parameters says how it is written, .yaml as our own, .xml as settings of"
            " fairSIM, .cfg or .txt as a configuration of cudasirecon"
        )
    if suffix in OWN:
        return
    if channels > 1:
        raise InputError(
            f"{path}: parameters in such a file are of one channel, this stack has {channels}; .yaml holds all"
        )
    if pixel_size_um is None:
        raise InputError(
            f"{path}: parameters in such a file are in um, and the pixel size is not known; give `pixel_size_um`,"
            " or write .yaml"
        )


def text_of(report: dict[str, Any], path: str | Path, side: int) -> str:
    """Text of a file of this name.

    Parameters
    ----------
    report : dict
        What `srredsim.workflows.reconstruct` has found, as in ``<stem>_wiener.json``.
    side : int
        Raw pixels of the longer side of the frames: fairSIM counts shifts in pixels of a transform of that size.

    Raises
    ------
    InputError
        As `check`, or if the layout cannot say that angles failed, or that frames show several angles at once, as those
        of a hexagonal pattern.
    """
    channels, suffix = report["channels"], Path(path).suffix.lower()
    check(path, len(channels), report["optics"]["pixel_size_um"])
    if suffix not in OWN and not report["pattern"].startswith(f"{len(channels[0]['angles'])} angle"):
        raise InputError(f"{path} is not written: only .yaml can say that frames show several directions at once")
    failed = [str(n) for n, angle in enumerate(channels[0]["angles"], start=1) if angle["status"] == "failed"]
    if failed and suffix not in OWN:
        raise InputError(
            f"{path} is not written: no stripes were found in angle {', '.join(failed)}, which only .yaml can say"
        )
    return WRITERS[suffix](report, side)


def _own(report: dict[str, Any], side: int) -> str:
    kept = {name: report[name] for name in KEPT}
    kept["channels"] = [
        {name: channel[name] for name in (*KEPT_OF_CHANNEL, *AT_ONCE) if name in channel}
        for channel in report["channels"]
    ]
    return HEAD + yaml.safe_dump(_plain(kept), sort_keys=False, default_flow_style=None, width=110)


def _fairsim(report: dict[str, Any], side: int) -> str:
    optics, angles = report["optics"], report["channels"][0]["angles"]
    um, orders = optics["pixel_size_um"], len(angles[0]["orders"])
    shifts = [side * um * orders * np.array([kx, -ky]) for ky, kx in (angle["k0_per_um"] for angle in angles)]
    of_lens = [_element("NA", optics["na"])] if optics["na"] else []
    if optics["wavelength_em_um"]:
        of_lens.append(_element("emission", _nm(optics)))
    directions = [
        [f"<dir-{n}>", _element("shift", *map(float, shift)), f"</dir-{n}>"] for n, shift in enumerate(shifts)
    ]
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<fairsim>",
        f"<!-- {escape(report['pattern'])}; shift: (x, y up) of the highest order, in pixels of the transform -->",
        *(["<otf2d>", *of_lens, "</otf2d>"] if of_lens else []),
        "<sim-param>",
        _element("nr-bands", 1 + orders),
        _element("nr-angles", len(angles)),
        _element("nr-phases", len(angles[0]["phases_rad"])),
        _element("microns-per-pxl", um),
        _element("img-size-pxl", side),
        *(line for direction in directions for line in direction),
        "</sim-param>",
        "</fairsim>",
    ]
    return "\n".join(lines) + "\n"


def _cudasirecon(report: dict[str, Any], side: int) -> str:
    optics, angles = report["optics"], report["channels"][0]["angles"]
    k0, phases = np.array([angle["k0_per_um"] for angle in angles]), len(angles[0]["phases_rad"])
    highest = (phases - 1) // 2  # orders that so many phases tell apart: the program takes all of them
    spacing_um = 1 / (highest * float(np.mean(np.hypot(*k0.T))))
    lines = [
        "# directions of the wave vectors in rad, from x towards y, down as the rows of a TIFF",
        f"k0angles={','.join(repr(float(one)) for one in np.arctan2(*k0.T))}",
        f"# line spacing of order {highest} in um, the mean of all angles",
        f"ls={spacing_um!r}",
        f"ndirs={len(angles)}",
        f"nphases={phases}",
        *([f"na={float(optics['na'])!r}"] if optics["na"] else []),
        "# raw pixel in um",
        f"xyres={float(optics['pixel_size_um'])!r}",
        *([f"# emission of {numbers(_nm(optics))} nm"] if optics["wavelength_em_um"] else []),
    ]
    return "\n".join(lines) + "\n"


OWN = (".yaml", ".yml")
WRITERS: dict[str, Callable[[dict[str, Any], int], str]] = {
    ".yaml": _own,
    ".yml": _own,
    ".xml": _fairsim,
    ".cfg": _cudasirecon,
    ".txt": _cudasirecon,
}


def _nm(optics: dict[str, Any]) -> int | float:
    nm = round(1000 * float(np.ravel(optics["wavelength_em_um"])[0]), 9)
    return int(nm) if nm.is_integer() else nm


def _element(name: str, *values: float) -> str:
    kind = "int" if all(isinstance(value, int) for value in values) else "decimal"
    return f'<{name} type="{kind}"> {" ".join(map(repr, values))} </{name}>'


def _plain(value: Any) -> Any:
    """The same of YAML's own types."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return float(value) if isinstance(value, float) else value  # NumPy's are floats, too
