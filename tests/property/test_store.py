"""Any history of a study, written by two processes' worth of stores, against plain lists that do the same."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hypertendril.model import (
    CurvePoints,
    Direction,
    Evaluations,
    Objective,
    Parameter,
    ParameterKind,
    SearchSpace,
    StudyHeader,
    Trials,
)
from hypertendril.store import Batch, ExperimentStore, TrialUpdates

FIRST_HEADER = StudyHeader(
    "study",
    SearchSpace((Parameter("p0", ParameterKind.FLOAT, 0, 1),)),
    (Objective("loss", Direction.MINIMIZE),),
    curve_names=("c0",),
)
numbers = st.floats(width=32) | st.sampled_from([0.0, 1.0, float("nan")])
steps = st.integers(0, 4).map(float)

# (which store, what, arguments)
which = st.integers(0, 1)
batches = st.tuples(
    which,
    st.just("append"),
    st.lists(numbers, max_size=3),  # values of new trials
    st.lists(st.tuples(st.integers(0, 9), numbers, st.text(max_size=2)), max_size=3),  # updates
    st.lists(st.tuples(st.integers(0, 9), numbers), max_size=3),  # evaluations
    st.lists(st.tuples(st.integers(0, 9), steps, numbers), max_size=4),  # curve points
)
others = st.tuples(which, st.sampled_from(["grow", "refresh", "look", "reopen"]))
histories = st.lists(batches | others, max_size=15)


@dataclass
class Plain:
    """The same study as lists of Python numbers."""

    width: int = 1
    values: list[list[float]] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    notes: dict[int, str] = field(default_factory=dict)
    evaluations: list[tuple[int, float]] = field(default_factory=list)
    curves: dict[int, dict[float, float]] = field(default_factory=dict)

    def equals(self, study) -> None:
        """Assert that `study` holds the same."""
        n = len(self.losses)
        expected = np.full((n, self.width), np.nan)
        for row, values in enumerate(self.values):
            expected[row, : len(values)] = values
        np.testing.assert_array_equal(study.trials.values, expected)
        np.testing.assert_array_equal(study.trials.objectives[:, 0], self.losses)
        assert study.trials.notes == self.notes
        looks = [*zip(study.evaluations.trial.tolist(), study.evaluations.value, strict=True)]
        np.testing.assert_array_equal(np.array(looks), np.array(self.evaluations))
        for trial in range(n):
            curve = self.curves.get(trial, {})
            found = study.curves.of(trial, 0)
            np.testing.assert_array_equal(found[0], sorted(curve))
            np.testing.assert_array_equal(found[1], [curve[step] for step in sorted(curve)])


def append(store: ExperimentStore, study_id: str, plain: Plain, parts) -> None:
    new, updates, looks, points = parts
    store.refresh()
    study = store.snapshot(study_id)
    width, old, n = len(study.space), len(study), len(study) + len(new)
    updates = [update for update in updates if update[0] < old]
    looks = [look for look in looks if look[0] < n]
    points = [point for point in points if point[0] < n]

    trials = Trials.empty(len(new), width, 1, 0)
    trials.values[:, 0] = new
    changed = TrialUpdates.like(study.trials, [row for row, _, _ in updates])
    changed.objectives[:, 0] = [loss for _, loss, _ in updates]
    changed.notes.update({row: text for row, _, text in updates})
    evaluations = Evaluations.empty(len(looks))
    evaluations.trial[:] = [trial for trial, _ in looks]
    evaluations.value[:] = [value for _, value in looks]
    curves = CurvePoints.empty(len(points))
    for i, (trial, step, value) in enumerate(points):
        curves.trial[i], curves.step[i], curves.value[i] = trial, step, value
    store.append(study_id, Batch(trials, changed, evaluations, curves))

    plain.values += [[value] + [np.nan] * (width - 1) for value in new]
    plain.losses += [np.nan] * len(new)
    for row, loss, text in updates:
        plain.losses[row] = loss
        plain.notes[row] = text
    plain.notes = {row: text for row, text in plain.notes.items() if text}
    plain.evaluations += looks
    for trial, step, value in points:
        plain.curves.setdefault(trial, {})[step] = value


def grow(store: ExperimentStore, study_id: str, plain: Plain) -> None:
    store.refresh()
    header = store.snapshot(study_id).header
    more = Parameter(f"p{plain.width}", ParameterKind.FLOAT, 0, 1)
    store.update_header(study_id, replace(header, space=header.space.with_parameter(more)))
    plain.width += 1


@settings(max_examples=60, deadline=None)
@given(histories)
def test_any_history_is_what_plain_lists_make_of_it(history):
    with tempfile.TemporaryDirectory() as place, ExitStack() as open_stores:
        folder = Path(place) / "store"
        stores = [open_stores.enter_context(ExperimentStore.open(folder)) for _ in range(2)]
        study_id = stores[0].create(FIRST_HEADER)
        plain, looked_at = Plain(), []
        for number, what, *parts in history:
            store = stores[number]
            if what == "append":
                append(store, study_id, plain, parts)
                plain.equals(store.snapshot(study_id))
            elif what == "grow":
                grow(store, study_id, plain)
            elif what == "reopen":
                store.close()
                stores[number] = open_stores.enter_context(ExperimentStore.open(folder))
            else:
                store.refresh()
                plain.equals(store.snapshot(study_id))
                if what == "look":
                    looked_at.append((store.snapshot(study_id), deepcopy(plain)))
        for study, then in looked_at:
            then.equals(study)
        for store in stores:
            store.refresh()
            plain.equals(store.snapshot(study_id))
        assert stores[0].versions() == stores[1].versions()
