"""Keras Tuner: a project folder with oracle.json and one folder a trial with its trial.json."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypertendril.errors import SourceFormatError, SpaceError
from hypertendril.model import (
    Choice,
    Condition,
    Direction,
    Evaluations,
    Method,
    Objective,
    Outcome,
    Parameter,
    ParameterKind,
    SearchSpace,
    TrialState,
)
from hypertendril.readers.about import About, Tested
from hypertendril.readers.drafts.directions import direction_of
from hypertendril.readers.drafts.draft import NAN
from hypertendril.readers.drafts.rungs import MOST_RUNGS
from hypertendril.readers.files.json_text import as_choice, as_number, brief, clean, last_line
from hypertendril.readers.files.times import posix
from hypertendril.readers.folders import (
    RunFolder,
    as_dict,
    as_list,
    file_token,
    head_of,
    json_as_far_as_it_goes,
    json_file,
    subfolders,
)
from hypertendril.readers.losses import Losses
from hypertendril.readers.progress import each
from hypertendril.readers.ray_tune.space import is_grid
from hypertendril.readers.result import ReadStudy
from hypertendril.readers.source import Source
from hypertendril.readers.trackers.tracked import Known, TrackedRun, study_of

ORACLE, TRIAL = "oracle.json", "trial.json"
OWN = "tuner/"  # parameters of the tuner itself: epochs, bracket, round
_STATES = {
    "RUNNING": TrialState.RUNNING,
    "IDLE": TrialState.WAITING,
    "COMPLETED": TrialState.COMPLETE,
    "STOPPED": TrialState.PRUNED,
    "INVALID": TrialState.FAILED,
    "FAILED": TrialState.FAILED,
}


class KerasTuner(RunFolder):
    """Reads project folders."""

    name = "keras-tuner"
    about = About(
        title="Keras Tuner",
        source="project folder",
        kept=(
            "space with conditions, objective, executions averaged, failures, Hyperband bracket, "
            "round and parent"
        ),
        lost="name of the tuner is told from the oracle's state",
        tested=Tested.REAL,
        logs="1.4.8: random, grid and Bayesian search, Hyperband, failures, NaN, several "
        "objectives; 1.0.4: random search, conditions, its tuner for scikit-learn",
    )
    needs = (ORACLE,)

    def is_run(self, folder: Path) -> bool:
        """Return whether the oracle's state is Keras Tuner's."""
        head = head_of(folder / ORACLE)
        return b'"hyperparameters"' in head and b'"ongoing_trials"' in head

    def change_token(self, source: Source) -> Hashable:
        """Return the state of the oracle, the folder and all trials."""
        folder = source.file if source.is_folder else source.file.parent
        trials = tuple(file_token(place / TRIAL) for place in subfolders(folder))
        return super().change_token(source), file_token(folder), trials

    def read_run(self, folder: Path) -> tuple[ReadStudy, ...]:
        """Return the study of a project."""
        losses = Losses(str(folder))
        oracle = as_dict(json_as_far_as_it_goes(folder / ORACLE, losses))
        stored = _ordered(_trials(folder, losses), oracle)
        spaces = [as_dict(oracle.get("hyperparameters"))]
        spaces += [as_dict(trial.get("hyperparameters")) for trial in stored]
        objective = _objective(stored, losses)
        runs = [_run(trial, oracle, objective, losses) for trial in stored]
        space, fixed = _space(spaces, losses)
        attributes = {"fixed": fixed} if fixed else {}
        for run in runs:
            run.params = {k: v for k, v in run.params.items() if k not in fixed}
        known = Known((objective,), space, Method(_method(oracle, runs)), attributes)
        found = study_of(runs, folder.resolve().name, self.name, losses, known)
        return (_with_rungs(found, stored),)


def _trials(folder: Path, losses: Losses) -> list[dict[str, Any]]:
    found = []
    for place in each(subfolders(folder), "trials"):
        if not (place / TRIAL).is_file():
            continue
        try:
            found.append(as_dict(json_file(place / TRIAL)))
        except SourceFormatError as error:
            losses.add(f"{place.name} was left out: {error}", error.line)
    return [trial for trial in found if "trial_id" in trial]


def _ordered(trials: list[dict[str, Any]], oracle: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the trials in the order they were started, those the oracle lacks behind."""
    order = {str(key): i for i, key in enumerate(as_list(oracle.get("start_order")))}
    last = len(order)
    return sorted(trials, key=lambda t: (order.get(str(t["trial_id"]), last), str(t["trial_id"])))


