"""The server's answers: POST /predict, GET /models, GET /health.

A stack is written to a file of a name of our own as it comes, waits for the one thread that computes, and its image is
sent from a file: what is in memory is one stack and its image, however many clients there are. No name or path that a
client sends is ever opened.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from srredsim import __version__, io
from srredsim.errors import InputError, out_of_memory
from srredsim.serving import Refused
from srredsim.serving.asked import FORMATS, asked
from srredsim.serving.limits import Limits
from srredsim.serving.work import UNREADABLE, Gone, Made, Served

REPORT = "X-Srredsim-Report"  # header of an answer, JSON in ASCII
LONGEST_REPORT = 3500  # bytes: proxies have 4 KiB for all headers
CHUNK = 1 << 18  # bytes of an answer that are in memory at a time
WRONG_METHOD, TOO_SLOW, TOO_LARGE, UNUSABLE = 405, 408, 413, 422  # status of HTTP
FAILED, BUSY, FULL = 500, 503, 507
FORM = "multipart/form-data"
log = logging.getLogger("srredsim.serving")


class Server:
    """Answers for `Served` models, within `Limits`; ``app`` is that of ASGI."""

    def __init__(self, served: Served, limits: Limits):
        self._served, self._limits = served, limits
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="srredsim")
        self._under_way, self._waiting, self._closed = 0, 0, False
        self._latest_s = 1.0  # that a stack took
        self._gone: set[Event] = set()  # of all stacks that wait or are computed
        routes = [
            Route("/predict", self._predict, methods=["POST"]),
            Route("/models", self._models),
            Route("/health", self._health),
        ]
        self.app = Starlette(routes=routes, exception_handlers={HTTPException: _no_such_page})
        self.app.router.redirect_slashes = False  # to whatever host the client has named

    def close(self) -> None:
        """What is computed stops soon, what waits is dropped."""
        self._closed = True
        for gone in self._gone:
            gone.set()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _models(self, request: Request) -> Response:
        return JSONResponse(self._served.listed())

    async def _health(self, request: Request) -> Response:
        known = {"version": __version__, "models": list(self._served.chains), "max_mib": self._limits.max_mib}
        return JSONResponse({"status": "ok", **known, "waiting": self._waiting, "under_way": self._under_way})

    async def _predict(self, request: Request) -> Response:
        if self._under_way >= self._limits.requests or self._waiting > self._limits.waiting:
            return self._busy()  # before anything of the stack is read
        try:
            folder = Path(tempfile.mkdtemp(prefix="srredsim-serve-"))
        except OSError as problem:
            return _failure(problem)
        self._under_way += 1
        drop = partial(self._drop, folder)
        try:
            answer = await self._answer(request, folder / "stack", drop)
        except BaseException:
            drop()
            raise
        if not isinstance(answer, _Sent):
            drop()
        return answer

    def _drop(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        self._under_way -= 1

    async def _answer(self, request: Request, path: Path, drop: Any) -> Response:
        """Image of the stack that is sent, or why there is none."""
        limits = self._limits
        try:
            wanted = asked(request.query_params.multi_items())
            self._served.chain(wanted.model)
            await _received(request, path, limits)
            if self._closed:
                raise Gone
            if self._waiting > limits.waiting:
                return self._busy()
            with self._counted() as gone:
                work = self._thread.submit(self._served.image, path, wanted, gone)
                made = await _unless_gone(work, request, gone)
            self._latest_s = made.report["seconds"]
            return _Sent(made, limits, drop)
        except TimeoutError:
            words = f"{limits.stall_s:g} s without a byte, or {limits.whole_s:g} s in all"
            return _refusal(TOO_SLOW, f"the stack came too slowly: {words}", {"Connection": "close"})
        except (ClientDisconnect, Gone, asyncio.CancelledError):
            return _refusal(BUSY, "the server is stopped")  # or the client has left, and does not read it
        except InputError as problem:
            status = problem.status if isinstance(problem, Refused) else UNUSABLE
            return _refusal(status, str(problem).replace(str(path), "the stack"))
        except Exception as problem:  # noqa: BLE001  of one client; the others are served on
            return _failure(problem)

    @contextmanager
    def _counted(self) -> Iterator[Event]:
        gone = Event()
        self._gone.add(gone)
        self._waiting += 1
        try:
            yield gone
        finally:
            self._waiting -= 1
            self._gone.discard(gone)

    def _busy(self) -> Response:
        """Come again when half of those that wait are done."""
        after = max(1, math.ceil(self._waiting * self._latest_s / 2))
        words = f"the server is busy ({self._waiting} stacks wait, {self._under_way} are under way)"
        return _refusal(BUSY, f"{words}: try again in {after} s", {"Retry-After": str(after)})


async def _no_such_page(request: Request, problem: Exception) -> Response:
    status = problem.status_code if isinstance(problem, HTTPException) else FAILED
    other = f"{request.url.path} is not answered to {request.method}: " if status == WRONG_METHOD else ""
    return _refusal(status, f"{other}there are POST /predict, GET /models and GET /health")


def _refusal(status: int, line: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": " ".join(line.split())}, status, headers)


def _failure(problem: Exception) -> Response:
    """What is not the client's fault; the log has the traceback of what nobody thought of."""
    if out_of_memory(problem):
        return _refusal(BUSY, "the server has not enough memory for this stack: send fewer planes")
    if io.no_space(problem):
        return _refusal(FULL, "no space left on the disk of the server")
    log.error("a stack ended in an error nobody thought of", exc_info=problem)
    return _refusal(FAILED, f"an error nobody thought of ({type(problem).__name__}); the server's log has more")


