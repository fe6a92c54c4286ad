"""How to start this program again: the same interpreter, the same package."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_PACKAGE_PARENT = Path(__file__).resolve().parents[2]


def module_command(module: str, *arguments: str) -> list[str]:
    """Return the command line that runs a module of ours; no shell ever sees it."""
    # -P: the folder somebody happens to stand in is no place to import from.
    return [sys.executable, "-P", "-m", module, *arguments]


def with_package_path(environment: dict[str, str]) -> dict[str, str]:
    """Return `environment` with this package importable, as from a checkout that is not installed."""
    path = environment.get("PYTHONPATH")
    entries = [str(_PACKAGE_PARENT), *([path] if path else [])]
    return environment | {"PYTHONPATH": os.pathsep.join(entries)}


def without_package_path(environment: dict[str, str]) -> dict[str, str]:
    """Return `environment` as it was before: another Python must not find our libraries."""
    entries = environment.get("PYTHONPATH", "").split(os.pathsep)
    rest = os.pathsep.join(entries[1:] if entries[0] == str(_PACKAGE_PARENT) else entries)
    others = {name: value for name, value in environment.items() if name != "PYTHONPATH"}
    return others | ({"PYTHONPATH": rest} if rest else {})
