from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hypertendril.analysis.importance.estimate import importance_of
from hypertendril.analysis.importance.intervals import (
    TIME,
    has_intervals,
    interval_study,
    intervals_of,
    time_name,
)
from hypertendril.model import Parameter, ParameterKind, SearchSpace, Study, TrialState

StudyOf = Callable[..., Study]
MEMBERS, GENERATIONS = 24, 20
SPACE = (
    Parameter("lr", ParameterKind.FLOAT, 1e-5, 1.0, log=True),
    Parameter("mom", ParameterKind.FLOAT, 0.0, 1.0),
    Parameter("z", ParameterKind.FLOAT, 0.0, 1.0),
)


def gain_of(time: np.ndarray, lr: np.ndarray, mom: np.ndarray) -> np.ndarray:
    """Falls with time; the best learning rate falls from 10^-1 to 10^-3.5; z does nothing."""
    best = -1 - 2.5 * time / (GENERATIONS - 1)
    found: np.ndarray = 0.12 * np.exp(-0.12 * time - (lr - best) ** 2) * (0.8 + 0.2 * mom)
    return found


def population(study_of: StudyOf, seed: int) -> Study:
    """A population whose worst quarter copies the best one each generation; truth is `gain_of`."""
    rng = np.random.default_rng(seed)
    now = np.column_stack([rng.uniform(-5, 0, MEMBERS), rng.random(MEMBERS), rng.random(MEMBERS)])
    row, score = np.arange(MEMBERS), np.zeros(MEMBERS)
    values, parents, seen = [*now.copy()], [-1] * MEMBERS, []
    for time in range(GENERATIONS):
        score = score + gain_of(np.full(MEMBERS, time), now[:, 0], now[:, 1])
        score = score + 0.01 * rng.standard_normal(MEMBERS)
        seen += [(row[i], time, -1, -1, score[i], 2) for i in range(MEMBERS)]
        if time == GENERATIONS - 1:
            break
        order = np.argsort(score)
        for i in order[: MEMBERS // 4]:
            j = rng.choice(order[-(MEMBERS // 4) :])
            score[i] = score[j]
            lr = np.clip(now[j, 0] + rng.choice([-0.3, 0.3]), -5, 0)
            now[i] = lr, *np.clip(now[j, 1:] * rng.choice([0.8, 1.2], 2), 0, 1)
            values.append(now[i].copy())
            parents.append(row[j])
            row[i] = len(values) - 1
    table = np.array(values)
    table[:, 0] = 10 ** table[:, 0]
    scores, state = np.full(len(table), np.nan), np.full(len(table), TrialState.PRUNED)
    scores[row], state[row] = score, TrialState.COMPLETE
    return study_of(
        scores, space=SPACE, values=table, state=state, parent=parents, evaluations=seen
    )


def test_a_gain_is_what_the_values_in_force_added(study_of: StudyOf) -> None:
    # Trial 2 was given the weights of trial 0 after the first look.
    seen = [
        (0, 0, -1, -1, 0.1, 2),
        (1, 0, -1, -1, 0.05, 3),
        (0, 1, -1, -1, 0.4, 4),
        (2, 1, -1, -1, 0.3, 4),
    ]
    found = intervals_of(study_of([0.4, 0.05, 0.3], parent=[-1, -1, 0], evaluations=seen))
    assert found.trial.tolist() == [0, 0, 1, 2]
    assert found.time.tolist() == [0, 1, 0, 1]
    # The first look of a founder is compared with that of the worst one.
    assert found.gain == pytest.approx([0.05, 0.3, 0.0, 0.2])


def test_a_gain_is_better_where_less_is(study_of: StudyOf) -> None:
    seen = [(0, 0, -1, -1, 0.9, 2), (0, 1, -1, -1, 0.4, 4), (0, 2, -1, -1, np.nan, 4)]
    found = intervals_of(study_of([0.4], maximize=False, evaluations=seen))
    assert found.gain == pytest.approx([0.0, 0.5])


def test_without_lineage_there_are_no_intervals(study_of: StudyOf) -> None:
    seen = [(0, k, -1, -1, k / 20, 2) for k in range(20)]
    assert not has_intervals(study_of([1.0], evaluations=seen))
    assert not has_intervals(study_of([1.0, 2.0], parent=[-1, 0]))
    assert intervals_of(study_of([])).gain.tolist() == []


def test_the_training_time_never_shares_a_name() -> None:
    assert time_name(SearchSpace((Parameter(TIME, ParameterKind.FLOAT, 0, 1),))) != TIME


def test_intervals_tell_what_final_values_cannot(study_of: StudyOf) -> None:
    naive, gains = [], []
    for seed in range(4):
        study = population(study_of, seed)
        assert has_intervals(study)
        naive.append(importance_of(study, only_forest=True))
        gains.append(importance_of(interval_study(study)))

    # Of final values nothing can be predicted, and what does nothing seems to matter.
    assert np.mean([one.r2 for one in naive]) < 0.1
    assert np.mean([one.singles["z"] for one in naive]) > 0.05

    # truth over the space: time .20, lr .27, mom .00, z 0, time x lr .53
    assert np.mean([one.r2 for one in gains]) > 0.7
    mean = {name: np.mean([one.singles[name] for one in gains]) for name in gains[0].singles}
    assert mean["z"] < 0.02
    assert mean["mom"] < 0.05
    assert mean["lr"] == pytest.approx(0.27, abs=0.15)
    assert np.mean([one.pairs["lr", TIME] for one in gains]) == pytest.approx(0.53, abs=0.15)


def test_what_matters_when_is_a_part_of_the_time(study_of: StudyOf) -> None:
    found = importance_of(interval_study(population(study_of, 0)))
    best = []
    for start, end in ((0.0, 4.0), (8.0, 11.0)):
        line = found.within({TIME: (start, end)}).marginal("lr")
        best.append(np.log10(line.values[np.argmax(line.mean)]))
    assert best == pytest.approx([-1.26, -2.25], abs=0.6)
    assert best[1] < best[0]
