"""Tables as JSON, a list of records or one record a line, as the texts a CSV file would hold."""

from __future__ import annotations

import json
from typing import Any

from hypertendril.readers.drafts.nested_names import flat
from hypertendril.readers.files.json_lines import read_records
from hypertendril.readers.files.json_text import BadJsonError, parse
from hypertendril.readers.files.parquet import cell_text
from hypertendril.readers.folders import as_list, json_as_far_as_it_goes
from hypertendril.readers.losses import Losses
from hypertendril.readers.source import Source
from hypertendril.readers.tables.json_tables import table_in

MOST_NUMBERS = 1000  # of one array
_BLANK = b"\xef\xbb\xbf \t\r\n"


def holds_records(source: Source) -> bool:
    """Return whether a file is a list of JSON objects, has one on each line, or is a table itself."""
    text = source.head().lstrip(_BLANK)
    if text[:1] == b"[":
        return text[1:].lstrip(_BLANK)[:1] == b"{"
    return text[:1] == b"{" and (_are_lines(text) or table_in(source) is not None)


def is_object(source: Source) -> bool:
    """Return whether a file begins as a JSON object: as CSV it would be one line of any length."""
    return source.head().lstrip(_BLANK)[:1] == b"{"


def _are_lines(text: bytes) -> bool:
    first, _, rest = text.partition(b"\n")
    if rest.lstrip(_BLANK)[:1] != b"{":
        return False
    try:
        return isinstance(parse(first), dict)
    except BadJsonError:
        return False


def record_rows(source: Source, losses: Losses) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the names of the columns, and number and cells of each record; nested ones are flat.

    Raises:
        SourceFormatError: The file can't be read.
    """
    text = source.head().lstrip(_BLANK)
    if text[:1] == b"[":
        items = enumerate(as_list(json_as_far_as_it_goes(source.file, losses, 1)), 1)
        records = [(at, item) for at, item in items if isinstance(item, dict)]
    elif _are_lines(text):
        records = list(read_records(source.file, losses, b'{"', dict))
    else:
        records = [(at, dict(record)) for at, record in enumerate(table_in(source) or (), 1)]
    flats = [(at, _spread(flat(record))) for at, record in records]
    names = list(dict.fromkeys(name for _, record in flats for name in record))
    return names, [(at, [_cell(record.get(name)) for name in names]) for at, record in flats]


def _spread(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record of nevergrad with a value for each number of its arrays; others as they are."""
    if "#parametrization" not in record:
        return record
    found: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, list) and "#" not in name:
            found |= {f"{name}/{i}": item for i, item in enumerate(value[:MOST_NUMBERS])}
        else:
            found[name] = value
    return found


def _cell(value: Any) -> str:
    return json.dumps(value) if isinstance(value, (list, dict)) else cell_text(value)
