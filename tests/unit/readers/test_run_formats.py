"""Run folders in the layouts the real samples lack: by hand, with what must come of them."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hypertendril.errors import SourceFormatError
from hypertendril.model import Condition, Direction, Outcome, ParameterKind, TrialState
from hypertendril.readers import ReadStudy, Source, detect, read
from hypertendril.readers.configspace import parse_space
from hypertendril.readers.directions import direction_of
from hypertendril.readers.draft import flat
from hypertendril.readers.losses import Losses
from hypertendril.readers.orion_space import read_priors
from hypertendril.readers.perturbed import parent_of
from hypertendril.readers.rungs import levels_of
from hypertendril.readers.smac_rows import row_of
from tests.contract.run_formats import RUNS


def _only(place: Path) -> ReadStudy:
    (found,) = read(place)
    return found


def _space(*parameters: dict[str, Any], conditions: Sequence[dict[str, Any]] = ()) -> Any:
    losses = Losses("x")
    data = {"hyperparameters": list(parameters), "conditions": list(conditions)}
    found = parse_space(data, losses)
    return found, [skipped.reason for skipped in losses.listed()]


# ConfigSpace


def test_every_type_of_configspace_keeps_its_range_and_scale() -> None:
    found, reasons = _space(
        {"name": "a", "type": "uniform_float", "lower": 0.1, "upper": 1, "log": True, "default": 1},
        {"name": "b", "type": "uniform_int", "lower": 1, "upper": 9, "q": 2, "default_value": 1},
        {"name": "c", "type": "ordinal", "sequence": [16, 32, 64]},
        {"name": "d", "type": "categorical", "choices": [True, False, "yes"], "weights": None},
        {"name": "e", "type": "constant", "value": "fixed"},
        {"name": "f", "type": "normal_float", "mu": 0, "sigma": 1},
        {"name": "g", "type": "beta_int", "alpha": 2, "beta": 3, "lower": 0, "upper": 5},
    )
    kinds = [parameter.kind.value for parameter in found.space]
    assert kinds == ["float", "int", "ordinal", "categorical", "float", "int"]
    assert found.space["a"].log and not found.space["g"].log
    assert found.space["b"].step == 2
    assert found.space["d"].choices == (True, False, "yes")
    assert (found.space["f"].low, found.space["f"].high) == (-4, 4)
    assert found.constants == {"e": "fixed"}
    assert found.order == ("a", "b", "c", "d", "e", "f", "g")
    assert not reasons


@pytest.mark.parametrize(
    ("condition", "values"),
    [
        ({"type": "EQ", "value": "b"}, ("b",)),
        ({"type": "IN", "values": ["a", "c"]}, ("a", "c")),
        ({"type": "NEQ", "value": "a"}, ("b", "c")),
    ],
)
def test_conditions_on_a_choice_list_its_values(condition: Any, values: tuple[str, ...]) -> None:
    found, _ = _space(
        {"name": "p", "type": "categorical", "choices": ["a", "b", "c"]},
        {"name": "x", "type": "uniform_float", "lower": 0, "upper": 1},
        conditions=[{"child": "x", "parent": "p"} | condition],
    )
    assert found.space["x"].condition == Condition("p", values)


def test_comparisons_with_a_number_become_the_values_that_are_left() -> None:
    found, _ = _space(
        {"name": "n", "type": "uniform_int", "lower": 1, "upper": 4},
        {"name": "x", "type": "uniform_float", "lower": 0, "upper": 1},
        {"name": "y", "type": "uniform_float", "lower": 0, "upper": 1},
        conditions=[
            {"child": "x", "parent": "n", "type": "GT", "value": 2},
            {"child": "y", "parent": "n", "type": "LT", "value": 2},
        ],
    )
    assert found.space["x"].condition == Condition("n", (3, 4))
    assert found.space["y"].condition == Condition("n", (1,))


def test_a_constant_of_a_space_is_an_attribute_and_no_parameter(tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(RUNS / "hpbandster", run)
    space = json.loads((run / "configspace.json").read_text())
    space["hyperparameters"].append({"name": "epochs", "type": "constant", "value": 5})
    (run / "configspace.json").write_text(json.dumps(space))
    lines = [json.loads(line) for line in (run / "configs.json").read_text().splitlines()]
    for line in lines:
        line[1]["epochs"] = 5
    (run / "configs.json").write_text("".join(json.dumps(line) + "\n" for line in lines))
    header = _only(run).header
    assert header.attributes["fixed"] == {"epochs": 5}
    assert "epochs" not in header.space


def test_of_joined_conditions_one_is_kept_and_the_loss_is_told() -> None:
    parts = [
        {"child": "x", "parent": "n", "type": "GT", "value": 2},
        {"child": "x", "parent": "p", "type": "EQ", "value": "a"},
    ]
    found, reasons = _space(
        {"name": "p", "type": "categorical", "choices": ["a", "b"]},
        {"name": "n", "type": "uniform_int", "lower": 1, "upper": 4},
        {"name": "x", "type": "uniform_float", "lower": 0, "upper": 1},
        conditions=[{"type": "AND", "child": "x", "conditions": parts}],
    )
    assert found.space["x"].condition == Condition("p", ("a",))
    assert "several conditions" in reasons[0]


def test_a_hyperparameter_that_makes_no_sense_costs_only_itself() -> None:
    found, reasons = _space(
        {"name": "a", "type": "uniform_float", "lower": 1, "upper": 0},
        {"name": "b", "type": "categorical", "choices": []},
        {"type": "uniform_float"},
        {"name": "c", "type": "uniform_float", "lower": 0, "upper": 1},
        conditions=[{"child": "a", "parent": "c", "type": "EQ", "value": 1}, {}],
    )
    assert found.space.names == ("c",)
    assert len(reasons) == 5


# Rungs, directions, names


@pytest.mark.parametrize(
    ("ends", "top", "levels"),
    [
        ([1] * 6 + [3] * 2 + [9], None, (1, 3, 9)),
        ([1] * 6 + [3] * 2 + [9], 27, (1, 3, 9, 27)),
        ([4] * 8 + [16] * 2 + [50], 50, (4, 16, 50)),
        ([10] * 20, 10, ()),
        ([3, 5, 6, 7, 8, 11, 12, 13, 17], 20, ()),
        ([5, 5, 5, 20], 20, (5, 20)),
        ([], None, ()),
        ([float("nan"), 0.0], None, ()),
    ],
)
def test_rungs_are_told_from_where_trials_stopped(
    ends: list[float], top: float | None, levels: tuple[float, ...]
) -> None:
    assert levels_of(ends, top) == levels


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("val_accuracy", Direction.MAXIMIZE),
        ("valid/logloss", Direction.MINIMIZE),
        ("episode_reward_mean", Direction.MAXIMIZE),
        ("neg_mean_squared_error", Direction.MAXIMIZE),
        ("1 - accuracy", Direction.MINIMIZE),
        ("RMSE", Direction.MINIMIZE),
        ("something", Direction.MINIMIZE),
    ],
)
def test_a_direction_is_told_from_the_name(name: str, direction: Direction) -> None:
    assert direction_of(name)[0] is direction


def test_nested_configurations_get_one_name_a_leaf() -> None:
    nested = {"opt": {"lr": 0.1, "schedule": {"kind": "cos"}}, "layers": [64, 32], "empty": {}}
    assert flat(nested) == {
        "opt/lr": 0.1,
        "opt/schedule/kind": "cos",
        "layers": [64, 32],
        "empty": {},
    }


def test_the_parent_of_a_clone_is_the_one_it_is_a_multiple_of() -> None:
    candidates = [{"lr": 0.1, "n": 2}, {"lr": 0.05, "n": 2}, {"lr": 0.3, "n": 2}]
    assert parent_of({"lr": 0.06, "n": 2}, candidates) == 1
    assert parent_of({"lr": 0.08, "n": 3}, candidates) == 0
    assert parent_of({"lr": 0.07, "n": 2}, candidates) is None


# Ray Tune


def _ray(folder: Path, trials: dict[str, list[dict[str, Any]]], state: Any = None) -> Path:
    for name, rows in trials.items():
        (folder / name).mkdir(parents=True)
        lines = [json.dumps({"training_iteration": i + 1} | row) for i, row in enumerate(rows)]
        (folder / name / "result.json").write_text("\n".join(lines) + "\n")
    if state is not None:
        (folder / "experiment_state-2026-01-01_00-00-00.json").write_text(json.dumps(state))
    return folder


def test_ray_nested_configurations_and_metrics_are_flat(tmp_path: Path) -> None:
    config = {"opt": {"lr": 0.1}, "data": "/data"}
    rows = [{"valid": {"logloss": 0.5 - i / 10}, "config": config} for i in range(3)]
    other = [r | {"config": {"opt": {"lr": 0.2}, "data": "/data"}} for r in rows]
    found = _only(_ray(tmp_path, {"a_aaaaa_00000_0": rows, "a_aaaaa_00001_1": other}))
    assert found.header.objectives[0].name == "valid/logloss"
    assert found.header.objectives[0].direction is Direction.MINIMIZE
    assert found.header.space.names == ("opt/lr",)
    assert found.header.attributes["fixed"] == {"data": "/data"}
    assert "is assumed" in found.header.skipped[0].reason
    assert len(found.curves) == 6


def test_ray_without_state_or_results_json_is_read_from_its_tables(tmp_path: Path) -> None:
    for n in range(2):
        place = tmp_path / f"a_aaaaa_0000{n}_{n}"
        place.mkdir()
        (place / "params.json").write_text(json.dumps({"lr": 0.1 + n}))
        (place / "progress.csv").write_text("loss,training_iteration\n0.5,1\n0.4,2\n0.3")
        (place / "result.json").write_text("")
    (tmp_path / "experiment_state-2026-01-01_00-00-00.json").write_text('{"trial_data": []}')
    found = _only(tmp_path)
    assert found.header.framework == "ray-tune"
    assert found.trials.objectives[:, 0].tolist() == [0.4, 0.4]
    assert found.trials.values[:, 0].tolist() == [0.1, 1.1]
    assert "not complete" in " ".join(s.reason for s in found.header.skipped)


def test_ray_states_of_a_living_experiment(tmp_path: Path) -> None:
    row = {"loss": 0.5, "config": {"lr": 0.1}}
    names = {s: f"a_{n:05x}_00000_{n}" for n, s in enumerate(["RUNNING", "PAUSED", "TERMINATED"])}
    trials = {name: [row] for name in names.values()}
    entries = [
        [json.dumps({"trial_id": s, "status": s, "relative_logdir": name}), "{}"]
        for s, name in names.items()
    ]
    entries.append(
        [json.dumps({"trial_id": "new", "status": "PENDING", "config": {"lr": 1}}), "{}"]
    )
    state = {"trial_data": entries, "runner_data": {"_metric": "loss"}}
    found = _only(_ray(tmp_path, trials, state))
    ids = found.header.attributes["trial_ids"]
    states = dict(zip(ids, found.trials.state.tolist(), strict=True))
    assert states == {
        "RUNNING": TrialState.RUNNING,
        "PAUSED": TrialState.RUNNING,
        "TERMINATED": TrialState.COMPLETE,
        "new": TrialState.WAITING,
    }


def test_ray_trials_that_a_restored_run_started_anew_are_left_out(tmp_path: Path) -> None:
    run = tmp_path / "run"
    for trial_id, index in (("a_00000", 0), ("a_00001", 1), ("b7", 1)):
        folder = run / f"T_{trial_id}_{index}_x"
        folder.mkdir(parents=True)
        row = {"loss": 1, "training_iteration": 1, "trial_id": trial_id, "config": {"lr": index}}
        (folder / "result.json").write_text(json.dumps(row) + "\n")
    for name, ids in (("01", ("a_00000", "a_00001")), ("02", ("a_00000", "b7"))):
        told = [
            {
                "trial_id": trial_id,
                "experiment_tag": f"{i}_x",
                "status": "TERMINATED",
                "relative_logdir": f"T_{trial_id}_{i}_x",
            }
            for i, trial_id in enumerate(ids)
        ]
        text = json.dumps({"trial_data": [[json.dumps(trial), "{}"] for trial in told]})
        (run / f"experiment_state-2026-11-22_15-25-{name}.json").write_text(text)
    found = _only(run)
    assert found.header.attributes["trial_ids"] == ["a_00000", "b7"]
    assert "T_a_00001_1_x was left out" in found.header.skipped[-1].reason


def test_ray_states_of_older_versions_are_read(tmp_path: Path) -> None:
    trials = {"a_aaaaa_00000_0": [{"loss": 0.5, "config": {"lr": 0.1}}]}
    whole = {"trial_id": "t", "status": "ERROR", "logdir": f"/gone/{next(iter(trials))}"}
    found = _only(_ray(tmp_path, trials, {"checkpoints": [json.dumps(whole)]}))
    assert found.trials.state.tolist() == [TrialState.FAILED]


def test_ray_trials_are_in_the_brackets_hyperband_filled() -> None:
    found = _only(RUNS / "ray_tune" / "hyperband")
    # Brackets that start at 9, 3 and 1 iterations take 3, 5 and 9 trials, in this order.
    assert found.trials.bracket.tolist() == [2] * 3 + [1] * 5 + [0] * 7
    assert found.header.method.settings["rungs"] == [1.0, 3.0, 9.0]


def test_a_folder_of_one_ray_trial_is_a_study_of_one_trial(tmp_path: Path) -> None:
    shutil.copytree(next((RUNS / "ray_tune" / "asha").glob("*_9")), tmp_path / "trial")
    assert len(_only(tmp_path / "trial").trials) == 1
    assert len(_only(tmp_path / "trial" / "result.json").trials) == 1


# SMAC3


@pytest.mark.parametrize(
    "item",
    [
        {"config_id": 1, "instance": None, "seed": 0, "budget": 3.0, "cost": 0.5, "time": 1.0}
        | {"status": 1, "starttime": 1e9, "endtime": 2e9, "additional_info": {}},
        [1, None, 0, 3.0, 0.5, 1.0, 1, 1e9, 2e9, {}],
        [1, None, 0, 3.0, 0.5, 1.0, 0.9, 1, 1e9, 2e9, {}],
        [[1, None, 0, 3.0], [0.5, 1.0, {"__enum__": "StatusType.SUCCESS"}, 1e9, 2e9, {}]],
    ],
)
def test_smac_rows_of_all_versions_are_the_same_run(item: Any) -> None:
    row = row_of(item)
    assert row is not None
    assert (row.config_id, row.budget, row.cost, row.status) == (1, 3.0, 0.5, "ok")
    assert (row.started, row.ended, row.time) == (1e9, 2e9, 1.0)


def test_smac_rows_of_the_first_version_know_neither_budget_nor_times() -> None:
    row = row_of([[1, None, 0], [0.5, 1.0, {"__enum__": "StatusType.CRASHED"}, {}]])
    assert row is not None
    assert row.status == "failed"
    assert np.isnan(row.budget) and np.isnan(row.started)


@pytest.mark.parametrize("item", [None, 5, [], [1, 2], [[], []], {"cost": 1}, ["x"] * 10])
def test_what_is_no_smac_row_is_none(item: Any) -> None:
    assert row_of(item) is None


def test_smac_with_seeds_takes_the_mean_and_forgets_the_cost_of_a_crash(tmp_path: Path) -> None:
    rows = [
        [1, None, 1, None, 0.25, 1.0, 1, 1e9, 2e9, {}],
        [1, None, 2, None, 0.75, 1.0, 1, 1e9, 2e9, {}],
        [2, None, 1, None, 9e9, 1.0, 2, 1e9, 2e9, {"traceback": "Traceback\nValueError: no\n"}],
        [3, None, 1, None, 9e9, 0.0, 0, 0.0, 0.0, {}],
    ]
    configs = {str(n): {"x": n / 10} for n in (1, 2, 3)}
    (tmp_path / "runhistory.json").write_text(json.dumps({"data": rows, "configs": configs}))
    found = _only(tmp_path)
    assert found.trials.objectives[0, 0] == 0.5
    assert np.isnan(found.trials.objectives[1:, 0]).all()
    states = [TrialState.COMPLETE, TrialState.FAILED, TrialState.RUNNING]
    assert found.trials.state.tolist() == states
    assert found.trials.notes == {1: "crashed: ValueError: no"}
    assert found.evaluations.outcome.tolist()[:2] == [Outcome.SURVIVED, Outcome.FINAL]


# Orion


def test_smac_that_has_ended_leaves_nothing_running(tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(RUNS / "smac3" / "mf" / "6", run)
    state = json.loads((run / "optimization.json").read_text())
    first = next(iter(json.loads((run / "runhistory.json").read_text())["configs"].values()))
    tracker = {"state": {"tracker": {"0,0": [[0, [first]]]}}}
    (run / "intensifier.json").write_text(json.dumps(tracker))
    running = {}
    for finished in (False, True):
        (run / "optimization.json").write_text(json.dumps(state | {"finished": finished}))
        running[finished] = int((_only(run).trials.state == TrialState.RUNNING).sum())
    assert running[False] > 0
    assert running[True] == 0


def test_orion_priors_are_read_without_running_them() -> None:
    losses = Losses("x")
    found = read_priors(
        {
            "/lr": "loguniform(1e-5, 0.1)",
            "n": "~uniform(1, 3, discrete=True)",
            "c": "choices({'a': 0.5, 'b': 0.5})",
            "epochs": "fidelity(1, 27, base=3)",
            "z": "normal(0, 1)",
            "evil": "__import__('os').system('true')",
            "worse": "uniform(open('x'), 2)",
        },
        losses,
    )
    assert found.space.names == ("lr", "n", "c", "z")
    assert found.space["lr"].log
    assert found.space["n"].kind is ParameterKind.INT
    assert found.space["c"].choices == ("a", "b")
    assert found.fidelity == "epochs"
    assert len(losses.listed()) == 2


def _orion_database(path: Path) -> None:
    data = json.loads((RUNS / "orion" / "orion.json").read_text())
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE algo (_id, state)")
        database.execute("CREATE TABLE experiments (_id, name, version, algorithms, space)")
        database.execute(
            "CREATE TABLE trials (_id, experiment_id, status, results, start_time, end_time,"
            " submit_time, parent, params, id)"
        )
        for e in data["experiments"]:
            space = {k.partition(".")[2]: v for k, v in e.items() if k.startswith("space.")}
            name = e["name"].removeprefix("digits_")
            row = (e["_id"], e["name"], 1, json.dumps({name: {"seed": 1}}), json.dumps(space))
            database.execute("INSERT INTO experiments VALUES (?, ?, ?, ?, ?)", row)
        for t in data["trials"]:
            names = ("_id", "experiment", "status", "results", "start_time", "end_time")
            values = [t[name] for name in (*names, "submit_time", "parent", "params", "id")]
            texts = [json.dumps(v) if isinstance(v, list) else v for v in values]
            database.execute("INSERT INTO trials VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", texts)


def test_orions_database_and_its_export_tell_the_same(tmp_path: Path) -> None:
    _orion_database(tmp_path / "any name")
    ours, theirs = read(tmp_path / "any name"), read(RUNS / "orion" / "orion.json")
    for one, other in zip(ours, theirs, strict=True):
        assert one.header.space == other.header.space
        assert np.array_equal(one.trials.values, other.trials.values, equal_nan=True)
        assert np.array_equal(one.trials.objectives, other.trials.objectives, equal_nan=True)
        assert one.trials.parent.tolist() == other.trials.parent.tolist()
        assert one.evaluations.rung.tolist() == other.evaluations.rung.tolist()


def test_orion_rungs_generations_and_lineage() -> None:
    asha, pbt = read(RUNS / "orion" / "orion.json")
    assert (asha.header.method.name, pbt.header.method.name) == ("asha", "pbt")
    assert asha.header.objectives[0].name == "val_error"
    assert "epochs" not in asha.header.space
    promoted = asha.evaluations.trial[asha.evaluations.outcome == Outcome.PROMOTED]
    assert set(promoted.tolist()) == set(asha.trials.parent[asha.trials.parent >= 0].tolist())
    assert np.bincount(pbt.evaluations.iteration).tolist() == [8, 8, 8]
    assert int((pbt.trials.parent >= 0).sum()) == 16


def test_collections_exported_one_by_one_are_read_together(tmp_path: Path) -> None:
    data = json.loads((RUNS / "orion" / "orion.json").read_text())
    (tmp_path / "experiments.json").write_text(json.dumps(data["experiments"]))
    lines = [json.dumps(trial) for trial in data["trials"]]
    (tmp_path / "trials.json").write_text("\n".join(lines) + "\n")
    assert [len(found.trials) for found in read(tmp_path)] == [24, 24]


# DEHB


def test_dehb_without_its_space_shows_unit_values_and_says_so(tmp_path: Path) -> None:
    shutil.copytree(RUNS / "dehb", tmp_path / "run")
    (tmp_path / "run" / "configspace.json").unlink()
    found = _only(tmp_path / "run")
    assert found.header.space.names[0] == "activation"
    assert all((p.low, p.high) == (0.0, 1.0) for p in found.header.space)
    assert "put the space beside" in found.header.skipped[0].reason


# Choosing


def test_a_run_may_be_named_by_one_of_its_files() -> None:
    for name, reader in {
        "smac3/mf/6/runhistory.json": "smac3",
        "hpbandster/results.json": "hpbandster",
        "syne_tune/digits-bohb/metadata.json": "syne-tune",
        "nni/db/nni.sqlite": "nni",
        "dehb/history.parquet.gzip": "dehb",
        "ray_tune/pbt/pbt_global.txt": "ray-tune",
    }.items():
        assert detect(RUNS / name).name == reader
        assert read(RUNS / name)


def test_a_pickle_is_refused_in_words_also_in_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "run" / "study.pkl"
    path.parent.mkdir()
    path.write_bytes(b"\x80\x05cos\nsystem\n(S'true'\ntR.")
    for source in (path, tmp_path):
        with pytest.raises(SourceFormatError, match=r"study.pkl: is a pickle.*never opened here"):
            read(source)


def test_runs_of_one_name_get_the_path_they_were_found_in(tmp_path: Path) -> None:
    for place in ("a/run", "b/run", "b/deeper/run"):
        shutil.copytree(RUNS / "hpbandster", tmp_path / place)
    found = read(tmp_path)
    assert [study.header.name for study in found] == ["a/run", "b/run", "b/deeper/run"]
    assert len({study.as_study().id for study in found}) == 3


def test_a_run_that_cant_be_read_does_not_hide_the_others(tmp_path: Path) -> None:
    shutil.copytree(RUNS / "hpbandster", tmp_path / "good")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "runhistory.json").write_text('{"stats": ')
    found = _only(tmp_path)
    assert found.header.name == "good"
    assert "can't be read" in found.header.skipped[-1].reason


def test_links_and_hidden_folders_are_not_followed(tmp_path: Path) -> None:
    shutil.copytree(RUNS / "hpbandster", tmp_path / "runs" / "one")
    shutil.copytree(RUNS / "hpbandster", tmp_path / "runs" / ".trash")
    (tmp_path / "runs" / "loop").symlink_to(tmp_path / "runs")
    assert len(read(tmp_path / "runs")) == 1


def test_event_files_in_runs_do_not_make_a_folder_of_runs_one_of_tensorboards(
    tmp_path: Path,
) -> None:
    for name in ("asha", "pbt"):
        shutil.copytree(RUNS / "ray_tune" / name, tmp_path / name)
        trial = next(place for place in (tmp_path / name).iterdir() if place.is_dir())
        shutil.copytree(RUNS.parent / "trackers" / "tensorboard", trial / "events")
    assert [study.header.framework for study in read(tmp_path)] == ["ray-tune", "ray-tune"]


def test_a_new_run_in_a_folder_is_found_at_the_next_look(tmp_path: Path) -> None:
    shutil.copytree(RUNS / "hpbandster", tmp_path / "one")
    source = Source.parse(tmp_path)
    reader = detect(source)
    tail, token = reader.follow(source), reader.change_token(source)
    assert len(tail.advance()) == 1
    assert reader.change_token(source) == token
    shutil.copytree(RUNS / "smac3" / "mf", tmp_path / "two")
    assert reader.change_token(source) != token
    assert [study.header.framework for study in tail.advance()] == ["hpbandster", "smac3"]
