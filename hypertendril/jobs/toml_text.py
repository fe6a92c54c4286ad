"""A mapping written as TOML: as much of the format as a job needs."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from hypertendril.errors import JobError

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def to_toml_text(data: Mapping[str, Any]) -> str:
    """Return `data` as TOML: plain values first, then tables, then lists of tables.

    Keys whose value is None are left out: TOML has no null, and a job reads an absent key as null.

    Raises:
        JobError: A list holds None, or a value has a type TOML lacks.
    """
    lines: list[str] = []
    tables: list[str] = []
    for key, value in data.items():
        if isinstance(value, Mapping):
            tables += ["", f"[{_key(key)}]", *_pairs(value)]
        elif isinstance(value, list) and value and all(isinstance(v, Mapping) for v in value):
            for item in value:
                tables += ["", f"[[{_key(key)}]]", *_pairs(item)]
        elif value is not None:
            lines.append(f"{_key(key)} = {_value(value)}")
    return "\n".join([*lines, *tables]) + "\n"


def _pairs(table: Mapping[str, Any]) -> list[str]:
    return [f"{_key(key)} = {_value(value)}" for key, value in table.items() if value is not None]


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
    if isinstance(value, Mapping):
        return "{" + ", ".join(_pairs(value)) + "}"
    if value is None:
        raise JobError("TOML cannot write a null among choices; export the job as JSON.")
    raise JobError(f"TOML cannot write {value!r}.")
