from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hypertendril.analysis.importance.estimate import Importance, importance_of
from hypertendril.model import (
    Condition,
    Parameter,
    ParameterKind,
    SearchSpace,
    Study,
    StudyHeader,
    TrialState,
)

StudyOf = Callable[..., Study]
ROOT = Path(__file__).parents[4]
OWN = ROOT / "tests" / "data" / "fanova"
SHARED = ROOT / ".." / "shared" / "data" / "fanova"


def unit(name: str) -> Parameter:
    return Parameter(name, ParameterKind.FLOAT, 0.0, 1.0)


def parameter_of(spec: dict[str, Any]) -> Parameter:
    if spec["kind"] == "cat":
        return Parameter(spec["name"], ParameterKind.CATEGORICAL, choices=tuple(spec["choices"]))
    bounds = float(spec["low"]), float(spec["high"])
    return Parameter(spec["name"], ParameterKind(spec["kind"]), *bounds, log=spec.get("log", False))


@pytest.fixture
def analytic(study_of: StudyOf) -> Callable[[str], tuple[Study, dict[str, Any]]]:
    def load(name: str) -> tuple[Study, dict[str, Any]]:
        path = next(
            (f / f"{name}.json" for f in (OWN, SHARED) if (f / f"{name}.json").exists()), None
        )
        if path is None:
            pytest.skip("the wider set of analytic truths is not on this machine")
        case = json.loads(path.read_text())
        space = tuple(parameter_of(spec) for spec in case["space"])
        values = [[p.encode(v) for p, v in zip(space, row, strict=True)] for row in case["X"]]
        scores = [float(v) for v in case["y"]]
        return study_of(scores, values=values, space=space, maximize=False), case

    return load


@pytest.mark.parametrize(
    "name",
    ["analytic_log_scale", "analytic_categorical", "analytic_interaction", "analytic_diverged"],
)
def test_shares_are_near_the_analytic_truth(
    analytic: Callable[[str], tuple[Study, dict[str, Any]]], name: str
) -> None:
    study, case = analytic(name)
    found = importance_of(study)
    assert found.singles == pytest.approx(case["truth_main"], abs=case["tolerance"])
    for key, share in case.get("truth_pair", {}).items():
        first, second = key.split(",")
        assert found.pairs[first, second] == pytest.approx(share, abs=case["tolerance"])
    assert found.r2 > 0.9


def test_diverged_trials_are_counted(
    analytic: Callable[[str], tuple[Study, dict[str, Any]]],
) -> None:
    found = importance_of(analytic("analytic_diverged")[0])
    assert found.n_trials == 392
    assert any("8 trials have diverged" in text for text in found.warnings)


def test_pure_noise_is_told_and_has_no_ranks(
    analytic: Callable[[str], tuple[Study, dict[str, Any]]],
) -> None:
    found = importance_of(analytic("analytic_pure_noise")[0])
    assert found.r2 <= 0
    assert not found.has_ranks
    assert "ranks would be noise and are hidden" in found.warnings[0]


@pytest.fixture
def smooth(study_of: StudyOf, rng: np.random.Generator) -> Study:
    x = rng.random((300, 3))
    y = 3 * x[:, 0] + x[:, 1] + 2 * (x[:, 0] - 0.5) * (x[:, 1] - 0.5)
    return study_of(y, values=x, space=(unit("a"), unit("b"), unit("c")))


@pytest.fixture(scope="module")
def shared_importance() -> dict[str, Importance]:
    return {}


@pytest.fixture
def found(smooth: Study, shared_importance: dict[str, Importance]) -> Importance:
    if not shared_importance:
        shared_importance["smooth"] = importance_of(smooth)
    return shared_importance["smooth"]


def test_shares_are_never_renormalised_and_sum_to_one(found: Importance) -> None:
    total = sum(found.singles.values()) + sum(found.pairs.values()) + found.higher_order
    assert total == pytest.approx(1.0)
    assert found.explained + found.higher_order == pytest.approx(1.0)
    assert found.higher_order >= 0
    assert list(found.singles) == ["a", "b", "c"]
    assert list(found.pairs) == [("a", "b"), ("a", "c"), ("b", "c")]
    assert found.singles["a"] > found.singles["b"] > found.singles["c"]
    assert max(found.pairs, key=lambda pair: found.pairs[pair]) == ("a", "b")


