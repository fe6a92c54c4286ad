"""SMAC3, versions 1 and 2: runhistory.json with its companions in one folder."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hypertendril.model import Direction, Method, Objective
from hypertendril.readers.about import About, Tested
from hypertendril.readers.drafts.budgets import (
    OK,
    RUNNING,
    BudgetRun,
    Configuration,
    add_runs,
    number_or_nan,
    split_info,
)
from hypertendril.readers.drafts.configspace import FILE, read_space
from hypertendril.readers.drafts.draft import NAN, Draft, header_of
from hypertendril.readers.files.json_text import brief, clean
from hypertendril.readers.folders import (
    RunFolder,
    as_dict,
    as_list,
    head_of,
    json_as_far_as_it_goes,
    optional_json,
)
from hypertendril.readers.losses import Losses
from hypertendril.readers.result import ReadStudy
from hypertendril.readers.smac.rows import ERROR_KEYS, Row, row_of
from hypertendril.readers.smac.scenario import JSON, TEXT, Scenario, read_scenario

HISTORY = "runhistory.json"
INTENSIFIER = "intensifier.json"
OPTIMIZATION = "optimization.json"
ORIGIN = "configuration_origin"
MOST_LISTED = 10_000  # origins kept one by one


class Smac(RunFolder):
    """Reads output folders of SMAC3."""

    name = "smac3"
    about = About(
        title="SMAC3",
        source=(
            "version 1 and 2: `runhistory.json` with `configspace.json`, `scenario.json` or "
            "`.txt`, `intensifier.json`, `optimization.json`"
        ),
        kept=(
            "one trial a configuration, one evaluation a run (budget, seed); several objectives; "
            "the mean over seeds and instances, a trial that ran on fewer than others is `pruned`; "
            "origins, incumbents, open brackets"
        ),
        lost=(
            "the made-up cost of a crash; instances one by one; forbidden combinations; "
            "placeholders of runs that have ended"
        ),
        tested=Tested.REAL,
        logs=(
            "1.4, 2.0.2, 2.2.0, 2.3.1, 2.4.1 and DeepCAVE's of 1.x: black box, Hyperband, "
            "successive halving (budgets, instances), several seeds, instances and objectives, "
            "crashes, 39 parameters with 29 conditions; five layouts of rows"
        ),
    )
    needs = (HISTORY,)
    watches = (FILE, JSON, TEXT, INTENSIFIER, OPTIMIZATION)

    def is_run(self, folder: Path) -> bool:
        """Return whether the history starts as SMAC3 writes it."""
        head = head_of(folder / HISTORY, 4096)
        return head.lstrip()[:1] == b"{" and (b'"data"' in head or b'"stats"' in head)

    def read_run(self, folder: Path) -> tuple[ReadStudy, ...]:
        """Return the study of a run."""
        losses = Losses(str(folder))
        history = as_dict(json_as_far_as_it_goes(folder / HISTORY, losses))
        declared = read_space(folder, losses)
        scenario = read_scenario(folder, losses)
        rows = _rows(history, losses)
        configs = _configs(history, rows, folder, losses)
        objectives = _objectives(scenario, rows)
        names = [objective.name for objective in objectives]
        draft = Draft(losses, declared.space, declared.constants)
        attributes = _attributes(history, folder, losses, list(configs))
        runs = [_run(row, names) for row in rows]
        is_over = attributes.get("finished") is True
        is_halving = add_runs(draft, configs, runs, names, is_over=is_over)
        method = scenario.method
        if is_halving and "+" not in method.name:
            method = Method(f"{method.name} + hyperband", method.settings)
        header = header_of(
            _name(folder, scenario), self.name, objectives, method, attributes, str(folder)
        )
        return (draft.build(header),)


def _rows(history: dict[str, Any], losses: Losses) -> list[Row]:
    """Return all runs in order; a placeholder of a run that has ended since is left out."""
    found = []
    for item in as_list(history.get("data")):
        row = row_of(item)
        if row is None:
            losses.add(f"{HISTORY}: a run of no known layout: {brief(item)}")
        else:
            found.append(row)
    ended = {row.key for row in found if row.status != RUNNING}
    return [row for row in found if row.status != RUNNING or row.key not in ended]


def _configs(
    history: dict[str, Any], rows: Sequence[Row], folder: Path, losses: Losses
) -> dict[Hashable, Configuration]:
    found: dict[Hashable, Configuration] = {}
    for text, params in as_dict(history.get("configs")).items():
        if text.removeprefix("-").isdecimal() and len(text) < 19 and isinstance(params, dict):
            found[int(text)] = Configuration(int(text), params)
        else:
            losses.add(f"{HISTORY}: a configuration that can't be understood: {brief(text)}")
    for row in rows:
        if row.config_id not in found:
            losses.count(f"{HISTORY}: runs of a configuration that is not listed")
            found[row.config_id] = Configuration(row.config_id, {})
    state = as_dict(optional_json(folder / INTENSIFIER, losses))
    _mark_open(found, state)
    _mark_rejected(found, rows, as_list(state.get("incumbent_ids")))
    return found


def _mark_rejected(
    configs: dict[Hashable, Configuration], rows: Sequence[Row], incumbents: Collection[Any]
) -> None:
    """Mark what ran on fewer instances and seeds than others did: it lost against an incumbent.

    Its mean is of other instances than theirs, so that it can't be the best.
    """
    if any(not math.isnan(row.budget) for row in rows):
        return  # the budgets tell who was stopped
    runs = Counter(row.config_id for row in rows if row.status != RUNNING)
    most = max(runs.values(), default=0)
    for key, config in configs.items():
        config.is_rejected = 0 < runs[config.number] < most and key not in incumbents


def _mark_open(configs: dict[Hashable, Configuration], state: dict[str, Any]) -> None:
    """Mark the configurations that wait in an open bracket for their next rung."""
    open_ones = {_signature(config) for config in _tracked(state) if config}
    for config in configs.values() if open_ones else ():
        config.is_open = _signature(config.params) in open_ones


def _signature(params: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    return frozenset(zip(params, map(str, params.values()), strict=True))


def _tracked(state: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the configurations in open brackets."""
    tracker = as_dict(as_dict(state.get("state")).get("tracker"))
    stages = [as_list(stage) for stages in tracker.values() for stage in as_list(stages)]
    return [as_dict(c) for stage in stages if len(stage) > 1 for c in as_list(stage[1])]


