"""The server as a process: where it listens, and how long it waits for a client that says nothing."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
from functools import partial
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from srredsim import checks
from srredsim.errors import InputError
from srredsim.serving.app import Server
from srredsim.serving.limits import Limits
from srredsim.serving.work import Served

GRACE_S = 5  # for answers that are on their way when the server is told to stop
BACKLOG = 1024  # connections that the system holds until they are taken up
LARGEST_PORT = 65535


class Listening:
    """A server that has its place, and answers once it is ``run``.

    Raises
    ------
    InputError
        If nothing can listen there.
    """

    def __init__(self, served: Served, host: str, port: int, limits: Limits = Limits()):  # noqa: B008  frozen
        if checks.count("port", port) > LARGEST_PORT:
            raise checks.wanted("port", f"a number up to {LARGEST_PORT}", port)
        self._socket = _listen(host, port)
        address, port = self._socket.getsockname()[:2]
        self.url = f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"
        self._server = Server(served, limits)
        config = uvicorn.Config(
            self._server.app,
            http=partial(_Connection, limits.stall_s),  # type: ignore[arg-type]
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",  # what is wrong with a request is told to who sent it
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_S,
        )
        self._uvicorn = _Uvicorn(config, self._server)

    def run(self) -> None:
        """Answer until the process is told to stop, or another thread calls `stop`."""
        try:
            self._uvicorn.run(sockets=[self._socket])
        finally:
            self._socket.close()

    def stop(self) -> None:
        self._uvicorn.should_exit = True


class _Uvicorn(uvicorn.Server):
    """One that lets go of what is computed when it is told to stop."""

    def __init__(self, config: uvicorn.Config, server: Server):
        super().__init__(config)
        self._answering = server

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._answering.close()
        await super().shutdown(sockets)


def for_others(host: str) -> bool:
    """Whether other machines can reach it."""
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, UnicodeError) as problem:
        number = getattr(problem, "errno", None)
        words = os.strerror(number) if number and not isinstance(problem, socket.gaierror) else problem
        raise InputError(f"nothing can listen on `host={host!r}, port={port}`: {words}; give another") from None


class _Connection(H11Protocol):
    """One that is ended when nothing comes, or goes, where the answers of `Server` have no say.

    That is before a request is whole up to its body, after an answer, while the rest of a body is not wanted any more,
    and while the last bytes are not read. It is looked at every ``stall_s`` seconds.
    """

    def __init__(self, stall_s: float, config: Any, server_state: Any, app_state: dict, _loop: Any = None):
        super().__init__(config, server_state, {**app_state, "abort": self._abort}, _loop)
        self._look_s = stall_s
        self._seen: tuple[Any, bool] | None = None
        self._looking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._look_again()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._looking:
            self._looking.cancel()
        super().connection_lost(exc)

    def _look_again(self) -> None:
        """End it if it was idle, or about to end, when it was looked at last, and has come no further."""
        idle = self.cycle is None or self.cycle.response_complete
        seen = (self.cycle, self.transport.is_closing())
        if seen == self._seen and (idle or seen[1]):
            self._abort()
            return
        self._seen = seen
        self._looking = self.loop.call_later(self._look_s, self._look_again)

    def _abort(self) -> None:
        self.transport.abort()
