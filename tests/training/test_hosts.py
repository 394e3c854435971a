"""Which hosts train together, and how they find each other: as SLURM and TF_CONFIG tell it, on this machine."""

import json
import socket
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from srredsim.data.batches import Batches
from srredsim.data.pairs import Pair, Pairs
from srredsim.errors import InputError
from srredsim.normalise import Scaling
from srredsim.training import hosts
from srredsim.training.adversarial import WithOtherTruths
from srredsim.training.hosts import Hosts, gather, node_names, of_environment

SLURM = {
    "SLURM_JOB_ID": "4711",
    "SLURM_JOB_NODELIST": "n[01-09]",  # of which the step has three
    "SLURM_STEP_NODELIST": "n[02-03],gpu7",
    "SLURM_STEP_TASKS_PER_NODE": "2,1(x2)",
    "SLURM_STEP_NUM_TASKS": "4",
    "SLURM_NTASKS": "9",
}


def config(*addresses, kind="worker", index=0, chief=()):
    cluster = {"worker": addresses} | ({"chief": chief} if chief else {})
    return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})}


def test_lists_of_nodes_are_read_as_another_reader_reads_them():
    from tensorflow.python.distribute.cluster_resolver.slurm_cluster_resolver import expand_hostlist

    for text in ("n1", "n[1-2],m5,o[3-4,6,7-9]", "cn-08.site,gpu[008-011,3]", "a,b,c"):
        assert node_names(text) == expand_hostlist(text)
    assert node_names("r[1-2]n[09-10]x") == ["r1n09x", "r1n10x", "r2n09x", "r2n10x"]  # which that one cannot


def test_slurm_tells_every_task_the_same_addresses_and_its_own_place():
    found = [of_environment(4, SLURM | {"SLURM_PROCID": str(task)}) for task in range(4)]
    assert len({one.addresses for one in found}) == 1
    assert [one.index for one in found] == [0, 1, 2, 3]
    assert [one.chief for one in found] == [True, False, False, False]
    names, ports = zip(*(address.split(":") for address in found[0].addresses), strict=True)
    assert names == ("n02", "n02", "n03", "gpu7")
    first = int(ports[0])
    assert [int(port) for port in ports] == [first, first + 1, first, first]
    other = of_environment(4, SLURM | {"SLURM_PROCID": "0", "SLURM_JOB_ID": "4712"})
    assert other.addresses[0] not in found[0].addresses  # another job on the same node


def test_a_batch_job_without_a_step_has_its_nodes():
    told = {"SLURM_JOB_NODELIST": "n[1-2]", "SLURM_NTASKS": "2", "SLURM_PROCID": "1", "SLURM_NODEID": "1"}
    assert [address.partition(":")[0] for address in of_environment(2, told).addresses] == ["n1", "n2"]


def test_tf_config_comes_before_slurm_and_its_chief_before_the_workers():
    told = SLURM | {"SLURM_PROCID": "3"} | config("b:1", "c:2", chief=["a:3"], index=1)
    assert of_environment(3, told) == Hosts(("a:3", "b:1", "c:2"), 2)
    assert of_environment(2, config("b:1", chief=["a:3"], kind="chief")).chief
    assert of_environment(1, told) is None


@pytest.mark.parametrize(
    ("count", "told", "words"),
    [
        (2, {}, "neither SLURM nor TF_CONFIG.*with srun"),
        (3, config("a:1", "b:1"), "`hosts` 3, but TF_CONFIG tells of 2; give `hosts` 2"),
        (2, config("a:1", "b:1", index=2), "its index is not among them"),
        (2, config("a:1", "b"), "no name:port"),
        (2, config("a:1", "b:1", kind="ps"), "TF_CONFIG does not tell of hosts"),
        (2, {"TF_CONFIG": "{"}, "TF_CONFIG does not tell of hosts"),
        (2, {"TF_CONFIG": '{"cluster": 3}'}, "TF_CONFIG does not tell of hosts"),
        (2, {"SLURM_PROCID": "0"}, "SLURM_STEP_NODELIST is not set"),
        (4, SLURM | {"SLURM_PROCID": "x"}, "SLURM_PROCID should be a number; got 'x'"),
        (4, SLURM | {"SLURM_PROCID": "4"}, "4 tasks, of which this is number 4"),
        (4, SLURM | {"SLURM_PROCID": "1", "SLURM_NODEID": "1"}, "SLURM_DISTRIBUTION=block"),
        (4, SLURM | {"SLURM_PROCID": "0", "SLURM_STEP_NODELIST": "n[1-"}, "list of nodes"),
        (4, SLURM | {"SLURM_PROCID": "0", "SLURM_STEP_NODELIST": "n[1-999999999]"}, "list of nodes"),
        (4, SLURM | {"SLURM_PROCID": "0", "SLURM_STEP_TASKS_PER_NODE": "2(3)"}, "tasks of each node"),
    ],
)
def test_what_does_not_tell_of_the_hosts(count, told, words):
    with pytest.raises(InputError, match=words):
        of_environment(count, told)


