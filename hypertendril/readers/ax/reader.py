"""Ax: the JSON snapshot of a client (`Client.save_to_json_file`) or of an experiment."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hypertendril.model import Method, Objective, Outcome, TrialState
from hypertendril.readers.about import About, Tested
from hypertendril.readers.ax.space import Limit, read_limits, read_objectives, read_parameters
from hypertendril.readers.drafts.directions import direction_of
from hypertendril.readers.drafts.draft import NAN, Draft, Look, TrialRow, header_of
from hypertendril.readers.files.json_text import BadJsonError, as_number, brief, clean, parse
from hypertendril.readers.files.times import posix
from hypertendril.readers.folders import as_dict, as_list, json_as_far_as_it_goes
from hypertendril.readers.losses import Losses
from hypertendril.readers.result import ReadStudy, Rereading, Tail
from hypertendril.readers.source import Source

_MARKS = (b'"Experiment"', b'"AxClient"', b'"Client"', b'"search_space"')
_STATES = {
    "CANDIDATE": TrialState.WAITING,
    "STAGED": TrialState.WAITING,
    "DISPATCHED": TrialState.RUNNING,
    "RUNNING": TrialState.RUNNING,
    "COMPLETED": TrialState.COMPLETE,
    "EARLY_STOPPED": TrialState.PRUNED,
    "FAILED": TrialState.FAILED,
    "ABANDONED": TrialState.FAILED,
}
_UNNAMED = re.compile(r"GenerationStep_\d+")  # a node that nobody named
_NOT_STEPS = {"trial_index", "mean", "sem", "n", "frac_nonnull"}  # numeric columns of any frame
MOST_DIGITS = 18

Points = dict[str, dict[float, float]]  # metric -> step -> value; NaN is the step of none


class Ax:
    """Reads snapshots; one holds one experiment."""

    name = "ax"
    about = About(
        title="Ax",
        source="JSON snapshot of a client or experiment, 0.x and 1.x",
        kept=(
            "space, conditions (`dependents`), several objectives, outcome constraints as "
            "violation, each arm of a batch, data by step, generators, fixed parameters"
        ),
        lost=(
            "formulas as objectives, relative constraints, parameter constraints (kept as an "
            "attribute), standard errors"
        ),
        tested=Tested.REAL,
        logs="0.3.7, 0.4.3, 0.5.0, 1.1.2 and 1.3.1; other layouts made",
    )

    def detects(self, source: Source) -> bool:
        """Return whether it is JSON tagged in Ax's way."""
        if source.path is None:
            return False
        head = source.head()
        is_object = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"
        return is_object and b'"__type"' in head and any(mark in head for mark in _MARKS)

    def read(self, source: Source) -> tuple[ReadStudy, ...]:
        """Return the study of the experiment.

        Raises:
            SourceFormatError: It can't be read, or there is no experiment in it.
        """
        losses = Losses(source.shown)
        data = as_dict(json_as_far_as_it_goes(source.file, losses, depth=3))
        experiment = as_dict(data.get("experiment")) or data
        if "trials" not in experiment and "search_space" not in experiment:
            raise source.error("is JSON of Ax, but holds no experiment.", field="experiment")
        return (_study(experiment, as_dict(data.get("generation_strategy")), source, losses),)

    def change_token(self, source: Source) -> Hashable:
        """Return what the file system says of the file."""
        return source.stat_token()

    def follow(self, source: Source) -> Tail:
        """Return a tail that reads the snapshot again."""
        return Rereading(self, source)


@dataclass(frozen=True)
class _Goals:
    objectives: Sequence[Objective]
    limits: Sequence[Limit]


