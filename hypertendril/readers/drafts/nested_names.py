"""Nested configurations and records, with one name a leaf."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from hypertendril.readers.files.json_text import clean

NAMELESS = "(no name)"  # a key that is an empty text


@lru_cache(maxsize=4096)
def _joined(prefix: str, keys: tuple[Any, ...]) -> tuple[str, ...] | None:
    """Return the names of leaves; None where two are the same, or 1 and true one key of the cache."""
    names = tuple(_leaf(prefix, key) for key in keys)
    is_plain = {str}.issuperset(map(type, keys)) and len(set(names)) == len(names)
    return names if is_plain else None


def _leaf(prefix: str, key: Any) -> str:
    return f"{prefix}{clean(str(key)) or NAMELESS}"


def flat(config: Mapping[str, Any], prefix: str = "", depth: int = 0) -> dict[str, Any]:
    """Return a nested configuration with one key a leaf: `{"opt": {"lr": 1}}` -> `{"opt/lr": 1}`.

    Of `{"opt": {"lr": 1}, "opt/lr": 2}` the later one is `opt/lr (2)`.
    """
    names = _joined(prefix, tuple(config))
    if names is not None and dict not in map(type, config.values()):
        return dict(zip(names, config.values()))  # noqa: B905 (nearly always; half the time)
    found: dict[str, Any] = {}
    names = names or tuple(_leaf(prefix, key) for key in config)
    for name, value in zip(names, config.values(), strict=True):
        if not (isinstance(value, dict) and value and depth < 8):
            found[_unlike(name, found)] = value
        elif found.keys().isdisjoint(below := flat(value, f"{name}/", depth + 1)):
            found |= below
        else:
            for inner, item in below.items():
                found[_unlike(inner, found)] = item
    return found


def _unlike(name: str, found: Mapping[str, Any]) -> str:
    """Return the name, or one like it that is not taken yet."""
    if name not in found:
        return name
    return next(other for n in itertools.count(2) if (other := f"{name} ({n})") not in found)
