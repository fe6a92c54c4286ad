"""What is written is read back: equal, but for what the format cannot say."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import optuna
import pytest

from hypertendril.errors import HyperTendrilError
from hypertendril.exports import FORMATS, write_studies
from hypertendril.exports.optuna_storage import losses_of
from hypertendril.model import (
    Condition,
    CurvePoints,
    Direction,
    Evaluations,
    Method,
    Objective,
    Outcome,
    Parameter,
    ParameterKind,
    SearchSpace,
    StudyHeader,
    Trials,
    TrialState,
)
from hypertendril.readers import ReadStudy, read, to_generic
from hypertendril.readers.tables.rest import rest_path

SPACE = SearchSpace(
    (
        Parameter("lr", ParameterKind.FLOAT, 1e-5, 0.1, log=True),
        Parameter("width", ParameterKind.INT, 8, 64),
        Parameter("optimizer", ParameterKind.CATEGORICAL, choices=("sgd", "adam", "=1+1")),
        Parameter("bias", ParameterKind.CATEGORICAL, choices=(True, False)),
    )
)


def make(n: int = 12) -> ReadStudy:
    """Trials in all states that ended, one value outside of its range, curves of two metrics."""
    random = np.random.default_rng(5)
    trials = Trials.empty(n, len(SPACE), 1, 2)
    trials.number[:] = np.arange(n)
    trials.state[:] = TrialState.COMPLETE
    for i, parameter in enumerate(SPACE):
        trials.values[:, i] = parameter.from_unit(random.random(n))
    trials.values[0, 0] = 0.5
    trials.values[1, 1] = math.nan
    trials.objectives[:, 0] = random.random(n)
    trials.objectives[2, 0] = math.inf
    trials.metrics[:, 0] = random.random(n)
    trials.metrics[3:, 1] = 7.0
    trials.state[4] = TrialState.FAILED
    trials.objectives[4, 0] = math.nan
    trials.started[:] = 1.7e9 + np.arange(n)
    trials.ended[:] = trials.started + 0.25
    evaluations = Evaluations.empty(n - 1)
    rows = [row for row in range(n) if row != 4]
    evaluations.trial[:] = evaluations.iteration[:] = rows
    evaluations.value[:] = trials.objectives[rows, 0]
    evaluations.outcome[:] = Outcome.FINAL
    points = CurvePoints(
        trial=np.repeat(np.arange(n), 3).astype(np.int64),
        metric=np.tile(np.array([0, 0, 1], dtype=np.int16), n),
        step=np.tile(np.array([1.0, 2.0, 1.0]), n),
        value=random.random(3 * n),
    )
    header = StudyHeader(
        "there and back",
        SPACE,
        (Objective("accuracy", Direction.MAXIMIZE),),
        Method("tpe"),
        metric_names=("size", "ms"),
        curve_names=("accuracy", "loss"),
    )
    return ReadStudy(header, trials, evaluations, points)


def there_and_back(study: ReadStudy, folder: Path, name: str) -> ReadStudy:
    path = folder / f"study{FORMATS[name].suffix}"
    write_studies([study], path, name)
    (found,) = read(path)
    return found


def params(study: ReadStudy) -> list[dict[str, object]]:
    whole = study.as_study()
    return [whole.params(row) for row in range(len(whole))]


def curves(study: ReadStudy, metric: str) -> list[tuple[int, float, float]]:
    points, code = study.curves, study.header.curve_names.index(metric)
    rows = np.flatnonzero(points.metric == code)
    return sorted(
        (int(points.trial[i]), float(points.step[i]), float(points.value[i])) for i in rows
    )


@pytest.mark.parametrize("name", list(FORMATS))
def test_values_states_metrics_and_times_come_back(name: str, tmp_path: Path) -> None:
    study = make()
    found = there_and_back(study, tmp_path, name)
    assert params(found) == params(study)
    assert found.header.objectives == study.header.objectives
    for column in ("number", "state", "objectives", "started", "ended"):
        np.testing.assert_array_equal(
            getattr(found.trials, column), getattr(study.trials, column), column
        )
    for metric in study.header.metric_names:
        np.testing.assert_array_equal(
            found.as_study().column(f"metric:{metric}"), study.as_study().column(f"metric:{metric}")
        )
    assert curves(found, "accuracy") == curves(study, "accuracy")


@pytest.mark.parametrize("name", list(FORMATS))
def test_all_curves_come_back(name: str, tmp_path: Path) -> None:
    study = make()
    assert curves(there_and_back(study, tmp_path, name), "loss") == curves(study, "loss")


@pytest.mark.parametrize("name", list(FORMATS))
def test_ranges_conditions_rungs_and_the_method_come_back(name: str, tmp_path: Path) -> None:
    study = make()
    space = SearchSpace(
        (
            *SPACE,
            Parameter("seed", ParameterKind.ORDINAL, choices=("1", 1, None, "None ", True)),
            Parameter(
                "m", ParameterKind.FLOAT, 0, 1, condition=Condition("optimizer", ("sgd", "=1+1"))
            ),
        )
    )
    codes = np.arange(12.0) % 5
    codes[7] = math.nan
    values = np.column_stack([study.trials.values, codes, np.full(12, 0.25)])
    looks = study.evaluations
    looks.rung[:], looks.resource[:] = 2, 9
    study = ReadStudy(
        replace(
            study.header,
            space=space,
            method=Method("tpe", {"gamma": 0.1}),
            attributes={"data": [1, "x"]},
        ),
        replace(study.trials, values=values, notes={3: "a, b"}),
        looks,
        study.curves,
    )
    found = there_and_back(study, tmp_path, name)
    assert to_generic(found) == to_generic(study)
    assert not found.header.skipped


@pytest.mark.parametrize("name", ["csv", "parquet"])
def test_a_table_alone_keeps_scales_that_its_values_do_not_suggest(
    name: str, tmp_path: Path
) -> None:
    path = tmp_path / f"study{FORMATS[name].suffix}"
    write_studies([make()], path, name)
    rest_path(path).unlink(missing_ok=True)
    (found,) = read(path)
    assert [parameter.log for parameter in found.header.space] == [True, False, False, False]


def test_a_table_with_a_damaged_file_beside_it_is_read_without(tmp_path: Path) -> None:
    path = tmp_path / "study.csv"
    write_studies([make()], path, "csv")
    rest_path(path).write_text('{"space": [{"name": "lr"')
    (found,) = read(path)
    assert params(found) == params(make())
    assert "ranges and rungs beside the table were left out" in found.header.skipped[0].reason


def test_ranges_are_widened_for_optuna_where_they_were_overstepped(tmp_path: Path) -> None:
    space = there_and_back(make(), tmp_path, "optuna").header.space
    assert space == SPACE
    (first, *_) = optuna.load_study(
        study_name=None, storage=f"sqlite:///{tmp_path}/study.db"
    ).trials
    lr, width = first.distributions["lr"], first.distributions["width"]
    assert lr == optuna.distributions.FloatDistribution(1e-5, 0.5, log=True)
    assert width == optuna.distributions.IntDistribution(8, 64)


def test_a_study_optuna_went_on_with_is_as_it_was_written_and_as_it_went_on(tmp_path: Path) -> None:
    study = make()
    study.trials.state[5], study.trials.number[:] = TrialState.WAITING, np.arange(12) + 100
    study.trials.parent[7] = 3
    write_studies([study], tmp_path / "study.db", "optuna")
    again = optuna.load_study(study_name=None, storage=f"sqlite:///{tmp_path}/study.db")
    again.optimize(lambda trial: trial.suggest_float("dropout", 0.25, 0.5), n_trials=2)
    (found,) = read(tmp_path / "study.db")
    assert found.trials.number.tolist() == [*range(100, 112), 12]
    assert found.trials.state[[5, 12]].tolist() == [TrialState.COMPLETE] * 2
    assert found.trials.parent[7] == 3
    assert curves(found, "loss") == curves(study, "loss")
    assert (found.header.space["lr"], found.header.space["dropout"].low) == (SPACE["lr"], 0.25)
    assert 0.25 <= found.trials.objectives[12, 0] <= 0.5


def test_several_studies_fit_into_one_storage(tmp_path: Path) -> None:
    path = tmp_path / "all.db"
    write_studies([make(6), make(8)], path, "optuna")
    assert sorted(len(study.trials) for study in read(path)) == [6, 8]


def test_what_is_lost_is_said() -> None:
    assert losses_of(make()) == [
        "Optuna does not show the curves of loss. They are kept for this program.",
    ]


def test_bad_requests_are_one_sentence(tmp_path: Path) -> None:
    study = make(6)
    there = tmp_path / "there.db"
    there.write_text("x")
    with pytest.raises(HyperTendrilError, match="is there already"):
        write_studies([study], there, "optuna")
    with pytest.raises(HyperTendrilError, match="holds one study and there are 2"):
        write_studies([study, study], tmp_path / "x.json", "json")
    with pytest.raises(HyperTendrilError, match="is no format"):
        write_studies([study], tmp_path / "x", "xlsx")
    with pytest.raises(HyperTendrilError, match="can't be written"):
        write_studies([study], tmp_path / "no" / "x.csv", "csv")
