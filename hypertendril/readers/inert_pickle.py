"""Pickles taken apart without running them.

Python's own unpickler imports and calls whatever a file names. Here the instructions of a pickle
are followed on a stack of plain values: a class that is named becomes a `Named`, a call an `Inert`
that remembers what would have been called. Nothing is imported and nothing is called.
"""

from __future__ import annotations

import io
import math
import pickletools
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

MOST_VALUES = 20_000_000  # of a plain form; shared parts are written out again and again
DEEPEST = 100
_HEADS = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))
_LEAF_TYPES = (str, int, float, bool, type(None))
_NUMBERS = {"f": {2: "e", 4: "f", 8: "d"}, "i": {1: "b", 2: "h", 4: "i", 8: "q"}}
_NUMBERS["u"] = {size: letter.upper() for size, letter in _NUMBERS["i"].items()}


class BadPickleError(ValueError):
    """The bytes are no pickle, or one that needs more than plain values."""


@dataclass(frozen=True)
class Named:
    """A class or function, by name only."""

    module: str
    name: str


@dataclass(eq=False)
class Inert:
    """An object that was not made: what would have been called with what, and what it was given.

    Attributes:
        of: The class or function.
        arguments: It would have been called with.
        state: It would have been given afterwards, as its attributes mostly.
        elements: Would have been appended to it.
        items: Would have been set in it, as (key, value).
    """

    of: Any
    arguments: Any = ()
    state: Any = None
    elements: list[Any] = field(default_factory=list)
    items: list[tuple[Any, Any]] = field(default_factory=list)

    @property
    def class_name(self) -> str:
        """Name of the class without its module, empty where it is no plain class."""
        return self.of.name if isinstance(self.of, Named) else ""

    @property
    def attributes(self) -> dict[str, Any]:
        """Its attributes as far as they were stored by name."""
        state = self.state
        if isinstance(state, tuple) and len(state) == 2:  # a dict, and what lies in slots
            return {k: v for part in state if isinstance(part, dict) for k, v in part.items()}
        return state if isinstance(state, dict) else {}


def is_pickle(head: bytes) -> bool:
    """Return whether bytes start like a pickle of protocol 2 or later."""
    return head.startswith(_HEADS)


def taken_apart(data: bytes) -> Any:
    """Return what a pickle describes, as plain values, `Named` and `Inert`.

    Raises:
        BadPickleError: It is cut short or damaged, or needs something outside of it.
    """
    try:
        return _Machine().run(data)
    except BadPickleError:
        raise
    except (IndexError, KeyError) as error:
        raise BadPickleError(f"an instruction without what it works on ({error})") from None
    except (ValueError, TypeError, AttributeError, OverflowError, MemoryError) as error:
        raise BadPickleError(str(error)[:200] or type(error).__name__) from None


