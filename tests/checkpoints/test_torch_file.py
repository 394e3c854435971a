"""Reading what torch.save wrote: both formats, every kind of number, any strides; and what is damaged."""

import struct
import zipfile

import numpy as np
import pytest

from srredsim.checkpoints import read_tensors
from srredsim.errors import InputError

RNG = np.random.default_rng(4)
ARRAYS = {
    "module.head.0.weight": RNG.normal(size=(4, 3, 3, 2)).astype("f4"),
    "module.head.0.bias": RNG.normal(size=4).astype("f4"),
    "module.steps": np.array(7, "i8"),
}
both_formats = pytest.mark.parametrize("format", ["zip", "legacy"])


def assert_same(found, expected):
    assert list(found) == list(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)


def state_dict(writer):
    """The counter is an int64 tensor."""
    arrays = dict(ARRAYS)
    counter = arrays.pop("module.steps")
    tensors = writer.tensors(arrays)
    tensors["module.steps"] = writer.tensor(counter, "i8")
    tensors._metadata = {"": {"version": 1}}  # which state_dict really has, as an attribute of its OrderedDict
    return tensors


@both_formats
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_a_state_dict(torch_writer, tmp_path, format, protocol):
    path = torch_writer.write(tmp_path / "a.pth", state_dict(torch_writer), format, protocol)
    assert_same(read_tensors(path), ARRAYS)


@both_formats
@pytest.mark.parametrize("key", ["state_dict", "params", "model", "params_ema"])
def test_a_state_dict_among_other_things(torch_writer, tmp_path, format, key):
    optimiser = {"state": {0: {"exp_avg": torch_writer.tensor(np.ones(3))}}, "param_groups": [{"lr": 1e-3}]}
    root = {"epoch": 49, "optimizer": optimiser, key: state_dict(torch_writer), "name": "net", "seen": {1, 2}}
    assert_same(read_tensors(torch_writer.write(tmp_path / "a.pth", root, format)), ARRAYS)


@both_formats
def test_the_averaged_weights_come_before_the_last_ones(torch_writer, tmp_path, format):
    root = {name: torch_writer.tensors({"a": np.full(2, value)}) for name, value in (("params", 1), ("params_ema", 2))}
    np.testing.assert_array_equal(read_tensors(torch_writer.write(tmp_path / "a.pth", root, format))["a"], [2, 2])


def whole_module(writer):
    arrays = {name.rpartition(".")[2]: writer.tensor(array) for name, array in list(ARRAYS.items())[:2]}
    convolution = writer.module("torch.nn.modules.conv.Conv2d", arrays, stride=(1, 1), padding_mode="zeros")
    buffers = {"mean": writer.tensor(np.arange(3.0)), "scratch": writer.tensor(np.zeros(2)), "none": None}
    relu = writer.module("torch.nn.modules.activation.ReLU", {"missing": None}, inplace=True)
    head = writer.module("torch.nn.modules.container.Sequential", modules={"0": convolution, "1": relu})
    passing = {"_non_persistent_buffers_set": {"scratch"}}
    net = writer.module("model.RRDB.RRDBNet", {}, buffers, {"head": head, "gone": None}, **passing)
    return writer.module("torch.nn.parallel.data_parallel.DataParallel", modules={"module": net}, device_ids=[0, 1])


@both_formats
@pytest.mark.parametrize("protocol", [2, 4])
def test_a_whole_module_of_a_class_that_is_not_here(torch_writer, tmp_path, format, protocol):
    root = {"epoch": 48, "model": whole_module(torch_writer), "name": "rrdb"}
    expected = {"module.mean": np.arange(3.0)} | dict(list(ARRAYS.items())[:2])
    assert_same(read_tensors(torch_writer.write(tmp_path / "a.pth", root, format, protocol)), expected)


@both_formats
@pytest.mark.parametrize(("kind", "digits"), [("f8", 16), ("f2", 3), ("bf16", 2), ("i8", None)])
def test_every_kind_of_number(torch_writer, tmp_path, format, kind, digits):
    numbers = np.arange(-6, 6) * 2**40 if kind == "i8" else RNG.normal(size=12) * 100
    tensor = torch_writer.tensor(np.asarray(numbers, "i8" if kind == "i8" else "f4").reshape(3, 4), kind)
    found = read_tensors(torch_writer.write(tmp_path / "a.pth", {"a": tensor}, format))["a"]
    expected = np.asarray(numbers, "i8" if kind == "i8" else "f4").reshape(3, 4)
    assert found.dtype == {"f8": "f8", "f2": "f4", "bf16": "f4", "i8": "i8"}[kind]
    np.testing.assert_allclose(found, expected, rtol=10.0**-digits if digits else 0)


@both_formats
def test_tensors_that_share_a_storage_and_are_not_contiguous(torch_writer, tmp_path, format):
    numbers = np.arange(24, dtype="f4")
    storage = torch_writer.storage(numbers)
    root = {
        "transposed": torch_writer.view(storage, 0, (4, 6), (1, 4)),
        "every_second": torch_writer.view(storage, 1, (3, 2), (8, 2)),
        "behind": torch_writer.view(storage, 20, (4,), (1,)),
        "single": torch_writer.view(storage, 23, (1, 1), (10**30, 5)),
        "empty": torch_writer.view(storage, 0, (0, 10**18), (1, 1)),
    }
    found = read_tensors(torch_writer.write(tmp_path / "a.pth", root, format))
    assert_same(
        found,
        {
            "transposed": numbers.reshape(6, 4).T,
            "every_second": numbers.reshape(3, 8)[:, 1:4:2],
            "behind": numbers[20:],
            "single": numbers[23:].reshape(1, 1),
        },
    )