def _study(
    experiment: Mapping[str, Any], strategy: Mapping[str, Any], source: Source, losses: Losses
) -> ReadStudy:
    declared = read_parameters(experiment.get("search_space"), losses)
    draft = Draft(losses, declared.space, declared.fixed)
    config = experiment.get("optimization_config")
    frames = _frames(experiment, losses)
    limits = read_limits(config, losses)
    objectives = read_objectives(config, losses) or _assumed(frames, limits, losses)
    goals = _Goals(objectives, limits)
    generators: Counter[str] = Counter()
    violations: list[float] = []
    for key, item in sorted(_trials(experiment), key=lambda pair: pair[0]):
        arms = list(_arms(item, generators))
        for name, params in arms:
            points = frames.get((key, name)) or (frames.get((key, "")) or {})
            _add(draft, item, key if len(arms) == 1 else len(draft.trials), params, points, goals)
            violations.append(_violation(draft.trials[-1], points, limits))
    draft.looks.sort(key=lambda look: (math.isnan(look.time), look.time))
    attributes: dict[str, Any] = {}
    if generators:
        attributes["generators"] = dict(generators)
    constraints = as_list(as_dict(experiment.get("search_space")).get("parameter_constraints"))
    if constraints:
        attributes["parameter_constraints"] = constraints
    method = Method(_method(strategy, generators))
    name = str(experiment.get("name") or source.file.name.partition(".")[0])
    header = header_of(name, "ax", objectives, method, attributes, source.shown)
    found = draft.build(header)
    if limits:
        found.trials.violation[:] = violations
    return found


def _method(strategy: Mapping[str, Any], generators: Counter[str]) -> str:
    return clean(str(strategy.get("name") or "")) or " + ".join(generators) or "ax"


