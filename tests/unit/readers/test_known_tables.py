"""Tables that programs write, in `tests/data/tables` by these themselves, or after their documents."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hypertendril.model import Direction, Study, TrialState
from hypertendril.readers import Source, read
from hypertendril.readers.registry import detect

TABLES = Path(__file__).parents[2] / "data" / "tables"


def _study(path: Path) -> Study:
    (found,) = read(path)
    return found.as_study()


def _guesses(study: Study) -> list[str]:
    return [skipped.reason for skipped in study.header.skipped if skipped.is_guess]


def test_rows_of_a_halving_search_are_configurations_on_rungs() -> None:
    study = _study(TABLES / "sklearn_halving.csv")
    assert (study.header.framework, study.header.method.name) == (
        "scikit-learn",
        "successive halving",
    )
    assert study.objectives[0].name == "mean_test_score"
    assert study.objectives[0].direction is Direction.MAXIMIZE
    assert (len(study), len(study.evaluations)) == (9, 12)
    assert sorted(set(study.evaluations.resource.tolist())) == [60, 180]
    assert sorted(set(study.evaluations.rung.tolist())) == [0, 1]
    assert study.counts()[TrialState.COMPLETE] == 3
    assert study.space["max_depth"].choices == (2, 4, 8)
    assert "split0_test_score" in study.header.metric_names
    assert not _guesses(study)


def test_of_several_scores_the_first_is_the_goal_and_that_is_asked_about() -> None:
    study = _study(TABLES / "sklearn_two_scores.csv")
    assert [goal.name for goal in study.objectives] == ["mean_test_accuracy"]
    assert "mean_test_f1_macro" in study.header.metric_names
    assert study.space.names == ("C", "gamma")
    assert _guesses(study) == [
        "which score decided is not recorded; 'mean_test_accuracy' is assumed"
    ]


def test_a_fit_of_scikit_learn_without_a_score_has_failed(tmp_path: Path) -> None:
    path = tmp_path / "cv.csv"
    path.write_text(",param_C,params,mean_test_score,rank_test_score\n0,1,{},,2\n1,2,{},0.5,1\n")
    assert _study(path).trials.state.tolist() == [TrialState.FAILED, TrialState.COMPLETE]


def test_optunas_table_with_names_over_two_rows_is_one_of_optuna() -> None:
    study = _study(TABLES / "optuna_two_levels.csv")
    assert (study.header.framework, len(study)) == ("optuna", 20)
    assert study.space.names == ("lr", "opt", "momentum")
    assert study.space["momentum"].condition is not None
    assert study.counts()[TrialState.PRUNED] == 4
    assert study.header.metric_names == ("size",)
    assert study.trials.ended[0] > study.trials.started[0]
    assert _guesses(study) == ["the direction of 'value' is not recorded; minimize is assumed"]


def test_goals_of_optunas_table_have_their_names_and_likely_directions() -> None:
    study = _study(TABLES / "optuna_two_goals.csv")
    assert [(goal.name, goal.direction.value) for goal in study.objectives] == [
        ("loss", "minimize"),
        ("acc", "maximize"),
    ]


def test_a_frame_of_rays_results_tells_configurations_from_results() -> None:
    study = _study(TABLES / "ray.csv")
    assert study.space.names == ("lr", "net/depth", "opt")
    assert study.objectives[0].name == "val_acc"
    assert set(study.header.metric_names) == {"loss", "training_iteration", "time_total_s"}


@pytest.mark.parametrize(
    ("name", "goal", "direction"),
    [("bayes_opt.jsonl", "target", "maximize"), ("nevergrad.jsonl", "loss", "minimize")],
)
def test_lines_of_json_loggers_tell_all_without_a_question(
    name: str, goal: str, direction: str
) -> None:
    study = _study(TABLES / name)
    assert (study.objectives[0].name, study.objectives[0].direction.value) == (goal, direction)
    assert len(study.space) == 2
    assert not study.header.skipped


def test_a_child_of_nevergrad_has_its_parent() -> None:
    parents = _study(TABLES / "nevergrad.jsonl").trials.parent.tolist()
    assert parents[:2] == [-1, 0]


def test_each_number_of_an_array_of_nevergrad_is_a_parameter(tmp_path: Path) -> None:
    path = tmp_path / "nevergrad.json"
    records = [
        {
            "#parametrization": "Array{(2,)}",
            "#uid": f"u{n}",
            "#parents_uids": [],
            "#loss": n,
            "x": [n / 8, -n],
        }
        for n in range(3)
    ]
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records))
    study = _study(path)
    assert study.space.names == ("x/0", "x/1")
    assert study.column("param:x/1").tolist() == [0, -1, -2]


@pytest.mark.parametrize(
    ("header", "rows", "framework", "goal", "names"),
    [
        (
            "Number,State,Value,Param lr,Param opt,UserAttribute size",
            "0,Complete,0.5,0.1,adam,3\n1,Pruned,,0.2,sgd,4\n",
            "optuna",
            "value",
            ("lr", "opt"),
        ),
        (
            "trial_id,config_lr,config_opt,epoch,val_acc,st_decision,st_worker_time",
            "0,0.1,adam,1,0.5,CONTINUE,1\n0,0.1,adam,2,0.75,STOP,2\n1,0.2,sgd,1,0.25,STOP,1\n",
            "syne-tune",
            "val_acc",
            ("lr", "opt"),
        ),
        (
            "reward,opt,lr,trialJobId",
            "0.5,adam,0.1,AbC\n0.75,sgd,0.2,xYz\n",
            "nni",
            "reward",
            ("opt", "lr"),
        ),
        (
            ",lr,opt,TrainingJobName,TrainingJobStatus,FinalObjectiveValue,TrainingStartTime",
            '0,0.1,"""a""",t1,Completed,0.5,2026-01-01 10:00:00\n1,0.2,"""b""",t2,Stopped,,\n',
            "sagemaker",
            "FinalObjectiveValue",
            ("lr", "opt"),
        ),
        (
            "id,state,searcherMetricValue,hparams.lr,hparams.opt,totalBatchesProcessed",
            "1,COMPLETED,0.5,0.1,a,10\n2,ERROR,,0.2,b,5\n",
            "determined",
            "searcherMetricValue",
            ("lr", "opt"),
        ),
        (
            "sys/id,sys/state,parameters/lr,parameters/opt,train/loss,val/acc",
            "R-1,Inactive,0.1,a,0.5,0.5\nR-2,Active,0.2,b,0.25,0.75\n",
            "neptune",
            "val/acc",
            ("lr", "opt"),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 12 else "",
)
def test_tables_of_programs_are_known_by_their_columns(
    tmp_path: Path, header: str, rows: str, framework: str, goal: str, names: tuple[str, ...]
) -> None:
    path = tmp_path / "export"
    path.write_text(f"{header}\n{rows}")
    study = _study(path)
    assert (study.header.framework, study.objectives[0].name) == (framework, goal)
    assert study.space.names == names
    assert set(study.space["opt"].choices) in ({"a", "b"}, {"adam", "sgd"})
    assert len(study) == 2


def test_rows_of_one_trial_are_its_curve(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    path.write_text(
        "trial_id,config_lr,epoch,val_acc,st_decision\n"
        "7,0.1,1,0.5,CONTINUE\n9,0.2,1,0.25,STOP\n7,0.1,2,0.75,STOP\n"
    )
    study = _study(path)
    assert study.trials.objectives[:, 0].tolist() == [0.75, 0.25]
    assert study.header.attributes["run_ids"] == ["7", "9"]
    assert study.curves.value.tolist() == [0.5, 0.75, 0.25]


def test_of_a_known_table_only_new_bytes_are_parsed(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    rows = "".join(f"r{n},0.{n},{n}\n" for n in range(100, 200))
    path.write_text(f"run_id,params.lr,metrics.loss\n{rows}")
    source = Source.parse(path)
    tail = detect(source).follow(source)
    tail.advance()
    # In the middle, where nobody looks again: neither at the start nor just before what came.
    changed = path.read_text().replace("r150", "XXXX")
    with path.open("r+") as file:
        file.write(f"{changed}new,0.5,0.5\n")
    (found,) = tail.advance()
    ids = found.header.attributes["run_ids"]
    assert (len(ids), ids[50], ids[100]) == (101, "r150", "new")