def test_equal_studies_give_equal_answers(smooth: Study, found: Importance) -> None:
    assert importance_of(smooth) == found


def test_the_direction_of_the_objective_changes_nothing(smooth: Study, found: Importance) -> None:
    objective = smooth.objectives[0]
    turned = replace(objective, direction=type(objective.direction).MINIMIZE)
    header = replace(smooth.header, objectives=(turned,))
    assert importance_of(replace(smooth, header=header)) == found


def test_a_marginal_is_in_the_unit_of_the_objective(found: Importance) -> None:
    line = found.marginal("a")
    assert line.values[[0, -1]].tolist() == [0.0, 1.0]
    # 3 a + 1/2, all others averaged out
    middle = (line.values > 0.1) & (line.values < 0.9)
    assert line.mean[middle] == pytest.approx(3 * line.values[middle] + 0.5, abs=0.25)
    assert (line.sd >= 0).all()


def test_a_surface_has_a_row_per_value_of_the_second_parameter(found: Importance) -> None:
    surface = found.surface("a", "b", n_points=8)
    assert surface.mean.shape == (8, 8)
    assert surface.mean[0, -1] > surface.mean[-1, 0]  # high a, low b beats low a, high b
    turned = found.surface("b", "a", n_points=8)
    assert turned.mean == pytest.approx(surface.mean.T)


def test_a_part_of_the_space_has_its_own_shares_without_a_new_model(found: Importance) -> None:
    part = found.within({"a": (0.45, 0.55)})
    assert part.singles["b"] > part.singles["a"]
    assert part.r2 == found.r2
    assert part.explained + part.higher_order == pytest.approx(1.0)
    assert found.within({}).singles == pytest.approx(found.singles)


def test_unknown_names_are_key_errors(found: Importance, smooth: Study) -> None:
    with pytest.raises(KeyError):
        found.marginal("nothing")
    with pytest.raises(KeyError):
        importance_of(smooth, "objective:nothing")


def test_any_metric_can_be_asked_for(smooth: Study) -> None:
    size = 10.0 * smooth.trials.values[:, 2:3]
    trials = replace(smooth.trials, metrics=size)
    header = replace(smooth.header, metric_names=("size",))
    found = importance_of(replace(smooth, trials=trials, header=header), "metric:size")
    assert found.metric == "metric:size"
    assert found.singles["c"] > 0.95


def test_rows_restrict_what_it_is_of(smooth: Study) -> None:
    assert importance_of(smooth, rows=np.arange(50)).n_trials == 50


def test_choices_keep_their_codes_in_marginals(study_of: StudyOf, rng: np.random.Generator) -> None:
    opt = Parameter("opt", ParameterKind.CATEGORICAL, choices=("adam", "sgd", "rms"))
    codes = rng.integers(0, 3, 90).astype(float)
    found = importance_of(
        study_of(np.array([0.0, 1.0, 5.0])[codes.astype(int)], values=codes[:, None], space=(opt,))
    )
    line = found.marginal("opt")
    assert line.values.tolist() == [0, 1, 2]
    assert line.mean == pytest.approx([0, 1, 5], abs=0.01)
    assert found.singles["opt"] == pytest.approx(1.0)


def test_whole_numbers_stay_whole_in_marginals(study_of: StudyOf, rng: np.random.Generator) -> None:
    width = Parameter("width", ParameterKind.INT, 8, 512, log=True)
    x = rng.integers(8, 513, 60).astype(float)
    values = (
        importance_of(study_of(np.log(x), values=x[:, None], space=(width,)))
        .marginal("width")
        .values
    )
    assert (values == np.rint(values)).all()
    assert (np.diff(values) > 0).all()