# Shares


class Numbered(Pairs):
    """Frames and truth of pair n are n everywhere."""

    def __len__(self):
        return 7

    def __getitem__(self, index):
        return Pair(np.full((8, 8, 9), index, np.float32), np.full((16, 16), index, np.float32), Scaling(0.0, 1.0))


@pytest.mark.parametrize("wrapped", [lambda batches: batches, WithOtherTruths])
def test_the_shares_of_a_batch_are_the_batch(wrapped):
    whole = wrapped(Batches(Numbered(), 4, 6, seed=5, augmentation="none", angles=3, phases=3, gain_jitter=0.1))
    for step in (0, 3):
        parts = [whole.share(part, 3)[step] for part in range(3)]
        for expected, *shares in zip(whole[step], *parts, strict=True):
            np.testing.assert_array_equal(np.concatenate(shares), expected)
    seen = [whole.share(part, 3).indices(range(4)) for part in range(3)]
    assert set().union(*seen) == whole.indices(range(4))


def test_the_shares_of_validation_images_are_all_of_them():
    images = np.arange(12)
    three = Hosts(("a:1", "b:1", "c:1"), 0)
    shares = [images[replace(three, index=index).share(12)] for index in range(3)]
    np.testing.assert_array_equal(np.concatenate(shares), images)
    assert {len(share) for share in shares} == {4}


# Together


@pytest.fixture
def three():
    """Hosts on this machine; the port of the first is free."""
    with socket.create_server(("", 0)) as server:
        port = server.getsockname()[1]
    return Hosts((f"localhost:{port}", "localhost:1", "localhost:2"), 0)


def begun(wanted: Hosts, wait_s: float) -> tuple[list[threading.Thread], dict[int, str]]:
    """A thread of each host but the chief, and what those say who give up."""
    said = {}

    def one(index):
        try:
            gather(replace(wanted, index=index), wait_s)
        except InputError as problem:
            said[index] = str(problem)

    threads = [threading.Thread(target=one, args=(index,)) for index in (1, 2)]
    for thread in threads:
        thread.start()
    return threads, said


def test_all_begin_when_the_last_is_there_whoever_else_calls(three, monkeypatch):
    monkeypatch.setattr(hosts, "RETRY_S", 0.02)
    threads, said = begun(three, 30)
    port = int(three.addresses[0].partition(":")[2])
    stranger = threading.Thread(target=_call, args=(port, b"GET / HTTP/1.1\r\n\r\n"))
    silent = threading.Thread(target=_call, args=(port, b""))
    stranger.start()
    silent.start()
    time.sleep(0.1)
    assert all(thread.is_alive() for thread in threads)  # nobody has begun without the chief
    gather(three, 30)
    for thread in (*threads, stranger, silent):
        thread.join(30)
        assert not thread.is_alive()
    assert said == {}
    socket.create_server(("", port)).close()  # TensorFlow can have it


def _call(port: int, words: bytes) -> None:
    for _ in range(200):
        try:
            with socket.create_connection(("localhost", port), timeout=5) as call:
                call.sendall(words)
                time.sleep(0.05)
                return
        except OSError:
            time.sleep(0.02)


def test_a_host_that_does_not_come_is_named(three, monkeypatch):
    monkeypatch.setattr(hosts, "RETRY_S", 0.02)
    alone = replace(three, addresses=(*three.addresses, "late:3"))
    threads, said = begun(alone, 3.5)
    with pytest.raises(InputError, match=r"host 4 of 4 \(late:3\) did not come within 3 s"):
        gather(alone, 3.0)
    for thread in threads:
        thread.join(30)
    assert sorted(said) == [1, 2]
    assert all("host 1 of 4 (localhost:" in line and "did not begin" in line for line in said.values())


def test_a_port_of_somebody_else(three):
    with (
        socket.create_server(("", int(three.addresses[0].partition(":")[2]))),
        pytest.raises(InputError, match=r"port \d+ of host 1 of 3 .* cannot be opened: Address already in use"),
    ):
        gather(three, 1.0)
