"""Servers in a thread, and clients that speak HTTP by themselves."""

import http.client
import io
import json
import socket
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from srredsim.serving.limits import Limits
from srredsim.serving.server import Listening
from srredsim.serving.work import Gone, Made

PATIENT_S = 30.0  # until something that has to happen must have happened


@contextmanager
def running(served, **limits):
    """A server in a thread, as long as the block lasts; gives its port."""
    listening = Listening(served, "127.0.0.1", 0, Limits(**limits))
    thread = threading.Thread(target=listening.run)
    thread.start()
    try:
        yield int(listening.url.rpartition(":")[2])
    finally:
        listening.stop()
        thread.join(PATIENT_S)
        assert not thread.is_alive()


class StandIn:
    """Takes the place of `Served`: doubles a .npy array, and holds the work where the test wants it to."""

    def __init__(self):
        self.chains = {"twice": None}
        self.hold, self.begun, self.stopped = threading.Event(), threading.Semaphore(0), threading.Semaphore(0)
        self.hold.set()

    def listed(self):
        return [{"name": "twice"}]

    def chain(self, name):
        assert name in (None, "twice")

    def image(self, path: Path, asked, gone):
        self.begun.release()
        while not self.hold.wait(0.01):
            if gone.is_set():
                self.stopped.release()
                raise Gone
        array = np.load(path)
        if array.min() < 0:
            raise ZeroDivisionError("as nobody thought of")
        np.save(path.parent / "image.npy", 2.0 * array)
        return Made(path.parent / "image.npy", "npy", {"seconds": 0.01, "notes": []})


def packed(array) -> bytes:
    with io.BytesIO() as file:
        np.save(file, array)
        return file.getvalue()


def post(port, body, query="", headers=None):
    """Status, headers and body of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENT_S)
    try:
        connection.request("POST", f"/predict?{query}", body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def get(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENT_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def refusal(port, body, query="", headers=None):
    """Status and line of an answer that is none."""
    status, _, content = post(port, body, query, headers)
    line = json.loads(content)["error"]
    assert len(line.splitlines()) == 1
    return status, line


@contextmanager
def raw_socket(port, sent: bytes = b""):
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(PATIENT_S)
        connection.connect(("127.0.0.1", port))
        connection.sendall(sent)
        yield connection


def all_of(connection) -> bytes:
    """What comes until the server ends the connection."""
    found = b""
    try:
        while part := connection.recv(65536):
            found += part
    except ConnectionResetError:
        pass
    return found


def until(true):
    """Wait for something to become true."""
    end = time.monotonic() + PATIENT_S
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def is_idle(port):
    """Whether nothing is under way but the question."""
    return get(port, "/health")[1]["under_way"] == 0
