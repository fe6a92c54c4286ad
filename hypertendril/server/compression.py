"""Answers made small: scripts and styles once and for all, everything else as it is sent."""

from __future__ import annotations

import threading

from flask import Flask, Request
from flask_compress import Compress

# Scripts and styles carry their version in their address; anything else is made for one request.
_LASTING = ("/_dash-component-suites/", "/assets/")
_MIMETYPES = [
    "application/javascript",
    "application/json",
    "application/octet-stream",
    "text/css",
    "text/html",
    "text/javascript",
]


class _LastingAnswers:
    """Keeps compressed answers whose address names their content; forgets the others at once."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        with self._lock:
            return self._kept.get(key)

    def set(self, key: str, value: bytes) -> None:
        if not key.endswith(";"):
            with self._lock:
                self._kept[key] = value


def compress(server: Flask) -> None:
    """Let `server` compress its answers for browsers that take it, Dash's scripts included."""
    server.config |= {
        "COMPRESS_MIMETYPES": _MIMETYPES,
        "COMPRESS_CACHE_BACKEND": _LastingAnswers,
        "COMPRESS_CACHE_KEY": _lasting_address,
        # Float columns gain nothing from trying harder, scripts are compressed once.
        "COMPRESS_BR_LEVEL": 4,
        "COMPRESS_LEVEL": 6,
    }
    Compress(server)


def _lasting_address(request: Request) -> str:
    is_lasting = any(part in request.path for part in _LASTING)
    return request.full_path if is_lasting else ""