def _trials(experiment: Mapping[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    found = []
    for key, item in as_dict(experiment.get("trials")).items():
        if isinstance(item, dict) and key.isdecimal() and len(key) <= MOST_DIGITS:
            found.append((int(key), item))
    return found


def _arms(
    trial: Mapping[str, Any], generators: Counter[str]
) -> list[tuple[str, Mapping[str, Any]]]:
    """Return name and parameters of each arm; a batch trial has several."""
    runs = [as_dict(trial.get("generator_run"))]
    runs += map(as_dict, as_list(trial.get("generator_runs")))
    for item in map(as_dict, as_list(trial.get("generator_run_structs"))):
        runs.append(as_dict(item.get("generator_run")))
    found: dict[str, Mapping[str, Any]] = {}
    for run in runs:
        arms = [as_dict(arm) for arm in as_list(run.get("arms"))]
        node = str(run.get("generation_node_name") or run.get("_generation_node_name") or "")
        key = run.get("generator_key") or run.get("model_key") or run.get("_model_key")
        by = key or node if _UNNAMED.fullmatch(node) else node or key
        if arms and by:
            generators[clean(str(by))] += len(arms)
        for arm in arms:
            name = str(arm.get("name") or f"arm {len(found)}")
            found.setdefault(name, as_dict(arm.get("parameters")))
    return list(found.items())


def _add(
    draft: Draft,
    item: Mapping[str, Any],
    number: int,
    params: Mapping[str, Any],
    points: Points,
    goals: _Goals,
) -> None:
    status = str(as_dict(item.get("status")).get("name") or item.get("status"))
    if status not in _STATES:
        draft.losses.count(f"the status {brief(status, 40)!r} is unknown; waiting is assumed")
    row = TrialRow(number, dict(params), _STATES.get(status, TrialState.WAITING))
    row.started = _moment(item, "time_run_started", "time_created")
    row.ended = _moment(item, "time_completed")
    row.note = _note(item, status)
    last = {name: list(values.values())[-1] for name, values in points.items()}
    names = [o.name for o in goals.objectives]
    row.objectives = [last.get(name, NAN) for name in names]
    row.metrics = {name: value for name, value in last.items() if name not in names}
    at = draft.add(row)
    for name in sorted(points, key=lambda n: (n not in names, n)):
        steps = [step for step in points[name] if not math.isnan(step)]
        if steps:
            values = [points[name][step] for step in steps]
            draft.curves.append((at, name, np.array(steps), np.array(values, dtype=np.float64)))
    if row.state in (TrialState.COMPLETE, TrialState.PRUNED):
        is_whole = row.state is TrialState.COMPLETE
        outcome = Outcome.FINAL if is_whole else Outcome.DISCARDED
        spent = list(points.get(names[0], {NAN: NAN}))[-1]
        draft.looks.append(Look(at, row.objectives[0], outcome, resource=spent, time=row.ended))


def _note(item: Mapping[str, Any], status: str) -> str | None:
    reason = item.get("status_reason") or item.get("failed_reason") or item.get("abandoned_reason")
    if reason:
        return brief(reason, 300)
    return "abandoned" if status == "ABANDONED" else None


def _moment(item: Mapping[str, Any], *names: str) -> float:
    for name in names:
        stored = item.get(name)
        moment = posix(as_dict(stored).get("value") if isinstance(stored, dict) else stored)
        if not math.isnan(moment):
            return moment
    return NAN


def _violation(row: TrialRow, points: Points, limits: Sequence[Limit]) -> float:
    """Return the sum of what exceeds the bounds; NaN for a trial that was not measured."""
    total, is_measured = 0.0, False
    for limit in limits:
        values = points.get(limit.metric)
        if values and row.state is TrialState.COMPLETE:
            is_measured = True
            total += max(0.0, limit.sign * (list(values.values())[-1] - limit.bound))
    return total if is_measured else NAN


def _assumed(
    frames: Mapping[tuple[int, str], Points], limits: Sequence[Limit], losses: Losses
) -> tuple[Objective, ...]:
    """Return the goal of an experiment that declares none: its first metric."""
    bounded = {limit.metric for limit in limits}
    names = dict.fromkeys(name for points in frames.values() for name in points)
    name = next((n for n in names if n not in bounded), "value")
    direction, _ = direction_of(name)
    losses.guess(f"the objective is not recorded; {name!r}, to {direction}, is assumed")
    return (Objective(name, direction),)


def _frames(experiment: Mapping[str, Any], losses: Losses) -> dict[tuple[int, str], Points]:
    """Return what was measured, by trial and arm."""
    found: dict[tuple[int, str], Points] = {}
    for key, stored in as_dict(experiment.get("data_by_trial")).items():
        pairs = as_dict(stored).get("value", stored)
        items = list(pairs.values()) if isinstance(pairs, dict) else as_list(pairs)
        for item in items:
            data = as_dict(item[-1] if isinstance(item, list) and item else item)
            _add_frame(found, data, key, losses)
    return found


def _add_frame(
    found: dict[tuple[int, str], Points], data: Mapping[str, Any], key: str, losses: Losses
) -> None:
    frame = as_dict(data.get("df") or data.get("map_df"))
    text = frame.get("value", frame)
    try:
        table = as_dict(parse(text) if isinstance(text, str) else text)
    except BadJsonError as error:
        losses.count(f"data_by_trial: a table that is {error.reason}")
        return
    columns = {name: as_dict(column) for name, column in table.items()}
    step_column = _step_column(columns, data)
    arms, indices = columns.get("arm_name", {}), columns.get("trial_index", {})
    names, means = columns.get("metric_name", {}), columns.get("mean", {})
    for row, mean in means.items():
        value, index = as_number(mean), as_number(indices.get(row))
        if index is None and key.isdecimal():
            index = float(key[:MOST_DIGITS])
        if index is None or not math.isfinite(index) or row not in names:
            losses.count("data_by_trial: a row without a trial or a metric")
            continue
        step = as_number(step_column.get(row))
        arm = str(arms.get(row) or "")
        values = found.setdefault((int(index), arm), {}).setdefault(clean(str(names[row])), {})
        values[NAN if step is None else step] = NAN if value is None else value


def _step_column(
    columns: Mapping[str, dict[str, Any]], data: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Return the column that counts the steps; older releases let the owner name it."""
    keys = [as_dict(info).get("key") for info in as_list(data.get("map_key_infos"))]
    for name in ("step", *map(str, keys)):
        if name in columns and name not in _NOT_STEPS:
            return columns[name]
    return {}
