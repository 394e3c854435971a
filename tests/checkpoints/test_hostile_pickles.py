"""A pickle is a program: whatever it asks for, nothing is imported, called or changed, and the message names it."""

import collections
import os
import pickle
import subprocess
import sys
import zipfile

import pytest

from srredsim.checkpoints import read_tensors, torch_file
from srredsim.errors import InputError

REBUILD = b"ctorch._utils\n_rebuild_tensor_v2\n"
STORAGE = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x18tQ"


def tensor(shape=b"K\x02\x85", strides=b"K\x01\x85", offset=b"K\x00"):
    """A call that is allowed; by itself [0, 1]."""
    return REBUILD + b"(" + STORAGE + offset + shape + strides + b"\x89}tR"


def named(value):
    return b"\x80\x02}X\x01\x00\x00\x00a" + value + b"s."


class Calls:
    def __init__(self, function, *arguments):
        self.how = function, arguments

    def __reduce__(self):
        return self.how


def test_the_harmless_pickle_that_the_others_are_made_from(write_pickle):
    assert read_tensors(write_pickle(named(tensor())))["a"].tolist() == [0, 1]


COMMAND = b"(X\x0b\x00\x00\x00touch ownedtR"
HOSTILE = {
    "os.system": (b"cos\nsystem\n" + COMMAND, "names os.system"),
    "posix.system": (b"cposix\nsystem\n" + COMMAND, "names posix.system"),
    "nt.system": (b"cnt\nsystem\n" + COMMAND, "names nt.system"),
    "eval": (b"cbuiltins\neval\n" + COMMAND, "names builtins.eval"),
    "eval of Python 2": (b"c__builtin__\neval\n" + COMMAND, "names __builtin__.eval"),
    "exec by stack": (b"\x8c\x08builtins\x8c\x04exec\x93" + COMMAND, "names builtins.exec"),
    "getattr": (b"cbuiltins\ngetattr\n(cos\npath\nX\x06\x00\x00\x00systemtR", "names builtins.getattr"),
    "dotted name": (
        b"\x8c\x05torch\x8c\x17serialization.os.system\x93" + COMMAND,
        "names torch.serialization.os.system",
    ),
    "class of a class": (b"\x8c\x0bcollections\x8c\x15OrderedDict.__class__\x93" + COMMAND, "OrderedDict.__class__"),
    "submodule": (b"cos.path\nos\n", "names os.path.os"),
    "import": (b"cimportlib\nimport_module\n" + COMMAND, "names importlib.import_module"),
    "subprocess": (b"csubprocess\nPopen\n" + COMMAND, "names subprocess.Popen"),
    "a function of torch": (b"ctorch.hub\nload\n" + COMMAND, "calls torch.hub.load"),
    "pickle in a pickle": (b"ctorch.storage\n_load_from_bytes\n" + COMMAND, "calls torch.storage._load_from_bytes"),
    "a function of NumPy": (b"cnumpy.testing._private.utils\nrunstring\n" + COMMAND, "calls numpy.testing"),
    "a module that is here": (b"csrredsim.cli\nmain\n" + COMMAND, "calls srredsim.cli.main"),
    "a class with arguments": (b"cmodel.net\nNet\n" + COMMAND, "calls model.net.Net"),
    "an instance": (b"(X\x01\x00\x00\x00xios\nsystem\n", "instruction INST"),
    "an object": (b"(cmodel\nNet\nX\x01\x00\x00\x00xo", "instruction OBJ"),
    "an extension": (b"\x82\x01", "instruction EXT1"),
    "calls a string": (b"X\x09\x00\x00\x00os.systemX\x01\x00\x00\x00x\x85R", "not a function with a name"),
    "calls what was made": (b"cmodel\nNet\n)\x81)R", "not a function with a name"),
    "new object of a function": (REBUILD + b")\x81", "not a class"),
    "changes our function": (REBUILD + b"}X\x0c\x00\x00\x00__defaults__Nsb", "changes something"),
    "changes a class": (b"ccollections\nOrderedDict\n}X\x04\x00\x00\x00keysNsb", "changes something"),
    "changes a tensor": (tensor() + b"}X\x05\x00\x00\x00shapeNsb", "changes something"),
    "no arguments": (REBUILD + b")R", "damaged or cut short"),
    "arguments that are none": (REBUILD + b"(K\x00K\x00K\x00K\x00tR", "a tensor has no storage"),
    "an unknown storage": (
        b"(X\x07\x00\x00\x00storagecmodel\nEvil\nX\x01\x00\x00\x000NK\x01tQ",
        "of the kind model.Evil",
    ),
    "an empty stack": (b"000R", "damaged or cut short"),
    "a memo that is not there": (b"h\x63", "damaged or cut short"),
    "a control character": (b"\x8c\x05torch\x8c\x03\x1b[2\x93", r"torch\.\\x1b\[2"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_refused_by_name_and_nothing_is_run(write_pickle, tmp_path, monkeypatch, case):
    body, words = HOSTILE[case]
    monkeypatch.chdir(tmp_path)
    before, modules = (dict(vars(collections.OrderedDict)), torch_file._tensor.__defaults__), set(sys.modules)
    with pytest.raises(InputError, match=words) as refusal:
        read_tensors(write_pickle(named(body)))
    assert "\n" not in str(refusal.value)
    assert str(refusal.value).isprintable()
    assert before == (dict(vars(collections.OrderedDict)), torch_file._tensor.__defaults__)
    new = set(sys.modules) - modules  # threads of other tests may import something
    assert not [name for name in new if name.encode() in body]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["made.pth"]


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("function", [os.system, eval, exec, getattr, __import__, open, subprocess.run, os.execv])
def test_what_python_itself_would_run(write_pickle, tmp_path, monkeypatch, protocol, function):
    monkeypatch.chdir(tmp_path)
    body = pickle.dumps({"a": Calls(function, "touch owned")}, protocol)
    with pytest.raises(InputError, match=f"refused: its pickle names [a-z_]*.{function.__name__}, and"):
        read_tensors(write_pickle(body))
    assert [path.name for path in tmp_path.iterdir()] == ["made.pth"]


def test_hostile_in_the_heads_of_the_older_format(torch_writer, tmp_path):
    path = torch_writer.write(tmp_path / "a.pth", {"a": torch_writer.tensor([1.0])}, "legacy")
    whole = path.read_bytes()
    head = len(pickle.dumps(torch_file.MAGIC, 2))
    for place in (head, head + len(pickle.dumps(torch_file.VERSION, 2))):
        path.write_bytes(whole[:place] + pickle.dumps(Calls(os.system, "touch owned"), 2) + whole[place:])
        with pytest.raises(InputError, match=r"names posix.system|names nt.system"):
            read_tensors(path)


def test_hostile_state_of_a_module_that_is_not_looked_into(write_pickle):
    """Classes that would run something when made or filled are only noted down."""
    body = b"cevil.module\nNet\n)\x81}(X\x0c\x00\x00\x00__setstate__K\x01X\x09\x00\x00\x00__class__K\x02"
    body += b"X\x0b\x00\x00\x00_parameters}X\x01\x00\x00\x00w"
    found = read_tensors(write_pickle(b"\x80\x02" + body + tensor() + b"sub."))
    assert list(found) == ["w"]


@pytest.mark.parametrize(
    "body",
    [
        named(b"\x8e" + (2**62).to_bytes(8, "little") + b"x"),  # a string of 4 EiB
        named(b"\x8b\xff\xff\xff\x7fx"),  # a number of 2 GiB
        named(b"X\xff\xff\xff\x7fx"),
        named(b"I" + b"9" * 100_000 + b"\n"),
        named(tensor(shape=b"\x8a\x7f" + b"\x7f" * 127 + b"\x85")),  # a number of 300 digits
        named(tensor(offset=b"\x8a\x7f" + b"\x7f" * 127)),
        b"\x80\x02" + b"(" * 200_000 + b"t" * 199_999 + b".",  # tuples in tuples
        b"\x80\x02}(" + b"(" * 200_000 + b"t" * 200_000 + b"K\x01u.",  # such a tuple as a key
        b"\x80\x02" + b"]" * 200_000 + b"a" * 199_999 + b".",
        b"\x80\x02}q\x00X\x05\x00\x00\x00modelh\x00s.",  # a dict that holds itself
        b"\x80\x02cmodel\nNet\n)\x81q\x00}X\x08\x00\x00\x00_modules}X\x01\x00\x00\x00ah\x00ssb.",  # so does a module
    ],
)
def test_huge_deep_and_endless_ones(write_pickle, body):
    with pytest.raises(InputError):
        read_tensors(write_pickle(body))


def test_a_far_place_in_the_memo_takes_no_memory(write_pickle):
    found = read_tensors(write_pickle(named(b"Nr\xff\xff\xff\xff0" + tensor())))
    assert list(found) == ["a"]


def test_a_doubling_of_modules_ends(write_pickle):
    """Each of 40 modules holds the one before twice: 2^40 names."""
    layer = b"}X\x08\x00\x00\x00_modules}(X\x01\x00\x00\x00ah%sX\x01\x00\x00\x00bh%susb"
    body = b"\x80\x02cmodel\nNet\n)\x81q\x00"
    for depth in range(40):
        place = bytes([depth])
        body += b"cmodel\nNet\n)\x81" + layer % (place, place) + b"q" + bytes([depth + 1])
    with pytest.raises(InputError, match="has more than 100,000 modules"):
        read_tensors(write_pickle(body + b"."))


def test_too_many_instructions(write_pickle, monkeypatch):
    monkeypatch.setattr("srredsim.checkpoints.pickled.MAX_INSTRUCTIONS", 1000)
    with pytest.raises(InputError, match="more than 1,000 instructions"):
        read_tensors(write_pickle(b"\x80\x02" + b"N0" * 600 + b"N."))


def test_storages_that_overlap_in_the_archive(tmp_path):
    """Many entries of the directory for one piece of data would fill the memory."""
    path = tmp_path / "bomb.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", b"\x80\x02}.")
        archive.writestr("a/data/0", bytes(1000))
        for number in range(1, 20):
            entry = zipfile.ZipInfo(f"a/data/{number}")
            first = archive.getinfo("a/data/0")
            entry.file_size, entry.compress_size, entry.CRC = 1000, 1000, first.CRC
            entry.header_offset = first.header_offset
            archive.filelist.append(entry)
    with pytest.raises(InputError, match="says it holds more than its own size"):
        read_tensors(path)