def test_a_view_of_a_storage_in_the_older_format(torch_writer, tmp_path):
    storage = torch_writer.storage(np.arange(10), view=("view", 4, 5))
    path = torch_writer.write(tmp_path / "a.pth", {"a": torch_writer.view(storage, 1, (2, 2), (1, 2))}, "legacy")
    np.testing.assert_array_equal(read_tensors(path)["a"], [[5, 7], [6, 8]])


def test_big_endian(torch_writer, tmp_path):
    path = torch_writer.write(tmp_path / "a.pth", {"a": torch_writer.tensor(np.array([1.5, -2.25], ">f4").view("<f4"))})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("archive/byteorder", "big")
    np.testing.assert_array_equal(read_tensors(path)["a"], [1.5, -2.25])


# What cannot be read


@both_formats
@pytest.mark.parametrize(
    ("offset", "shape", "strides", "words"),
    [
        (0, (5, 5), (5, 1), "25 numbers, up to place 24, in the storage '0' of 24"),
        (20, (5,), (1,), "up to place 24"),
        (0, (4, 6), (7, 1), "up to place 26"),
        (0, (10**9, 10**9), (0, 0), "more than 10\\^15 numbers"),
        (0, (2, 3), (-1, 1), "shape or strides cannot be"),
        (-1, (2,), (1,), "shape or strides cannot be"),
        (0, (2.0,), (1,), "shape or strides cannot be"),
        (0, (2, 2), (1,), "shape or strides cannot be"),
        (0, (1,) * 70, (1,) * 70, "shape or strides cannot be"),
    ],
)
def test_tensors_that_reach_out_of_their_storage(torch_writer, tmp_path, format, offset, shape, strides, words):
    tensor = torch_writer.view(torch_writer.storage(np.arange(24)), offset, shape, strides)
    with pytest.raises(InputError, match=words):
        read_tensors(torch_writer.write(tmp_path / "a.pth", {"a": tensor}, format))


@both_formats
def test_a_storage_that_is_shorter_than_it_says(torch_writer, tmp_path, format):
    tensor = torch_writer.view(torch_writer.storage(np.arange(24)), 0, (10**6, 10**6), (10**6, 1))
    with pytest.raises(InputError, match="24 numbers in its storage '0', but 1000000000000 numbers are said"):
        read_tensors(torch_writer.write(tmp_path / "a.pth", {"a": tensor}, format, length=10**12))


@both_formats
def test_a_file_cut_anywhere_is_refused_and_never_crashes(torch_writer, tmp_path, format):
    whole = torch_writer.write(tmp_path / "a.pth", state_dict(torch_writer), format).read_bytes()
    for length in range(0, len(whole) - 1, 7):
        (tmp_path / "cut.pth").write_bytes(whole[:length])
        with pytest.raises(InputError):
            read_tensors(tmp_path / "cut.pth")


@both_formats
def test_damaged_bytes_are_refused_or_read_and_never_crash(torch_writer, tmp_path, format):
    whole = bytearray(torch_writer.write(tmp_path / "a.pth", state_dict(torch_writer), format).read_bytes())
    rng = np.random.default_rng(9)
    refused = 0
    for _ in range(400):
        damaged = bytearray(whole)
        for place in rng.integers(0, len(whole), 3):
            damaged[place] = rng.integers(256)
        (tmp_path / "damaged.pth").write_bytes(damaged)
        try:
            read_tensors(tmp_path / "damaged.pth")
        except InputError:
            refused += 1
    assert refused > 200


def test_a_storage_of_impossible_length_in_the_older_format(torch_writer, tmp_path):
    path = torch_writer.write(tmp_path / "a.pth", {"a": torch_writer.tensor(np.arange(6))}, "legacy")
    whole = path.read_bytes()
    for length in (-1, 7, 2**62):
        path.write_bytes(whole[: -8 - 24] + struct.pack("<q", length) + whole[-24:])
        with pytest.raises(InputError, match="is cut short in its storage '0'"):
            read_tensors(path)


def test_other_files(torch_writer, tmp_path):
    path = tmp_path / "other.pth"
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_tensors(path)
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    with pytest.raises(InputError, match="is not a PyTorch checkpoint: neither a zip archive nor"):
        read_tensors(path)
    for member, words in (("a/b", "without data.pkl"), ("a/constants.pkl", "TorchScript")):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(member, b"x")
            if member == "a/constants.pkl":
                archive.writestr("a/data.pkl", b"x")
        with pytest.raises(InputError, match=words):
            read_tensors(path)
    torch_writer.write(path, {"epoch": 3, "best": 0.5})
    with pytest.raises(InputError, match=r"has no tensors where they are expected .*it has 'epoch', 'best'"):
        read_tensors(path)
    torch_writer.write(path, [1, 2])
    with pytest.raises(InputError, match="neither a dict of tensors nor a network module"):
        read_tensors(path)


def test_a_compressed_member_is_not_inflated(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", bytes(10**7))
    assert (tmp_path / "bomb.pth").stat().st_size < 20_000
    with pytest.raises(InputError, match="says it holds more than its own size"):
        read_tensors(tmp_path / "bomb.pth")


def test_a_lost_storage(torch_writer, tmp_path):
    root = {"a": torch_writer.tensor(np.arange(6))}
    torch_writer.storages[0].key = "../../etc/passwd"
    path = torch_writer.write(tmp_path / "a.pth", root)
    with zipfile.ZipFile(path) as archive:
        body = archive.read("archive/data.pkl")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", body)
    with pytest.raises(InputError, match=r"has lost the storage archive/data/../../etc/passwd"):
        read_tensors(path)
