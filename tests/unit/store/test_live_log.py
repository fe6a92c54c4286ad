from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

import hypertendril
from hypertendril.errors import HyperTendrilError, SpaceError
from hypertendril.model import Outcome, Study, TrialState
from hypertendril.store import ExperimentStore


def stored(folder: Path) -> Study:
    with ExperimentStore.open(folder / "store") as store:
        (summary,) = store.studies()
        return store.snapshot(summary.id)


def test_a_loop_is_on_disk_with_its_curves_and_results(tmp_path: Path) -> None:
    space = {"lr": (1e-4, 1.0, "log"), "act": ["relu", "tanh"]}
    goals = {"acc": "maximize"}
    with hypertendril.log("digits", space=space, objectives=goals, data=tmp_path) as study:
        for n in range(3):
            trial = study.trial({"lr": np.float64(0.1 / (n + 1)), "act": "tanh"})
            for step in (1, 2):
                trial.report(step, acc=0.1 * step + n, loss=1 / step)
            trial.finish(0.5 + n, seconds=3)
    found = stored(tmp_path)
    assert found.name == "digits"
    assert found.params(2) == {"lr": pytest.approx(0.1 / 3), "act": "tanh"}
    assert found.trials.objectives[:, 0].tolist() == [0.5, 1.5, 2.5]
    assert found.header.curve_names == ("acc", "loss")
    assert len(found.curves) == 12
    assert found.column("metric:seconds").tolist() == [3, 3, 3]
    assert found.evaluations.outcome.tolist() == [Outcome.FINAL] * 3
    assert found.evaluations.resource.tolist() == [2, 2, 2]
    assert found.best() == 2


def test_a_trial_is_visible_while_it_runs(tmp_path: Path) -> None:
    with hypertendril.log("x", objectives="loss", data=tmp_path) as study:
        study.trial({"a": 1})
        assert stored(tmp_path).trials.state.tolist() == [TrialState.RUNNING]


def test_ranges_that_nobody_declared_grow_with_the_values(tmp_path: Path) -> None:
    with hypertendril.log("x", objectives="loss", data=tmp_path) as study:
        for a, b in ((3, "u"), (1, "v"), (2.5, "u")):
            study.trial({"a": a, "b": b}).finish(a)
        study.trial({"a": 2, "c": True}).finish(0.1)
    found = stored(tmp_path)
    assert (found.space["a"].low, found.space["a"].high) == (1, 3)
    assert found.space["b"].choices == ("u", "v")
    assert found.params(2) == {"a": 2.5, "b": "u"}
    assert found.params(3) == {"a": 2.0, "c": True}


def test_without_a_value_the_last_report_is_the_result(tmp_path: Path) -> None:
    with hypertendril.log("x", objectives={"loss": "min"}, data=tmp_path) as study:
        with study.trial({"a": 1}) as trial:
            trial.report(1, loss=2.0).report(2, loss=1.0)
        pruned = study.trial({"a": 2}, parent=trial)
        pruned.report(1, loss=9.0).prune()
    found = stored(tmp_path)
    assert found.trials.objectives[:, 0].tolist() == [1.0, 9.0]
    assert found.trials.state.tolist() == [TrialState.COMPLETE, TrialState.PRUNED]
    assert found.trials.parent.tolist() == [-1, 0]


def test_an_array_without_axes_is_one_number(tmp_path: Path) -> None:
    with hypertendril.log("x", objectives={"loss": "min"}, data=tmp_path) as study:
        study.trial({"a": 1}).finish(np.array(0.5))
    assert stored(tmp_path).trials.objectives.tolist() == [[0.5]]


def test_exceptions_and_unfinished_trials_become_failed(tmp_path: Path) -> None:
    def crash() -> None:
        with hypertendril.log("x", objectives="loss", data=tmp_path) as study:
            study.trial({"a": 1}).fail("no memory")
            study.trial({"a": 2}).finish(float("nan"))
            study.trial({"a": 3})
            with study.trial({"a": 4}):
                raise ValueError("too wide")

    with pytest.raises(ValueError, match="too wide"):
        crash()
    found = stored(tmp_path)
    assert set(found.trials.state.tolist()) == {TrialState.FAILED}
    assert found.trials.notes == {
        0: "no memory",
        1: "its objective is NaN",
        2: "ValueError: too wide",
        3: "ValueError: too wide",
    }


def test_wrong_calls_are_refused_with_a_sentence(tmp_path: Path) -> None:
    with hypertendril.log(
        "x", objectives={"a": "min", "b": "max"}, space={"lr": (0.0, 1.0)}, data=tmp_path
    ) as study:
        with pytest.raises(SpaceError, match="is a number"):
            study.trial({"lr": "high"})
        trial = study.trial({"lr": 0.5})
        with pytest.raises(HyperTendrilError, match="objectives a, b"):
            trial.finish(1.0)
        with pytest.raises(HyperTendrilError, match="must be a number"):
            trial.report(1, a="good")  # type: ignore[arg-type]
        trial.finish({"a": 1, "b": 2})
        with pytest.raises(HyperTendrilError, match="ended already"):
            trial.finish([1, 2])


def test_trials_may_run_in_threads(tmp_path: Path) -> None:
    with hypertendril.log("x", objectives="loss", data=tmp_path) as study:

        def work(n: int) -> None:
            trial = study.trial({"n": n})
            for step in range(20):
                trial.report(step, loss=n + step)
            trial.finish(n)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = stored(tmp_path)
    assert found.column("param:n").tolist() == found.trials.objectives[:, 0].tolist()
    assert len(found.curves) == 120
