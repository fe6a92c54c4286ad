from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hypertendril.analysis.part import part_of
from hypertendril.model import CurvePoints, Study


def test_a_part_keeps_its_trials_with_all_that_belongs_to_them(
    study_of: Callable[..., Study],
) -> None:
    study = study_of(
        [0.1, 0.2, 0.3, 0.4],
        parent=[-1, 0, 1, 1],
        evaluations=[(3, 0, -1, -1, 0.4, 4), (0, 0, -1, -1, 0.1, 4), (1, 0, -1, -1, 0.2, 4)],
    )
    study.trials.notes[3] = "odd"
    part = part_of(study, np.array([3, 1]))
    assert part.trials.number.tolist() == [3, 1]
    assert part.trials.parent.tolist() == [1, -1]  # the parent of row 1 was left out
    assert part.trials.notes == {0: "odd"}
    assert part.evaluations.trial.tolist() == [0, 1]
    assert part.evaluations.value.tolist() == [0.4, 0.2]


def test_curves_follow_their_trials(study_of: Callable[..., Study]) -> None:
    study = study_of([0.1, 0.2])
    curves = CurvePoints.empty(3)
    curves.trial[:] = [1, 0, 1]
    curves.step[:] = [1, 1, 2]
    whole = Study(study.id, study.header, study.trials, study.evaluations, curves)
    part = part_of(whole, np.array([1]))
    assert part.curves.trial.tolist() == [0, 0]
    assert part.curves.step.tolist() == [1.0, 2.0]


def test_a_part_of_nothing_is_empty(study_of: Callable[..., Study]) -> None:
    assert len(part_of(study_of([0.1, 0.2]), np.zeros(0, dtype=np.int64))) == 0
    assert len(part_of(study_of([]), np.zeros(0, dtype=np.int64))) == 0
