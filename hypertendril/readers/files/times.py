"""Times as files write them, to POSIX seconds UTC."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ALL_PLAIN = re.compile(
    r"(?:(?:[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?)?\n)*"
)
QUARTER_SECONDS = 900  # every clock change of a time zone falls on a quarter hour


def posix(value: Any, zone: tzinfo | None = None) -> float:
    """Return POSIX seconds of an ISO 8601 text or datetime, NaN if it is none.

    Args:
        value: A time.
        zone: Of a time without an offset; None for that of this machine.
    """
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        if zone is not None and moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
        return moment.timestamp()
    except (TypeError, ValueError, OverflowError, OSError):
        return math.nan


def posix_column(values: Sequence[Any], *, is_utc: bool = False) -> NDArray[np.float64]:
    """Return `posix` of every value; quick where none has an offset, as in a database.

    Args:
        values: Times.
        is_utc: What has no offset is UTC, and not local time of this machine.
    """
    try:
        moments = _plain(values)
        micros = moments.astype(np.int64) - (0 if is_utc else _local_offsets(moments))
        return np.where(np.isnat(moments), np.nan, micros / 1e6)
    except (TypeError, ValueError, OverflowError, OSError):
        zone = UTC if is_utc else None
        return np.array([posix(value, zone) for value in values], dtype=np.float64)


def _plain(values: Sequence[Any]) -> NDArray[np.datetime64]:
    if not _ALL_PLAIN.fullmatch(
        "".join(["\n" if value is None else value + "\n" for value in values])
    ):
        raise ValueError("some have an offset")  # numpy would drop it with a warning
    return np.array([value or "NaT" for value in values], dtype="datetime64[us]")


def _local_offsets(moments: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Return the microseconds by which the local time of this machine is ahead of UTC at each moment."""
    micros = np.zeros(len(moments), dtype=np.int64)
    quarters = moments.astype("datetime64[s]").astype(np.int64) // QUARTER_SECONDS
    for quarter in np.unique(quarters[~np.isnat(moments)]):
        naive = datetime.fromisoformat(str(np.datetime64(int(quarter) * QUARTER_SECONDS, "s")))
        offset = int(quarter) * QUARTER_SECONDS - int(naive.timestamp())
        micros[quarters == quarter] = offset * 1_000_000
    return micros
