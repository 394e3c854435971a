"""What a pickle says, without doing it.

A pickle is a program for a machine with a stack: it can name any function of any module and call it. This reader walks
through the instructions and writes down what they would build. It imports nothing and calls nothing that the file
names: a few names have a meaning (`CALLS`), objects of unknown classes become an `Inert` note of their state, and
everything else is refused.
"""

from __future__ import annotations

import pickletools
import sys
from collections.abc import Callable
from typing import Any, BinaryIO, NamedTuple

from srredsim.errors import InputError

MAX_INSTRUCTIONS = 1_000_000  # a checkpoint of ten thousand tensors has half a million
MAX_ITEMS = 5_000_000  # moved in lists and dicts, each time they are
DAMAGED = "is damaged or cut short: its list of tensors ends in the middle of an instruction or contradicts itself"


class Name(NamedTuple):
    """A class or function that the pickle names; never imported."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


class Inert:
    """Stands for an object of a class that is not here: what the object was made of, and nothing that runs."""

    def __init__(self, kind: Name):
        self.kind = kind
        self.state: Any = None


_MARK = object()
_PYTHON_2 = {"__builtin__", "__builtins__", "cPickle", "commands", "copy_reg", "new", "popen2"}  # its standard library
_BUILTINS = ("builtins", "__builtin__")
_HARMLESS = {  # names of the standard library that stand in checkpoints beside the tensors: settings, sets, versions
    Name("argparse", "Namespace"),
    *(Name(module, kind) for module in _BUILTINS for kind in ("object", "slice", "complex")),
    *(Name(module, kind) for module in _BUILTINS for kind in ("bool", "int", "float", "str", "list", "dict", "tuple")),
}
_NOTED = {  # calls whose result is nothing that is looked for: it is noted down as an object without state
    *(Name(module, kind) for module in _BUILTINS for kind in ("slice", "complex")),
    Name("torch", "device"),
    Name("torch", "Size"),
    *(Name(f"numpy.{core}.multiarray", kind) for core in ("core", "_core") for kind in ("scalar", "_reconstruct")),
    Name("numpy", "dtype"),
    Name("_codecs", "encode"),
}
_SETS = {Name(module, kind) for module in _BUILTINS for kind in ("set", "frozenset")}
_RECONSTRUCTORS = {Name(module, "_reconstructor") for module in ("copyreg", "copy_reg")}
_DICTS = {Name("collections", "OrderedDict"), Name("collections", "defaultdict")}
_KNOWN = _HARMLESS | _NOTED | _SETS | _RECONSTRUCTORS | _DICTS


def read_pickle(
    stream: BinaryIO, calls: dict[Name, Callable[..., Any]], persistent: Callable[[Any], Any] | None = None
) -> Any:
    """The object that the next pickle of a stream describes, made of numbers, strings, lists, dicts and `Inert`.

    Parameters
    ----------
    stream : file object
        Is left behind the pickle.
    calls : dict
        What the functions that may be called stand for: functions of ours, given the arguments in the pickle.
    persistent : callable, optional
        Gives the object for a persistent id, which is how a pickle refers to what lies beside it.

    Raises
    ------
    InputError
        If the pickle names or calls anything else, or is damaged. Nothing of it has been run.
    """
    try:
        return _Machine(calls, persistent).run(stream)
    except InputError:
        raise
    except (ValueError, IndexError, KeyError, TypeError, OverflowError):
        raise InputError(DAMAGED) from None


class _Machine:
    def __init__(self, calls: dict, persistent: Callable[[Any], Any] | None):
        self.calls = calls
        self.persistent = persistent
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.items = 0

    def _work(self, items: int) -> None:
        """A pickle can copy a list as often as it has instructions: what is copied is counted."""
        self.items += items
        if self.items > MAX_ITEMS:
            raise InputError(f"holds a pickle that moves more than {MAX_ITEMS:,} values; no checkpoint does")

    def run(self, stream: BinaryIO) -> Any:
        for count, (instruction, argument, _) in enumerate(pickletools.genops(stream)):
            name = instruction.name
            if count > MAX_INSTRUCTIONS:
                raise InputError(f"holds a pickle of more than {MAX_INSTRUCTIONS:,} instructions; no checkpoint does")
            if name == "STOP":
                return self.stack.pop()
            if name in _VALUES:
                self.stack.append(argument)
            else:
                do = getattr(self, f"_{name.lower()}", None)
                if do is None:
                    raise InputError(f"refused: its pickle has the instruction {name}, which no checkpoint needs")
                do(argument)
        raise InputError(DAMAGED)

    def _to_mark(self) -> list[Any]:
        items = []
        while (item := self.stack.pop()) is not _MARK:
            items.append(item)
        self._work(len(items))
        return items[::-1]

    # Values

    def _proto(self, _): ...

    def _frame(self, _): ...

    def _none(self, _):
        self.stack.append(None)

    def _newtrue(self, _):
        self.stack.append(True)

    def _newfalse(self, _):
        self.stack.append(False)

    def _mark(self, _):
        self.stack.append(_MARK)

    def _pop(self, _):
        self.stack.pop()

    def _pop_mark(self, _):
        self._to_mark()

    def _dup(self, _):
        self.stack.append(self.stack[-1])

    # Containers

    def _empty_list(self, _):
        self.stack.append([])

    def _empty_dict(self, _):
        self.stack.append({})

    def _empty_tuple(self, _):
        self.stack.append(())

    def _empty_set(self, _):
        self.stack.append([])  # a set is a list here: its items need not be compared

    def _list(self, _):
        self.stack.append(self._to_mark())

    def _tuple(self, _):
        self.stack.append(tuple(self._to_mark()))

    def _frozenset(self, _):
        self.stack.append(self._to_mark())

    def _dict(self, _):
        items = self._to_mark()
        self.stack.append({})
        self._set(items)

    def _tuple1(self, _):
        self._tuple_of(1)

    def _tuple2(self, _):
        self._tuple_of(2)

    def _tuple3(self, _):
        self._tuple_of(3)

    def _tuple_of(self, count: int):
        self.stack.append(tuple([self.stack.pop() for _ in range(count)][::-1]))

    def _append(self, _):
        self._extend([self.stack.pop()])

    def _appends(self, _):
        self._extend(self._to_mark())

    def _additems(self, _):
        self._extend(self._to_mark())

    def _extend(self, items: list[Any]):
        if isinstance(self.stack[-1], list):
            self.stack[-1].extend(items)

    def _setitem(self, _):
        value, key = self.stack.pop(), self.stack.pop()
        self._set([key, value])

    def _setitems(self, _):
        self._set(self._to_mark())

    def _set(self, items: list[Any]):
        """Other keys than names and numbers are not compared: the entry is kept, under a key of its own."""
        if isinstance(self.stack[-1], dict):
            for key, value in zip(items[::2], items[1::2], strict=True):
                self.stack[-1][key if isinstance(key, (str, int)) else object()] = value

    # What was said before

    def _memoize(self, _):
        self.memo[len(self.memo)] = self.stack[-1]

    def _put(self, index: int):
        self.memo[index] = self.stack[-1]

    def _get(self, index: int):
        self.stack.append(self.memo[index])

    _binput = _long_binput = _put
    _binget = _long_binget = _get

    # Names and calls

    def _global(self, both: str):
        self.stack.append(self._allowed(*both.split(" ", 1)))

    def _stack_global(self, _):
        name, module = self.stack.pop(), self.stack.pop()
        self.stack.append(self._allowed(module, name))

    def _allowed(self, module: str, name: str) -> Name:
        """Ours or harmless, or the class of a module outside the standard library."""
        if not isinstance(module, str) or not isinstance(name, str):
            raise InputError(DAMAGED)
        named = Name(module, name)
        if named in self.calls or named in _KNOWN:
            return named
        package = module.partition(".")[0]
        standard = package in sys.stdlib_module_names or package in _PYTHON_2
        if standard or not name.isidentifier() or not all(part.isidentifier() for part in module.split(".")):
            raise InputError(_refusal("names", named))
        return named

    def _reduce(self, _):
        arguments, function = self.stack.pop(), self.stack.pop()
        self.stack.append(self._call(function, arguments))

    def _call(self, function: Any, arguments: Any) -> Any:
        if not isinstance(function, Name) or not isinstance(arguments, tuple):
            raise InputError("refused: its pickle calls something that is not a function with a name")
        if function in self.calls:
            return self.calls[function](*arguments)
        self._work(sum(len(argument) for argument in arguments if isinstance(argument, list)))
        if function in _DICTS:
            pairs = arguments[0] if arguments and isinstance(arguments[0], list) else []
            return {key: value for key, value in pairs if isinstance(key, (str, int))}
        if function in _SETS:
            return list(arguments[0]) if arguments and isinstance(arguments[0], list) else []
        if function in _RECONSTRUCTORS:
            return self._new(arguments[0])
        if function in _NOTED:
            return Inert(function)
        raise InputError(_refusal("calls", function))

    def _newobj(self, _):
        _, kind = self.stack.pop(), self.stack.pop()
        self.stack.append(self._new(kind))

    def _newobj_ex(self, _):
        _, _, kind = self.stack.pop(), self.stack.pop(), self.stack.pop()
        self.stack.append(self._new(kind))

    def _new(self, kind: Any) -> Any:
        if not isinstance(kind, Name) or kind in self.calls:
            raise InputError("refused: its pickle makes an object of something that is not a class")
        return {} if kind in _DICTS else Inert(kind)

    def _build(self, _):
        state = self.stack.pop()
        if isinstance(self.stack[-1], Inert):
            self.stack[-1].state = state
        elif not isinstance(self.stack[-1], dict):  # beside a dict of tensors: version numbers, not needed
            raise InputError("refused: its pickle changes something that is not an object of its own")

    def _binpersid(self, _):
        if self.persistent is None:
            raise InputError(DAMAGED)
        self.stack.append(self.persistent(self.stack.pop()))


_VALUES = {
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
}


def _refusal(does: str, named: Name) -> str:
    shown = repr(str(named)[:80])[1:-1]
    return (
        f"refused: its pickle {does} {shown}, and a checkpoint may hold tensors and network modules only; nothing of it"
        " was run; if you trust its source, save the state_dict() again from PyTorch"
    )
