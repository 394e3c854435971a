"""Clients of every sort: what one of them does harms no other, and leaves nothing behind."""

import json
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from servers import StandIn, all_of, get, is_idle, packed, post, raw_socket, refusal, running, until

from srredsim import client
from srredsim.errors import InputError

SMALL = np.arange(12.0).reshape(3, 4)
HEAD = b"POST /predict HTTP/1.1\r\nHost: here\r\n"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Where the server keeps its files; whatever happened, none of them stays."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield tmp_path
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def stand_in():
    return StandIn()


def is_served(port):
    status, _, body = post(port, packed(SMALL))
    return status == 200 and body == packed(2 * SMALL)


def test_a_stack_that_is_declared_too_large_is_refused_before_it_is_sent(stand_in):
    with running(stand_in, max_mib=1) as port:
        with raw_socket(port, HEAD + b"Content-Length: 10000000000\r\n\r\n") as connection:
            assert connection.recv(4096).startswith(b"HTTP/1.1 413 ")
        assert is_served(port)
        with pytest.raises(InputError, match="larger than 1 MiB, which this server takes"):
            client.predict(f"http://127.0.0.1:{port}", np.zeros((20, 512, 512), np.float32))


def test_one_that_says_nothing_of_its_size_is_refused_as_soon_as_it_is_too_large(stand_in, folder):
    chunk = b"20000\r\n" + bytes(0x20000) + b"\r\n"
    with running(stand_in, max_mib=1) as port:
        with raw_socket(port, HEAD + b"Transfer-Encoding: chunked\r\n\r\n") as connection:
            for _ in range(9):  # of endlessly many
                connection.sendall(chunk)
            assert connection.recv(4096).startswith(b"HTTP/1.1 413 ")
        assert is_served(port)
        until(lambda: is_idle(port))


def test_slow_clients_are_left_and_others_served_meanwhile(stand_in):
    starts = {
        "nothing": b"",
        "half a head": HEAD,
        "half a body": HEAD + b"Content-Length: 1000\r\n\r\n" + bytes(10),
    }
    with running(stand_in, stall_s=0.5) as port:
        connections = {name: raw_socket(port, start) for name, start in starts.items()}
        opened = {name: each.__enter__() for name, each in connections.items()}
        assert is_served(port)
        answers = {name: all_of(connection) for name, connection in opened.items()}
        for each in connections.values():
            each.__exit__(None, None, None)
        assert answers.pop("half a body").startswith(b"HTTP/1.1 408 ")
        assert set(answers.values()) == {b""}
        assert is_served(port)


def test_one_that_drips_is_left_too(stand_in):
    with running(stand_in, stall_s=5, whole_s=0.5) as port:
        with raw_socket(port, HEAD + b"Content-Length: 1000000\r\n\r\n") as connection:
            dripping = threading.Event()

            def drip():
                while not dripping.wait(0.001):
                    try:
                        connection.sendall(b"x")
                    except OSError:
                        return

            thread = threading.Thread(target=drip)
            thread.start()
            try:
                assert connection.recv(4096).startswith(b"HTTP/1.1 408 ")
            finally:
                dripping.set()
                thread.join()
        assert is_served(port)


def test_one_that_does_not_read_its_image_is_left(stand_in):
    body = packed(np.zeros((2, 1024, 1024)))  # 16 MiB: more than the buffers of the system hold
    whole = HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
    with running(stand_in, stall_s=0.5, max_mib=64) as port, raw_socket(port, whole):
        assert stand_in.begun.acquire(timeout=30)
        assert is_served(port)
        until(lambda: is_idle(port))


def test_who_goes_away_is_not_computed_for(stand_in):
    stand_in.hold.clear()
    body = packed(SMALL)
    whole = HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
    with running(stand_in) as port:
        with raw_socket(port, whole), raw_socket(port, whole):
            assert stand_in.begun.acquire(timeout=30)  # one is computed
            until(lambda: get(port, "/health")[1]["waiting"] == 2)
        until(lambda: is_idle(port))
        assert stand_in.stopped.acquire(timeout=30)
        assert not stand_in.begun.acquire(blocking=False)  # the other never was
        stand_in.hold.set()
        assert is_served(port)


