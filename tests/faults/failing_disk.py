"""Disks that refuse: full ones, folders that may not be written to, single calls that fail."""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hypertendril.errors import HyperTendrilError

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MEMORY = Path("/dev/shm")
NOBODY = 65534
KINDS = ("error", "short", "exit")  # as failing_calls.c numbers them
# Well; refused with a message; failed where nobody needed to know; ended by the library.
_ENDS = (0, 3, 4, 9)


@contextmanager
def files_no_larger_than(n_bytes: int) -> Iterator[None]:
    """Make every write beyond `n_bytes` of a file fail, as on a full disk or over a quota."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def somebody_without_rights(folder: Path) -> Iterator[None]:
    """Be the owner of `folder`, but not one whom the system lets write anywhere."""
    if os.geteuid() != 0:
        yield
        return
    for path in (folder.parent, folder, *folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def run_with_failing_calls(script: Path, kind: str) -> int:
    """Run `script PLACE KIND` with the library in front that makes calls fail.

    Returns:
        The number it prints: how many calls it made fail.
    """
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("needs a C compiler to build the library that makes calls fail")
    # In memory, where there is such a place: what a disk would do is the library's to say.
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as place:
        library = Path(place) / "failing_calls.so"
        options = ["-shared", "-fPIC", "-O1", "-o", str(library)]
        subprocess.run([compiler, *options, HERE / "failing_calls.c", "-ldl"], check=True)
        given = {"LD_PRELOAD": str(library), "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, script, place, kind],
            env={**os.environ, **given},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def fail_each_call(
    place: Path, kind: str, write: Callable[[int], None], check: Callable[[int], None]
) -> int:
    """Make the 1st, 2nd, 3rd ... call fail that `write` makes, until none is left to fail.

    Args:
        place: Folder it is all in; whoever refuses names it.
        kind: How it fails.
        write: Writes, in a process of its own; told the number of the call that will fail.
        check: Looks at what is on the disk then.

    Returns:
        How many calls there were.
    """
    arm = ctypes.CDLL(None).fail_call
    number, has_failed = 0, True
    while has_failed:
        number += 1
        child = os.fork()
        if child == 0:
            arm(number, KINDS.index(kind))
            os._exit(_end_of(write, number, place) or (4 if arm(0, 0) else 0))
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        assert code in _ENDS, code
        has_failed = code != 0
        check(number)
    return number


def _end_of(write: Callable[[int], None], number: int, place: Path) -> int:
    """Write in a child process, which must not come back from here by an exception."""
    try:
        write(number)
    except HyperTendrilError as error:
        return 3 if str(place) in str(error) else 5
    except BaseException:  # noqa: BLE001 - the child reports by its exit code alone
        traceback.print_exc()
        return 6
    return 0
