"""TensorFlow Serving of exported models: its configuration, and how it is started."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path

from srredsim import io
from srredsim.errors import InputError, shown

IMAGE = "tensorflow/serving"  # of Docker
CONFIG = "models.config"
GRPC_PORT, REST_PORT = 8500, 8501
REST_TIMEOUT_MS = 600_000  # by itself it gives up after half a minute, which a large stack takes on a CPU
INSIDE = "/models"  # where the folder is in the container


def configure(folder: Path, names: Sequence[str]) -> Path:
    """Write ``models.config`` beside models in ``folder/<name>/<version>/``; one that is there is replaced.

    Raises
    ------
    InputError
        If a model has no version there, or its name cannot stand in an address.
    """
    for name in names:
        if not latest(folder, name):
            raise InputError(f"{folder / name} has no version: export the model first")
        if not all(letter.isalnum() or letter in "_-." for letter in name):
            raise InputError(f"{shown(name)} cannot be served: a name is of letters, digits and any of . _ -")
    entries = "".join(
        f"  config {{\n    name: {json.dumps(name)}\n    base_path: {json.dumps(f'{INSIDE}/{name}')}\n"
        '    model_platform: "tensorflow"\n  }\n'
        for name in names
    )
    with io.atomic(folder / CONFIG, overwrite=True) as unfinished:
        unfinished.write_text(f"model_config_list {{\n{entries}}}\n", encoding="utf-8")
    return folder / CONFIG


def latest(folder: Path, name: str) -> int:
    """The highest version of a model, which is the one that is served; 0 without one."""
    return max((int(path.name) for path in (folder / name).glob("*") if path.name.isdecimal()), default=0)


def command(folder: Path, host: str = "127.0.0.1") -> str:
    """What starts the server with Docker; REST and gRPC can be reached through the address ``host``."""
    ports = [word for port in (GRPC_PORT, REST_PORT) for word in ("-p", f"{host}:{port}:{port}")]
    words = ["docker", "run", "--rm", *ports, "-v", f"{folder.resolve()}:{INSIDE}:ro", IMAGE]
    return shlex.join([*words, f"--model_config_file={INSIDE}/{CONFIG}", f"--rest_api_timeout_in_ms={REST_TIMEOUT_MS}"])
