from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hypertendril.analysis.exploration.crowding import MAX_LANES, crowd_places, lane_values
from hypertendril.analysis.exploration.picture import prepare_exploration
from hypertendril.model import Outcome, Parameter, ParameterKind, Study

StudyOf = Callable[..., Study]
KIND = Parameter("kind", ParameterKind.CATEGORICAL, choices=("a", "b"))
LAYERS = Parameter("layers", ParameterKind.INT, 1, 100)
LR = Parameter("lr", ParameterKind.FLOAT, 0, 1)


def generation(study_of: StudyOf, values: list[list[float]], scores: list[float]) -> Study:
    looks = [(row, 0, -1, -1, score, Outcome.SURVIVED) for row, score in enumerate(scores)]
    return study_of(scores, space=(KIND, LAYERS, LR), values=values, evaluations=looks)


def test_marks_of_one_column_and_value_get_places_the_best_the_middle(study_of: StudyOf) -> None:
    values = [[0, 5, 0.1], [0, 5, 0.2], [1, 7, 0.3], [0, 7, 0.4]]
    study = generation(study_of, values, [0.2, 0.9, 0.5, 0.4])
    places = crowd_places(study, prepare_exploration(study))
    assert places["param:kind"].tolist() == [2, 0, 0, 1]
    assert places["param:layers"].tolist() == [1, 0, 0, 1]


def test_trials_without_a_value_crowd_in_a_lane_of_their_own(study_of: StudyOf) -> None:
    nan = np.nan
    values = [[0, 5, 0.1], [0, nan, 0.2], [1, nan, 0.3]]
    study = generation(study_of, values, [0.2, 0.9, 0.5])
    assert crowd_places(study, prepare_exploration(study))["param:layers"].tolist() == [0, 0, 1]


def test_columns_do_not_crowd_each_other(study_of: StudyOf) -> None:
    study = study_of([0.1, 0.2, 0.3], space=(KIND,), values=[[0], [0], [0]])
    assert crowd_places(study, prepare_exploration(study)) == {}


def test_a_number_with_many_values_has_no_lanes() -> None:
    assert lane_values(LAYERS, np.array([3.0, 1, 1, np.nan])).tolist() == [1, 3]
    assert lane_values(LR, np.linspace(0, 1, MAX_LANES + 1)).tolist() == []


def test_every_place_of_a_lane_is_taken_once(study_of: StudyOf, rng: np.random.Generator) -> None:
    n = 300
    values = np.column_stack([rng.integers(0, 2, n), rng.integers(1, 4, n), rng.random(n)])
    looks = [(row, row // 60, -1, -1, rng.random(), Outcome.FINAL) for row in range(n)]
    study = study_of(rng.random(n), space=(KIND, LAYERS, LR), values=values, evaluations=looks)
    layout = prepare_exploration(study)
    place = crowd_places(study, layout)["param:layers"]
    for column in range(5):
        for value in (1, 2, 3):
            own = place[(layout.column == column) & (values[layout.trial, 1] == value)]
            assert sorted(own.tolist()) == list(range(len(own)))
