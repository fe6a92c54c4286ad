"""Event files of TensorBoard: records with checksums, each a protocol buffer."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from hypertendril.readers.files.protobuf import (
    BadMessageError,
    Value,
    fields,
    floating,
    message,
    signed,
    text,
)
from hypertendril.readers.losses import Losses

HEADER_BYTES = 12
LARGEST = 1 << 22  # bytes of a record that can hold scalars or hyperparameters; others are passed
MOST_SEARCHED = 1 << 16  # bytes behind a damaged record in which the next one is looked for
PLUGIN = "hparams"
_MASK = 0xA282EAD8
_TENSOR_FORMATS = {1: "<f", 2: "<d", 3: "<i", 9: "<q"}  # of `tensor_content`, by dtype
_TENSOR_FIELDS = {5: "<f", 6: "<d"}


def _table() -> tuple[int, ...]:
    found = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
        found.append(crc)
    return tuple(found)


_CRC = _table()


def masked_crc(data: bytes) -> int:
    """Return the checksum of a record: CRC-32C, turned and shifted."""
    crc, table = 0xFFFFFFFF, _CRC
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17 & 0xFFFFFFFF) + _MASK) & 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value of one tag."""

    tag: str
    step: int
    time: float
    value: float


@dataclass(frozen=True, slots=True)
class HParams:
    """What the plugin for hyperparameters wrote, still as bytes."""

    content: bytes
    time: float


def is_event_file(head: bytes) -> bool:
    """Return whether a file starts with the record that names the format's version."""
    if len(head) < HEADER_BYTES:
        return False
    (size, crc) = struct.unpack("<QI", head[:HEADER_BYTES])
    return bool(size < 256 and masked_crc(head[:8]) == crc and b"brain.Event:" in head[:300])


def events_of(path: Path, losses: Losses) -> Iterator[Scalar | HParams]:
    """Yield what an event file holds; a last record that is not complete (yet) is a loss.

    Raises:
        OSError: The file can't be read.
    """
    bad = 0
    for record in _records(path, losses):
        try:
            yield from _event(record)
        except BadMessageError:
            bad += 1
    losses.count(f"{path.name}: a record that is no event", bad)


def _records(path: Path, losses: Losses) -> Iterator[bytes]:
    with path.open("rb") as file:
        at = 0
        while len(header := file.read(HEADER_BYTES)) == HEADER_BYTES:
            size, crc = struct.unpack("<QI", header)
            if masked_crc(header[:8]) != crc:
                found = _next_record(file, at)
                what = "the rest was left out" if found < 0 else "the next one was found"
                losses.add(f"{path.name}: damaged at byte {at}; {what}")
                if found < 0:
                    return
                at = found
                file.seek(at)
                continue
            end = at + HEADER_BYTES + size + 4
            if size > LARGEST:
                file.seek(end)
            else:
                data, footer = file.read(size), file.read(4)
                if len(footer) < 4:
                    break
                if masked_crc(data) == struct.unpack("<I", footer)[0]:
                    yield data
                else:
                    losses.count(f"{path.name}: a damaged record")
            at = end
        if at != os.fstat(file.fileno()).st_size:
            losses.add(f"{path.name}: the last record is not complete")


def _next_record(file: BinaryIO, at: int) -> int:
    """Return where the next whole header stands behind a damaged one, -1 for nowhere near."""
    file.seek(at + 1)
    piece = file.read(MOST_SEARCHED)
    for i in range(len(piece) - HEADER_BYTES + 1):
        size, crc = struct.unpack_from("<QI", piece, i)
        if size <= LARGEST and masked_crc(piece[i : i + 8]) == crc:
            return at + 1 + i
    return -1


def _event(record: bytes) -> Iterator[Scalar | HParams]:
    time, step = 0.0, 0
    summary = b""
    for number, value in fields(record):
        if number == 1:
            time = floating(value)
        elif number == 2:
            step = signed(value)
        elif number == 5:
            summary = message(value)
    for number, value in fields(summary):
        if number == 1:
            yield from _value(message(value), step, time)


def _value(data: bytes, step: int, time: float) -> Iterator[Scalar | HParams]:
    tag, plugin, content = "", "", b""
    found: float | None = None
    for number, value in fields(data):
        if number == 1:
            tag = text(value)
        elif number == 2:
            found = floating(value)
        elif number == 8:
            found = _tensor(message(value)) if found is None else found
        elif number == 9:
            plugin, content = _metadata(message(value))
    if plugin == PLUGIN:
        yield HParams(content, time)
    elif found is not None and tag and plugin in ("", "scalars"):
        yield Scalar(tag, step, time, found)


def _metadata(data: bytes) -> tuple[str, bytes]:
    name, content = "", b""
    for number, value in fields(data):
        if number == 1:
            for inner, part in fields(message(value)):
                if inner == 1:
                    name = text(part)
                elif inner == 2:
                    content = message(part)
    return name, content


def _tensor(data: bytes) -> float | None:
    """Return the number of a tensor without dimensions; None for any other tensor."""
    kind, found = 0, None
    for number, value in fields(data):
        if number == 1:
            kind = signed(value)
        elif number == 2 and message(value):
            return None  # it has dimensions
        elif number == 4:
            found = _number(message(value), _TENSOR_FORMATS.get(kind, ""))
        elif number in _TENSOR_FIELDS:
            found = _number(message(value), _TENSOR_FIELDS[number])
        elif number in (7, 10):
            found = _whole(value)
    return found


def _whole(value: Value) -> float | None:
    return float(signed(value)) if isinstance(value, int) else None


def _number(data: bytes, form: str) -> float | None:
    if not form or len(data) != struct.calcsize(form):
        return None
    return float(struct.unpack(form, data)[0])
