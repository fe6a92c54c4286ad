"""The table of results of Syne Tune: CSV in an archive, which is rewritten as a whole each time."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from hypertendril.readers.files.csv_rows import csv_rows
from hypertendril.readers.files.json_text import brief
from hypertendril.readers.folders import small_enough
from hypertendril.readers.losses import Losses
from hypertendril.readers.source import Source

ZIPPED = "results.csv.zip"
PLAIN = "results.csv"
TABLES = (ZIPPED, PLAIN)
MOST_TABLE_BYTES = 1 << 30
_BAD_ARCHIVE = (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError)
_HEADER = struct.Struct("<4s4xH16xHH")  # mark, method, lengths of name and extra field
_MARK = b"PK\x03\x04"
_PIECE = 4096


def table_rows(folder: Path, losses: Losses) -> Iterator[dict[str, str]]:
    """Return the whole rows of the table, each cell under the name of its column."""
    path = next((folder / name for name in TABLES if (folder / name).is_file()), None)
    if path is None:
        losses.add(f"{ZIPPED} is not there (yet): no results")
        return
    data = _unzipped(path, losses) if path.name == ZIPPED else small_enough(path)
    yield from csv_rows(data, losses, f"{path.name}: ")[1]


def _unzipped(path: Path, losses: Losses) -> bytes:
    """Return the table; of a damaged archive as much as can be unpacked."""
    found = io.BytesIO()
    try:
        with zipfile.ZipFile(path) as archive:
            name = next((n for n in archive.namelist() if n.endswith(".csv")), None)
            if name is None:
                raise Source(path=path).error("holds no table.")
            with archive.open(name) as file:
                while piece := file.read(1 << 20):
                    found.write(piece)
                    if found.tell() > MOST_TABLE_BYTES:
                        losses.add(f"{path.name}: more than 1 GiB; the rest was left out")
                        break
    except _BAD_ARCHIVE as error:
        losses.add(f"{path.name} is damaged or still being written: {brief(error)}")
        return _whole_lines(found.getvalue() or _inflated(small_enough(path)))
    return found.getvalue()


def _inflated(archive: bytes) -> bytes:
    """Return the first member of an archive without its directory, which stands at the end."""
    if len(archive) < _HEADER.size or not archive.startswith(_MARK):
        return b""
    _, method, name, extra = _HEADER.unpack_from(archive)
    packed = archive[_HEADER.size + name + extra :]
    if method == zipfile.ZIP_STORED:
        return packed
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    found = io.BytesIO()
    try:
        for at in range(0, len(packed), _PIECE):
            found.write(inflater.decompress(packed[at : at + _PIECE], MOST_TABLE_BYTES))
    except zlib.error:
        pass  # what came before the damage is kept
    return found.getvalue()


def _whole_lines(text: bytes) -> bytes:
    return text[: text.rfind(b"\n") + 1]
