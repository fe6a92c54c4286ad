"""A mapping written as TOML and read again: as much of the format as a job needs.

TOML has no null. A key without a value is left out; among choices, and where a parameter has the
choice null, an empty table `{}` stands for it.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from hypertendril.errors import JobError

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def to_toml_text(data: Mapping[str, Any]) -> str:
    """Return `data` as TOML: plain values first, then tables, then lists of tables.

    Raises:
        JobError: A value has a type TOML lacks.
    """
    lines: list[str] = []
    tables: list[str] = []
    for key, value in data.items():
        if isinstance(value, Mapping):
            tables += _table(_key(key), value)
        elif _is_tables(value):
            for item in value:
                tables += ["", f"[[{_key(key)}]]", *_lines(item)]
        elif value is not None:
            lines.append(f"{_key(key)} = {_value(value)}")
    return "\n".join([*lines, *tables]) + "\n"


def from_toml_text(text: str) -> dict[str, Any]:
    """Return what a TOML text says, None where a choice is null.

    Raises:
        tomllib.TOMLDecodeError: It is not TOML.
        RecursionError: It is nested too deeply.
    """
    return {key: _with_nulls(value, key) for key, value in tomllib.loads(text).items()}


def _with_nulls(value: Any, key: str) -> Any:
    if isinstance(value, list) and key in ("choices", "values"):
        return [_null_or(item) for item in value]
    if isinstance(value, list):
        return [_with_nulls(item, "params" if key == "enqueue" else "") for item in value]
    if isinstance(value, dict) and key == "params":
        return {name: _null_or(item) for name, item in value.items()}
    if isinstance(value, dict):
        return {name: _with_nulls(item, name) for name, item in value.items()}
    return value


def _null_or(value: Any) -> Any:
    return None if value == {} else value


def _table(name: str, table: Mapping[str, Any]) -> list[str]:
    """Return a table, what holds lists of tables itself as tables of its own after it."""
    deep = {key for key, value in table.items() if _is_tables(value) and any(map(_is_deep, value))}
    lines = ["", f"[{name}]", *_lines({k: v for k, v in table.items() if k not in deep})]
    for key in sorted(deep):
        for item in table[key]:
            lines += ["", f"[[{name}.{_key(key)}]]", *_lines(item)]
    return lines


def _is_deep(table: Mapping[str, Any]) -> bool:
    return any(_is_tables(value) for value in table.values())


def _lines(table: Mapping[str, Any]) -> list[str]:
    """Return the lines of a table; of a list of tables each stands on a line of its own."""
    return [
        f"{_key(key)} = {_rows(value) if _is_tables(value) else _value(value)}"
        for key, value in table.items()
        if value is not None
    ]


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, Mapping) for v in value)


def _rows(tables: list[Mapping[str, Any]]) -> str:
    return "".join(["[\n", *(f"    {_value(table)},\n" for table in tables), "]"])


def _pairs(table: Mapping[str, Any]) -> list[str]:
    return [f"{_key(key)} = {_value(value)}" for key, value in table.items()]


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _text(key)


def _text(value: str) -> str:
    # JSON's escapes are TOML's, but JSON leaves DEL as it is and TOML forbids it.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else str(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_value(item) for item in value)}]"
    if value is None or isinstance(value, Mapping):
        return "{" + ", ".join(_pairs(value or {})) + "}"
    raise JobError(f"TOML cannot write {value!r}.")
