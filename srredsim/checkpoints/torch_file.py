"""Tensors of a file that ``torch.save`` wrote, as NumPy arrays, without PyTorch.

Two formats: since PyTorch 1.6 a zip archive with ``data.pkl`` and one member ``data/<key>`` per storage; before that
five pickles one after the other (magic number, version, machine, object, keys) and then the storages. In both, the
object is a pickle in which a tensor is a call that gives storage, offset, shape and strides. It is read by
`srredsim.checkpoints.pickled`, which runs nothing.
"""

from __future__ import annotations

import io
import math
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from srredsim import documents
from srredsim.checkpoints.pickled import Inert, Name, read_pickle
from srredsim.errors import InputError

MAGIC = 0x1950A86A20F9469CFC6C
VERSION = 1001
LEGACY_START = b"\x8a\x0a" + MAGIC.to_bytes(10, "little")  # first pickle, behind its protocol
WRAPPERS = ("params_ema", "params", "state_dict", "model_state_dict", "model", "net", "network", "generator", "netG")
MAX_DIMENSIONS = 8
MAX_TENSORS = 100_000
MAX_DEPTH = 50  # levels of modules in modules, or dicts in dicts
BFLOAT16 = "bfloat16"
STORAGES = {
    "FloatStorage": "f4",
    "DoubleStorage": "f8",
    "HalfStorage": "f2",
    "BFloat16Storage": BFLOAT16,
    "LongStorage": "i8",
    "IntStorage": "i4",
    "ShortStorage": "i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}


@dataclass(frozen=True, eq=False)
class Storage:
    """A run of numbers in the file, perhaps a part of a longer one."""

    key: str
    kind: str  # type of its numbers, a value of STORAGES
    start: int
    length: int


@dataclass(frozen=True, eq=False)
class Tensor:
    """Where the numbers of a tensor are; offset and strides in elements."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_tensors(path: str | Path) -> dict[str, np.ndarray]:
    """Name -> array of every tensor of the network in a checkpoint, in the order of the file.

    The file holds a dict of tensors, a whole module, or one of these in a dict under a usual name (`WRAPPERS`, the
    first that is there). Half and bfloat16 come as float32, everything else as it is; the arrays are read-only. Empty
    tensors are left out.

    Raises
    ------
    InputError
        If the file is not such a checkpoint, is damaged, or names anything but tensors and modules: see
        `srredsim.checkpoints.pickled`. Nothing in the file is ever run.
    """
    documents.regular(path)
    try:
        content = Path(path).read_bytes()
    except OSError as problem:
        raise InputError(f"cannot be read: {problem.strerror}") from None
    if content.startswith(b"PK"):
        root, numbers = _open_zip(content)
    elif content[2 : 2 + len(LEGACY_START)] == LEGACY_START:
        root, numbers = _open_legacy(content)
    else:
        raise InputError("is not a PyTorch checkpoint: neither a zip archive nor the older format of torch.save")
    loaded: dict[tuple[str, str], np.ndarray] = {}

    def array(tensor: Tensor) -> np.ndarray:
        storage = tensor.storage
        if (storage.key, storage.kind) not in loaded:
            loaded[storage.key, storage.kind] = numbers(storage)
        return _view(loaded[storage.key, storage.kind], tensor)

    return {name: array(tensor) for name, tensor in _network_in(root).items() if math.prod(tensor.shape)}


# The zip format


def _open_zip(content: bytes) -> tuple[Any, Callable[[Storage], np.ndarray]]:
    """The object, and what reads the numbers of a storage."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error):
        raise InputError("is a damaged zip archive, perhaps cut short; download it again") from None
    members = {member.filename: member for member in archive.infolist()}
    roots = [name[: -len("data.pkl")] for name in members if name == "data.pkl" or name.endswith("/data.pkl")]
    if len(roots) != 1:
        raise InputError("is a zip archive without data.pkl, so not a PyTorch checkpoint")
    if sum(member.file_size for member in members.values()) > len(content):
        raise InputError("is a zip archive that says it holds more than its own size, which torch.save never makes")
    folder = roots[0]
    if f"{folder}constants.pkl" in members:
        raise InputError("is a TorchScript program, not a checkpoint; save its state_dict() from PyTorch")
    read = partial(_member, archive, members)
    big_endian = f"{folder}byteorder" in members and read(f"{folder}byteorder") == b"big"

    def numbers(storage: Storage) -> np.ndarray:
        data = read(f"{folder}data/{storage.key}")
        return _numbers(data, storage.kind, ">" if big_endian else "<")

    return read_pickle(io.BytesIO(read(f"{folder}data.pkl")), CALLS, _storage), numbers


def _member(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], name: str) -> bytes:
    if name not in members:
        raise InputError(f"has lost the storage {name}; the file is incomplete")
    if members[name].compress_type != zipfile.ZIP_STORED or members[name].flag_bits & 1:
        raise InputError(f"has {name} compressed or encrypted, which torch.save never does")
    try:
        return archive.read(members[name])
    except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError, struct.error):
        raise InputError(f"is damaged in {name}; download it again") from None


