"""DeepCAVE's DataFrame runs: trials.csv, a row a run, and configspace.csv, a row a parameter."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hypertendril.errors import SpaceError
from hypertendril.model import (
    Choice,
    Direction,
    Method,
    Objective,
    Parameter,
    ParameterKind,
    SearchSpace,
)
from hypertendril.readers.about import About, Tested
from hypertendril.readers.drafts.budgets import (
    FAILED,
    OK,
    RUNNING,
    BudgetRun,
    Configuration,
    add_runs,
)
from hypertendril.readers.drafts.draft import NAN, Draft, header_of
from hypertendril.readers.drafts.table_columns import MetricColumn, metric_columns
from hypertendril.readers.drafts.typed_text import typed
from hypertendril.readers.files.csv_rows import csv_rows
from hypertendril.readers.files.json_text import brief, clean
from hypertendril.readers.folders import RunFolder, head_of, small_enough
from hypertendril.readers.losses import Losses
from hypertendril.readers.result import ReadStudy

TRIALS = "trials.csv"
SPACE = "configspace.csv"
OWN = ("config_id", "budget", "seed", "status", "start_time", "end_time", "cpu_time", "additional")
_STATUS = {"success": OK, "": OK, "running": RUNNING}

Record = dict[str, str]


class DataFrameRun(RunFolder):
    """Reads the pair of tables."""

    name = "deepcave-dataframe"
    about = About(
        title="DeepCAVE tables",
        source="`trials.csv`, `configspace.csv`",
        kept="as of DeepCAVE's own logs",
        lost="conditions",
        tested=Tested.REAL,
        logs="two runs",
    )
    needs = (TRIALS, SPACE)

    def is_run(self, folder: Path) -> bool:
        """Return whether the first lines name metrics, and parameters with their types."""
        trials = head_of(folder / TRIALS, 4096).partition(b"\n")[0]
        space = head_of(folder / SPACE, 4096).partition(b"\n")[0]
        return b"metric:" in trials and b"name" in space and b"type" in space

    def read_run(self, folder: Path) -> tuple[ReadStudy, ...]:
        """Return the study of a run."""
        losses = Losses(str(folder))
        declared = _space(_records(folder / SPACE, losses), losses)
        records = _records(folder / TRIALS, losses)
        metrics = metric_columns(records[0] if records else (), losses)
        objectives = [m.objective for m in metrics] or [Objective("value", Direction.MINIMIZE)]
        configs, runs = _rows(records, metrics, declared)
        draft = Draft(losses, declared)
        add_runs(draft, configs, runs, [objective.name for objective in objectives])
        header = header_of(folder.resolve().name, self.name, objectives, Method())
        return (draft.build(header),)


def _records(path: Path, losses: Losses) -> list[Record]:
    return list(csv_rows(small_enough(path), losses, f"{path.name}: ")[1])


def _space(records: Sequence[Record], losses: Losses) -> SearchSpace:
    found: dict[str, Parameter] = {}
    for record in records:
        name = clean(record.get("name", ""))
        try:
            if name:
                found.setdefault(name, _parameter(name, record))
        except (SpaceError, ValueError) as error:
            losses.add(f"{SPACE}: {name!r}: {brief(error, 200)}")
    return SearchSpace(tuple(found.values()))


def _parameter(name: str, record: Record) -> Parameter:
    kind = record.get("type", "").lower()
    items = [typed(v) for k, v in record.items() if k.startswith("item_") and v]
    if items or kind in ("categorical", "ordinal"):
        is_ordered = kind == "ordinal" or record.get("ordered", "").lower() == "true"
        choices: tuple[Choice, ...] = tuple(dict.fromkeys(items))
        ordered = ParameterKind.ORDINAL if is_ordered else ParameterKind.CATEGORICAL
        return Parameter(name, ordered, choices=choices)
    low, high = float(record.get("lower", "")), float(record.get("upper", ""))
    is_int = kind.startswith("int")
    is_log = record.get("log", "").lower() == "true" and low > 0
    return Parameter(
        name, ParameterKind.INT if is_int else ParameterKind.FLOAT, low, high, log=is_log
    )


def _rows(
    records: Sequence[Record], metrics: Sequence[MetricColumn], space: SearchSpace
) -> tuple[dict[Hashable, Configuration], list[BudgetRun]]:
    declared = {parameter.name: parameter for parameter in space}
    taken = {*OWN, *(m.column for m in metrics)}
    configs: dict[Hashable, Configuration] = {}
    runs = []
    for record in records:
        cells = {k: v for k, v in record.items() if k not in taken and not k.startswith("metric:")}
        config = {k: typed(v, declared.get(k)) for k, v in cells.items() if v}
        key: Hashable = record.get("config_id") or tuple(sorted(cells.items()))
        number = key if isinstance(key, str) and key.isdecimal() and len(key) < 18 else len(configs)
        configs.setdefault(key, Configuration(int(number), config))
        runs.append(_run(record, metrics, key))
    return configs, runs


def _run(record: Mapping[str, str], metrics: Sequence[MetricColumn], key: Hashable) -> BudgetRun:
    word = record.get("status", "").strip().lower()
    values = [_float(record.get(m.column, "")) for m in metrics] or [NAN]
    started, ended = _float(record.get("start_time", "")), _float(record.get("end_time", ""))
    status = _STATUS.get(word, FAILED)
    note = None if status == OK else word
    return BudgetRun(
        key, _float(record.get("budget", "")), values, status, started, ended, note=note
    )


def _float(text: Any) -> float:
    try:
        return float(text)
    except (TypeError, ValueError):
        return NAN
