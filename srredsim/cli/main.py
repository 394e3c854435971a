"""The command line: each command makes one call, prints what came of it and returns that for ``--json``.

Exit status 0 when all went well; 2 for what the user can mend, with one line on standard error; 1 if one of several
inputs ended in an error that nobody thought of; 3 if another host of a training has ended; 130 when interrupted.
With ``--json``, standard output holds one JSON object and nothing else: what a command prints goes to standard error.
"""

from __future__ import annotations

import _thread
import json
import os
import signal
import sys
import textwrap
import threading
import warnings
from argparse import SUPPRESS, RawDescriptionHelpFormatter
from contextlib import nullcontext, redirect_stdout
from functools import partial
from shutil import get_terminal_size
from types import ModuleType
from typing import Any, NoReturn

from srredsim import __version__
from srredsim.cli import commands, terminal
from srredsim.cli.arguments import Parser
from srredsim.errors import HostLost
from srredsim.members import Members

INTERRUPTED = 130  # exit status
AGAIN_S = 0.1  # after which an interruption that was dropped is told again
GROUPS = ("images", "data", "models", "machine")  # the order in the help; others follow
DESCRIPTION = "From raw structured-illumination stacks to super-resolved images."


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    arguments, unknown = parser().parse_known_args(argv)
    if unknown:
        arguments.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    if arguments.run is None:
        arguments.parser.print_help()
        return 0
    _stop_like_ctrl_c()
    try:
        with terminal.flags_of(arguments.parser), warnings.catch_warnings():
            if not sys.warnoptions:  # NumPy's remarks on overflows and the like are for whoever works on the code
                warnings.simplefilter("ignore", RuntimeWarning)
            return _run(arguments)
    except KeyboardInterrupt:
        terminal.note("interrupted")
        return INTERRUPTED
    except BrokenPipeError:  # nobody reads our output any more, as in `srredsim models | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _stop_like_ctrl_c() -> None:
    """Told to stop, or left by its terminal, a command ends as by Ctrl-C: nothing stays half-written."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:  # nohup ignores the second
            signal.signal(number, signal.default_int_handler)


def _tell_again() -> None:
    """Ctrl-C in the midst of what Python calls by itself, as JAX has it when memory is cleared up, comes once more.

    Python drops every exception there, and the command would go on as if nothing had been asked of it.
    """
    before = sys.unraisablehook

    def dropped(what) -> None:
        if not issubclass(what.exc_type, KeyboardInterrupt):
            return before(what)
        again = threading.Timer(AGAIN_S, _thread.interrupt_main, [signal.SIGTERM])
        again.daemon = True
        again.start()

    sys.unraisablehook = dropped


def command(argv: list[str] | None = None) -> NoReturn:
    """Run one command as a process of its own, which ends with it.

    Where TensorFlow is at work, it ends at once unless all went well: a thread that was about to ask for training data
    waits for Python, and at its end Python waits for the thread. So does an interrupted one, and one of several hosts
    another of which is lost, for which TensorFlow waits.
    """
    _tell_again()
    status = main(argv)
    if status in (INTERRUPTED, HostLost.status) or (status and "tensorflow" in sys.modules):
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
        if "multiprocessing.util" in sys.modules:  # the locks of a pool of processes are files, which go with them
            sys.modules["multiprocessing.util"]._exit_function()
        os._exit(status)
    sys.exit(status)


def parser() -> Parser:
    """``parse_args`` gives a namespace with the ``parser`` of the command that was named and its ``run``.

    ``run`` is None where a command is lacking.
    """
    members = files_of(commands)
    top = Parser(
        prog="srredsim",
        usage="srredsim [-h] [--version] COMMAND ...",
        description=DESCRIPTION,
        epilog=_overview(members),
        formatter_class=RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"srredsim {__version__}")
    top.set_defaults(parser=top, run=None)
    _add(top.add_subparsers(prog="srredsim", metavar="COMMAND", help=SUPPRESS), members, top.commands)
    return top


def files_of(package: ModuleType) -> dict[str, Any]:
    """Every command of a folder, or of a file that has ``members()``, by the name that the user types."""
    if package.members:
        return package.members()
    members = Members("command", package.__name__, list(package.__path__), commands.LEFT_OUT)
    return {name.replace("_", "-"): members.module(name) for name in members.names()}


def _add(subparsers, members: dict[str, Any], every: dict[str, Parser]) -> None:
    """One parser for each file, added to ``every``; a folder gets parsers of its own."""
    for name, module in members.items():
        description = module.DESCRIPTION or f"{module.HELP[0].upper()}{module.HELP[1:]}."
        sub = subparsers.add_parser(name, help=module.HELP, description=description)
        if module.KIND:
            sub.set_defaults(parser=sub, run=None)
            _add(sub.add_subparsers(metavar=module.KIND.upper(), title=f"{module.KIND}s"), files_of(module), every)
        else:
            sub.fill = partial(_fill, module)
            sub.defaults_of, sub.commands = module.DEFAULTS, every
            every[sub.prog.partition(" ")[2]] = sub
            sub.set_defaults(parser=sub, run=module.run)


def _fill(module: Any, sub: Parser) -> None:
    module.add_arguments(sub)
    sub.add_argument("--json", action="store_true", help="one JSON object on standard output, the rest on stderr")


def _overview(members: dict[str, ModuleType]) -> str:
    """The commands with their one line each, in groups."""
    titles = [*GROUPS, *sorted({module.GROUP for module in members.values()} - set(GROUPS))]
    wide, width = get_terminal_size().columns - 2, max(map(len, members)) + 6
    lines = []
    for title in titles:
        lines += ["", f"{title}:"]
        for name, module in members.items():
            if title == module.GROUP:
                start = f"{'    ' + name:<{width}}"
                lines.append(textwrap.fill(module.HELP, wide, initial_indent=start, subsequent_indent=" " * width))
    return "\n".join([*lines[1:], "", "srredsim COMMAND --help says what a command takes."])


def _run(arguments) -> int:
    """Exit status of the command; its result goes to standard output if it is wanted there."""
    try:
        with redirect_stdout(sys.stderr) if arguments.json else nullcontext():
            result = arguments.run(arguments)
        if arguments.json:
            print(json.dumps(result, indent=2))
        if sys.stdout is not None:  # as of a process that was started without one
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except Exception as problem:  # noqa: BLE001  what there are no words for is raised again, with its traceback
        message = terminal.in_words(problem)
        terminal.note(message)
        if arguments.json:
            print(json.dumps({"results": [], "failures": [{"error": message}]}, indent=2))
        return getattr(problem, "status", 2)
    failures = result.get("failures") or []
    return 1 if any("unexpected" in failure for failure in failures) else 2 if failures else 0


if __name__ == "__main__":
    command()
