"""Times as files write them, to POSIX seconds UTC."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ALL_PLAIN = re.compile(
    r"(?:(?:[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?)?\n)*"
)
QUARTER_SECONDS = 900  # every clock change of a time zone falls on a quarter hour


def posix(value: Any) -> float:
    """Return POSIX seconds of an ISO 8601 text or datetime, NaN if it is none.

    A time without an offset is taken as local time of this machine.
    """
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        return moment.timestamp()
    except (TypeError, ValueError, OverflowError, OSError):
        return math.nan


def posix_column(values: Sequence[Any]) -> NDArray[np.float64]:
    """Return `posix` of every value; quick where all are plain local times, as in a database."""
    try:
        return _local(values)
    except (TypeError, ValueError, OverflowError, OSError):
        return np.array([posix(value) for value in values], dtype=np.float64)


def _local(values: Sequence[Any]) -> NDArray[np.float64]:
    if not _ALL_PLAIN.fullmatch(
        "".join(["\n" if value is None else value + "\n" for value in values])
    ):
        raise ValueError("some have an offset")  # numpy would drop it with a warning
    moments = np.array([value or "NaT" for value in values], dtype="datetime64[us]")
    micros = moments.astype(np.int64)
    missing = np.isnat(moments)
    quarters = moments.astype("datetime64[s]").astype(np.int64) // QUARTER_SECONDS
    for quarter in np.unique(quarters[~missing]):
        naive = datetime.fromisoformat(str(np.datetime64(int(quarter) * QUARTER_SECONDS, "s")))
        offset = int(quarter) * QUARTER_SECONDS - int(naive.timestamp())
        micros[quarters == quarter] -= offset * 1_000_000
    return np.where(missing, np.nan, micros / 1e6)
