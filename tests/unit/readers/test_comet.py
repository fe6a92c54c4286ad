from __future__ import annotations

import math
from pathlib import Path

from hypertendril.model import ParameterKind
from hypertendril.readers import read

LOGS = Path(__file__).parents[2] / "data" / "trackers" / "comet"


def test_each_offline_experiment_is_a_trial_with_its_parameters() -> None:
    (found,) = read(LOGS)
    study = found.as_study()
    assert study.name == "digits"
    assert found.header.attributes["run_ids"][0] == "first, ünï"
    assert found.header.attributes["fixed"] == {"late": 1}
    assert study.params(1) == {
        "lr": 0.2,
        "opt": "sgd, slow",
        "penalty": "l1",
        "flag": False,
        "net/depth": 2,
        "sizes": "[1, 2]",
    }
    assert study.space["penalty"].choices == ("l1", None)
    assert study.space["net/depth"].kind is ParameterKind.INT
    assert 0 < study.trials.ended[0] - study.trials.started[0] < 60


def test_metrics_are_curves_by_step_with_nan_and_infinity() -> None:
    (found,) = read(LOGS)
    study, header = found.as_study(), found.header
    assert header.objectives[0].name == "val_loss"
    mine = study.curves.metric == header.curve_names.index("val_loss")
    first = mine & (study.curves.trial == 0)
    assert study.curves.step[first].tolist() == [0, 1, 2]
    assert study.curves.value[first].tolist() == [1, 0.5, 1 / 3]
    assert math.isnan(study.trials.objectives[2, 0])
    assert study.column("metric:train/acc")[3] == math.inf