def test_who_breaks_off_while_sending_leaves_nothing(stand_in):
    with running(stand_in) as port:
        with raw_socket(port, HEAD + b"Content-Length: 1000\r\n\r\n" + bytes(10)):
            until(lambda: not is_idle(port))
        until(lambda: is_idle(port))
        with raw_socket(port, b"\x16\x03\x01 this is no HTTP\r\n\r\n") as connection:
            assert all_of(connection).startswith(b"HTTP/1.1 400 ")
        assert is_served(port)


def test_when_all_places_are_taken_others_are_told_when_to_come_again(stand_in):
    stand_in.hold.clear()
    with running(stand_in, waiting=1) as port, ThreadPoolExecutor(3) as threads:
        answers = [threads.submit(post, port, packed(SMALL)) for _ in range(2)]
        until(lambda: get(port, "/health")[1]["waiting"] == 2)  # one is computed, one waits
        status, headers, body = post(port, packed(SMALL))
        assert (status, "busy" in json.loads(body)["error"]) == (503, True)
        assert int(headers["Retry-After"]) >= 1
        with pytest.raises(InputError, match="the server is busy"):
            client.predict(f"http://127.0.0.1:{port}", SMALL, patience_s=0)
        patient = threads.submit(client.predict, f"http://127.0.0.1:{port}", SMALL)
        stand_in.hold.set()
        assert [answer.result()[0] for answer in answers] == [200, 200]
        np.testing.assert_array_equal(patient.result().image, 2 * SMALL)


def test_a_hundred_at_once(stand_in):
    stacks = [SMALL + n for n in range(100)]
    with running(stand_in, waiting=40, requests=70) as port, ThreadPoolExecutor(100) as threads:
        url = f"http://127.0.0.1:{port}"
        answers = list(threads.map(lambda stack: client.predict(url, stack), stacks))
        until(lambda: is_idle(port))
    for answer, stack in zip(answers, stacks, strict=True):
        np.testing.assert_array_equal(answer.image, 2 * stack)


def test_an_error_nobody_thought_of_is_that_of_one_client(stand_in, caplog):
    with running(stand_in) as port:
        status, line = refusal(port, packed(SMALL - 1))
        assert (status, line.startswith("an error nobody thought of (ZeroDivisionError)")) == (500, True)
        assert "as nobody thought of" in caplog.text
        assert is_served(port)


@pytest.mark.parametrize(("number", "status"), [(28, 507), (13, 500)])
def test_a_folder_that_cannot_be_made_is_refused_as_all_else(stand_in, monkeypatch, number, status):
    def refused(*_, **__):
        raise OSError(number, "no folder")

    with running(stand_in) as port:
        with monkeypatch.context() as broken:
            broken.setattr(tempfile, "mkdtemp", refused)
            assert refusal(port, packed(SMALL))[0] == status
        assert is_served(port)


def test_nobody_is_led_to_another_host(stand_in):
    with running(stand_in) as port:
        asked = HEAD.replace(b"/predict", b"/predict/") + b"Connection: close\r\nContent-Length: 0\r\n\r\n"
        with raw_socket(port, asked) as connection:
            assert all_of(connection).startswith(b"HTTP/1.1 404")


def test_a_server_that_is_stopped_says_so_to_those_that_wait(stand_in):
    stand_in.hold.clear()
    with ThreadPoolExecutor(2) as threads:
        with running(stand_in) as port:
            answers = [threads.submit(post, port, packed(SMALL)) for _ in range(2)]
            until(lambda: get(port, "/health")[1]["waiting"] == 2)
        for answer in answers:
            status, _, body = answer.result()
            assert (status, json.loads(body)["error"]) == (503, "the server is stopped")
    assert stand_in.stopped.acquire(timeout=30)