# The format before PyTorch 1.6


def _open_legacy(content: bytes) -> tuple[Any, Callable[[Storage], np.ndarray]]:
    stream = io.BytesIO(content)
    magic, version = (read_pickle(stream, {}) for _ in range(2))
    if (magic, version) != (MAGIC, VERSION):
        raise InputError("is a PyTorch checkpoint of an unknown version; save it again with a newer PyTorch")
    read_pickle(stream, {})  # the machine it was written on; the storages are little-endian on all
    kinds: dict[str, str] = {}

    def storage(identity: Any) -> Any:
        found = _storage(identity)
        if isinstance(found, Storage) and kinds.setdefault(found.key, found.kind) != found.kind:
            raise InputError(f"gives its storage {found.key[:40]!r} two kinds of numbers")
        return found

    root = read_pickle(stream, CALLS, storage)
    keys = read_pickle(stream, {})
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise InputError("is damaged: it has no list of storages")
    places: dict[str, tuple[int, int]] = {}
    for key in keys:
        if key not in kinds:
            raise InputError(f"is damaged: no tensor uses its storage {key[:40]!r}")
        head = stream.read(8)
        size = int.from_bytes(head, "little", signed=True) * _item_size(kinds[key])
        if len(head) < 8 or not 0 <= size <= len(content) - stream.tell():
            raise InputError(f"is cut short in its storage {key[:40]!r}; download it again")
        places[key] = stream.tell(), size
        stream.seek(size, io.SEEK_CUR)

    def numbers(storage: Storage) -> np.ndarray:
        if storage.key not in places:
            raise InputError(f"has lost the storage {storage.key[:40]!r}; the file is incomplete")
        start, size = places[storage.key]
        return _numbers(memoryview(content)[start : start + size], storage.kind, "<")

    return root, numbers


# What the names in the pickle stand for


def _storage(identity: Any) -> Any:
    """``('storage', kind, key, device, length[, view])``, or ``('module', class, file, source)`` in old files."""
    if isinstance(identity, tuple) and len(identity) == 4 and identity[0] == "module":
        return identity[1]
    if not isinstance(identity, tuple) or len(identity) not in (5, 6) or identity[0] != "storage":
        raise InputError("is damaged: its pickle refers to something that is not a storage")
    _, kind, key, _, length, *view = identity
    if not isinstance(kind, Name) or kind.module not in ("torch", "torch.cuda") or kind.name not in STORAGES:
        shown = str(kind)[:80] if isinstance(kind, Name) else "no class"
        raise InputError(f"has numbers of the kind {shown}; known are: {', '.join(STORAGES)}")
    if not isinstance(key, str):
        raise InputError("is damaged: a storage has no name")
    start = 0
    if view and view[0] is not None:
        _, start, length = view[0]
    if not _whole(start) or not _whole(length):
        raise InputError(f"is damaged: the storage {key[:40]!r} has no proper length")
    return Storage(key, STORAGES[kind.name], start, length)


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> Tensor:
    """Where a tensor lies; refused where it would reach out of its storage or be larger than that."""
    if not isinstance(storage, Storage):
        raise InputError("is damaged: a tensor has no storage")
    sizes_fit = isinstance(shape, tuple) and isinstance(strides, tuple) and len(shape) == len(strides) <= MAX_DIMENSIONS
    if not sizes_fit or not all(map(_whole, (offset, *shape, *strides))):
        raise InputError(f"has a tensor in storage {storage.key[:40]!r} whose shape or strides cannot be")
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    count = math.prod(shape)
    if count and (last >= storage.length or count > storage.length):
        raise InputError(
            f"has a tensor of {_short(count)} numbers, up to place {_short(last)}, in the storage"
            f" {storage.key[:40]!r} of {_short(storage.length)}; the file is damaged"
        )
    return Tensor(storage, offset, shape, strides)


