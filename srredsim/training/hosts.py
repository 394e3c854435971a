"""The hosts that train one model together, as SLURM or TF_CONFIG tells each of them, and how they find each other.

A host is a process with an address and all the GPUs that it sees; the first one is the chief, which alone writes the
folder of the run.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import socket
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from srredsim.errors import InputError, shown

WAIT_S = 300.0  # for all hosts to be there
RETRY_S = 0.5  # between attempts to reach the chief
PORTS = range(12_000, 32_000, 16)  # the first of a job's; below those that systems hand out by themselves
GREETING = "srredsim host {} of {}\n"
BEGIN = b"begin\n"
MANY = 100_000  # more nodes than any cluster has
NODES = re.compile(r"(?:[\w.-]|\[[\d,-]+\])+(?:,(?:[\w.-]|\[[\d,-]+\])+)*", re.ASCII)
HOW = "srun, as docs/cluster.md has it"


@dataclass(frozen=True)
class Hosts:
    """Addresses (``name:port``) of the hosts in their order, and the ``index`` of this one."""

    addresses: tuple[str, ...]
    index: int

    @property
    def count(self) -> int:
        return len(self.addresses)

    @property
    def chief(self) -> bool:
        """Whether this is the host that writes the folder of the run."""
        return self.index == 0

    def share(self, count: int) -> slice:
        """The part of ``count`` images that this host sees; the parts of all hosts are equal, and are all."""
        own = count // self.count
        return slice(self.index * own, (self.index + 1) * own)

    def name(self, index: int) -> str:
        return f"host {index + 1} of {self.count} ({self.addresses[index]})"


def of_environment(count: int, environment: Mapping[str, str] = os.environ) -> Hosts | None:
    """The hosts that TF_CONFIG or, without it, SLURM tells of; None if ``count`` is 1: this one alone.

    Raises
    ------
    InputError
        If neither does, or if they tell of another number of hosts.
    """
    if count == 1:
        return None
    if "TF_CONFIG" in environment:
        source, found = "TF_CONFIG", _of_tf_config(environment["TF_CONFIG"])
    elif "SLURM_PROCID" in environment:
        source, found = "SLURM", _of_slurm(environment)
    else:
        raise InputError(
            f"`hosts` {count}: neither SLURM nor TF_CONFIG tells this process of the others; start all with"
            f" {HOW}, or set TF_CONFIG on each"
        )
    if found.count != count:
        raise InputError(f"`hosts` {count}, but {source} tells of {found.count}; give `hosts` {found.count}")
    return found


def _of_tf_config(text: str) -> Hosts:
    """``{"cluster": {"worker": ["one:12345", "two:12345"]}, "task": {"type": "worker", "index": 0}}``; a job ``chief``
    comes before ``worker``."""
    try:
        told = json.loads(text)
        jobs = {name: [str(address) for address in told["cluster"].get(name, [])] for name in ("chief", "worker")}
        kind, index = told["task"]["type"], int(told["task"]["index"])
        if not 0 <= index < len(jobs[kind]):
            raise ValueError("its index is not among them")
        addresses = (*jobs["chief"], *jobs["worker"])
        if not all(re.fullmatch(r"\S+:\d{1,5}", address) for address in addresses):
            raise ValueError("an address is no name:port")
    except (ValueError, LookupError, TypeError, AttributeError) as problem:
        raise InputError(
            f"TF_CONFIG does not tell of hosts ({type(problem).__name__}: {problem}); it should be as"
            ' {"cluster": {"worker": ["one:12345", "two:12345"]}, "task": {"type": "worker", "index": 0}}; got '
            + shown(text)
        ) from None
    return Hosts(addresses, index + (len(jobs["chief"]) if kind == "worker" else 0))


def _of_slurm(environment: Mapping[str, str]) -> Hosts:
    def told(*names: str) -> str:
        """The first that is set: those of the step, of which this process is one, before those of the job."""
        for name in names:
            if f"SLURM_{name}" in environment:
                return environment[f"SLURM_{name}"]
        raise InputError(f"SLURM_{names[0]} is not set; start the hosts with {HOW}")

    names = node_names(told("STEP_NODELIST", "JOB_NODELIST", "NODELIST"))
    index = _number(told("PROCID"), "PROCID")
    count = _number(told("STEP_NUM_TASKS", "NTASKS", "NPROCS"), "NTASKS")
    tasks = [1] * len(names)
    if count != len(names):
        tasks = tasks_per_node(told("STEP_TASKS_PER_NODE", "TASKS_PER_NODE"))
    job, step = (_number(environment.get(f"SLURM_{name}", "0"), name) for name in ("JOB_ID", "STEP_ID"))
    first = PORTS[(job + 97 * step) % len(PORTS)]  # jobs, and steps of one, may share their nodes
    places = [(node, place) for node, number in enumerate(tasks[: len(names)]) for place in range(number)]
    if len(places) != count or index >= count:
        raise InputError(
            f"SLURM tells of {count} tasks, of which this is number {index}, and of {len(places)} places on"
            f" {len(names)} nodes; start as many hosts as there are tasks"
        )
    if "SLURM_NODEID" in environment and environment["SLURM_NODEID"] != str(places[index][0]):
        raise InputError("SLURM has not filled node after node; start the hosts with SLURM_DISTRIBUTION=block")
    return Hosts(tuple(f"{names[node]}:{first + place}" for node, place in places), index)


def _number(text: str, name: str) -> int:
    if not re.fullmatch(r"\d{1,10}", text, re.ASCII):
        raise InputError(f"SLURM_{name} should be a number; got {shown(text)}")
    return int(text)


def node_names(text: str) -> list[str]:
    """Names of the nodes in a list of SLURM, in their order: ``n[08-10,12],gpu3`` is n08, n09, n10, n12, gpu3."""
    found: list[str] = []
    if not NODES.fullmatch(text):
        raise InputError(f"SLURM's list of nodes should be as n[08-10,12],gpu3; got {shown(text)}")
    for part in re.findall(r"(?:[^,\[]|\[[^\]]*\])+", text):
        pieces = re.split(r"\[([^\]]*)\]", part)  # in turn: text, what was in brackets
        choices = [_numbers(piece) if place % 2 else [piece] for place, piece in enumerate(pieces)]
        found += ["".join(chosen) for chosen in itertools.islice(itertools.product(*choices), MANY)]
    return found


def _numbers(text: str) -> list[str]:
    """``08-10,12`` is 08, 09, 10, 12."""
    found = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        if not (first.isdigit() and (last or first).isdigit() and int(last or first) - int(first) < MANY):
            raise InputError(f"SLURM's list of nodes should have numbers as 08-10,12 in brackets; got {shown(text)}")
        found += [str(number).zfill(len(first)) for number in range(int(first), int(last or first) + 1)]
    return found


def tasks_per_node(text: str) -> list[int]:
    """Numbers of tasks on each node as SLURM writes them: ``2(x3),1`` is 2, 2, 2, 1."""
    found: list[int] = []
    for part in text.split(","):
        if not (parts := re.fullmatch(r"(\d{1,5})(?:\(x(\d{1,5})\))?", part.strip(), re.ASCII)):
            raise InputError(f"SLURM's tasks of each node should be as 2(x3),1; got {shown(text)}")
        found += [int(parts[1])] * int(parts[2] or 1)
    return found


# Together


def gather(hosts: Hosts, wait_s: float = WAIT_S) -> None:
    """Return when all hosts are there; on the port of the chief, which is free again then.

    TensorFlow, left alone with it, waits for a missing host without an end, and cannot be interrupted.

    Raises
    ------
    InputError
        If one does not come in time, or if the port of the chief cannot be had.
    """
    end = time.monotonic() + wait_s
    if hosts.chief:
        _wait_for_all(hosts, end, wait_s)
    else:
        _report(hosts, end, wait_s)


def _wait_for_all(hosts: Hosts, end: float, wait_s: float) -> None:
    port = int(hosts.addresses[0].rpartition(":")[2])
    with ExitStack() as opened:
        try:
            server = opened.enter_context(socket.create_server(("", port), backlog=hosts.count))
        except OSError as problem:
            raise InputError(f"port {port} of {hosts.name(0)} cannot be opened: {problem.strerror}") from None
        there: dict[int, socket.socket] = {}
        while missing := set(range(1, hosts.count)) - {index for index, one in there.items() if _waits(one)}:
            try:
                server.settimeout(max(0.01, end - time.monotonic()))
                one = opened.enter_context(server.accept()[0])
                one.settimeout(10 * RETRY_S)
                greeting = one.recv(100).decode("ascii", "replace")
            except TimeoutError:
                if time.monotonic() < end:
                    continue  # somebody else, who says nothing
                raise InputError(
                    f"{hosts.name(min(missing))} did not come within {wait_s:.0f} s; start all with the same command"
                ) from None
            except OSError:
                continue
            index = next((index for index in missing if greeting == GREETING.format(index, hosts.count)), None)
            if index is not None:
                there[index] = one
        for one in there.values():
            one.sendall(BEGIN)


def _waits(one: socket.socket) -> bool:
    """Whether who has reported is still there: it says nothing more, and has not hung up."""
    one.setblocking(False)
    try:
        return bool(one.recv(1))
    except BlockingIOError:
        return True
    except OSError:
        return False


def _report(hosts: Hosts, end: float, wait_s: float) -> None:
    name, _, port = hosts.addresses[0].rpartition(":")
    while time.monotonic() < end:
        try:
            with socket.create_connection((name, int(port)), timeout=10 * RETRY_S) as chief:
                chief.sendall(GREETING.format(hosts.index, hosts.count).encode())
                chief.settimeout(max(0.01, end - time.monotonic()))
                if chief.recv(len(BEGIN)) == BEGIN:
                    return
        except OSError:
            pass
        time.sleep(RETRY_S)
    raise InputError(f"{hosts.name(0)}, the first, did not begin within {wait_s:.0f} s; see what it says")
