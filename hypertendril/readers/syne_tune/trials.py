"""Trials of Syne Tune as its files hold them: rows of the table, and a folder each."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypertendril.readers.drafts.typed_text import typed
from hypertendril.readers.files.json_text import BadJsonError, clean, last_line, parse
from hypertendril.readers.folders import as_dict, head_of, optional_json, subfolders
from hypertendril.readers.losses import Losses
from hypertendril.readers.syne_tune.space import SyneSpace
from hypertendril.readers.syne_tune.table import ZIPPED, table_rows

MOST_PRINTED_BYTES = 1 << 26
_CONFIG = "config_"
_OWN = "st_"
_REPORT = b"[tune-metric]: "


@dataclass
class SyneTrial:
    """The rows of one trial."""

    trial_id: str
    config: dict[str, Any]
    rows: list[dict[str, str]] = field(default_factory=list)
    folder: Path | None = None

    @property
    def number(self) -> int:
        """Its id as a number, 0 where it is none."""
        digits = self.trial_id
        return int(digits) if digits.isdecimal() and len(digits) < 18 else 0

    @property
    def decision(self) -> str:
        """What the scheduler said to its last report."""
        return self.rows[-1].get("st_decision", "") if self.rows else ""

    def left(self, name: str) -> bool:
        """Return whether its folder holds a file that marks a turn of its life, such as `end`."""
        return self.folder is not None and (self.folder / name).exists()

    def error(self) -> str:
        """Return the line of its error output that says what went wrong, else nothing."""
        if self.folder is None:
            return ""
        text = head_of(self.folder / "std.err", 1 << 20).decode("utf-8", "replace")
        return last_line(text) if "Error" in text or "Traceback" in text else ""


def read_trials(folder: Path, space: SyneSpace, losses: Losses) -> list[SyneTrial]:
    """Return the trials in the order they were made; those that failed at once have no rows.

    The table is written now and then: of a run that was killed, the output of trials has more.
    """
    found: dict[str, SyneTrial] = {}
    names = {p.name: p for p in space.space}
    n_known = len(losses.listed())
    rows = list(table_rows(folder, losses))
    # What a whole table lacks was cut off when the tuner stopped: Syne Tune does not count it.
    is_whole = bool(rows) and len(losses.listed()) == n_known
    for row in rows:
        trial_id = row.get("trial_id", "")
        if trial_id not in found:
            cells = {k.removeprefix(_CONFIG): v for k, v in row.items() if k.startswith(_CONFIG)}
            config = {name: typed(text, names.get(name)) for name, text in cells.items()}
            config = {k: v for k, v in config.items() if v is not None}
            found[trial_id] = SyneTrial(trial_id, config)
        found[trial_id].rows.append(row)
    for place in subfolders(folder):
        if place.name.isdecimal():
            trial = found.setdefault(place.name, SyneTrial(place.name, {}))
            trial.folder = place
            trial.config = as_dict(optional_json(place / "config.json", losses)) or trial.config
    for trial in found.values():
        if trial.folder is not None and not trial.rows and not is_whole:
            trial.rows = _printed(trial.folder, losses)
            losses.count(f"a trial that {ZIPPED} lacks; its output was read", bool(trial.rows))
        trial.config = {k: v for k, v in trial.config.items() if k not in space.fixed}
    return sorted(found.values(), key=lambda t: (not t.trial_id.isdecimal(), t.number, t.trial_id))


def _printed(folder: Path, losses: Losses) -> list[dict[str, str]]:
    """Return the reports in what a trial printed, where Syne Tune itself takes them from."""
    rows = []
    for line in head_of(folder / "std.out", MOST_PRINTED_BYTES).splitlines():
        _, mark, report = line.partition(_REPORT)
        try:
            values = as_dict(parse(report)) if mark else {}
        except BadJsonError:
            losses.count("a report in the output of a trial that is cut short")
            continue
        if values:
            rows.append({clean(k): "" if v is None else str(v) for k, v in values.items()})
    return rows


def as_float(text: str) -> float:
    """Return the number in a cell, NaN where there is none."""
    try:
        return float(text)
    except (TypeError, ValueError):
        return math.nan


def is_metric(name: str, others: Collection[str | None]) -> bool:
    """Return whether a column was reported by the trial and is none of `others`."""
    return not name.startswith((_OWN, _CONFIG)) and name != "trial_id" and name not in others