def test_a_conditional_parameter_is_judged_where_it_is_active(
    study_of: StudyOf, rng: np.random.Generator
) -> None:
    n = 300
    opt = Parameter("opt", ParameterKind.CATEGORICAL, choices=("sgd", "adam"))
    mom = Parameter("mom", ParameterKind.FLOAT, 0.0, 1.0, condition=Condition("opt", ("sgd",)))
    lr = Parameter("lr", ParameterKind.FLOAT, 1e-5, 0.1, log=True)
    code = rng.integers(0, 2, n).astype(float)
    momentum = np.where(code == 0, rng.random(n), np.nan)
    rate = 10.0 ** rng.uniform(-5, -1, n)
    score = np.where(code == 0, 2 * np.nan_to_num(momentum), 0.5) + 0.2 * np.log10(rate)
    values = np.column_stack([code, momentum, rate])
    found = importance_of(study_of(score, values=values, space=(opt, mom, lr)))
    # Variances: between the optimizers 1/16; momentum 4/12 in half of the space; lr 0.04 * 16/12.
    parts = {"opt": 1 / 16, "mom": 1 / 6, "lr": 0.64 / 12}
    truth = {name: part / sum(parts.values()) for name, part in parts.items()}
    assert found.singles == pytest.approx(truth, abs=0.06)
    assert found.explained + found.higher_order == pytest.approx(1.0)
    assert "Counted only where active: mom." in found.warnings


def test_without_a_declared_condition_inactive_is_one_more_value(
    study_of: StudyOf, rng: np.random.Generator
) -> None:
    x = np.where(rng.random(80) < 0.5, rng.random(80), np.nan)
    score = np.nan_to_num(x, nan=3.0)
    found = importance_of(study_of(score, values=x[:, None]))
    assert found.singles["x"] == pytest.approx(1.0)
    assert '"Inactive" counts as one more value of: x.' in found.warnings
    assert found.marginal("x").mean.max() < 1.5