def _objective(trials: Sequence[Mapping[str, Any]], losses: Losses) -> Objective:
    """Return the metric whose value is the score of the trials; `score` where none is."""
    scores = [as_number(trial.get("score")) for trial in trials]
    scored = [
        trial
        for trial, score in zip(trials, scores, strict=True)
        if score is not None and math.isfinite(score)
    ]
    names: dict[str, str] = {}
    for trial in scored:
        metrics = as_dict(as_dict(trial.get("metrics")).get("metrics"))
        names |= {name: str(as_dict(m).get("direction")) for name, m in metrics.items()}
    for name, way in names.items():
        if all(_holds(trial, name) for trial in scored):
            is_max = way == "max"
            return Objective(clean(name), Direction.MAXIMIZE if is_max else Direction.MINIMIZE)
    direction, _ = direction_of("score") if not names else (Direction.MINIMIZE, True)
    if scored:
        losses.guess(f"no metric is the score of the trials; score, to {direction}, is assumed")
    return Objective("score", direction)


def _holds(trial: Mapping[str, Any], name: str) -> bool:
    """Return whether a metric had the score of the trial at some step."""
    score = as_number(trial.get("score"))
    points = _points(as_dict(as_dict(trial.get("metrics")).get("metrics")).get(name))
    return score is not None and any(math.isclose(score, v, rel_tol=1e-9) for _, v in points)


def _points(metric: Any) -> list[tuple[float, float]]:
    """Return step and mean over the executions of each observation."""
    found = []
    for item in map(as_dict, as_list(as_dict(metric).get("observations"))):
        stored = item.get("value")
        values = [as_number(v) for v in (stored if isinstance(stored, list) else [stored])]
        numbers = [v for v in values if v is not None]
        if numbers:
            found.append((as_number(item.get("step")) or 0.0, sum(numbers) / len(numbers)))
    return sorted(found)


def _run(
    trial: Mapping[str, Any], oracle: Mapping[str, Any], objective: Objective, losses: Losses
) -> TrackedRun:
    key, status = str(trial["trial_id"]), str(trial.get("status"))
    if status not in _STATES:
        losses.count(f"the status {brief(status, 40)!r} is unknown; waiting is assumed")
    values = as_dict(as_dict(trial.get("hyperparameters")).get("values"))
    run = TrackedRun(key, state=_STATES.get(status, TrialState.WAITING))
    run.params = {clean(k): v for k, v in values.items() if not k.startswith(OWN)}
    before = values.get(f"{OWN}trial_id")
    run.parent = str(before) if before not in (None, "", key) else None
    for name, metric in as_dict(as_dict(trial.get("metrics")).get("metrics")).items():
        run.add_points(clean(name), _points(metric))
    score = as_number(trial.get("score"))
    if score is not None:
        run.metrics[objective.name] = score
    times = as_dict(as_dict(oracle.get("display")).get("trial_start"))
    run.started = posix(times.get(key))
    if trial.get("message"):
        run.note = last_line(str(trial["message"]))
    return run


def _space(
    spaces: Sequence[Mapping[str, Any]], losses: Losses
) -> tuple[SearchSpace, dict[str, Any]]:
    """Return all parameters any trial knows, and those with one fixed value."""
    found: dict[str, Parameter] = {}
    fixed: dict[str, Any] = {}
    for item in (as_dict(i) for space in spaces for i in as_list(space.get("space"))):
        config = as_dict(item.get("config"))
        name = clean(str(config.get("name", "")))
        if not name or name in found or name in fixed or name.startswith(OWN):
            continue
        if item.get("class_name") == "Fixed":
            fixed[name] = config.get("value")
            continue
        try:
            found[name] = _parameter(name, str(item.get("class_name")), config)
            if config.get("sampling") == "reverse_log":
                losses.add(f"space: {name!r} has a reversed log scale, shown linear")
        except SpaceError as error:
            losses.count(f"space: {brief(error, 200)}")
    return SearchSpace(tuple(found.values())), fixed


