"""Damages the files of small runs in every way that disks and networks do, and reads them.

`python -m benchmarks.mutations` does so as often as it is told.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hypertendril.errors import SourceFormatError
from hypertendril.readers import (
    READERS,
    Reader,
    ReadStudy,
    Source,
    detect,
    inspect_json,
    to_generic,
)
from tests.contract.run_formats import Format

# What is put in place of a piece of a file: valid JSON of the wrong kind, or nothing.
PIECES = (b"null", b"-1", b"1e999", b'"x"', b"[]", b"{}", b"NaN", b"9" * 400, b"", b"true", b"\n")


@dataclass
class Tally:
    """What came of damaged sources."""

    read: int = 0
    refused: int = 0


def damaged(data: bytes, chance: random.Random, *, cuts: bool = True) -> bytes:
    """Return the bytes of a file cut short, with bits flipped, or with a piece replaced."""
    changed = bytearray(data)
    how = chance.random() if cuts else chance.uniform(0.4, 1)
    if how < 0.4:
        return data[: chance.randrange(len(data))]
    if how < 0.8:
        for _ in range(chance.choice((1, 1, 2, 8))):
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        return bytes(changed)
    start = chance.randrange(len(changed))
    changed[start : start + chance.randrange(1, 40)] = chance.choice(PIECES)
    return bytes(changed)


def damaged_sources(form: Format, folder: Path, count: int, seed: int) -> Iterator[Source]:
    """Yield the source `count` times, each time with one of its files damaged in another way."""
    source = form.make(folder)
    place = source.file
    files = [place] if place.is_file() else sorted(p for p in place.rglob("*") if p.is_file())
    whole = {path: path.read_bytes() for path in files}
    chance = random.Random(seed)
    for _ in range(count):
        path = chance.choice([path for path in files if whole[path]])
        path.write_bytes(damaged(whole[path], chance))
        yield source
        path.write_bytes(whole[path])


def reader_of(form: Format) -> Reader:
    """Return the reader of a format."""
    return next(reader for reader in READERS if reader.name == form.reader)


def use(form: Format, source: Source, tally: Tally) -> tuple[ReadStudy, ...] | None:
    """Read a source and use everything of it that the program uses; only one error is allowed.

    Returns what was read, None where the source was refused.
    """
    reader = reader_of(form)
    try:
        detect(source)
        studies = reader.read(source)
        for found in studies:
            json.dumps(inspect_json(found), allow_nan=False).encode()
            json.dumps(to_generic(found), allow_nan=False).encode()
            study = found.as_study()
            for row in range(len(study)):
                study.params(row)
    except SourceFormatError as error:
        tally.refused += 1
        if "\n" in str(error):
            raise AssertionError("an error of more than one line") from error
        return None
    tally.read += 1
    return studies
