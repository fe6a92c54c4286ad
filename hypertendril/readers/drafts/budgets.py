"""Studies of configurations that were evaluated at budgets: HpBandSter, SMAC, DEHB, DeepCAVE.

A configuration is a trial, and each run of it an evaluation. Where some configurations were
stopped at a low budget the budgets are rungs; where all of them ran at all budgets the budgets
are only a learning curve.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hypertendril.model import Outcome, TrialState
from hypertendril.readers.drafts.draft import NAN, Draft, Look, TrialRow
from hypertendril.readers.drafts.nested_names import flat
from hypertendril.readers.files.json_text import as_number

OLDEST = 631_152_000.0  # 1990: an earlier time is a clock gone wrong, if others are later
OK, FAILED, RUNNING = "ok", "failed", "running"
_NO_BUDGET = -1.0
_AS_THEY_ARE = {float, int, str}  # types of what is kept beside an objective as it stands
_CLOSING = {
    TrialState.COMPLETE: Outcome.FINAL,
    TrialState.PRUNED: Outcome.DISCARDED,
    TrialState.FAILED: Outcome.DISCARDED,
}


@dataclass(slots=True)
class BudgetRun:
    """One run of a configuration.

    Attributes:
        config: Key of the configuration.
        budget: What was spent, NaN where the run knows none.
        values: Objectives; NaN where it failed.
        status: `ok`, `failed` or `running`.
        lists: Values that were recorded as a list, one a step.
    """

    config: Hashable
    budget: float
    values: Sequence[float]
    status: str = OK
    started: float = NAN
    ended: float = NAN
    metrics: Mapping[str, Any] = field(default_factory=dict)
    lists: Mapping[str, Sequence[float]] = field(default_factory=dict)
    note: str | None = None


@dataclass(slots=True)
class Configuration:
    """One configuration.

    Attributes:
        bracket: Number of the bracket it was made for, -1 where that is not recorded.
        iteration: The method's own round, -1 for none.
        is_open: It still waits for a decision.
        is_rejected: It was given up before it ran on everything that others ran on.
    """

    number: int
    params: Mapping[str, Any]
    bracket: int = -1
    iteration: int = -1
    metrics: Mapping[str, Any] = field(default_factory=dict)
    is_open: bool = False
    is_rejected: bool = False


def add_runs(
    draft: Draft,
    configs: Mapping[Hashable, Configuration],
    runs: Sequence[BudgetRun],
    objectives: Sequence[str],
    *,
    is_over: bool = False,
) -> bool:
    """Add trials, evaluations and curves to `draft`; return whether the budgets are rungs.

    Args:
        draft: Gets a trial for each configuration, in their order.
        configs: All configurations by key; each run names one of them.
        runs: In the order they were recorded.
        objectives: Names; each gets a curve over the budgets.
        is_over: The method has ended, so that no configuration waits for a decision any more.
    """
    _forget_wrong_clocks(draft, runs)
    ladder = _Ladder(configs, runs, is_over=is_over)
    rows: dict[Hashable, int] = {}
    own: dict[Hashable, list[BudgetRun]] = {key: [] for key in configs}
    for run in runs:
        own[run.config].append(run)
    closing: dict[Hashable, BudgetRun] = {}
    for key, config in configs.items():
        last = ladder.last_runs(key, own[key])
        if last:
            closing[key] = last[-1]
        rows[key] = draft.add(_trial(config, own[key], last, ladder, key, len(objectives)))
        _add_curves(draft, rows[key], own[key], objectives if len(ladder.budgets) > 1 else ())
    for run in runs:
        if run.status != RUNNING:
            row = rows[run.config]
            state = draft.trials[row].state if run is closing[run.config] else None
            draft.looks.append(_look(run, row, configs[run.config], ladder, state=state))
    return ladder.is_halving


def _forget_wrong_clocks(draft: Draft, runs: Sequence[BudgetRun]) -> None:
    if not any(run.started > OLDEST for run in runs):
        return  # seconds since the start of the run, perhaps
    wrong = [run for run in runs if run.started < OLDEST or run.ended < OLDEST]
    draft.losses.count("times of a clock that was wrong (before 1990)", len(wrong))
    for run in wrong:
        run.started = run.ended = NAN


class _Ladder:
    """Which budgets there are, and which of them each configuration climbed."""

    def __init__(
        self,
        configs: Mapping[Hashable, Configuration],
        runs: Sequence[BudgetRun],
        *,
        is_over: bool,
    ) -> None:
        self.is_over = is_over
        self._configs = configs
        self._has_brackets = any(config.bracket >= 0 for config in configs.values())
        done = [run for run in runs if run.status != RUNNING]
        self.budgets = sorted({run.budget for run in done if not math.isnan(run.budget)})
        self.highest: dict[Hashable, float] = {}
        self._lowest: dict[Hashable, float] = {}
        in_bracket: dict[int, set[float]] = {}
        failed: set[Hashable] = set()
        for run in done:
            key, budget = run.config, _or_none(run.budget)
            if budget >= self.highest.setdefault(key, budget):
                self.highest[key] = budget
            if budget <= self._lowest.setdefault(key, budget):
                self._lowest[key] = budget
            in_bracket.setdefault(configs[key].bracket, set()).add(budget)
            if run.status == FAILED:
                failed.add(key)
        self._in_bracket = {bracket: sorted(budgets) for bracket, budgets in in_bracket.items()}
        top = self.top
        stopped = [k for k, budget in self.highest.items() if budget < top and k not in failed]
        self.is_halving = len(self.budgets) > 1 and bool(stopped)

    @property
    def top(self) -> float:
        return self.budgets[-1] if self.budgets else _NO_BUDGET

    def start(self, key: Hashable) -> int:
        """Return the position, among all budgets, of the one a configuration was begun with."""
        if self._configs[key].bracket >= 0:
            lowest = self._in_bracket.get(self._configs[key].bracket, [_NO_BUDGET])[0]
        else:
            lowest = self._lowest.get(key, _NO_BUDGET)
        return self.budgets.index(lowest) if lowest in self.budgets else 0

    def bracket(self, key: Hashable) -> int:
        """Return the bracket: as recorded, else told from the budget it was begun with."""
        config = self._configs[key]
        if self._has_brackets or not self.is_halving:
            return config.bracket
        return self.start(key) if key in self._lowest else -1

    def rung(self, key: Hashable, budget: float) -> int:
        """Return the rung of a budget within the bracket; -1 where budgets are no rungs."""
        if not self.is_halving or budget not in self.budgets:
            return -1
        config = self._configs[key]
        if config.bracket >= 0:
            return self._in_bracket[config.bracket].index(budget)
        return self.budgets.index(budget) - self.start(key)

    def last_runs(self, key: Hashable, own: Sequence[BudgetRun]) -> list[BudgetRun]:
        """Return the ended runs at the highest budget of a configuration."""
        top = self.highest.get(key)
        return [run for run in own if run.status != RUNNING and _or_none(run.budget) == top]

    def goes_on(self, key: Hashable) -> bool:
        """Return whether it can't be told yet if a configuration is promoted."""
        if self._configs[key].bracket < 0:
            return False
        return self.highest[key] >= self._in_bracket[self._configs[key].bracket][-1]


