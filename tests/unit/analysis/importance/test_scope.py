from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hypertendril.analysis.column_axis import parameter_axis
from hypertendril.analysis.fanova.axes import Inactive
from hypertendril.analysis.importance.estimate import importance_of
from hypertendril.analysis.importance.metrics import (
    GAIN,
    asked_metric,
    asked_study,
    target_named,
    targets_of,
)
from hypertendril.analysis.importance.promising_view import prepare_promising, stretches
from hypertendril.analysis.importance.scope import ScopeAsked, restrictions_of, scope_of, thirds
from hypertendril.model import Direction, Parameter, ParameterKind, Selection, Study, TrialState
from hypertendril.model.selection import Brush

StudyOf = Callable[..., Study]
TARGET, UP = "objective:accuracy", Direction.MAXIMIZE
SPACE = (
    Parameter("lr", ParameterKind.FLOAT, 1e-4, 1e-1, log=True),
    Parameter("kind", ParameterKind.CATEGORICAL, choices=("a", "b", "c")),
)


@pytest.fixture
def study(study_of: StudyOf) -> Study:
    rng = np.random.default_rng(2)
    unit, kind = rng.random(120), rng.integers(0, 3, 120)
    values = np.column_stack([10 ** (-4 + 3 * unit), kind])
    return study_of(-((unit - 0.7) ** 2) + 0.1 * (kind == 1), space=SPACE, values=values)


def brushed(*brushes: Brush) -> Selection:
    return Selection("hand", brushes)


def ranges(dim: str, *pairs: tuple[float, float], missing: bool = False) -> Brush:
    return Brush("space", "ranges", (dim,), pairs, missing)


def test_brushes_on_parameters_are_a_part_of_the_space(study: Study) -> None:
    found = restrictions_of(
        study,
        brushed(
            ranges("param:lr", (1e-3, 2e-3), (5e-3, math.inf)),
            ranges("param:kind", (0, 0), (2, 2)),
            ranges("objective:accuracy", (0.5, 1.0)),
            Brush("space", "trials", trials=(1, 2)),
        ),
    )
    assert found == {"lr": (1e-3, 0.1), "kind": frozenset({0, 2})}


def test_brushes_on_one_parameter_leave_what_they_share(study: Study) -> None:
    box = Brush("overview", "box", ("param:lr", "objective:accuracy"), ((2e-3, 1.0), (0.0, 1.0)))
    found = restrictions_of(study, brushed(ranges("param:lr", (1e-3, 5e-3)), box))
    assert found == {"lr": (2e-3, 5e-3)}


def test_the_lane_of_inactive_trials_is_a_part_too(study: Study) -> None:
    assert restrictions_of(study, brushed(ranges("param:lr", missing=True))) == {
        "lr": Inactive.ONLY
    }


@pytest.mark.parametrize("name", ["all", None, 3, "best:0.3", "phase:1"])
def test_an_unknown_scope_is_all_of_the_space(study: Study, name: object) -> None:
    scope = scope_of(study, ScopeAsked(name), TARGET, UP)  # type: ignore[arg-type]
    found = importance_of(study)
    assert scope.of(found, study.objectives[0].direction) is found


def test_a_brushed_scope_judges_the_region(study: Study) -> None:
    selection = brushed(ranges("param:lr", (0.0125, 0.0127)))
    scope = scope_of(study, ScopeAsked("brushed", selection), TARGET, UP)
    part = scope.of(importance_of(study), study.objectives[0].direction)
    assert scope.words == "brushed: lr"
    assert part.singles["kind"] > 0.9


def test_thirds_are_equal_in_the_declared_scale(study: Study) -> None:
    labels, parts = thirds(study, "lr")
    assert parts[1] == pytest.approx((1e-3, 1e-2))
    assert len(labels) == 3
    assert thirds(study, "kind")[1] == tuple(frozenset({k}) for k in range(3))


def test_a_threshold_cuts_off_what_is_worse_whichever_way_is_better(study: Study) -> None:
    asked = ScopeAsked("threshold", threshold=-0.1)
    assert scope_of(study, asked, TARGET, UP).cutoff == (-0.1, math.inf)
    assert scope_of(study, asked, TARGET, Direction.MINIMIZE).cutoff == (-math.inf, -0.1)
    assert scope_of(study, asked, TARGET, UP).words == "accuracy ≥ -0.1"


def test_a_brush_on_the_objective_is_the_same_cut_off_as_its_value(study: Study) -> None:
    selection = brushed(ranges(TARGET, (-0.1, math.inf)))
    found = importance_of(study, only_forest=True)
    parts = [
        scope_of(study, asked, TARGET, UP).of(found, UP)
        for asked in (ScopeAsked("brushed", selection), ScopeAsked("threshold", threshold=-0.1))
    ]
    assert parts[0].singles == parts[1].singles != found.singles
    assert 0 < parts[0].left < 1


def test_a_cut_off_that_leaves_nothing_says_so(study: Study) -> None:
    found = importance_of(study, only_forest=True).within({}, (99.0, math.inf))
    assert found.left == 0
    assert "no value above 99" in found.warnings[0]
    assert not any(found.singles.values())


def test_promising_ranges_tell_what_a_trial_inside_is_expected_to_gain(study: Study) -> None:
    views = {v.kind: v for v in prepare_promising(study, importance_of(study), study.objectives[0])}
    assert set(views) == {"quantiles", "marginal", "joint"}
    for view in views.values():
        assert view.gain > 0.05
        assert 0 <= view.gain_sd < view.gain
        axis = parameter_axis(study, "lr")
        low, high = stretches(study.space, view.ranges.space, axis, "lr")[0]
        assert low < 0.7 < high
    assert views["quantiles"].ranges.n_inside >= 8
    assert stretches(
        study.space, views["quantiles"].ranges.space, parameter_axis(study, "kind"), "kind"
    )


def test_what_can_be_asked_for_begins_with_the_objective(study: Study) -> None:
    assert [target.key for target in targets_of(study)] == ["objective:accuracy"]
    failed = study.trials.state.copy()
    failed[:5] = TrialState.FAILED
    ill = replace(study, trials=replace(study.trials, state=failed))
    assert [target.key for target in targets_of(ill)] == ["objective:accuracy", "failure"]
    assert target_named(study, "nonsense").key == "objective:accuracy"


def test_with_lineage_the_gain_comes_first_and_final_values_are_marked(study_of: StudyOf) -> None:
    seen = [(k % 6, k // 6, -1, -1, k / 60, 2) for k in range(60)]
    study = study_of(np.arange(6.0), parent=[-1, -1, -1, 0, 0, 0], evaluations=seen)
    first, second = targets_of(study)[:2]
    assert first.key == GAIN
    assert "misleading" in second.note
    assert asked_metric(study, GAIN) == "objective:gain of accuracy"
    assert len(asked_study(study, GAIN)) > len(study)
