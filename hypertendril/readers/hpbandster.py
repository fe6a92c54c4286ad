"""HpBandSter (BOHB, Hyperband): configs.json and results.json, JSON lines in spite of their names."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

from hypertendril.model import Direction, Method, Objective
from hypertendril.readers.about import About, Tested
from hypertendril.readers.drafts.budgets import (
    FAILED,
    OK,
    BudgetRun,
    Configuration,
    add_runs,
    number_or_nan,
    split_info,
)
from hypertendril.readers.drafts.configspace import FILE, read_space
from hypertendril.readers.drafts.draft import NAN, Draft, header_of
from hypertendril.readers.files.json_lines import read_records
from hypertendril.readers.files.json_text import BadJsonError, as_number, brief, last_line, parse
from hypertendril.readers.folders import RunFolder, as_dict, head_of
from hypertendril.readers.losses import Losses
from hypertendril.readers.result import ReadStudy

CONFIGS = "configs.json"
RESULTS = "results.json"
LOSS = "loss"
PICK = "model_based_pick"  # BOHB tells of each configuration; other optimizers say nothing

Id = tuple[int, int, int]


class HpBandSter(RunFolder):
    """Reads the folders of its json_result_logger."""

    name = "hpbandster"
    about = About(
        title="HpBandSter",
        source="`configs.json`, `results.json`, `configspace.json`",
        kept=(
            "one trial a configuration, one evaluation a result, with bracket, rung and budget; "
            "`info`, lists in it as curves; tracebacks; model based picks"
        ),
        lost="times of a clock that was wrong (before 1990)",
        tested=Tested.REAL,
        logs=(
            "0.7.4: BOHB, Hyperband, random search, crashes, conditions, constants, a run with a "
            "broken clock"
        ),
    )
    needs = (CONFIGS, RESULTS)
    watches = (FILE,)

    def is_run(self, folder: Path) -> bool:
        """Return whether a line at the start is a configuration under an id of three numbers."""
        for line in head_of(folder / CONFIGS).split(b"\n")[:3]:
            try:
                record = parse(line)
            except BadJsonError:
                continue
            if isinstance(record, list) and len(record) > 1 and _id(record[0]) is not None:
                return isinstance(record[1], dict)
        return False

    def read_run(self, folder: Path) -> tuple[ReadStudy, ...]:
        """Return the study of a run."""
        losses = Losses(str(folder))
        declared = read_space(folder, losses)
        configs = _configs(folder, losses)
        runs = list(_runs(folder, configs, losses))
        draft = Draft(losses, declared.space, declared.constants)
        objective = Objective(LOSS, Direction.MINIMIZE)
        add_runs(draft, configs, runs, [LOSS])
        picks = [c.metrics[PICK] for c in configs.values() if PICK in c.metrics]
        attributes: dict[str, Any] = {
            "model_based_picks": sum(picks),
            "config_ids": [list(key) for key in configs if isinstance(key, tuple)],
        }
        budgets = sorted({run.budget for run in runs})
        others = "hyperband" if len(budgets) > 1 else "random"
        method = Method("bohb" if picks else others, {"budgets": budgets})
        name = folder.resolve().name
        header = header_of(name, self.name, [objective], method, attributes, str(folder))
        return (draft.build(header),)


def _id(value: Any) -> Id | None:
    if not isinstance(value, list) or len(value) != 3:
        return None
    if [type(n) for n in value] != [int, int, int] or max(map(abs, value)) >= 2**31:
        return None
    return value[0], value[1], value[2]


def _configs(folder: Path, losses: Losses) -> dict[Hashable, Configuration]:
    found: dict[Hashable, Configuration] = {}
    for line, record in read_records(folder / CONFIGS, losses, b"[[", list):
        key = _id(record[0]) if record else None
        if key is None or len(record) < 2 or not isinstance(record[1], dict):
            losses.add(f"{CONFIGS}: a line that is no configuration: {brief(record)}", line)
            continue
        info = as_dict(record[2]) if len(record) > 2 else {}
        picked = info.get(PICK)
        metrics = {PICK: int(picked)} if isinstance(picked, bool) else {}
        found.setdefault(key, _configuration(key, len(found), record[1], metrics))
    return found


def _configuration(
    key: Id, number: int, params: dict[str, Any], metrics: dict[str, Any]
) -> Configuration:
    # Iteration -1 holds results of an earlier run that a warm start brought in.
    return Configuration(number, params, max(key[0], -1), max(key[0], -1), metrics)


def _runs(
    folder: Path, configs: dict[Hashable, Configuration], losses: Losses
) -> Iterator[BudgetRun]:
    for line, record in read_records(folder / RESULTS, losses, b"[[", list):
        key = _id(record[0]) if record else None
        budget = as_number(record[1]) if len(record) > 1 else None
        if key is None or budget is None or len(record) < 4:
            losses.add(f"{RESULTS}: a line that is no result: {brief(record)}", line)
            continue
        if key not in configs:
            losses.add(f"{RESULTS}: a result of {list(key)}, a configuration not listed", line)
            configs[key] = _configuration(key, len(configs), {}, {})
        yield _run(key, budget, record)


def _run(key: Id, budget: float, record: list[Any]) -> BudgetRun:
    times, result = as_dict(record[2]), record[3]
    loss = as_number(result.get(LOSS) if isinstance(result, dict) else result)
    metrics, lists = split_info(as_dict(result).get("info"), (LOSS,))
    error = record[4] if len(record) > 4 and isinstance(record[4], str) else None
    return BudgetRun(
        key,
        budget,
        [NAN if loss is None else loss],
        FAILED if loss is None else OK,
        number_or_nan(times.get("started", times.get("submitted"))),
        number_or_nan(times.get("finished")),
        metrics,
        lists,
        last_line(error) if error else None,
    )