def _objectives(scenario: Scenario, rows: Sequence[Row]) -> list[Objective]:
    """Return the objectives; SMAC3 minimizes all of them."""
    m = max((len(row.cost) for row in rows if isinstance(row.cost, list)), default=1)
    names = list(scenario.objectives[:m])
    names += [f"cost_{i}" if m > 1 else "cost" for i in range(len(names), m)]
    unique = names if len(set(names)) == m else [f"cost_{i}" for i in range(m)]
    return [Objective(name, Direction.MINIMIZE) for name in unique]


def _run(row: Row, names: Sequence[str]) -> BudgetRun:
    costs = row.cost if isinstance(row.cost, list) else [row.cost]
    values = [number_or_nan(cost) for cost in costs[: len(names)]]
    values += [NAN] * (len(names) - len(values))
    metrics, lists = split_info(row.info, (ORIGIN, *ERROR_KEYS, *names))
    if row.status != RUNNING:
        times = {"time": row.time, "cpu_time": row.cpu_time}
        metrics |= {k: t for k, t in times.items() if t == t and k not in metrics}  # noqa: PLR0124
    if row.status != OK:
        values = [NAN] * len(names)  # the cost of a crash is made up
    note = None if row.status == OK else row.note
    return BudgetRun(
        row.config_id, row.budget, values, row.status, row.started, row.ended, metrics, lists, note
    )


def _attributes(
    history: dict[str, Any], folder: Path, losses: Losses, keys: Sequence[Hashable]
) -> dict[str, Any]:
    stored = as_dict(history.get("config_origins"))
    origins = [stored.get(str(key)) for key in keys]
    texts = [clean(origin) if isinstance(origin, str) else None for origin in origins]
    found: dict[str, Any] = {}
    if any(texts):
        found["origins"] = dict(Counter(text for text in texts if text))
        if len(texts) <= MOST_LISTED:
            found["origin_of_trial"] = texts
    state = as_dict(optional_json(folder / OPTIMIZATION, losses))
    if isinstance(state.get("finished"), bool):
        found["finished"] = state["finished"]
    incumbents = as_list(
        as_dict(optional_json(folder / INTENSIFIER, Losses(""))).get("incumbent_ids")
    )
    return found | ({"incumbents": incumbents} if incumbents else {})


def _name(folder: Path, scenario: Scenario) -> str:
    """Return the name: version 2 names its folders by the seed, in one of the scenario's name."""
    place = folder.resolve()
    if place.name.isdecimal() and place.parent.name:
        return f"{place.parent.name}/{place.name}"
    return place.name or scenario.name