class _Machine:
    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._below: list[list[Any]] = []  # what lies under each mark
        self._memo: dict[int, Any] = {}

    def run(self, data: bytes) -> Any:
        """Return what `data` describes, of plain values only; nothing named in it is ever called."""
        file = io.BytesIO(data)
        for opcode, argument, _ in pickletools.genops(file):
            name = opcode.name
            if name == "STOP":
                return self._stack.pop()
            if name in _PUSHED:
                self._stack.append(argument)
                continue
            step = _STEPS.get(name)
            if step is None:
                raise BadPickleError(f"the instruction {name} points outside of the file")
            step(self, argument)
            if name == "BUILD":
                self._pass_array(file)
        raise BadPickleError("it ends too early")

    def _pass_array(self, file: io.BytesIO) -> None:
        """Go past the bytes of an array that joblib puts right behind what describes it."""
        target = self._stack[-1]
        if not isinstance(target, Inert) or target.class_name != "NumpyArrayWrapper":
            return
        told = target.attributes
        dtype = told.get("dtype")
        code = str(dtype.arguments[0]) if isinstance(dtype, Inert) and dtype.arguments else ""
        if not code[1:].isdigit() or code[:1] == "O":
            raise BadPickleError("an array of objects inside of it")
        if told.get("numpy_array_alignment_bytes") is not None:
            file.read(int.from_bytes(file.read(1), "little"))
        file.read(math.prod(told.get("shape", ())) * int(code[1:]))

    def _marked(self) -> list[Any]:
        found = self._stack
        self._stack = self._below.pop()
        return found

    def mark(self, _: Any) -> None:
        self._below.append(self._stack)
        self._stack = []

    def push(self, make: Callable[[], Any]) -> None:
        self._stack.append(make())

    def pop(self, _: Any) -> None:
        if self._stack:
            self._stack.pop()
        else:
            self._marked()

    def pop_mark(self, _: Any) -> None:
        self._marked()

    def dup(self, _: Any) -> None:
        self._stack.append(self._stack[-1])

    def get(self, key: Any) -> None:
        self._stack.append(self._memo[int(key)])

    def put(self, key: Any) -> None:
        self._memo[int(key)] = self._stack[-1]

    def memoize(self, _: Any) -> None:
        self._memo[len(self._memo)] = self._stack[-1]

    def gathered(self, kind: Callable[[list[Any]], Any]) -> None:
        items = self._marked()
        self._stack.append(kind(items))

    def tuple_of(self, count: int) -> None:
        items = tuple(self._stack[-count:])
        if len(items) < count:
            raise IndexError("tuple")
        del self._stack[-count:]
        self._stack.append(items)

    def append(self, _: Any) -> None:
        self._extend([self._stack.pop()])

    def appends(self, _: Any) -> None:
        self._extend(self._marked())

    def _extend(self, items: list[Any]) -> None:
        target = self._stack[-1]
        (target.elements if isinstance(target, Inert) else _as(list, target)).extend(items)

    def set_item(self, _: Any) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        self._update([key, value])

    def set_items(self, _: Any) -> None:
        self._update(self._marked())

    def _update(self, items: list[Any]) -> None:
        target = self._stack[-1]
        pairs = list(zip(items[::2], items[1::2], strict=True))
        if isinstance(target, Inert):
            target.items.extend(pairs)
        else:
            _as(dict, target).update((_key(key), value) for key, value in pairs)

    def name(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        self._stack.append(Named(module, name))

    def stack_name(self, _: Any) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        self._stack.append(Named(str(module), str(name)))

    def call(self, _: Any) -> None:
        arguments, of = self._stack.pop(), self._stack.pop()
        self._stack.append(Inert(of, arguments))

    def call_with_names(self, _: Any) -> None:
        named, arguments, of = self._stack.pop(), self._stack.pop(), self._stack.pop()
        self._stack.append(Inert(of, arguments, items=list(_as(dict, named).items())))

    def instance(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        arguments = tuple(self._marked())
        self._stack.append(Inert(Named(module, name), arguments))

    def object(self, _: Any) -> None:
        of, *arguments = self._marked()
        self._stack.append(Inert(of, tuple(arguments)))

    def build(self, _: Any) -> None:
        state = self._stack.pop()
        target = self._stack[-1]
        if isinstance(target, Inert):
            target.state = state


def _as(kind: type, value: Any) -> Any:
    if not isinstance(value, kind):
        raise BadPickleError(f"a {kind.__name__} was expected")
    return value


def _key(value: Any) -> Any:
    try:
        hash(value)
    except TypeError:
        return str(value)
    return value


def _pairs(items: list[Any]) -> dict[Any, Any]:
    return {_key(k): v for k, v in zip(items[::2], items[1::2], strict=True)}


Step = Callable[[_Machine, Any], None]


def _pushing(make: Callable[[], Any]) -> Step:
    return lambda machine, _: machine.push(make)


def _gathering(kind: Callable[[list[Any]], Any]) -> Step:
    return lambda machine, _: machine.gathered(kind)


def _tuple(count: int) -> Step:
    return lambda machine, _: machine.tuple_of(count)


def _nothing(_machine: _Machine, _argument: Any) -> None:
    """Do what protocol and frame marks ask for."""


_PUSHED = frozenset(
    {"INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"}
    | {"STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8"}
    | {"BYTEARRAY8", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"}
)
_STEPS: dict[str, Step] = {
    "PROTO": _nothing,
    "FRAME": _nothing,
    "MARK": _Machine.mark,
    "POP": _Machine.pop,
    "POP_MARK": _Machine.pop_mark,
    "DUP": _Machine.dup,
    "NONE": _pushing(lambda: None),
    "NEWTRUE": _pushing(lambda: True),
    "NEWFALSE": _pushing(lambda: False),
    "EMPTY_LIST": _pushing(list),
    "EMPTY_DICT": _pushing(dict),
    "EMPTY_TUPLE": _pushing(tuple),
    "EMPTY_SET": _pushing(list),  # elements may be what can't be hashed
    "LIST": _gathering(list),
    "TUPLE": _gathering(tuple),
    "FROZENSET": _gathering(list),
    "DICT": _gathering(_pairs),
    "TUPLE1": _tuple(1),
    "TUPLE2": _tuple(2),
    "TUPLE3": _tuple(3),
    "APPEND": _Machine.append,
    "APPENDS": _Machine.appends,
    "ADDITEMS": _Machine.appends,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
    "GET": _Machine.get,
    "BINGET": _Machine.get,
    "LONG_BINGET": _Machine.get,
    "PUT": _Machine.put,
    "BINPUT": _Machine.put,
    "LONG_BINPUT": _Machine.put,
    "MEMOIZE": _Machine.memoize,
    "GLOBAL": _Machine.name,
    "STACK_GLOBAL": _Machine.stack_name,
    "REDUCE": _Machine.call,
    "NEWOBJ": _Machine.call,
    "NEWOBJ_EX": _Machine.call_with_names,
    "INST": _Machine.instance,
    "OBJ": _Machine.object,
    "BUILD": _Machine.build,
}


class PlainForm:
    """Turns what was taken apart into JSON values.

    Numbers of numpy, dates and containers become what they stand for; other objects a dict of
    their attributes; bytes are left out.
    """

    def __init__(self) -> None:
        self._count = 0

    def of(self, value: Any, depth: int = 0) -> Any:
        """Return the JSON value of `value`.

        Raises:
            BadPickleError: There is far too much of it.
        """
        self._count += 1
        if self._count > MOST_VALUES:
            raise BadPickleError("it describes too many values")
        if isinstance(value, _LEAF_TYPES):
            return value
        if depth >= DEEPEST or isinstance(value, (bytes, bytearray)):
            return None
        if isinstance(value, dict):
            return {self._text(k): self.of(v, depth + 1) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.of(item, depth + 1) for item in value]
        if isinstance(value, Named):
            return f"{value.module}.{value.name}"
        return self._object(value, depth) if isinstance(value, Inert) else str(value)

    def _text(self, key: Any) -> str:
        found = self.of(key, DEEPEST - 2)
        return found if isinstance(found, str) else str(found)

    def _object(self, value: Inert, depth: int) -> Any:
        number = number_of(value)
        if number is not None:
            return number
        name = value.class_name
        if name == "datetime":
            return date_of(value)
        if name in ("OrderedDict", "defaultdict", "SON", "dict"):
            return {self._text(k): self.of(v, depth + 1) for k, v in value.items}
        if name in ("_reconstruct", "_frombuffer"):
            return list(_array(value))
        return self.of(value.attributes or value.elements or value.arguments, depth + 1)


def number_of(value: Inert) -> float | int | bool | None:
    """Return the number a numpy scalar stands for, None if it is something else."""
    arguments = value.arguments
    if value.class_name != "scalar" or not isinstance(arguments, tuple) or len(arguments) != 2:
        return None
    numbers = list(_numbers(arguments[0], arguments[1]))
    return numbers[0] if len(numbers) == 1 else None


def _array(value: Inert) -> Iterator[float | int | bool]:
    """Yield the numbers of a numpy array in the order they are stored."""
    state, arguments = value.state, value.arguments
    if isinstance(state, tuple) and len(state) >= 5:
        yield from _numbers(state[2], state[4])
    elif value.class_name == "_frombuffer" and len(arguments) >= 2:
        yield from _numbers(arguments[1], arguments[0])


def _numbers(dtype: Any, data: Any) -> Iterator[float | int | bool]:
    data = bytes_of(data)
    is_known = isinstance(dtype, Inert) and isinstance(dtype.arguments, tuple) and dtype.arguments
    if not is_known or not isinstance(data, (bytes, bytearray)):
        return
    code = str(dtype.arguments[0])
    order = ">" if isinstance(dtype.state, tuple) and ">" in dtype.state[1:2] else "<"
    if code in ("b1", "?"):
        yield from (bool(byte) for byte in data)
        return
    kind, size = code[:1], int(code[1:]) if code[1:].isdigit() else 0
    letter = _NUMBERS.get(kind, {}).get(size)
    if letter is not None and len(data) % size == 0:
        for (number,) in struct.iter_unpack(order + letter, data):
            yield number


def bytes_of(value: Any) -> Any:
    """Return the bytes that old pickles spell as the encoding of a text; others as they are."""
    while isinstance(value, Inert) and value.class_name in ("encode", "bytearray", "py_buffer"):
        value = value.arguments[0] if value.arguments else b""
    return value.encode("latin-1", "replace") if isinstance(value, str) else value


def date_of(value: Inert) -> str | None:
    """Return the ISO form of a date and time, None if it is none."""
    arguments = value.arguments
    stored = arguments[0] if isinstance(arguments, tuple) and arguments else None
    stored = bytes_of(stored)
    if not isinstance(stored, bytes) or len(stored) != 10:
        return None
    year = stored[0] * 256 + stored[1]
    micros = int.from_bytes(stored[7:10], "big")
    try:
        return datetime(  # noqa: DTZ001 - as it was stored
            year, stored[2] & 0x7F, stored[3], stored[4], stored[5], stored[6], micros
        ).isoformat()
    except ValueError:
        return None