BAD: dict[str, tuple[list[float], TrialState, str]] = {
    "no trials": ([], TrialState.COMPLETE, "0 finished trials"),
    "one trial": ([0.5], TrialState.COMPLETE, "1 finished trial "),
    "all failed": ([np.nan] * 9, TrialState.FAILED, "0 finished trials"),
    "all running": ([np.nan] * 9, TrialState.RUNNING, "0 finished trials"),
    "all NaN": ([np.nan] * 9, TrialState.COMPLETE, "0 finished trials"),
    "all infinite": ([np.inf, -np.inf] * 5, TrialState.COMPLETE, "0 finished trials"),
    "constant": ([0.1] * 9, TrialState.COMPLETE, "same value"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_data_gives_zeros_and_a_sentence(study_of: StudyOf, name: str) -> None:
    scores, state, sentence = BAD[name]
    found = importance_of(study_of(scores, state=state, space=(unit("a"), unit("b"))))
    assert found.surrogate == "none"
    assert found.singles == {"a": 0.0, "b": 0.0}
    assert found.pairs == {("a", "b"): 0.0}
    assert found.higher_order == 0
    assert np.isnan(found.r2)
    assert not found.has_ranks
    assert sentence in found.warnings[0]
    assert len(found.marginal("a").mean) == len(found.marginal("a").values)
    assert found.surface("a", "b", 4).mean.shape == (4, 4)


def test_fewer_trials_than_twice_the_parameters_are_told(study_of: StudyOf) -> None:
    space = tuple(unit(f"p{i}") for i in range(4))
    values = np.random.default_rng(0).random((6, 4))
    found = importance_of(study_of(values[:, 0], values=values, space=space))
    assert any("6 trials are few for 4 parameters" in text for text in found.warnings)
    assert set(found.singles) == {"p0", "p1", "p2", "p3"}


def test_parameters_that_never_varied_explain_nothing(study_of: StudyOf) -> None:
    found = importance_of(study_of(np.arange(10.0), values=0.5))
    assert found.singles == {"x": 0.0}
    assert any("finds no parameter" in text for text in found.warnings)


def test_a_study_without_parameters_says_so(study_of: StudyOf) -> None:
    study = study_of([1.0, 2.0], space=(), values=np.zeros((2, 0)))
    found = importance_of(study)
    assert found.singles == {}
    assert "no parameters" in found.warnings[0]
    assert found.within({}) is found


@pytest.mark.parametrize("scale", [1e-200, 1e-9, 1.0, 1e9, 1e200, 1.7e308])
def test_the_unit_of_the_objective_does_not_matter(
    smooth: Study, found: Importance, scale: float
) -> None:
    scores = smooth.trials.objectives / np.abs(smooth.trials.objectives).max() * scale
    scaled = importance_of(replace(smooth, trials=replace(smooth.trials, objectives=scores)))
    assert scaled.singles == pytest.approx(found.singles, abs=1e-6)
    assert np.isfinite(scaled.marginal("a").mean).all()


def test_large_spaces_compute_the_pairs_that_matter(
    study_of: StudyOf, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hypertendril.analysis.fanova.response._MAX_CELLS", 4_000)
    x = rng.random((80, 8))
    y = (x[:, 2] - 0.5) * (x[:, 6] - 0.5)
    found = importance_of(study_of(y, values=x, space=tuple(unit(f"p{i}") for i in range(8))))
    assert 0 < len(found.pairs) < 28
    assert ("p2", "p6") in found.pairs
    assert found.explained + found.higher_order == pytest.approx(1.0)
    assert any("of 28 pairs" in text for text in found.warnings)


def test_names_need_not_be_in_alphabetical_order(
    study_of: StudyOf, rng: np.random.Generator
) -> None:
    x: NDArray[np.float64] = rng.random((60, 2))
    found = importance_of(study_of(x[:, 0], values=x, space=(unit("z"), unit("a"))))
    assert list(found.singles) == ["z", "a"]
    assert found.singles["z"] > 0.8
    assert list(found.pairs) == [("z", "a")]
    assert isinstance(found.study, str)


def test_a_header_of_any_study_will_do(smooth: Study) -> None:
    header = StudyHeader("other", SearchSpace(smooth.space.parameters), smooth.objectives)
    found = importance_of(Study("id", header, smooth.trials, smooth.evaluations, smooth.curves, 7))
    assert (found.study, found.version, found.metric) == ("id", 7, "objective:accuracy")


def test_the_shadow_shows_how_much_chance_explains(smooth: Study, found: Importance) -> None:
    assert 0 <= found.shadow < 0.01
    noise = replace(smooth.trials, objectives=np.random.default_rng(0).random((300, 1)))
    lost = importance_of(replace(smooth, trials=noise))
    assert lost.shadow > 0.01
    assert set(lost.singles) == {"a", "b", "c"}
    assert lost.explained + lost.higher_order == pytest.approx(1.0)


def test_the_best_part_is_judged_without_a_new_model(
    study_of: StudyOf, rng: np.random.Generator
) -> None:
    # Only a tells good from bad; among the good ones only b does.
    x = rng.random((400, 2))
    y = np.where(x[:, 0] < 0.8, 0.0, 10 + x[:, 1])
    study = study_of(y, values=x, space=(unit("a"), unit("b")))
    whole = importance_of(study, only_forest=True)
    assert whole.singles["a"] > 0.9
    part = whole.within({}, whole.best_part(0.15, study.objectives[0].direction))
    assert part.singles["b"] > 0.9
    assert part.r2 == whole.r2


def test_a_smaller_space_has_an_expected_gain_with_its_uncertainty(found: Importance) -> None:
    gain, sd = found.expected_gain({"a": (0.8, 1.0)})
    # 3 (0.9 - 0.5)
    assert gain == pytest.approx(1.2, abs=0.1)
    assert 0 < sd < 0.2


@pytest.mark.parametrize("n", [40, 120, 400])
def test_whoever_waits_hears_how_far_it_is(study_of: StudyOf, n: int) -> None:
    heard: list[float] = []
    rng = np.random.default_rng(0)
    x = rng.random((n, 2))
    importance_of(
        study_of(x @ [1.0, 2.0], values=x, space=(unit("a"), unit("b"))), tell=heard.append
    )
    assert heard == sorted(heard)
    assert len(heard) > 3
    assert heard[-1] == 1.0


class StopError(Exception):
    """Raised by whoever waits no more."""


def stop(_share: float) -> None:
    raise StopError


def test_whoever_waits_can_stop_it(study_of: StudyOf) -> None:
    x = np.random.default_rng(0).random((60, 2))
    with pytest.raises(StopError):
        importance_of(study_of(x.sum(axis=1), values=x, space=(unit("a"), unit("b"))), tell=stop)
