"""How a command speaks: results on stdout alone, everything else on stderr."""

from __future__ import annotations

import json
import sys
from typing import Any


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