def _or_none(budget: float) -> float:
    return _NO_BUDGET if math.isnan(budget) else budget


def _trial(
    config: Configuration,
    own: Sequence[BudgetRun],
    last: Sequence[BudgetRun],
    ladder: _Ladder,
    key: Hashable,
    n_objectives: int,
) -> TrialRow:
    state, bracket = _state(config, own, last, ladder, key), ladder.bracket(key)
    trial = TrialRow(config.number, config.params, state, metrics=config.metrics, bracket=bracket)
    if not last:
        trial.started = min((run.started for run in own), default=NAN)
        return trial
    done = [run for run in own if run.status != RUNNING]
    good = [run for run in last if run.status == OK]
    trial.objectives = [_mean([run.values[i] for run in good]) for i in range(n_objectives)]
    trial.metrics = {**config.metrics, **(good or last)[-1].metrics}
    trial.started = min([t for run in done if (t := run.started) == t], default=NAN)
    trial.ended = max([t for run in done if (t := run.ended) == t], default=NAN)
    if trial.state is TrialState.FAILED:
        trial.note = next((run.note for run in reversed(last) if run.note), None)
    return trial


def _mean(values: Sequence[float]) -> float:
    """Return the mean over seeds and instances, NaN for none."""
    if values and all(map(math.isfinite, values)):
        return math.fsum(values) / len(values)
    return _bad_mean(values)


