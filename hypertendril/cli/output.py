"""How a command speaks: results on stdout alone, everything else on stderr."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from hypertendril.errors import HyperTendrilError


def write(line: str) -> None:
    """Write a line of the result."""
    sys.stdout.write(line + "\n")


def write_json(data: Any) -> None:
    """Write the result as JSON, which has no NaN."""
    sys.stdout.write(json.dumps(data, indent=2, allow_nan=False) + "\n")


def tell(words: object) -> None:
    """Say something beside the result."""
    sys.stderr.write(f"hypertendril: {words}\n")


def one_line(error: object) -> str:
    """Return the first line of a message, its spaces single."""
    return " ".join(str(error).split("\n", 1)[0].split())


def require_out(out: Path, source: Path | None = None) -> None:
    """Check that a file may be written as `out`, which then takes the place of what is there.

    Raises:
        HyperTendrilError: Its folder is missing, it is a device or folder, or it is `source`.
    """
    if not out.absolute().parent.is_dir():
        raise HyperTendrilError(f"{out}: there is no such folder to export to.")
    if not out.exists():
        return
    if not out.is_file():
        raise HyperTendrilError(f"{out}: can't be written; it is not a regular file.")
    if source is not None and source.exists() and out.samefile(source):
        raise HyperTendrilError(f"{out}: is what is read; name another file to write.")
