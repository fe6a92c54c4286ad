"""The binary log of a Weights & Biases run (`run-ID.wandb`): framed records of protocol buffers."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from hypertendril.readers.drafts.draft import NAN
from hypertendril.readers.files.json_text import BadJsonError, as_number, clean, parse
from hypertendril.readers.files.protobuf import (
    BadMessageError,
    Value,
    fields,
    message,
    signed,
    text,
)
from hypertendril.readers.losses import Losses

MAGIC = b":W&B"
FILE_HEADER, BLOCK, FRAME = 7, 32768, 7
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_CRC_OF_KIND = [zlib.crc32(bytes([kind])) for kind in range(5)]
_KEY, _NESTED, _VALUE = 1, 2, 16  # fields of an item


@dataclass
class WandbRun:
    """One run as its log tells it.

    Attributes:
        history: (step, values) of each call of `log`, in order.
        exit_code: None as long as the run has not ended.
    """

    run_id: str = ""
    name: str = ""
    project: str = ""
    group: str = ""
    sweep: str = ""
    started: float = NAN
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    history: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    exit_code: int | None = None


def read_log(path: Path, losses: Losses) -> WandbRun:
    """Return the run in a binary log; a last record that is being written is waited for.

    Raises:
        OSError: The file can't be read.
    """
    run = WandbRun()
    with path.open("rb") as file:
        for record in _records(file, path.name, losses):
            try:
                _take(run, record)
            except BadMessageError as error:
                losses.count(f"{path.name}: a record that can't be read: {error}")
            except BadJsonError as error:
                losses.count(f"{path.name}: a value that is {error.reason}")
    return run


def _records(file: BinaryIO, name: str, losses: Losses) -> Iterator[bytes]:
    """Yield the records: each one or several fragments, none across a border of blocks."""
    if not file.read(FILE_HEADER).startswith(MAGIC):
        losses.add(f"{name} does not start like a log of W&B")
        return
    at, parts = FILE_HEADER, list[bytes]()
    is_whole = False
    while True:
        left = BLOCK - at % BLOCK
        if left < FRAME:
            at += len(file.read(left))
            continue
        header = file.read(FRAME)
        if len(header) < FRAME:
            return
        crc, size, kind = struct.unpack("<IHB", header)
        data = file.read(size)
        at += FRAME + len(data)
        if len(data) < size:
            return  # still being written
        if not _FULL <= kind <= _LAST or zlib.crc32(data, _CRC_OF_KIND[kind]) != crc:
            losses.count(f"{name}: a damaged record; its block of 32 KiB was left out from there")
            at += len(file.read(-at % BLOCK))
            parts, is_whole = [], False
            continue
        if kind in (_FULL, _FIRST):
            parts, is_whole = [], True
        parts.append(data)
        if kind in (_FULL, _LAST) and is_whole:
            yield b"".join(parts)
            is_whole = False


def _take(run: WandbRun, record: bytes) -> None:
    for number, value in fields(record):
        if number == 2:
            _history(run, message(value))
        elif number in (3, 5):
            target = run.summary if number == 3 else run.config
            _update(target, message(value))
        elif number == 17:
            _run(run, message(value))
        elif number == 18:
            codes = [signed(v) for n, v in fields(message(value)) if n == 1]
            run.exit_code = _int32(codes[-1]) if codes else 0


def _int32(number: int) -> int:
    return (number & 0xFFFFFFFF) - (1 << 32 if number & 0x80000000 else 0)


def _run(run: WandbRun, data: bytes) -> None:
    texts = {1: "run_id", 3: "project", 6: "group", 8: "name", 12: "sweep"}
    for number, value in fields(data):
        if number in texts:
            setattr(run, texts[number], clean(text(value)))
        elif number == 4:
            _update(run.config, message(value))
        elif number == 17:
            parts: dict[int, Value] = dict(fields(message(value)))
            seconds, nanos = parts.get(1, 0), parts.get(2, 0)
            run.started = signed(seconds) + signed(nanos) / 1e9


def _update(target: dict[str, Any], data: bytes) -> None:
    for number, value in fields(data):
        if number == 1:
            key, item = _item(message(value))
            place = target
            for part in key[:-1]:
                inner = place.setdefault(part, {})
                if not isinstance(inner, dict):
                    inner = place[part] = {}
                place = inner
            place[key[-1]] = item
        elif number == 2:
            key, _ = _item(message(value))
            target.pop(key[0], None)


def _history(run: WandbRun, data: bytes) -> None:
    values: dict[str, Any] = {}
    step = float(len(run.history))
    for number, value in fields(data):
        if number == 1:
            key, item = _item(message(value))
            values["/".join(key)] = item
        elif number == 2:
            step = float(next((signed(v) for n, v in fields(message(value)) if n == 1), 0))
    told = as_number(values.get("_step"))  # all that older clients tell
    run.history.append((step if told is None else told, values))


def _item(data: bytes) -> tuple[list[str], Any]:
    """Return the path of a key, and its value."""
    key, nested, found = "", list[str](), None
    for number, value in fields(data):
        if number == _KEY:
            key = clean(text(value))
        elif number == _NESTED:
            nested.append(clean(text(value)))
        elif number == _VALUE:
            found = parse(message(value))
    return nested or [key], found
