"""What was taken apart of a pickle, as JSON values: numbers of numpy, dates and containers."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from hypertendril.readers.pickles.inert import BadPickleError, Inert, Named

MOST_VALUES = 20_000_000  # shared parts are written out again and again
DEEPEST = 100
_LEAF_TYPES = (str, int, float, bool, type(None))
_NUMBERS = {"f": {2: "e", 4: "f", 8: "d"}, "i": {1: "b", 2: "h", 4: "i", 8: "q"}}
_NUMBERS["u"] = {size: letter.upper() for size, letter in _NUMBERS["i"].items()}


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
    kind, size = code[:1], int(code[1:]) if code[1:].isdecimal() else 0
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
