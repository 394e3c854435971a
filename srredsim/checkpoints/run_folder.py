"""Run folders of the SR-CACO-2 archive: what was trained, in ``config_model.yml``, and its weights beside it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

from srredsim import documents
from srredsim.checkpoints import originals
from srredsim.errors import InputError, shown

CONFIGURATION, WEIGHTS = "config_model.yml", Path("best-models") / "G-model.pth"
UNTOLD = {  # network -> setting that its tensors do not tell -> its name in the configuration
    "act": {"heads": "n_heads"},
    "drrn": {"units": "num_residual_units"},
    "grl": {"window": "window_size"},
    "nlsn": {"hashes": "n_hashes", "chunk": "chunk_size"},
    "srfbn": {"steps": "num_steps"},
}


class Run(NamedTuple):
    """A published training."""

    checkpoint: Path
    network: str  # its name here
    given: dict[str, int]  # settings of its network


def read_run(folder: str | Path) -> Run:
    """What a run folder holds.

    Raises
    ------
    InputError
        If the configuration or the weights are missing, or if it is of no network that is known here.
    """
    folder = Path(folder)
    path, checkpoint = folder / CONFIGURATION, folder / WEIGHTS
    for there in (path, checkpoint):
        if not there.is_file():
            missing = there.relative_to(folder).as_posix()
            raise InputError(
                f"{folder} is no run folder of SR-CACO-2: {missing} is missing; give its file, or all of it"
            )
    try:
        configuration = documents.read_yaml(path)
    except ValueError as problem:
        raise InputError(f"{path} is damaged: {problem}") from None
    asked = configuration.get("netG") if isinstance(configuration, dict) else None
    if not isinstance(asked, dict) or not isinstance(asked.get("net_type"), str):
        raise InputError(
            f"{path} names no network (`net_type` in `netG`); give the checkpoint's file and its `network`"
        )
    kind = asked["net_type"]
    network = kind.lower()
    if network not in originals.names():
        known = ", ".join(originals.names())
        raise InputError(f"{path} is of the network {shown(kind)}, which is not known here; there are: {known}")
    prefix = re.sub(r"\W", "_", kind)
    names = {"scale": "upscale"} | UNTOLD.get(network, {})
    found = {setting: asked.get(f"{prefix}_{name}") for setting, name in names.items()}
    if found["scale"] is None:  # srcnn, which is given the enlarged image
        found["scale"] = configuration.get("scale")
    given = {setting: _number(path, setting, value) for setting, value in found.items() if value is not None}
    return Run(checkpoint, network, given)


def _number(path: Path, setting: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise InputError(f"{path}: its {setting} should be a whole number; it is {shown(value)}")
    return value