def _parameter(data: Any, *_: Any) -> Any:
    return data


CALLS: dict[Name, Callable[..., Any]] = {
    Name("torch._utils", "_rebuild_tensor_v2"): _tensor,
    Name("torch._utils", "_rebuild_tensor"): _tensor,
    Name("torch._utils", "_rebuild_parameter"): _parameter,
    Name("torch._utils", "_rebuild_parameter_with_state"): _parameter,
}


def _whole(value: Any) -> bool:
    return type(value) is int and value >= 0


def _short(number: int) -> str:
    return str(number) if number < 10**15 else "more than 10^15"


# From bytes to arrays


def _item_size(kind: str) -> int:
    return 2 if kind == BFLOAT16 else np.dtype(kind).itemsize


def _numbers(data: bytes | memoryview, kind: str, order: str) -> np.ndarray:
    if len(data) % _item_size(kind):
        raise InputError(f"has a storage of {len(data)} bytes, which is no whole number of {kind}")
    if kind == BFLOAT16:  # the upper half of a float32
        return (np.frombuffer(data, f"{order}u2").astype(np.uint32) << 16).view(np.float32)
    numbers = np.frombuffer(data, np.dtype(kind).newbyteorder(order))
    return numbers.astype(np.float32) if kind == "f2" else numbers


def _view(numbers: np.ndarray, tensor: Tensor) -> np.ndarray:
    storage = tensor.storage
    if storage.start + storage.length > numbers.size:
        wanted = f"{_short(storage.start + storage.length)} numbers are said to be there"
        raise InputError(f"has {numbers.size} numbers in its storage {storage.key[:40]!r}, but {wanted}")
    within = numbers[storage.start : storage.start + storage.length][tensor.offset :]
    steps = zip(tensor.shape, tensor.strides, strict=True)
    strides = [stride * numbers.itemsize if size > 1 else 0 for size, stride in steps]
    return np.lib.stride_tricks.as_strided(within, tensor.shape, strides, writeable=False)


# Which of the tensors are the network


def _network_in(root: Any) -> dict[str, Tensor]:
    for _ in range(MAX_DEPTH):
        if isinstance(root, Inert):
            found = dict(_of_module(root))
            if not found:
                raise InputError(f"holds a {str(root.kind)[:80]} without tensors; save the state_dict() of the network")
            return found
        if not isinstance(root, dict):
            break
        if wrapper := next((key for key in WRAPPERS if isinstance(root.get(key), (dict, Inert))), None):
            root = root[wrapper]
            continue
        found = {key: value for key, value in root.items() if isinstance(key, str) and isinstance(value, Tensor)}
        if not found:
            keys = ", ".join(repr(key[:40]) for key in list(root)[:8] if isinstance(key, str))
            raise InputError(f"has no tensors where they are expected (under {', '.join(WRAPPERS)}); it has {keys}")
        return found
    raise InputError("holds neither a dict of tensors nor a network module")


def _of_module(module: Inert) -> Iterator[tuple[str, Tensor]]:
    """Parameters and buffers of a module and of those in it, as ``state_dict`` names them."""
    waiting, visits = [("", module, 0)], 0
    while waiting:
        prefix, module, depth = waiting.pop()
        visits += 1
        if visits > MAX_TENSORS or depth > MAX_DEPTH:
            raise InputError(f"has more than {MAX_TENSORS:,} modules, or more than {MAX_DEPTH} within one another")
        passing = _part(module, "_non_persistent_buffers_set", list)
        buffers = {name: value for name, value in _part(module, "_buffers", dict).items() if name not in passing}
        for name, value in (_part(module, "_parameters", dict) | buffers).items():
            if isinstance(value, Tensor):
                yield f"{prefix}{name}", value
        modules = [(name, value) for name, value in _part(module, "_modules", dict).items() if isinstance(value, Inert)]
        waiting += [(f"{prefix}{name}.", value, depth + 1) for name, value in reversed(modules)]


def _part(module: Inert, name: str, kind: type) -> Any:
    """A part of the state of a module; empty where it has none, as very old ones have."""
    part = module.state.get(name) if isinstance(module.state, dict) else None
    return part if isinstance(part, kind) else kind()
