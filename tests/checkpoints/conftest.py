"""Checkpoints as torch.save writes them, without PyTorch: Python's own pickler, and modules that go by its names."""

import io
import pickle
import struct
import sys
import types
import zipfile
from collections import OrderedDict

import numpy as np
import pytest

STORAGES = {
    "f4": "FloatStorage",
    "f8": "DoubleStorage",
    "f2": "HalfStorage",
    "i8": "LongStorage",
    "bf16": "BFloat16Storage",
}


def _class(module, name, **members):
    return type(name, (), {"__module__": module, **members})


def _function(module, name):
    def function(*_):
        raise AssertionError("this is only written down")

    function.__module__, function.__name__, function.__qualname__ = module, name, name
    return function


class Pretended(types.ModuleType):
    """A module for the pickler to look into; a package too, so that it finds those below it."""

    __path__ = ()


class Storage:
    def __init__(self, key, kind, data, view=None):
        self.key, self.kind, self.data, self.view = key, kind, data, view
        self.length = len(data) // {"f4": 4, "f8": 8, "f2": 2, "i8": 8, "bf16": 2}[kind]


class Tensor:
    """Written as the call that rebuilds it."""

    def __init__(self, storage, offset, shape, strides):
        self.arguments = storage, offset, tuple(shape), tuple(strides), False, OrderedDict()

    def __reduce__(self):
        return sys.modules["torch._utils"]._rebuild_tensor_v2, self.arguments


class Parameter:
    def __init__(self, tensor):
        self.tensor = tensor

    def __reduce__(self):
        return sys.modules["torch._utils"]._rebuild_parameter, (self.tensor, True, OrderedDict())


class TorchWriter:
    """Makes tensors, remembers their storages, and writes either format."""

    def __init__(self):
        self.storages = []
        self.classes = {}
        self.names = [f"torch.{name}" for name in STORAGES.values()] + [
            "torch._utils._rebuild_tensor_v2",
            "torch._utils._rebuild_parameter",
        ]

    def storage(self, numbers, kind="f4", view=None):
        if kind == "bf16":
            data = (np.asarray(numbers, "<f4").view("<u4") >> 16).astype("<u2").tobytes()
        else:
            data = np.asarray(numbers, f"<{kind}").tobytes()
        self.storages.append(Storage(str(len(self.storages)), kind, data, view))
        return self.storages[-1]

    def tensor(self, array, kind="f4"):
        """Contiguous, in a storage of its own."""
        array = np.ascontiguousarray(array)
        strides = [step // array.itemsize for step in array.strides]
        return Tensor(self.storage(array.ravel(), kind), 0, array.shape, strides)

    def view(self, storage, offset, shape, strides):
        return Tensor(storage, offset, shape, strides)

    def tensors(self, arrays, prefix=""):
        return OrderedDict((prefix + name, self.tensor(array)) for name, array in arrays.items())

    def module(self, kind, parameters=None, buffers=None, modules=None, **state):
        """An object of a class such as torch.nn.modules.conv.Conv2d."""
        self.names.append(kind)
        made = self.classes.setdefault(kind, _class(*kind.rpartition(".")[::2]))()
        parameters = {name: value and Parameter(value) for name, value in (parameters or {}).items()}
        parts = {"_parameters": parameters, "_buffers": buffers or {}, "_modules": modules or {}}
        made.__dict__ = {"training": True, **{key: OrderedDict(value) for key, value in parts.items()}, **state}
        return made

    def write(self, path, root, format="zip", protocol=2, length=None):
        """``length`` instead of the true length of each storage."""
        body = self._pickled(root, format, protocol, length)
        if format == "zip":
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("archive/data.pkl", body)
                archive.writestr("archive/version", "3\n")
                for storage in self.storages:
                    archive.writestr(f"archive/data/{storage.key}", storage.data)
            return path
        machine = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
        heads = [pickle.dumps(value, 2) for value in (0x1950A86A20F9469CFC6C, 1001, machine)]
        keys = [storage.key for storage in reversed(self.storages)]
        data = b"".join(struct.pack("<q", storage.length) + storage.data for storage in reversed(self.storages))
        path.write_bytes(b"".join(heads) + body + pickle.dumps(keys, 2) + data)
        return path

    def _pickled(self, root, format, protocol, length):
        class Pickler(pickle.Pickler):
            def persistent_id(self, value):
                if not isinstance(value, Storage):
                    return None
                kind = getattr(sys.modules["torch"], STORAGES[value.kind])
                identity = ("storage", kind, value.key, "cuda:0", value.length if length is None else length)
                return identity + (value.view,) * (format == "legacy")

        stream = io.BytesIO()
        with pytest.MonkeyPatch.context() as patch:
            self._pretend(patch)
            Pickler(stream, protocol).dump(root)
        return stream.getvalue()

    def _pretend(self, patch):
        """The modules by their names, while the pickler looks whether the classes are there."""
        for kind in self.names:
            module, _, name = kind.rpartition(".")
            parts = module.split(".")
            for parent in (".".join(parts[:depth]) for depth in range(1, len(parts) + 1)):
                if not isinstance(sys.modules.get(parent), Pretended):
                    patch.setitem(sys.modules, parent, Pretended(parent))
            make = _function if name.startswith("_") else _class
            setattr(sys.modules[module], name, self.classes.get(kind) or make(module, name))


@pytest.fixture
def torch_writer():
    return TorchWriter()


@pytest.fixture
def write_pickle(tmp_path):
    """A zip checkpoint around any bytes as its pickle, with one storage of 24 float32, 0 to 23, in data/0."""

    def write(body, name="made.pth"):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("archive/data.pkl", body)
            archive.writestr("archive/data/0", np.arange(24, dtype="<f4").tobytes())
        return tmp_path / name

    return write