async def _received(request: Request, path: Path, limits: Limits) -> None:
    """The body, into a file; Refused as soon as it is too large, TimeoutError when it comes too slowly."""
    if request.headers.get("content-type", "").lower().startswith(FORM):
        raise Refused(
            "this is a form: send the bytes of the file alone as the body, as curl does with data-binary", UNREADABLE
        )
    declared = request.headers.get("content-length", "")
    too_large = Refused(f"the body is larger than {limits.max_mib:g} MiB, which this server takes", TOO_LARGE)
    if declared.isdecimal() and int(declared) > limits.largest:
        raise too_large
    size, patience, chunks = 0, _Patience(limits), request.stream()
    with path.open("wb") as file:
        while True:
            async with patience():
                chunk = await anext(chunks, None)
            if chunk is None:
                break
            size += len(chunk)
            if size > limits.largest:
                raise too_large
            file.write(chunk)
    if not size:
        raise Refused("there is no body: send the bytes of a TIFF or .npy file", UNUSABLE)


class _Patience:
    """``async with patience():`` raises TimeoutError when a client takes too long for a step, or for all of them.

    It is one time-out for both: of two, within one another, `asyncio.wait_for` may swallow the outer one.
    """

    def __init__(self, limits: Limits):
        self._stall_s, self._end = limits.stall_s, time.monotonic() + limits.whole_s

    def __call__(self) -> asyncio.Timeout:
        return asyncio.timeout(max(0.0, min(self._stall_s, self._end - time.monotonic())))


async def _unless_gone(future: Future[Made], request: Request, gone: Event) -> Made:
    """What the work makes; when the client goes away it is stopped, and its end waited for."""
    work: asyncio.Future[Made] = asyncio.wrap_future(future)
    leaving: asyncio.Future[None] = asyncio.ensure_future(_left(request))
    work.add_done_callback(lambda done: done.cancelled() or done.exception())  # somebody has looked at it
    try:
        either: set[asyncio.Future[Any]] = {work, leaving}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            gone.set()
            future.cancel()  # if it has not begun
            await asyncio.wait({work})
        if gone.is_set():
            raise Gone
        return work.result()
    finally:
        gone.set()
        leaving.cancel()


async def _left(request: Request) -> None:
    """Comes back when the client has left."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


class _Sent(Response):
    """An image, from its file; a client that does not read it is left."""

    def __init__(self, made: Made, limits: Limits, drop: Any):
        size = made.path.stat().st_size
        headers = {REPORT: header_of(made.report), "Content-Length": str(size)}
        super().__init__(None, headers=headers, media_type=FORMATS[made.format])
        self._made, self._limits, self._drop = made, limits, drop
        self._left = size

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        patience = _Patience(self._limits)

        async def sent(message: dict) -> None:
            async with patience():
                await send(message)

        try:
            await sent({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            with self._made.path.open("rb") as file:
                while self._left:
                    chunk = file.read(CHUNK)
                    self._left -= len(chunk)
                    await sent({"type": "http.response.body", "body": chunk, "more_body": self._left > 0})
        except TimeoutError:
            if abort := scope.get("state", {}).get("abort"):
                abort()
                await asyncio.sleep(0)  # the connection is lost before the server sees that the answer is not whole
        finally:
            self._drop()


def header_of(report: dict[str, Any]) -> str:
    """A report as JSON in one line of ASCII, with as many of its notes as there is place for."""
    notes, left_out = list(report["notes"]), 0
    while len(text := json.dumps(report | {"notes": [*notes, *_more(left_out)]})) > LONGEST_REPORT and notes:
        notes.pop()
        left_out += 1
    return text


def _more(left_out: int) -> list[str]:
    return [f"{left_out} more notes have no place here: srredsim predict tells them"] if left_out else []
