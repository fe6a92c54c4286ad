"""One trial folder of Ray Tune: its results as columns, cut where its configuration changed."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypertendril.errors import SourceFormatError
from hypertendril.readers.files.csv_rows import csv_rows
from hypertendril.readers.files.json_lines import JsonLines
from hypertendril.readers.files.json_text import as_number, last_line
from hypertendril.readers.folders import as_dict, file_token, head_of, json_file
from hypertendril.readers.losses import Losses

RESULTS = "result.json"
TABLE = "progress.csv"
PARAMETERS = "params.json"
ERROR = "error.txt"
STEP = "training_iteration"
# What Ray adds to each row; a metric of the same name is one of the user's only by accident.
OWN_KEYS = frozenset(
    {"config", "done", "trial_id", "date", "timestamp", "time_this_iter_s", "time_total_s", "pid"}
    | {"hostname", "node_ip", "time_since_restore", "iterations_since_restore", "experiment_tag"}
    | {"experiment_id", "timesteps_total", "episodes_total", "timesteps_since_restore", STEP}
    | {"warmup_time", "checkpoint_dir_name", "should_checkpoint", "_checkpoint_type"}
    | {"__trial_info__", "time_total", "trial_log_path", "__duplicate__"}
)
MOST_METRICS = 500
DEEPEST = 6
_FALLBACK = "CLOUDPICKLE_FALLBACK"

Floats = NDArray[np.float64]


@dataclass
class Stretch:
    """Rows in a row under one configuration.

    Attributes:
        config: As Ray wrote it; leaves that are pickles are gone.
        first: Its first row.
        restarts: Rows at which the trial was started or restored.
    """

    config: dict[str, Any]
    first: int
    restarts: list[int] = field(default_factory=list)


class TrialLog:
    """The results of one trial; `read_on` reads what is new.

    Args:
        objective: What the experiment optimises, kept also where it is one of Ray's own keys.
    """

    def __init__(self, folder: Path, objective: str | None = None) -> None:
        self.folder = folder
        self._ignored = OWN_KEYS - {objective}
        self.trial_id = ""
        self.error = ""
        self._lines = JsonLines(folder / RESULTS, b'{"')
        self._token: Any = object()
        self._clear()

    def _clear(self) -> None:
        self.losses = Losses(str(self.folder))
        self.stretches: list[Stretch] = []
        self.steps = array("d")
        self.times = array("d")
        self.metrics: dict[str, array[float]] = {}
        self._gaps: dict[str, set[int]] = {}  # rows without the metric: their NaN is no value
        self.texts: dict[str, None] = {}
        self._is_table = False

    def __len__(self) -> int:
        return len(self.steps)

    def read_on(self) -> bool:
        """Read the rows that are new; return whether there may be some."""
        names = (RESULTS, TABLE, PARAMETERS, ERROR)
        token = tuple(file_token(self.folder / name) for name in names)
        if token == self._token:
            return False
        self._token = token
        self.error = _error(self.folder / ERROR) if token[3] else ""
        if token[0] is not None:
            anew, records = self._lines.new_records()
            if anew or self._is_table:
                self._clear()
            for _, record in records:
                self._row(record)
        if not len(self) and token[1] is not None:
            self._read_table()
        return True

    def report(self, losses: Losses) -> None:
        """Add what could not be read to `losses`."""
        losses.extend(self._lines.losses)
        losses.extend(self.losses)
        for name in self.texts:
            losses.count(f"metric {name!r} of a trial is not a number")
        if self._lines.torn_line is not None:
            losses.add(f"{self.folder.name}/{RESULTS}: the last line is not complete")

    def first_config(self) -> dict[str, Any]:
        """Return what `params.json` holds; empty where there is none."""
        path = self.folder / PARAMETERS
        if not path.is_file():
            return {}
        try:
            return as_dict(without_pickles(json_file(path)))
        except SourceFormatError as error:
            self.losses.add(f"{PARAMETERS} was left out: {error}")
            return {}

    def column(self, name: str) -> Floats:
        """Return (rows,) one metric, NaN in rows without it."""
        return np.array(self.metrics[name], dtype=np.float64)

    def _row(self, record: Mapping[str, Any]) -> None:
        row = len(self.steps)
        step = as_number(record.get(STEP))
        if step is None or not np.isfinite(step):
            self.losses.count(f"a row without {STEP}")
            step = self.steps[-1] + 1 if row else 1.0
        since = as_number(record.get("iterations_since_restore"))
        time = as_number(record.get("timestamp"))
        if isinstance(record.get("trial_id"), str) and not self.trial_id:
            self.trial_id = record["trial_id"]
        self._under(record.get("config"), row, restarted=since == 1 or row == 0)
        self.steps.append(step)
        self.times.append(np.nan if time is None else time)
        metrics = self.metrics
        for name, value in record.items():
            if name in self._ignored:
                continue
            column = metrics.get(name)
            if type(value) is float and column is not None and len(column) == row:
                column.append(value)  # nearly always, and twice as quick
            else:
                self._metric(name, value, row, 0)

    def _under(self, config: Any, row: int, *, restarted: bool) -> None:
        """Begin a new stretch where the configuration is another one."""
        if not isinstance(config, dict):
            config = self.stretches[-1].config if self.stretches else {}
        if not self.stretches or config != self.stretches[-1].config:
            self.stretches.append(Stretch(config, row))
        if restarted:
            self.stretches[-1].restarts.append(row)

    def _metric(self, name: str, value: Any, row: int, depth: int) -> None:
        number = as_number(value)
        if number is not None:
            column = self.metrics.get(name)
            if column is None:
                if len(self.metrics) >= MOST_METRICS:
                    self.losses.count(f"metrics beyond the first {MOST_METRICS}")
                    return
                column = self.metrics[name] = array("d")
            self._pad(name, column, row)
            if len(column) == row:
                column.append(number)
        elif isinstance(value, dict) and depth < DEEPEST:
            for key, item in value.items():
                self._metric(f"{name}/{key}", item, row, depth + 1)
        elif value is not None:
            self.texts.setdefault(name)

    def finish(self) -> None:
        """Give every metric as many rows as there are."""
        for name, column in self.metrics.items():
            self._pad(name, column, len(self.steps))

    def _pad(self, name: str, column: array[float], rows: int) -> None:
        if len(column) < rows:
            self._gaps.setdefault(name, set()).update(range(len(column), rows))
            column.extend([np.nan] * (rows - len(column)))

    def last(self, name: str, rows: tuple[int, int]) -> float:
        """Return the last value of a metric within rows [start, end); NaN where it has none."""
        column, gaps = self.metrics.get(name), self._gaps.get(name, ())
        if column is not None:
            for row in range(rows[1] - 1, rows[0] - 1, -1):
                if row not in gaps:
                    return column[row]
        return np.nan

    def points(self, name: str, rows: tuple[int, int]) -> tuple[Floats, Floats]:
        """Return steps and values of a metric within rows [start, end), without the gaps."""
        steps, values = (
            np.array(self.steps[slice(*rows)]),
            np.array(self.metrics[name][slice(*rows)]),
        )
        gaps = [row - rows[0] for row in self._gaps.get(name, ()) if rows[0] <= row < rows[1]]
        return np.delete(steps, gaps), np.delete(values, gaps)

    def _read_table(self) -> None:
        """Read `progress.csv`: the same rows in flat columns, for folders without `result.json`."""
        self._clear()
        self._is_table = True
        for row in csv_rows((self.folder / TABLE).read_bytes(), self.losses, f"{TABLE}: ")[1]:
            self._row(_record(row))


def _record(row: Mapping[str, str]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    config: dict[str, Any] = {}
    for name, cell in row.items():
        if name.startswith("config/"):
            config[name.removeprefix("config/")] = _cell(cell)
        elif cell:
            record[name] = _cell(cell)
    return record | ({"config": config} if config else {})


def _cell(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"True": True, "False": False, "": None}.get(text, text)


def _error(path: Path) -> str:
    return last_line(head_of(path, 1 << 20).decode("utf-8", "replace"))


def without_pickles(value: Any) -> Any:
    """Return a JSON value without the leaves that Ray stored as a pickle."""
    if isinstance(value, dict):
        if value.get("_type") == _FALLBACK:
            return None
        return {
            key: cleaned
            for key, item in value.items()
            if (cleaned := without_pickles(item)) is not None or item is None
        }
    if isinstance(value, list):
        return [without_pickles(item) for item in value]
    return value


def trial_folders(folder: Path, listing: Callable[[Path], list[Path]]) -> Iterator[Path]:
    """Return the folders of trials in the folder of an experiment."""
    for place in listing(folder):
        if any((place / name).is_file() for name in (RESULTS, PARAMETERS, TABLE)):
            yield place
