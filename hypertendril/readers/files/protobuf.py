"""Protocol buffers on the wire: fields by number, without a schema and without a library."""

from __future__ import annotations

import struct
from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_MOST_BITS = 63

Value = int | bytes


class BadMessageError(ValueError):
    """The bytes are no message."""


def fields(data: bytes) -> Iterator[tuple[int, Value]]:
    """Yield number and value of each field: whole numbers, and bytes of everything else.

    Raises:
        BadMessageError: The bytes are no message; what stands before has been given.
    """
    at, end = 0, len(data)
    while at < end:
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if number == 0:
            raise BadMessageError("a field has the number 0")
        if kind == VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if kind == BYTES:
            size, at = _varint(data, at)
        elif kind in (FIXED64, FIXED32):
            size = 8 if kind == FIXED64 else 4
        else:
            raise BadMessageError(f"a field of the unknown type {kind}")
        if at + size > end:
            raise BadMessageError("a field longer than its message")
        yield number, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > _MOST_BITS:
            raise BadMessageError("a number without an end")
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at
        shift += 7


def varints(data: bytes) -> list[int]:
    """Return the whole numbers of a packed field.

    Raises:
        BadMessageError: The last one has no end.
    """
    found, at = [], 0
    while at < len(data):
        value, at = _varint(data, at)
        found.append(signed(value))
    return found


def signed(value: Value) -> int:
    """Return a varint as the signed number it stands for."""
    number = value if isinstance(value, int) else 0
    return number - (1 << 64) if number >= 1 << 63 else number


def message(value: Value) -> bytes:
    """Return the bytes of a nested message.

    Raises:
        BadMessageError: The field is a number.
    """
    if isinstance(value, int):
        raise BadMessageError("a number in place of a message")
    return value


def text(value: Value) -> str:
    """Return a text field; bytes that are not UTF-8 are replaced.

    Raises:
        BadMessageError: The field is a number.
    """
    return message(value).decode("utf-8", "replace")


def floating(value: Value) -> float:
    """Return a float or double field.

    Raises:
        BadMessageError: It has neither four nor eight bytes.
    """
    data = message(value)
    if len(data) not in (4, 8):
        raise BadMessageError("a number of a wrong size")
    number: float = struct.unpack("<f" if len(data) == 4 else "<d", data)[0]
    return number
