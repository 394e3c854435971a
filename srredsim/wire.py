"""Messages of TensorFlow Serving as bytes: as much of them as a prediction needs, without TensorFlow.

protobuf writes a message as fields: a number and a kind, then a number of variable length, or a length and so many
bytes, which may be a message again. The numbers are those of ``tensor.proto`` of TensorFlow and of ``model.proto``,
``predict.proto`` and ``prediction_log.proto`` of TensorFlow Serving.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod

import numpy as np

VARINT, BYTES = 0, 2  # kinds of fields
FIXED = {1: 8, 5: 4}  # bytes of the other kinds
STRING = 7  # of the types of a tensor
DTYPES = {1: np.dtype("<f4"), 3: np.dtype("<i4")}


def field(number: int, value: int | bytes | str) -> bytes:
    """One field; text is written as UTF-8."""
    if isinstance(value, int):
        return _varint(number << 3 | VARINT) + _varint(value)
    value = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | BYTES) + _varint(len(value)) + value


def fields(message: bytes) -> dict[int, list[int | bytes]]:
    """Values of the fields of a message by their numbers, in order; ValueError if it is none."""
    found: dict[int, list[int | bytes]] = {}
    view, at = memoryview(message), 0
    while at < len(view):
        key, at = _read(view, at)
        value: int | bytes
        if key & 7 == VARINT:
            value, at = _read(view, at)
        else:
            size, at = _read(view, at) if key & 7 == BYTES else (FIXED.get(key & 7, len(view)), at)
            if size > len(view) - at:
                raise ValueError("the message is cut short, or none")
            value, at = bytes(view[at : at + size]), at + size
        found.setdefault(key >> 3, []).append(value)
    return found


def tensor(value: np.ndarray | bytes) -> bytes:
    """TensorProto of an array of float32 or int32, or of one string of bytes."""
    if isinstance(value, bytes):
        return field(1, STRING) + field(2, b"") + field(8, value)
    (dtype,) = (number for number, known in DTYPES.items() if known == value.dtype)
    shape = b"".join(field(2, field(1, side)) for side in value.shape)
    return field(1, dtype) + field(2, shape) + field(4, np.ascontiguousarray(value, DTYPES[dtype]).tobytes())


def value_of(proto: bytes) -> np.ndarray | bytes:
    """What such a TensorProto holds; ValueError of any other."""
    found = fields(proto)
    dtype = _one(found, 1)
    if dtype == STRING:
        return _as_bytes(_one(found, 8))
    shape = [_one(fields(_as_bytes(side)), 1, 0) for side in fields(_as_bytes(_one(found, 2))).get(2, [])]
    content = _as_bytes(_one(found, 4))
    if dtype not in DTYPES or len(content) != prod(shape) * DTYPES[dtype].itemsize:
        raise ValueError(f"a tensor of type {dtype!r}, shape {shape} and {len(content)} bytes cannot be read")
    return np.frombuffer(content, DTYPES[dtype]).reshape(shape)


def predict_request(model: str, signature: str, inputs: Mapping[str, np.ndarray | bytes]) -> bytes:
    """PredictRequest."""
    spec = field(1, field(1, model) + field(3, signature))
    return spec + b"".join(field(2, _entry(name, tensor(value))) for name, value in inputs.items())


def outputs_of(response: bytes) -> dict[str, np.ndarray | bytes]:
    """Tensors of a PredictResponse by name."""
    entries = (fields(_as_bytes(entry)) for entry in fields(response).get(1, []))
    return {_as_bytes(_one(entry, 1)).decode(): value_of(_as_bytes(_one(entry, 2))) for entry in entries}


def prediction_log(request: bytes) -> bytes:
    """PredictionLog of a PredictRequest, as a file of warm-up requests has it."""
    return field(6, field(1, request))


def _entry(key: str, value: bytes) -> bytes:
    """One of a map."""
    return field(1, key) + field(2, value)


def _one(found: dict[int, list[int | bytes]], number: int, default: int | bytes | None = None) -> int | bytes:
    values: Iterable[int | bytes | None] = found.get(number, [default])
    *_, last = values
    if last is None:
        raise ValueError(f"the message lacks field {number}")
    return last


def _as_bytes(value: int | bytes) -> bytes:
    if not isinstance(value, bytes):
        raise ValueError("a number stands where bytes are wanted")
    return value


def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; all but the last have the highest bit."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def _read(view: memoryview, at: int) -> tuple[int, int]:
    """A number of variable length, and where it ends."""
    value = shift = 0
    while True:
        if at >= len(view) or shift > 63:
            raise ValueError("the message is cut short, or none")
        value |= (view[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if view[at - 1] < 0x80:
            return value, at
