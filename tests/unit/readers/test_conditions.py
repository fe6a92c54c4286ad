from __future__ import annotations

import numpy as np

from hypertendril.model import Condition, Parameter, ParameterKind, TrialState
from hypertendril.readers.drafts.conditions import infer_conditions

NAN = np.nan
SOLVER = Parameter("solver", ParameterKind.CATEGORICAL, choices=("sgd", "adam"))
LAYERS = Parameter("layers", ParameterKind.INT, 1, 3)
CHILD = Parameter("child", ParameterKind.FLOAT, 0, 1)


def _infer(
    parents: list[Parameter], rows: list[list[float]], *, running: int = 0
) -> Condition | None:
    values = np.array(rows)
    state = np.full(len(rows), TrialState.COMPLETE, dtype=np.int8)
    state[len(rows) - running :] = TrialState.RUNNING
    return infer_conditions([*parents, CHILD], values, state)[-1].condition


def test_a_parameter_present_for_one_choice_only_depends_on_it() -> None:
    rows = [[0, 0.5], [1, NAN]] * 3
    assert _infer([SOLVER], rows) == Condition("solver", ("sgd",))


def test_a_parameter_present_from_some_integer_on_depends_on_those_values() -> None:
    rows = [[1, NAN], [2, 0.5], [3, 0.5]] * 3
    assert _infer([LAYERS], rows) == Condition("layers", (2, 3))


def test_one_exception_is_enough_against_a_condition() -> None:
    rows = [[0, 0.5], [1, NAN]] * 3
    assert _infer([SOLVER], [*rows, [1, 0.5]]) is None
    assert _infer([SOLVER], [*rows, [0, NAN]]) is None


def test_trials_that_have_not_ended_prove_nothing() -> None:
    rows = [[0, 0.5], [1, NAN]] * 3 + [[0, NAN]]
    assert _infer([SOLVER], rows, running=1) == Condition("solver", ("sgd",))


def test_two_trials_prove_nothing() -> None:
    assert _infer([SOLVER], [[0, 0.5], [1, NAN]]) is None


def test_a_parameter_that_is_always_there_has_no_condition() -> None:
    assert _infer([SOLVER], [[0, 0.5], [1, 0.5]] * 4) is None


def test_a_float_is_never_a_parent() -> None:
    other = Parameter("other", ParameterKind.FLOAT, 0, 1)
    assert _infer([other], [[0, 0.5], [1, NAN]] * 4) is None


def test_a_parent_that_is_itself_conditional_is_found_below_it() -> None:
    rows = [[0, 0, 0.5], [0, 1, NAN], [1, NAN, NAN]] * 3
    inner = Parameter("inner", ParameterKind.CATEGORICAL, choices=("x", "y"))
    assert _infer([SOLVER, inner], rows) == Condition("inner", ("x",))


def test_a_condition_that_is_declared_is_kept() -> None:
    declared = Parameter(
        "child", ParameterKind.FLOAT, 0, 1, condition=Condition("solver", ("adam",))
    )
    values = np.array([[0, 0.5], [1, NAN]] * 3)
    state = np.full(6, TrialState.COMPLETE, dtype=np.int8)
    assert infer_conditions([SOLVER, declared], values, state)[1] == declared


def test_values_that_were_met_once_each_explain_nothing() -> None:
    seed = Parameter("seed", ParameterKind.INT, 0, 99)
    rows = [[k, 0.5 if k % 2 else NAN] for k in range(10)]
    assert _infer([seed], rows) is None


def test_of_two_explanations_the_one_with_fewer_values_is_taken() -> None:
    rows = [[0, 0, NAN], [1, 0, NAN], [2, 1, 0.5], [3, 1, 0.5]] * 3
    assert _infer([Parameter("batch", ParameterKind.INT, 0, 3), SOLVER], rows) == Condition(
        "solver", ("adam",)
    )
