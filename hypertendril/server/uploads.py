"""Result files dropped on the page: received in slices, visible to the rest once they are whole."""

from __future__ import annotations

import os
import re
import shutil
import stat
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Response, abort, jsonify, request
from werkzeug.exceptions import HTTPException

MOST_UPLOAD_BYTES = 2 * 2**30  # of all files of one drop
MOST_FILES = 20_000
MOST_DROPS = 256  # counted at the same time
SPARE_BYTES = 256 * 2**20  # of the disk, left to the store
MOST_DEPTH = 12
MOST_NAME_CHARS = 200
_BATCH = re.compile(r"[0-9a-f]{16}")
_PORTION = 1 << 20


def uploads_blueprint(folder: Path) -> Blueprint:
    """Return the routes that take a drop, file by file and slice by slice.

    `PUT _ht/upload/<batch>?path=...&offset=...` adds a slice, `POST _ht/upload/<batch>` says that
    all is there, `DELETE` that it is not wanted. Slices keep to the limit of a request's body.

    Args:
        folder: Private folder; a whole drop lies in it under the name of its batch.
    """
    routes = Blueprint("uploads", __name__)
    # Counted on the disk but once: a look at all files a slice would take longer than the slices.
    arrived_of = lru_cache(maxsize=MOST_DROPS)(_counted)

    def part_of(batch: str) -> Path:
        if not _BATCH.fullmatch(batch):
            abort(400, "An upload must have a name of 16 hexadecimal digits.")
        return folder / f".part-{batch}"

    @routes.put("/_ht/upload/<batch>")
    def add_slice(batch: str) -> Response:
        """Append a slice to a file on its way, where it left off; answer with its size."""
        part = part_of(batch)
        path = part / safe_path(request.args.get("path", ""))
        offset = request.args.get("offset", default=0, type=int) or 0
        try:
            arrived = arrived_of(part)
            _check_room(arrived, folder, request.content_length or 0)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            size = _append(path, offset)
        except OSError as error:
            abort(503, f"{path.name} can't be kept ({error.strerror}).")
        arrived.n_bytes += size - offset
        arrived.files += offset == 0
        return jsonify({"size": size})

    @routes.post("/_ht/upload/<batch>")
    def finish(batch: str) -> Response:
        part = part_of(batch)
        if not part.is_dir() or (folder / batch).exists():
            abort(404, "There is no such upload.")
        part.rename(folder / batch)
        return jsonify({"batch": batch})

    @routes.delete("/_ht/upload/<batch>")
    def give_up(batch: str) -> Response:
        shutil.rmtree(part_of(batch), ignore_errors=True)
        return jsonify({"batch": batch})

    @routes.errorhandler(HTTPException)
    def say(error: HTTPException) -> Response:
        return Response(error.description, error.code, mimetype="text/plain")

    return routes


def safe_path(text: str) -> Path:
    """Return a relative path without any way out; anything else ends the request."""
    parts = text.split("/")
    is_plain = 0 < len(parts) <= MOST_DEPTH and all(
        part not in ("", ".", "..")
        and len(part.encode("utf-8", "surrogatepass")) <= MOST_NAME_CHARS
        and not any(char == "\\" or ord(char) < 32 or 0xD800 <= ord(char) < 0xE000 for char in part)
        for part in parts
    )
    if not is_plain or parts[0].startswith("."):
        abort(400, "This file has a name that can't be kept; rename it.")
    return Path(*parts)


@dataclass
class _Arrived:
    """What has come of a drop by now."""

    n_bytes: int = 0
    files: int = 0


def _counted(part: Path) -> _Arrived:
    found = _Arrived()
    for place, _, names in os.walk(part):
        found.files += len(names)
        found.n_bytes += sum(Path(place, name).lstat().st_size for name in names)
    return found


def _check_room(arrived: _Arrived, folder: Path, length: int) -> None:
    if arrived.n_bytes + length > MOST_UPLOAD_BYTES or arrived.files >= MOST_FILES:
        abort(
            413,
            f"More than {MOST_UPLOAD_BYTES >> 30} GiB or {MOST_FILES:,} files: put them on the "
            "server, and paste their path.",
        )
    if shutil.disk_usage(folder).free < length + SPARE_BYTES:
        abort(503, "The disk of the server is full.")


def _append(path: Path, offset: int) -> int:
    """Write the body at the end of a file, which must be `offset` long; return its new size."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    file = os.open(path, flags | (os.O_EXCL if offset == 0 else 0), 0o600)
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode) or found.st_size != offset:
            abort(409, f"{path.name}: {found.st_size:,} bytes are there, not {offset:,}.")
        while portion := request.stream.read(_PORTION):
            rest = memoryview(portion)
            while rest:
                rest = rest[os.write(file, rest) :]
        return os.fstat(file).st_size
    finally:
        os.close(file)
