"""Images by a server: that of ``srredsim serve``, or TensorFlow Serving with an exported model.

Nothing but NumPy is needed here for the former and for REST; gRPC needs the package grpcio.

>>> from srredsim.client import predict
>>> answer = predict("http://127.0.0.1:8500", "cells.tif", na=1.4, wavelength_em_um=0.525)  # doctest: +SKIP
>>> answer.image.shape, answer.report["notes"]  # doctest: +SKIP
((1024, 1024), [])
"""

from __future__ import annotations

import base64
import http.client
import io
import json
import select
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, quote, urlencode, urlsplit

import numpy as np

from srredsim import wire
from srredsim.checks import plain_array
from srredsim.errors import InputError, short

REPORT = "X-Srredsim-Report"  # header of an answer
SIGNATURE = "serving_bytes"  # of an exported model
OF_TF_SERVING = "/v1/models/"  # a path that begins so
GRPC_METHOD = "/tensorflow.serving.PredictionService/Predict"
BUSY = 503  # status of HTTP
CHUNK = 1 << 18  # bytes that are sent at a time
LARGEST_LINE = 1 << 16  # bytes of a refusal


@dataclass(frozen=True)
class Answer:
    """``image`` is float32 or uint16, with the axes ``report["axes"]``; ``report`` is what the server says of it."""

    image: np.ndarray
    report: dict[str, Any] = field(default_factory=dict)

    @property
    def notes(self) -> list[str]:
        return self.report.get("notes", [])


