from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from hypertendril.errors import SourceFormatError
from hypertendril.readers import read

LOGS = Path(__file__).parents[2] / "data" / "trackers" / "clearml"


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    return Path(shutil.copytree(LOGS, tmp_path / "offline"))


def test_each_offline_task_is_a_trial_with_its_typed_parameters() -> None:
    (found,) = read(LOGS)
    study = found.as_study()
    assert found.header.name == "digits/sweep"
    assert found.header.attributes["run_ids"] == ["t0", "t1", "t2", "t3"]
    assert study.params(1) == {
        "lr": 0.2,
        "opt": "sgd",
        "net/depth": 2,
        "flag": True,
        "Extra/scale": "1e-05",
    }
    assert 0 < study.trials.ended[0] - study.trials.started[0] < 60


def test_scalars_are_curves_and_single_values_are_metrics() -> None:
    (found,) = read(LOGS)
    header = found.header
    assert header.objectives[0].name == "loss/val"
    # The client itself writes 0 for NaN, which the third task reported.
    np.testing.assert_allclose(found.trials.objectives[:, 0], [1 / 3, 4 / 3, 0, 10 / 3])
    size = header.metric_names.index("size")
    assert found.trials.metrics[:, size].tolist() == [100, 101, 102, 103]
    mine = found.curves.metric == header.curve_names.index("loss/val")
    assert found.curves.step[mine].tolist()[:3] == [0, 10, 20]
    assert "size" not in header.curve_names


def test_a_last_line_that_is_being_written_is_told(tasks: Path) -> None:
    path = min(tasks.glob("*/metrics.jsonl"))
    with path.open("a") as file:
        file.write('[{"type": "training_stats_scalar", "iter": 99, "met')
    (found,) = read(tasks)
    assert len(found.curves) == len(read(LOGS)[0].curves)
    assert any("last line is not complete" in s.reason for s in found.header.skipped)


def test_one_task_can_be_opened_alone() -> None:
    (found,) = read(min(LOGS.iterdir()))
    assert len(found.trials) == 1


def test_a_task_that_can_not_be_read_costs_only_itself(tasks: Path) -> None:
    first, *others = sorted(tasks.glob("*/task.json"))
    first.write_text('{"hyperparams" "script"')
    (found,) = read(tasks)
    assert len(found.trials) == 3
    for path in others:
        path.write_text('{"hyperparams" "script"')
    with pytest.raises(SourceFormatError, match="no task of ClearML"):
        read(tasks)
