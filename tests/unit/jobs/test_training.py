from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hypertendril.jobs.segments import Segment
from hypertendril.jobs.training import TrialContext


class Listener:
    def __init__(self, **segment: Any) -> None:
        self.points: list[tuple[float, dict[str, float]]] = []
        self.stop_after = 1000
        given: dict[str, Any] = {"number": 4, "params": {"x": 1}, "seed": 5} | segment
        self.trial = TrialContext(
            Segment(**{"checkpoint_dir": Path("unused")} | given),
            lambda step, metrics: self.points.append((step, metrics)),
            lambda: len(self.points) >= self.stop_after,
        )


def test_steps_count_from_one_to_the_last() -> None:
    assert list(Listener(to_step=3).trial.steps()) == [1, 2, 3]


def test_steps_go_on_where_the_trial_stands() -> None:
    assert list(Listener(from_step=3, to_step=5).trial.steps()) == [4, 5]


def test_steps_end_when_the_trial_has_to_stop() -> None:
    listener = Listener()
    listener.stop_after = 2
    for step in listener.trial.steps():
        listener.trial.report(step, loss=0.0)
    assert [step for step, _ in listener.points] == [1, 2]


def test_reported_numbers_of_any_library_become_floats() -> None:
    listener = Listener()
    listener.trial.report(np.int64(2), a=np.float32(0.5), b=True, c=math.nan, d=-math.inf)
    step, metrics = listener.points[0]
    assert (step, metrics["a"], metrics["b"], metrics["d"]) == (2.0, 0.5, 1.0, -math.inf)
    assert math.isnan(metrics["c"])
    assert {type(value) for value in metrics.values()} == {float}


def test_a_metric_may_be_called_step() -> None:
    listener = Listener()
    listener.trial.report(1, step=3.0)
    assert listener.points == [(1.0, {"step": 3.0})]


@pytest.mark.parametrize("value", ["high", None, [1.0, 2.0]])
def test_a_metric_that_is_no_number_is_named(value: object) -> None:
    with pytest.raises(TypeError, match="'accuracy'"):
        Listener().trial.report(1, accuracy=value)


def test_a_step_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        Listener().trial.report(math.nan, loss=1.0)


def test_parameters_can_be_changed_without_harm() -> None:
    trial = Listener().trial
    trial.params["x"] = 2
    assert trial.params == {"x": 1}


def test_the_checkpoint_folder_is_made_when_it_is_wanted(tmp_path: Path) -> None:
    trial = Listener(checkpoint_dir=tmp_path / "study" / "4").trial
    assert not (tmp_path / "study").exists()
    assert trial.checkpoint_dir.is_dir()
    assert trial.checkpoint is None
