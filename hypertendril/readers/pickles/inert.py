"""Pickles taken apart without running them.

Python's own unpickler imports and calls whatever a file names. Here the instructions of a pickle
are followed on a stack of plain values: a class that is named becomes a `Named`, a call an `Inert`
that remembers what would have been called. Nothing is imported and nothing is called.
"""

from __future__ import annotations

import io
import math
import pickletools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

_HEADS = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))


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
        if not code[1:].isdecimal() or code[:1] == "O":
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