def predict(
    url: str,
    stack: np.ndarray | str | PathLike[str],
    *,
    model: str | None = None,
    patience_s: float = 60.0,
    timeout_s: float = 600.0,
    **asked: Any,
) -> Answer:
    """Image of a raw stack by a server.

    Parameters
    ----------
    url : str
        ``http://HOST:PORT`` of ``srredsim serve``; ``http://HOST:8501/v1/models/NAME``, also with ``/versions/N`` or
        ``/labels/L``, or ``grpc://HOST:8500/NAME`` of TensorFlow Serving.
    stack : array or path
        For ``srredsim serve`` a path of a TIFF or .npy file, or an array that is understood as one. TensorFlow Serving
        takes one plane of camera counts as an array: (frames, y, x) with the angle first, (angles, phases, y, x), or
        (y, x) for a model of widefield images.
    model : str, optional
        One of several of ``srredsim serve``; left out: its first.
    patience_s : float
        How long to try again where the server is busy.
    timeout_s : float
        How long to wait for an answer.
    **asked
        For ``srredsim serve``: ``na``, ``wavelength_em_um``, ``pixel_size_um``, ``order``, ``angles``, ``phases``,
        ``channels``, ``widefield_frame``, ``pattern``, ``scene``, ``only``, ``rolling``, ``keep_hot_pixels``,
        ``accept_incomplete`` as `srredsim.predict` has them, and ``dtype`` "float32" or "uint16".

    Raises
    ------
    InputError
        If the stack or the server cannot be used; what the server said.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https", "grpc") or not parts.hostname:
        raise InputError(f"`url` is http://HOST:PORT, or grpc://HOST:PORT/MODEL of TensorFlow Serving; got {url!r}")
    of_tf_serving = parts.scheme == "grpc" or parts.path.startswith(OF_TF_SERVING)
    if of_tf_serving and (asked or model):
        unknown = ", ".join([*(["model"] if model else []), *asked])
        raise InputError(f"TensorFlow Serving takes a plane and nothing else; leave out `{unknown}`")
    try:
        if parts.scheme == "grpc":
            return _by_grpc(parts, *_counts(stack), timeout_s)
        if of_tf_serving:
            return _by_rest(parts, *_counts(stack), _Patience(patience_s, timeout_s))
        return _of_local(parts, stack, {"model": model, **asked}, _Patience(patience_s, timeout_s))
    except (OSError, http.client.HTTPException) as problem:
        words = getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
        raise InputError(f"no answer from {parts.scheme}://{parts.netloc}: {words}") from None


class _Patience:
    def __init__(self, patience_s: float, timeout_s: float):
        self.timeout_s, self._until = timeout_s, time.monotonic() + patience_s

    def rest(self, told: str | None) -> bool:
        """Wait as long as the server says, at least a moment; False where there is no time for that."""
        pause = max(0.05, float(told)) if told and told.isdecimal() else 1.0
        left = self._until - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(pause, left))
        return True


# srredsim serve


def _of_local(parts: SplitResult, stack: Any, asked: dict[str, Any], patience: _Patience) -> Answer:
    query = urlencode({name: _text(value) for name, value in asked.items() if value is not None})
    path = f"{parts.path.rstrip('/')}/predict?{query}&format=npy".replace("?&", "?")
    body = _body(stack)
    headers, content = _posted(parts, path, body, "application/octet-stream", patience)
    try:
        return Answer(np.load(io.BytesIO(content), allow_pickle=False), json.loads(headers.get(REPORT, "{}")))
    except ValueError as problem:
        raise InputError(f"what answers at {parts.netloc} is no srredsim serve: {problem}") from None


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _body(stack: Any) -> bytes | Path:
    if isinstance(stack, str | PathLike):
        path = Path(stack)
        if not path.is_file():
            raise InputError("does not exist, or is no file", about=path)
        return path
    array = plain_array(stack)
    if array.dtype.kind not in "uif" or array.ndim < 2:
        got = f"{array.dtype} of the shape {array.shape}"
        raise InputError(f"`stack` should be a path, or an array (frames, y, x) of numbers; got {got}")
    with io.BytesIO() as file:
        np.save(file, array)
        return file.getvalue()


# TensorFlow Serving


def _counts(stack: Any) -> tuple[bytes, tuple[int, int, int, int]]:
    """uint16 bytes of (1, y, x, frames), and this shape."""
    array = None if isinstance(stack, str | PathLike) else plain_array(stack)
    if array is None or not 2 <= array.ndim <= 4:
        got = "a path" if array is None else f"the shape {array.shape}"
        shapes = "(frames, y, x), angle first, or (angles, phases, y, x)"
        raise InputError(f"TensorFlow Serving takes an array {shapes}; got {got}")
    counts = array.astype("<u2")
    if array.dtype.kind not in "uif" or not np.array_equal(counts, array):
        raise InputError("TensorFlow Serving takes camera counts, whole numbers from 0 to 65535; these are others")
    counts = np.ascontiguousarray(np.moveaxis(counts.reshape(-1, *array.shape[-2:]), 0, -1))
    return counts.tobytes(), (1, *counts.shape)


def _by_rest(parts: SplitResult, raw: bytes, shape: tuple[int, ...], patience: _Patience) -> Answer:
    inputs = {"raw_bytes": {"b64": base64.b64encode(raw).decode()}, "shape": shape}
    body = json.dumps({"signature_name": SIGNATURE, "inputs": inputs}).encode()
    path = parts.path.removesuffix(":predict") + ":predict"
    _, content = _posted(parts, quote(path, safe="/:"), body, "application/json", patience)
    try:
        outputs = json.loads(content)["outputs"]
        proto = base64.b64decode(outputs.get("image_bytes", outputs)["b64"])
        return _plane(wire.value_of(proto))
    except (ValueError, LookupError, TypeError, AttributeError) as problem:
        raise _no_tf_serving(parts, problem) from None


def _by_grpc(parts: SplitResult, raw: bytes, shape: tuple[int, ...], timeout_s: float) -> Answer:
    try:
        import grpc
    except ModuleNotFoundError:
        raise InputError("grpc:// needs the package grpcio: pip install grpcio; http:// needs nothing") from None
    request = wire.predict_request(
        parts.path.strip("/"), SIGNATURE, {"raw_bytes": raw, "shape": np.array(shape, "<i4")}
    )
    longest = [(f"grpc.max_{way}_message_length", -1) for way in ("send", "receive")]  # by itself 4 MiB, one image
    with grpc.insecure_channel(parts.netloc, longest) as channel:
        try:
            response = channel.unary_unary(GRPC_METHOD)(request, timeout=timeout_s)
        except grpc.RpcError as problem:
            raise InputError(_refused(f"{problem.code().name}: {problem.details()}")) from None
    try:
        return _plane(wire.value_of(wire.outputs_of(response)["image_bytes"]))
    except (ValueError, LookupError, TypeError) as problem:
        raise _no_tf_serving(parts, problem) from None


def _plane(images: Any) -> Answer:
    image = np.array(images[0, ..., 0])  # where a network makes several images, the first is the one
    return Answer(image, {"axes": "YX", "shape": list(image.shape), "dtype": str(image.dtype), "notes": []})


def _no_tf_serving(parts: SplitResult, problem: Exception) -> InputError:
    return InputError(f"what answers at {parts.netloc} is no TensorFlow Serving of an exported model: {problem!r}")


def _refused(line: str) -> str:
    hint = "; a model that was exported before has no such signature: export it again" if SIGNATURE in line else ""
    return f"the server refuses: {line}{hint}"


# HTTP


def _posted(
    parts: SplitResult, path: str, body: bytes | Path, kind: str, patience: _Patience
) -> tuple[http.client.HTTPMessage, bytes]:
    """Headers and body of the answer; InputError with what the server says if there is none."""
    while True:
        connection = _connection(parts, patience.timeout_s)
        try:
            response = _sent(connection, path, body, kind)
            if response.status == http.HTTPStatus.OK:
                return response.headers, response.read()
            if response.status != BUSY or not patience.rest(response.headers.get("Retry-After")):
                raise InputError(_refused(_line(response)))
        finally:
            connection.close()


def _connection(parts: SplitResult, timeout_s: float) -> http.client.HTTPConnection:
    if parts.scheme == "https":
        return http.client.HTTPSConnection(parts.netloc, timeout=timeout_s, context=ssl.create_default_context())
    return http.client.HTTPConnection(parts.netloc, timeout=timeout_s)


def _sent(connection: http.client.HTTPConnection, path: str, body: bytes | Path, kind: str) -> http.client.HTTPResponse:
    """The answer, which may come before the whole body is sent."""
    size = body.stat().st_size if isinstance(body, Path) else len(body)
    connection.putrequest("POST", path)
    for name, value in {"Content-Type": kind, "Content-Length": str(size), "Connection": "close"}.items():
        connection.putheader(name, value)
    connection.endheaders()
    early = not isinstance(connection.sock, ssl.SSLSocket)  # what comes first there may be of TLS itself
    try:
        for chunk in _chunks(body):
            if early and select.select([connection.sock], [], [], 0)[0]:
                break
            connection.send(chunk)
    except (BrokenPipeError, ConnectionResetError):
        pass  # it may have said why
    return connection.getresponse()


def _chunks(body: bytes | Path) -> Iterator[bytes | memoryview]:
    if isinstance(body, Path):
        with body.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk
    else:
        for start in range(0, len(body), CHUNK):
            yield memoryview(body)[start : start + CHUNK]


def _line(response: http.client.HTTPResponse) -> str:
    content = response.read(LARGEST_LINE)
    try:
        return short(str(json.loads(content)["error"]))
    except (ValueError, LookupError, TypeError):
        return f"{response.status} {response.reason}"
