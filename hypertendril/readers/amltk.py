"""AMLTK: history.parquet, a row a trial, with configspace.json beside it."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hypertendril.model import Direction, Method, Objective
from hypertendril.readers.about import About, Tested
from hypertendril.readers.drafts.budgets import (
    FAILED,
    OK,
    OLDEST,
    RUNNING,
    BudgetRun,
    Configuration,
    add_runs,
    number_or_nan,
)
from hypertendril.readers.drafts.configspace import FILE, read_space
from hypertendril.readers.drafts.draft import NAN, Draft, header_of
from hypertendril.readers.drafts.table_columns import MetricColumn, metric_columns
from hypertendril.readers.files.json_text import as_number, clean
from hypertendril.readers.files.parquet import has_columns, read_parquet
from hypertendril.readers.files.times import posix
from hypertendril.readers.folders import RunFolder
from hypertendril.readers.losses import Losses
from hypertendril.readers.result import ReadStudy
from hypertendril.readers.source import Source

HISTORY = "history.parquet"
CONFIG = "config:"
SUMMARY = "summary:"
PROFILE = "profile:"
_ID = re.compile(r"(?:config_id|trial_number)=(\d{1,15})")
_BUDGET = re.compile(r"budget=([-+.\deE]+)")
_STATUS = {"success": OK, "running": RUNNING, "pending": RUNNING}

Columns = Mapping[str, Sequence[Any]]


class Amltk(RunFolder):
    """Reads the history of AMLTK, by its folder or by its file, whatever that is called."""

    name = "amltk"
    about = About(
        title="AMLTK",
        source="`history.parquet`, `configspace.json`",
        kept="metrics with directions, budgets in the names of trials, summaries, durations",
        lost="other readings of clocks and memory (counted). Needs pyarrow",
        tested=Tested.REAL,
        logs="three runs",
    )
    needs = (HISTORY,)
    watches = (FILE,)

    def detects(self, source: Source) -> bool:
        """Return whether a Parquet file has the columns of a history."""
        if source.path is not None and not source.is_folder:
            return has_columns(source.file, (PROFILE, CONFIG, "metric:"))
        return super().detects(source)

    def folder(self, source: Source) -> Path | None:
        """Return the folder of the history; a file given by name lies in it."""
        if source.path is not None and not source.is_folder:
            return source.file.parent
        return super().folder(source)

    def is_run(self, folder: Path) -> bool:
        """Return whether the history has AMLTK's columns."""
        return has_columns(folder / HISTORY, (PROFILE, CONFIG, "metric:"))

    def read(self, source: Source) -> tuple[ReadStudy, ...]:
        """Return the study of a history."""
        file = source.file / HISTORY if source.is_folder else source.file
        losses = Losses(source.shown)
        columns = read_parquet(file)
        declared = read_space(file.parent, losses)
        metrics = metric_columns(columns, losses)
        configs, runs = _rows(columns, metrics, losses)
        objectives = [m.objective for m in metrics] or [Objective("value", Direction.MINIMIZE)]
        draft = Draft(losses, declared.space, declared.constants)
        add_runs(draft, configs, runs, [objective.name for objective in objectives])
        name = file.parent.resolve().name if source.is_folder else file.name.partition(".")[0]
        header = header_of(name, self.name, objectives, Method(), {}, source.shown)
        return (draft.build(header),)

    def change_token(self, source: Source) -> Hashable:
        """Return what the file system says of the history and of the space."""
        if source.is_folder:
            return super().change_token(source)
        return source.stat_token(), Source(path=source.file.parent / FILE).stat_token()


def _rows(
    columns: Columns, metrics: Sequence[MetricColumn], losses: Losses
) -> tuple[dict[Hashable, Configuration], list[BudgetRun]]:
    n = len(next(iter(columns.values()), ()))
    params = {c.removeprefix(CONFIG): columns[c] for c in columns if c.startswith(CONFIG)}
    kept = {c: columns[c] for c in columns if _is_kept(c)}
    names = columns.get("name") or columns.get("bucket") or [""] * n
    configs: dict[Hashable, Configuration] = {}
    runs = []
    for i in range(n):
        config = {name: values[i] for name, values in params.items() if values[i] is not None}
        name = str(names[i] or "")
        key = _key(name, config)
        match = _ID.search(name)
        number = int(match[1]) if match else len(configs)
        configs.setdefault(key, Configuration(number, config))
        runs.append(_run(columns, metrics, kept, key, name, i))
    dropped = sum(c.startswith(PROFILE) and c not in kept for c in columns)
    losses.count("a column of clock or memory readings; only durations are kept", dropped)
    return configs, runs


def _is_kept(column: str) -> bool:
    is_duration = column.startswith(PROFILE) and column.endswith(":time:duration")
    return is_duration or column.startswith(SUMMARY)


def _key(name: str, config: Mapping[str, Any]) -> Hashable:
    match = _ID.search(name)
    if match:
        return match[1]
    return tuple(sorted((k, str(v)) for k, v in config.items())) or name


def _run(
    columns: Columns,
    metrics: Sequence[MetricColumn],
    kept: Columns,
    key: Hashable,
    name: str,
    i: int,
) -> BudgetRun:
    word = str(_at(columns, "status", i) or "unknown").lower()
    status = _STATUS.get(word, FAILED)
    budget = _BUDGET.search(name)
    error = _at(columns, "exception", i)
    is_told = isinstance(error, str) and error not in ("NA", "")
    return BudgetRun(
        key,
        _float(budget[1]) if budget else NAN,
        [number_or_nan(_at(columns, m.column, i)) for m in metrics] or [NAN],
        status,
        _time(columns, "profile:trial:time:start", "created_at", i),
        _time(columns, "profile:trial:time:end", "reported_at", i),
        {
            clean(c.removeprefix(SUMMARY).removeprefix(PROFILE)): values[i]
            for c, values in kept.items()
            if as_number(values[i]) is not None
        },
        {},
        None if status == OK else f"{word}: {error}" if is_told else word,
    )


def _at(columns: Columns, name: str, i: int) -> Any:
    values = columns.get(name)
    return values[i] if values is not None else None


def _time(columns: Columns, profiled: str, stamped: str, i: int) -> float:
    number = number_or_nan(_at(columns, profiled, i))
    return number if number > OLDEST else posix(_at(columns, stamped, i))


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return NAN
