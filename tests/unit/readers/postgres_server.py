"""A PostgreSQL server of a test's own, on 127.0.0.1, where the programs for it are installed."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDERS = "/usr/lib/postgresql"


def programs() -> Path | None:
    """Return the folder of `initdb` and `pg_ctl`, None where they are not installed."""
    found = [*Path(FOLDERS).glob("*/bin/initdb"), Path(shutil.which("initdb") or "/none")]
    return next((path.resolve().parent for path in found if path.is_file()), None)


@contextmanager
def server(folder_of_programs: Path) -> Iterator[str]:
    """Give the URL of a new server; it ends with the block."""
    # Not below pytest's folder: only its owner may enter that, and the server refuses to be root.
    place = Path(tempfile.mkdtemp(prefix="ht-pg-"))
    user = "nobody" if os.geteuid() == 0 else None
    if user:
        os.chown(place, pwd.getpwnam(user).pw_uid, -1)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def run(program: str, *options: str) -> None:
        command = [str(folder_of_programs / program), "-D", str(place / "data"), *options]
        done = subprocess.run(
            command,
            cwd=place,
            user=user,
            check=False,
            timeout=60,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        assert done.returncode == 0, (place / "log").read_text()

    try:
        run("initdb", "-U", "ht", "-A", "trust", "--no-sync")
        listening = f"-p {port} -c listen_addresses=127.0.0.1 -k {place} -F"
        run("pg_ctl", "-o", listening, "-w", "-l", str(place / "log"), "start")
        try:
            yield f"postgresql+psycopg://ht@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(place)
