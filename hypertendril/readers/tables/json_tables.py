"""Tables inside one JSON document: as pandas writes them, as columns of lists, as records under a key."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from hypertendril.readers.files.json_text import BadJsonError, parse
from hypertendril.readers.generic.export import FORMAT
from hypertendril.readers.source import Source

MOST_BYTES = 1 << 26  # of a document that is looked into only to see whether it is a table
OF_STUDIES = ("trials", "objectives", "space", FORMAT)  # words of the generic form
_LEVELS = re.compile(r"""\((?:'[^']*'|"[^"]*")(?:, (?:'[^']*'|"[^"]*"))+\)""")

Record = Mapping[str, Any]


def table_in(source: Source) -> list[Record] | None:
    """Return the rows of a table that is one JSON object; None for an object that is something else."""
    head = source.head()
    if any(f'"{word}"'.encode() in head for word in OF_STUDIES):
        return None
    try:
        if source.file.stat().st_size > MOST_BYTES:
            return None
        data = parse(source.file.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except (OSError, BadJsonError):
        return None
    records = _records(data) if isinstance(data, dict) else None
    return records if records and len(records[0]) > 1 else None


def _records(data: Mapping[str, Any]) -> list[Record] | None:
    values = list(data.values())
    if isinstance(data.get("columns"), list) and isinstance(data.get("data"), list):
        names = [_name(name) for name in data["columns"]]
        rows = [row for row in data["data"] if isinstance(row, list)]
        return [dict(zip(names, row, strict=False)) for row in rows]
    if len(values) > 1 and all(isinstance(value, list) for value in values):
        return _of_lists(data) if len({len(value) for value in values}) == 1 else None
    if len(values) > 1 and all(isinstance(value, dict) for value in values):
        return _of_objects(data)
    lists = [value for value in values if isinstance(value, list) and _are_records(value)]
    return lists[0] if len(lists) == 1 else None


def _name(name: Any) -> str:
    return "/".join(map(str, name)) if isinstance(name, list) else str(name)


def _are_records(items: Sequence[Any]) -> bool:
    return len(items) > 1 and all(isinstance(item, dict) for item in items)


def _of_lists(columns: Mapping[str, Sequence[Any]]) -> list[Record]:
    rows = zip(*columns.values(), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _of_objects(data: Mapping[str, Mapping[str, Any]]) -> list[Record] | None:
    """Return the rows of an object of objects: of columns with a cell for each row, or of records."""
    first = next(iter(data.values()))
    is_by_column = all(key.isdecimal() for key in first) and not all(map(str.isdecimal, data))
    if is_by_column and all(column.keys() == first.keys() for column in data.values()):
        return [{name: column[key] for name, column in data.items()} for key in first]
    shared = set(first).intersection(*data.values())
    return [{"id": key, **record} for key, record in data.items()] if shared else None


def one_level(name: str) -> str:
    """Return the name of a column without the brackets pandas puts around one of several levels."""
    if not _LEVELS.fullmatch(name):
        return name
    return "/".join(part.strip("'\"") for part in name[1:-1].split(", ") if part.strip("'\""))
