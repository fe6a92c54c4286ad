"""Database servers of a test's own, on 127.0.0.1, where the programs for them are installed."""

from __future__ import annotations

import os
import pwd
import random
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.waiting import PATIENCE_SECONDS, wait_until

# Below those that connections take for themselves: one of these could take the port meanwhile.
PORTS = range(20_000, 32_000)
# What is lost with the power is no loss to a test.
_CARELESS = (
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-flush-method=nosync",
    "--innodb-doublewrite=0",
    "--innodb-log-file-size=8M",
    "--innodb-buffer-pool-size=32M",
)


@contextmanager
def postgresql() -> Iterator[str | None]:
    """Give the URL of a database on a new PostgreSQL, None where that is not installed."""
    found = [*Path("/usr/lib/postgresql").glob("*/bin/initdb"), *_program("initdb")]
    if not found:
        yield None
        return
    programs = found[0].resolve().parent
    with _place() as (place, user):

        def run(program: str, *options: str) -> None:
            command = [str(programs / program), "-D", str(place / "data"), *options]
            done = subprocess.run(
                command,
                cwd=place,
                user=user,
                check=False,
                timeout=PATIENCE_SECONDS,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            assert done.returncode == 0, (place / "log").read_text()

        port = _free_port()
        run("initdb", "-U", "ht", "-A", "trust", "--no-sync", "-E", "UTF8", "--no-locale")
        listening = f"-p {port} -c listen_addresses=127.0.0.1 -k {place} -F"
        run("pg_ctl", "-o", listening, "-w", "-l", str(place / "log"), "start")
        try:
            yield f"postgresql+psycopg://ht@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "-m", "immediate", "stop")


@contextmanager
def mariadb() -> Iterator[str | None]:
    """Give the URL of a database on a new MariaDB or MySQL, None where neither is installed."""
    found = [*_program("mariadbd"), *_program("mysqld"), *Path("/usr/sbin").glob("mariadbd")]
    if not found:
        yield None
        return
    with _place() as (place, user):
        data, log, port = place / "data", place / "log", _free_port()
        (data / "ht").mkdir(parents=True)  # a folder is a database; there need be no other
        if user:
            for folder in (data, data / "ht"):
                os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
        command = [str(found[0]), "--no-defaults", "--skip-grant-tables", *_CARELESS]
        command += [f"--datadir={data}", f"--socket={place / 'socket'}", f"--tmpdir={place}"]
        command += ["--bind-address=127.0.0.1", f"--port={port}"]
        with log.open("w") as said:
            process = subprocess.Popen(command, cwd=place, user=user, stdout=said, stderr=said)
        try:
            _await_answer(port, process, log)
            yield f"mysql+pymysql://root@127.0.0.1:{port}/ht"
        finally:
            process.kill()
            process.wait(PATIENCE_SECONDS)


def _program(name: str) -> list[Path]:
    found = shutil.which(name)
    return [Path(found)] if found else []


@contextmanager
def _place() -> Iterator[tuple[Path, str | None]]:
    """Give a folder and the user that owns it: None for us, another as no server runs as root."""
    # Not below pytest's folder: only its owner may enter that.
    place = Path(tempfile.mkdtemp(prefix="ht-db-"))
    user = "nobody" if os.geteuid() == 0 else None
    if user:
        os.chown(place, pwd.getpwnam(user).pw_uid, -1)
    try:
        yield place, user
    finally:
        shutil.rmtree(place)


def _free_port() -> int:
    while True:
        port = random.choice(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _await_answer(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    def answers() -> bool:
        assert process.poll() is None, log.read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_until(answers, f"the server that writes {log}")
