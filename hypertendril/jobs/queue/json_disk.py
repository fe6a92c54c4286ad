"""The only form in which the job queue meets diskcache's database: JSON text under text keys.

diskcache unpickles whatever a row says is a pickle, on reading a value (mode 4), on
reading a key (raw 0) and in its own JSONDisk too (CVE-2025-69872, not fixed upstream).
Here every row that is not inline JSON text under a text key is refused, and no value
ever lies in a file, so that a row cannot name one either.
"""

from __future__ import annotations

import json
from typing import Any

import diskcache
from diskcache.core import MODE_RAW, UNKNOWN

from hypertendril.errors import JobError

# What a full disk, a lock that lasts or a broken file comes out of diskcache as.
DATABASE_ERRORS = (diskcache.Timeout, diskcache.core.sqlite3.Error)


class JsonDisk(diskcache.Disk):  # type: ignore[misc]
    """Stores values as JSON text; raises `JobError` for any row another program planted."""

    def put(self, key: Any) -> tuple[str, bool]:
        """Return the database form of a key.

        Raises:
            JobError: The key is not a text.
        """
        if type(key) is not str:
            raise JobError(f"The job queue has text keys only, not {type(key).__name__}.")
        return key, True

    def get(self, key: Any, raw: Any) -> str:
        """Return the key of a row.

        Raises:
            JobError: The row's key is not a plain text.
        """
        if raw != 1 or type(key) is not str:
            raise _refused("a key")
        return key

    def store(self, value: Any, read: Any, key: Any = UNKNOWN) -> tuple[int, int, None, str]:
        """Return (size, mode, filename, text) of a value.

        Raises:
            JobError: It is not made of JSON values.
        """
        del key
        if read:
            raise JobError("The job queue keeps no files.")
        try:
            return 0, MODE_RAW, None, json.dumps(value)
        except (TypeError, ValueError, RecursionError) as error:
            raise JobError(f"The job queue keeps JSON values only ({error}).") from None

    def fetch(self, mode: Any, filename: Any, value: Any, read: Any) -> Any:
        """Return the value of a row.

        Raises:
            JobError: The row is anything but inline JSON text.
        """
        if mode != MODE_RAW or filename is not None or read or type(value) is not str:
            raise _refused("a value")
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            raise _refused("a value") from None


def _refused(what: str) -> JobError:
    return JobError(
        f"The job queue holds {what} that this program did not write; it was not read. "
        "Check who can write to the data folder."
    )
