from __future__ import annotations

import numpy as np

from hypertendril.model import Outcome, TrialState
from hypertendril.readers.optuna.rungs import Ends, Reports, Rungs, Stored, evaluations

NAN = np.nan
COMPLETE, PRUNED, RUNNING, FAILED = (
    TrialState.COMPLETE,
    TrialState.PRUNED,
    TrialState.RUNNING,
    TrialState.FAILED,
)


def _reports(*curves: dict[int, float]) -> Reports:
    points = [(row, step, value) for row, c in enumerate(curves) for step, value in c.items()]
    row, step, value = zip(*points, strict=True) if points else ((), (), ())
    return Reports(np.array(row, np.int64), np.array(step, float), np.array(value, float))


def _rungs(reports: Reports, *stored: tuple[int, int, float], n: int) -> Rungs:
    row, rung, value = zip(*stored, strict=True) if stored else ((), (), ())
    columns = np.array(row, np.int64), np.array(rung, np.int64), np.array(value, float)
    return Stored(*columns, reports, n).locate()


def _curve(last: int, rate: float = 0.01) -> dict[int, float]:
    return {step: rate * step for step in range(1, last + 1)}


def test_rungs_lie_at_the_steps_where_the_curves_have_their_values() -> None:
    reports = _reports(_curve(9), _curve(3, 0.02), _curve(1, 0.03), _curve(1, 0.04))
    stored = [(0, 0, 0.01), (0, 1, 0.03), (0, 2, 0.09), (1, 0, 0.02), (1, 1, 0.06)]
    rungs = _rungs(reports, *stored, (2, 0, 0.03), (3, 0, 0.04), n=4)
    assert rungs.resource.tolist() == [1, 3, 9, 1, 3, 1, 1]
    assert rungs.bracket.tolist() == [0] * 7


def test_brackets_show_in_how_late_the_first_rung_is() -> None:
    reports = _reports(_curve(1), _curve(3, 0.02), _curve(3, 0.03), _curve(9, 0.04))
    stored = [(0, 0, 0.01), (1, 0, 0.02), (1, 1, 0.06), (2, 0, 0.09), (3, 0, 0.36)]
    rungs = _rungs(reports, *stored, n=4)
    assert rungs.bracket.tolist() == [0, 0, 0, 1, 2]
    assert rungs.resource.tolist() == [1, 1, 3, 3, 9]


def test_a_report_every_second_step_meets_the_rung_at_the_next_one() -> None:
    curves = [
        {s: 0.01 * s + r / 1000 for s in range(2, last + 1, 2)}
        for r, last in enumerate((2, 4, 10, 4, 2))
    ]
    reports = _reports(*curves)
    stored = [
        (r, k, curves[r][s])
        for r, steps in enumerate(([2], [2, 4], [2, 4, 10], [2, 4], [2]))
        for k, s in enumerate(steps)
    ]
    rungs = _rungs(reports, *stored, n=5)  # least 1, factor 3: levels 1, 3, 9
    assert rungs.resource.tolist() == [2, 2, 4, 2, 4, 10, 2, 4, 2]


def test_values_that_are_in_no_curve_leave_the_resource_open() -> None:
    rungs = _rungs(_reports(_curve(3)), (0, 0, 0.77), n=1)
    assert np.isnan(rungs.resource).all()
    assert rungs.bracket.tolist() == [-1]


def test_rungs_without_any_curve_are_kept() -> None:
    rungs = _rungs(_reports(), (0, 0, 0.5), (0, 1, 0.6), n=1)
    assert rungs.rung.tolist() == [0, 1]
    assert np.isnan(rungs.resource).all()


def _ends(states: list[TrialState], objective: list[float]) -> Ends:
    n = len(states)
    started = np.arange(n, dtype=float) * 10
    return Ends(
        state=np.array(states, dtype=np.int8),
        objective=np.array(objective),
        started=started,
        ended=started + 5,
        generation=np.full(n, -1, dtype=np.int32),
    )


def test_the_last_rung_closes_a_trial_that_ended_on_it() -> None:
    reports = _reports(_curve(3), _curve(1, 0.02))
    rungs = _rungs(reports, (0, 0, 0.01), (0, 1, 0.03), (1, 0, 0.02), n=2)
    found = evaluations(_ends([COMPLETE, PRUNED], [0.03, 0.02]), rungs, reports)
    assert found.trial.tolist() == [0, 0, 1]
    assert found.outcome.tolist() == [Outcome.PROMOTED, Outcome.FINAL, Outcome.DISCARDED]
    assert np.array_equal(found.time, [NAN, 5, 15], equal_nan=True)


def test_a_trial_that_went_beyond_its_last_rung_is_closed_one_rung_higher() -> None:
    reports = _reports(_curve(5))
    rungs = _rungs(reports, (0, 0, 0.01), (0, 1, 0.03), n=1)
    found = evaluations(_ends([COMPLETE], [0.05]), rungs, reports)
    assert found.rung.tolist() == [0, 1, 2]
    assert found.outcome.tolist() == [Outcome.PROMOTED, Outcome.PROMOTED, Outcome.FINAL]
    assert found.resource.tolist()[-1] == 5


def test_a_trial_that_runs_or_failed_keeps_its_rungs_and_is_not_closed() -> None:
    reports = _reports(_curve(1), _curve(1, 0.02))
    rungs = _rungs(reports, (0, 0, 0.01), (1, 0, 0.02), n=2)
    found = evaluations(_ends([RUNNING, FAILED], [NAN, NAN]), rungs, reports)
    assert found.outcome.tolist() == [Outcome.PROMOTED, Outcome.PROMOTED]


def test_a_pruned_trial_without_reports_ends_with_what_the_storage_has() -> None:
    found = evaluations(_ends([PRUNED], [0.4]), _rungs(_reports(), n=1), _reports())
    assert (found.value.tolist(), found.outcome.tolist()) == ([0.4], [Outcome.DISCARDED])
    assert np.isnan(found.resource).all()


def test_evaluations_of_parallel_trials_are_in_the_order_of_time() -> None:
    reports = _reports(_curve(4), _curve(2, 0.02))
    rungs = _rungs(reports, (0, 0, 0.01), (1, 0, 0.02), n=2)
    ends = _ends([COMPLETE, COMPLETE], [0.04, 0.04])
    ends.started[1] = 1.0
    ends.ended[:] = [20.0, 3.0]  # the second trial begins later and ends long before the first
    found = evaluations(ends, rungs, reports)
    assert list(zip(found.trial.tolist(), found.rung.tolist(), strict=True)) == [
        (1, 0), (1, 1), (0, 0), (0, 1),
    ]  # fmt: skip
