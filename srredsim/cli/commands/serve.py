"""``srredsim serve``"""

from __future__ import annotations

from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from srredsim import keras_start
from srredsim.cli import arguments as shared
from srredsim.cli import terminal, values
from srredsim.errors import InputError
from srredsim.resources import install

GROUP = "models"
DEFAULTS = ("srredsim.serving.limits:Limits",)
HELP = "serve models to other programs: by TensorFlow Serving, or by a small server of this package"
DESCRIPTION = (
    "Without --local: models are exported where they are not yet, the configuration of TensorFlow Serving is written,"
    " and the command that starts it is printed. With --local: this process answers POST /predict with an image until"
    " it is stopped."
)
NEEDS = ("starlette", "uvicorn")
HOST, PORT = "127.0.0.1", 8500


def add_arguments(parser: shared.Parser) -> None:
    models = "names or folders; with --local also a+b, and the first is that of clients that name none"
    parser.add_argument("models", nargs="+", metavar="MODEL", help=models)
    parser.add_argument("--local", action="store_true", help="answer here, without Docker and TensorFlow Serving")
    host = "address to listen on: others than this machine reach it if it is not {default}"
    parser.add_argument("--host", default=HOST, metavar="ADDRESS", help=host)
    port = "of --local; 0 takes a free one ({default})"
    parser.add_argument("--port", type=values.count, default=PORT, metavar="N", help=port)
    largest = "of --local: largest stack, packed or unpacked, and largest image ({default})"
    parser.add_argument("--max-mib", type=values.above_zero, metavar="F", help=largest)
    waiting = "of --local: stacks that may wait; others are told to come again ({default})"
    parser.add_argument("--waiting", type=values.positive, metavar="N", help=waiting)
    shared.precision(parser)
    engine = "of --local, that computes: openvino, onnxruntime, tensorflow, jax; left out: the first that is here"
    parser.add_argument("--engine", metavar="NAME", help=engine)
    out = "without --local: folder of the exported models ({default})"
    parser.add_argument("--out", type=Path, default=Path("served"), metavar="DIR", help=out)


def run(arguments) -> dict:
    return _here(arguments) if arguments.local else _by_tf_serving(arguments)


def _here(arguments) -> dict:
    if missing := next((package for package in NEEDS if find_spec(package) is None), None):
        raise InputError(f"`local` needs the package {missing}: {install('serve')}")
    from srredsim.serving.limits import Limits
    from srredsim.serving.server import Listening, for_others
    from srredsim.serving.work import Served

    limits = shared.record(Limits, arguments)
    served = Served(arguments.models, limits.largest, **shared.given(arguments, "precision", "engine"))
    listening = Listening(served, arguments.host, arguments.port, limits)
    if for_others(arguments.host):
        terminal.note(
            f"warning: whoever can reach {listening.url} can use it: it asks for no password, and encrypts nothing"
        )
    rows = served.listed()
    for row in rows:
        terminal.note(f"{row['name']} ({row['engine']}, {row['precision']}) takes {row['input']}")
    terminal.note(f"serving on {listening.url}; Ctrl-C ends it")
    with suppress(KeyboardInterrupt):
        listening.run()
    return {"url": listening.url, "models": rows}


def _by_tf_serving(arguments) -> dict:
    from srredsim.serving import tf_serving
    from srredsim.zoo import models

    for name in arguments.models:
        models.find(name)
    keras_start.start()
    from srredsim.workflows.export import export

    out, names = arguments.out, []
    for name in arguments.models:
        model = models.load(name, "float32")
        names.append(model.name)
        if version := tf_serving.latest(out, model.name):
            terminal.note(f"{out / model.name / str(version)} is served; srredsim export writes a newer version")
        else:
            terminal.say(export(model, out))
    config, command = tf_serving.configure(out, names), tf_serving.command(out, arguments.host)
    terminal.say(config, command)
    return {"config": str(config), "models": names, "command": command}
