"""Databases of ATM with the pickles in their columns taken apart."""

from __future__ import annotations

import base64
from typing import Any

from hypertendril.readers.atm.reader import FORMAT, PICKLED, VALUES, read_tables
from hypertendril.readers.atm.space import CATEGORICAL, CONSTANT, TUNABLE
from hypertendril.readers.folders import as_list
from hypertendril.readers.losses import Losses
from hypertendril.readers.pickles.inert import BadPickleError, Inert, taken_apart
from hypertendril.readers.pickles.plain import PlainForm
from hypertendril.readers.source import Source


def document_of(source: Source) -> dict[str, Any]:
    """Return the tables of a database; what can't be taken apart is None.

    Raises:
        SourceFormatError: It can't be read.
    """
    tables: dict[str, Any] = {"format": FORMAT, **read_tables(source, Losses(source.shown))}
    for row in tables["classifiers"]:
        found = _unpacked(row.pop(PICKLED, None))
        row[VALUES] = found if isinstance(found, dict) else None
    tables["hyperpartitions"] = [
        {key: row.get(key) for key in ("id", "datarun_id", "method")}
        | {name: _unpacked(row.get(f"{name}_64")) for name in (CATEGORICAL, TUNABLE, CONSTANT)}
        for row in tables["hyperpartitions"]
    ]
    return tables


def _unpacked(stored: Any) -> Any:
    """Return the plain form of a pickle in base64: bytes, or a text under Python 2 and in CSV."""
    data = stored.encode() if isinstance(stored, str) else stored
    if not isinstance(data, bytes):
        return None
    data = data.removeprefix(b"b'").removesuffix(b"'")
    try:
        found = taken_apart(base64.b64decode(data, validate=True))
        named = [_declared(item) for item in as_list(found)]
        return PlainForm().of(named or found)
    except (BadPickleError, ValueError):
        return None


def _declared(pair: Any) -> Any:
    """Return the name, the kind and the range of a parameter of BTB."""
    if isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[1], Inert):
        name, parameter = pair
        bounds = parameter.attributes.get("_param_range") or parameter.attributes.get("range")
        return [name, parameter.class_name, bounds]
    return pair
