"""Rows of a table as runs: rows of one trial together, with curves where they count its steps."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from hypertendril.model import Method, Objective, TrialState
from hypertendril.readers.drafts.budgets import FAILED, OK, BudgetRun, Configuration, add_runs
from hypertendril.readers.drafts.draft import Draft, fixed_values, header_of
from hypertendril.readers.drafts.state_words import state_of
from hypertendril.readers.files.times import posix
from hypertendril.readers.losses import Losses
from hypertendril.readers.ray_tune.space import space_of
from hypertendril.readers.result import ReadStudy
from hypertendril.readers.source import Source
from hypertendril.readers.tables.cells import MOST_DIGITS, Cells, cell_of_text, typed_cells
from hypertendril.readers.tables.trials import Filled
from hypertendril.readers.trackers.tracked import Known, TrackedRun, by_start, study_of

LAST_SECOND, LAST_MILLISECOND = 1e11, 1e14  # beyond seconds of POSIX; pandas writes milliseconds


class RunRows:
    """The rows of a table whose columns are known.

    Args:
        filled: The columns.
        row_count: How many rows there are.
        losses: Gets what can't be used.
        without_value: What a trial without its objective is, where no column tells.
    """

    def __init__(
        self,
        filled: Sequence[Filled],
        row_count: int,
        losses: Losses,
        without_value: TrialState = TrialState.COMPLETE,
    ) -> None:
        self._losses = losses
        self._count = row_count
        self._without_value = without_value
        self._params = {
            f.column.name: f.cells.told(_choices) for f in filled if f.column.group == "params"
        }
        self._own = {f.column.name: f.cells for f in filled if f.column.group is None}
        measured = [f for f in filled if f.column.group in ("values", "metrics")]
        self._numbers = {f.column.name: n for f in measured if (n := _numbers(f.cells)) is not None}
        texts = [
            f.column.name for f in measured if f.column.name not in self._numbers and f.is_used()
        ]
        if texts:
            losses.add(f"columns that hold no numbers were left out: {', '.join(texts[:20])}", 1)

    @property
    def has_budgets(self) -> bool:
        """Whether a column says what each row was given to spend."""
        return "resource" in self._own

    def study(self, source: Source, framework: str, objectives: Sequence[Objective]) -> ReadStudy:
        """Return the study of all rows; without `objectives` the likeliest metric is the goal."""
        name = source.file.name.partition(".")[0]
        if self.has_budgets and objectives:
            return self._budgets_study(name, source, framework, objectives)
        runs = self._runs([objective.name for objective in objectives])
        known = Known(tuple(objectives))
        return study_of(runs, name, framework, self._losses, known, source.shown)

    def _runs(self, goals: Sequence[str]) -> list[TrackedRun]:
        """Return a run for each trial, in the order they were started."""
        runs: dict[Hashable, TrackedRun] = {}
        points: dict[tuple[Hashable, str], list[tuple[float, float]]] = {}
        steps = _numbers(self._own["step"]) if "step" in self._own else None
        for row, key in enumerate(self._keys()):
            if key not in runs:
                runs[key] = TrackedRun(str(key), self._config(row))
            self._tell(runs[key], row)
            for name, value in self._measured(row).items():
                step = steps[row] if steps is not None else None
                runs[key].metrics[name] = value
                if step is not None:
                    points.setdefault((key, name), []).append((step, value))
        for (key, name), told in points.items():
            runs[key].add_points(name, told)
        for run in runs.values() if "state" not in self._own else ():
            if goals and math.isnan(run.metrics.get(goals[0], math.nan)):
                run.state = self._without_value
        in_order = list(runs.values())
        is_counted = "number" in self._own or all(math.isnan(run.started) for run in in_order)
        return in_order if is_counted else by_start(in_order)

    def _keys(self) -> list[Hashable]:
        """Return what tells the trial of each row: its name, its number, its values or its place."""
        named = next((self._own[n] for n in ("id", "number") if n in self._own), None)
        keys: list[Hashable] = [text.strip() for text in named.texts] if named else []
        if keys and all(keys) and ("step" in self._own or len(set(keys)) == self._count):
            return keys
        if "step" in self._own or self.has_budgets:
            return list(zip(*self._params.values(), strict=True)) or [()] * self._count
        return [f"row {row}" for row in range(self._count)]

    def _config(self, row: int) -> dict[str, Any]:
        config = {name: values[row] for name, values in self._params.items()}
        return {name: value for name, value in config.items() if value is not None}

    def _measured(self, row: int) -> dict[str, float]:
        found = {name: numbers[row] for name, numbers in self._numbers.items()}
        return {name: number for name, number in found.items() if number is not None}

    def _tell(self, run: TrackedRun, row: int) -> None:
        own = {name: cells.texts[row].strip() for name, cells in self._own.items()}
        number = own.get("number", "")
        if number.isdecimal() and len(number) <= MOST_DIGITS:
            run.number = int(number)
        if own.get("state"):
            run.state = state_of(own["state"]) or TrialState.COMPLETE
            run.note = own["state"].lower() if run.state is TrialState.FAILED else None
        if own.get("note"):
            run.note = own["note"]
        if math.isnan(run.started):
            run.started = _moment(own.get("started", ""))
        run.ended = _moment(own.get("ended", ""))
        run.parent = own.get("from", "").strip("[]'\" ").split('"')[0] or run.parent

    def _budgets_study(
        self, name: str, source: Source, framework: str, objectives: Sequence[Objective]
    ) -> ReadStudy:
        """Return the study of rows that each are a configuration at one budget."""
        names = [objective.name for objective in objectives]
        spent = _numbers(self._own["resource"]) or []
        configs: dict[Hashable, Configuration] = {}
        found = []
        for row, key in enumerate(self._keys()):
            configs.setdefault(key, Configuration(len(configs), self._config(row)))
            measured: Mapping[str, float] = self._measured(row)
            values = [measured.get(goal, math.nan) for goal in names]
            status = FAILED if math.isnan(values[0]) else OK
            metrics = {n: value for n, value in measured.items() if n not in names}
            budget = math.nan if spent[row] is None else spent[row]
            found.append(BudgetRun(key, budget or math.nan, values, status, metrics=metrics))
        fixed = fixed_values([config.params for config in configs.values()])
        for config in configs.values():
            config.params = {n: value for n, value in config.params.items() if n not in fixed}
        draft = Draft(self._losses)
        is_halving = add_runs(draft, configs, found, names, is_over=True)
        draft.space = space_of(draft)
        method = Method("successive halving") if is_halving else Method()
        attributes = {"fixed": fixed} if fixed else {}
        return draft.build(header_of(name, framework, objectives, method, attributes, source.shown))


def _choices(texts: list[str]) -> list[Any]:
    """Return the values of a parameter; of texts in quotes, as SageMaker writes them, what is in these."""
    told = typed_cells(texts)
    words = [value for value in told if isinstance(value, str)]
    if not all(len(word) > 1 and word[0] == word[-1] == '"' for word in words):
        return list(told)
    return [value[1:-1] if isinstance(value, str) else value for value in told]


def _numbers(cells: Cells) -> list[float | None] | None:
    """Return the number of each cell, None where it is empty; None for a column without numbers."""

    def tell(texts: list[str]) -> list[float | None]:
        found = [cell_of_text(text) for text in texts]
        return [None if cell is None or isinstance(cell, str) else float(cell) for cell in found]

    told = cells.told(tell)
    is_empty = all(number is None for number in told)
    return None if is_empty and any(text.strip() for text in cells.texts) else told


def _moment(text: str) -> float:
    """Return POSIX seconds, from a date or as they stand; NaN where there is no moment."""
    cell = cell_of_text(text)
    if not isinstance(cell, (int, float)):
        return posix(text)
    if not abs(cell) < LAST_MILLISECOND:
        return math.nan
    return cell / 1000 if cell > LAST_SECOND else float(cell)