def _parameter(name: str, kind: str, config: Mapping[str, Any]) -> Parameter:
    conditions = [as_dict(as_dict(c).get("config")) for c in as_list(config.get("conditions"))]
    parents = [
        Condition(clean(str(c["name"])), tuple(map(as_choice, as_list(c.get("values")))))
        for c in conditions
        if c.get("name")
    ]
    condition = parents[-1] if parents else None
    if kind in ("Choice", "Boolean"):
        stored = as_list(config.get("values")) if kind == "Choice" else [False, True]
        choices: tuple[Choice, ...] = tuple(map(as_choice, stored))
        is_ordered = bool(config.get("ordered")) and len(choices) > 2
        order = ParameterKind.ORDINAL if is_ordered else ParameterKind.CATEGORICAL
        return Parameter(name, order, choices=tuple(dict.fromkeys(choices)), condition=condition)
    low, high = as_number(config.get("min_value")), as_number(config.get("max_value"))
    if low is None or high is None:
        raise SpaceError(f"Parameter {name!r} is a {brief(kind, 40)} without bounds.")
    is_log = config.get("sampling") == "log" and low > 0
    step = as_number(config.get("step"))
    is_stepped = step is not None and step > 0 and not is_log
    return Parameter(
        name,
        ParameterKind.INT if kind == "Int" else ParameterKind.FLOAT,
        low,
        high,
        log=is_log,
        step=step if is_stepped and not (kind == "Int" and step == 1) else None,
        condition=condition,
    )


def _method(oracle: Mapping[str, Any], runs: Sequence[TrackedRun]) -> str:
    if "brackets" in oracle or "hyperband_iterations" in oracle:
        return "hyperband"
    if "num_initial_points" in oracle:
        return "gp"
    return "grid" if is_grid([run.params for run in runs]) else "random"


def _with_rungs(found: ReadStudy, trials: Sequence[Mapping[str, Any]]) -> ReadStudy:
    """Return the study with bracket and rung of each trial, where Hyperband was the tuner."""
    looks = found.evaluations
    at = {int(row): i for i, row in enumerate(looks.trial)}
    for row, trial in enumerate(trials):
        values = as_dict(as_dict(trial.get("hyperparameters")).get("values"))
        bracket, rung = (_whole(values.get(f"{OWN}{name}")) for name in ("bracket", "round"))
        epochs = as_number(values.get(f"{OWN}epochs"))
        if bracket < 0:
            continue
        found.trials.bracket[row] = bracket
        if row in at:
            looks.bracket[at[row]], looks.rung[at[row]] = bracket, rung
            looks.resource[at[row]] = NAN if epochs is None else epochs
    _decide(looks, {*found.trials.parent.tolist()})
    return replace(found, evaluations=looks)


def _decide(looks: Evaluations, went_on: set[int]) -> None:
    """Tell who was promoted: each round is a trial of its own, a bracket `b` has `b + 1` rounds."""
    places = list(
        zip(looks.trial.tolist(), looks.bracket.tolist(), looks.rung.tolist(), strict=True)
    )
    last: dict[tuple[int, int], int] = {}
    for row, bracket, rung in places:
        last[bracket, rung] = max(row, last.get((bracket, rung), -1))
    for i, (row, bracket, rung) in enumerate(places):
        if not 0 <= rung < bracket or looks.outcome[i] != Outcome.FINAL:
            continue
        higher = range(rung + 1, min(bracket, rung + MOST_RUNGS) + 1)
        # A round is over when a trial of a higher one follows.
        is_over = any(last.get((bracket, above), -1) > row for above in higher)
        rest = Outcome.DISCARDED if is_over else Outcome.PENDING
        looks.outcome[i] = Outcome.PROMOTED if row in went_on else rest


def _whole(value: Any) -> int:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return int(value) if is_whole and 0 <= value < 2**31 else -1
