"""Rows of a SMAC3 run history, in the five layouts its versions have written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hypertendril.readers.drafts.budgets import FAILED, OK, RUNNING, number_or_nan
from hypertendril.readers.drafts.draft import NAN
from hypertendril.readers.files.json_text import as_number, last_line
from hypertendril.readers.folders import as_dict, as_list

# Version 2 writes numbers: 0 (later 5) is running. Version 1 writes names.
_SECOND = {0: "RUNNING", 1: "SUCCESS", 2: "CRASHED", 3: "TIMEOUT", 4: "MEMORYOUT", 5: "RUNNING"}
_FIRST = {1: "SUCCESS", 2: "TIMEOUT", 3: "CRASHED", 4: "ABORT", 5: "MEMOUT", 6: "CAPPED"}
_OPEN = ("RUNNING", "DONOTADVANCE")
_GOOD = ("SUCCESS", "CAPPED", "STOP", "DONOTADVANCE")
ERROR_KEYS = ("traceback", "error", "exception")


@dataclass(slots=True)  # not frozen: that doubles what making one costs
class Row:
    """One run of a configuration.

    Attributes:
        key: Configuration, instance, seed and budget: what identifies the run.
        status: `ok`, `failed` or `running`.
        word: SMAC's word for it.
    """

    config_id: int
    key: tuple[int, str, str, float]
    budget: float
    cost: Any
    status: str
    word: str
    time: float
    cpu_time: float
    started: float
    ended: float
    info: Mapping[str, Any]

    @property
    def note(self) -> str:
        """What SMAC says of a failed run."""
        text = next((self.info[k] for k in ERROR_KEYS if isinstance(self.info.get(k), str)), "")
        return f"{self.word.lower()}: {last_line(text)}" if text else self.word.lower()


def row_of(item: Any) -> Row | None:
    """Return a row of `data`; None where it is of no known layout."""
    if isinstance(item, dict):
        return _from_dict(item)
    parts = as_list(item)
    if len(parts) == 2 and isinstance(parts[0], list) and isinstance(parts[1], list):
        return _from_pair(parts[0], parts[1])
    return _from_list(parts)


def _from_dict(item: Mapping[str, Any]) -> Row | None:
    if "cost" not in item:
        return None
    key = [item.get(name) for name in ("config_id", "instance", "seed", "budget")]
    status = _word(item.get("status"), _SECOND)
    times = [item.get(name) for name in ("time", "cpu_time", "starttime", "endtime")]
    return _row(key, item["cost"], status, times, item.get("additional_info"))


def _from_list(parts: Sequence[Any]) -> Row | None:
    """Version 2 before 2.2.1 lacks the CPU time."""
    if len(parts) < 10:
        return None
    has_cpu = len(parts) > 10
    status, started, ended, info = parts[6 + has_cpu : 10 + has_cpu]
    times = [parts[5], parts[6] if has_cpu else None, started, ended]
    return _row(parts[:4], parts[4], _word(status, _SECOND), times, info)


def _from_pair(key: Sequence[Any], value: Sequence[Any]) -> Row | None:
    """Version 1: the key has a budget since 0.12, the value has times since then."""
    if len(key) < 3 or len(value) < 3:
        return None
    whole_key = [*key[:3], key[3] if len(key) > 3 else None]
    started, ended = (value[3], value[4]) if len(value) > 5 else (None, None)
    times = [value[1], None, started, ended]
    return _row(whole_key, value[0], _word(value[2], _FIRST), times, value[-1], no_budget=0.0)


def _word(status: Any, names: Mapping[int, str]) -> str:
    if isinstance(status, dict):
        return str(status.get("__enum__", "")).rpartition(".")[2].upper()
    if isinstance(status, int):
        return names.get(status, "UNKNOWN")
    return str(status).rpartition(".")[2].upper()


def _row(
    key: Sequence[Any],
    cost: Any,
    word: str,
    times: Sequence[Any],
    info: Any,
    *,
    no_budget: float | None = None,
) -> Row | None:
    config_id, budget = key[0], as_number(key[3])
    if isinstance(config_id, bool) or not isinstance(config_id, int) or abs(config_id) >= 2**62:
        return None
    if budget is None or budget == no_budget:
        budget = NAN
    status = RUNNING if word in _OPEN[:1] else OK if word in _GOOD else FAILED
    time, cpu_time, started, ended = map(number_or_nan, times)
    unique = (config_id, str(key[1]), str(key[2]), -1.0 if budget != budget else budget)  # noqa: PLR0124
    return Row(
        config_id,
        unique,
        budget,
        cost,
        status,
        word,
        time,
        cpu_time,
        started if started > 0 else NAN,
        ended if ended > 0 else NAN,
        as_dict(info),
    )