def _bad_mean(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else NAN


def _state(
    config: Configuration,
    own: Sequence[BudgetRun],
    last: Sequence[BudgetRun],
    ladder: _Ladder,
    key: Hashable,
) -> TrialState:
    if not last:
        return TrialState.RUNNING if own else TrialState.WAITING
    if all(run.status == FAILED for run in last):
        return TrialState.FAILED
    is_at_top = ladder.highest[key] >= ladder.top or not ladder.is_halving
    if is_at_top and not config.is_rejected:
        return TrialState.COMPLETE
    is_open = not ladder.is_over and (config.is_open or ladder.goes_on(key))
    return TrialState.RUNNING if is_open else TrialState.PRUNED


def _look(
    run: BudgetRun, row: int, config: Configuration, ladder: _Ladder, *, state: TrialState | None
) -> Look:
    """Return the evaluation of a run; `state` is the trial's where the run was its last one."""
    budget = _or_none(run.budget)
    if state is not None:
        outcome = _CLOSING.get(state, Outcome.PENDING)
    else:
        went_up = ladder.is_halving and budget < ladder.highest[run.config]
        outcome = Outcome.PROMOTED if went_up else Outcome.SURVIVED
    return Look(
        row,
        run.values[0] if run.values else NAN,
        outcome,
        iteration=config.iteration,
        bracket=ladder.bracket(run.config),
        rung=ladder.rung(run.config, budget),
        resource=run.budget,
        time=run.ended,
    )


def _add_curves(
    draft: Draft, row: int, own: Sequence[BudgetRun], objectives: Sequence[str]
) -> None:
    """Add the objectives over the budgets, and what the runs recorded step by step."""
    points: dict[float, list[Sequence[float]]] = {}
    for run in own if objectives else ():
        if run.status == OK and math.isfinite(run.budget):
            points.setdefault(run.budget, []).append(run.values)
    if points:
        steps = np.array(list(points), dtype=np.float64)
        for i, name in enumerate(objectives):
            means = [_mean([values[i] for values in seen]) for seen in points.values()]
            draft.curves.append((row, name, steps, np.array(means, dtype=np.float64)))
    for run in own:
        for name, values in run.lists.items():
            steps = np.arange(1, len(values) + 1, dtype=np.float64)
            draft.curves.append((row, name, steps, np.array(values, dtype=np.float64)))


def split_info(
    info: Any, ignored: Collection[str] = ()
) -> tuple[dict[str, Any], dict[str, list[float]]]:
    """Return what a run recorded beside its objective: values by name, and lists of numbers.

    Values that are no numbers are among them, so that the draft can say that it left them out.
    """
    found = flat(info) if isinstance(info, dict) else {"info": info}
    if _AS_THEY_ARE.issuperset(map(type, found.values())) and found.keys().isdisjoint(ignored):
        return found, {}
    numbers: dict[str, Any] = {}
    lists: dict[str, list[float]] = {}
    for name, value in found.items():
        if name in ignored or value is None:
            continue
        if isinstance(value, bool):
            numbers[name] = int(value)
        elif isinstance(value, list):
            items = [as_number(item) for item in value]
            if items and all(item is not None for item in items):
                lists[name] = [item for item in items if item is not None]
            elif items:
                numbers[name] = value
        else:
            numbers[name] = value
    return numbers, lists


def number_or_nan(value: Any) -> float:
    """Return a JSON number as a float; NaN for anything else."""
    if type(value) is float:
        return value  # nearly always
    number = as_number(value)
    return NAN if number is None else number
