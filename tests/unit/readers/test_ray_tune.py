"""Folders of Ray Tune in the layouts the real samples lack, by hand."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from hypertendril.model import Direction, Objective, TrialState
from hypertendril.readers import ReadStudy, read
from tests.contract.run_formats import RUNS


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
    (found,) = read(_ray(tmp_path, {"a_aaaaa_00000_0": rows, "a_aaaaa_00001_1": other}))
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
    (found,) = read(tmp_path)
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
    (found,) = read(_ray(tmp_path, trials, state))
    ids = found.header.attributes["trial_ids"]
    states = dict(zip(ids, found.trials.state.tolist(), strict=True))
    assert states == {
        "RUNNING": TrialState.RUNNING,
        "PAUSED": TrialState.RUNNING,
        "TERMINATED": TrialState.COMPLETE,
        "new": TrialState.WAITING,
    }


def test_ray_searchers_of_version_1_are_told_by_the_package_they_ask(tmp_path: Path) -> None:
    rows = [{"loss": 0.5, "config": {"lr": 0.1}}]
    run = _ray(tmp_path, {"a_44aa1bd8_1": rows}, {"checkpoints": []})
    kept = b"\x80\x04\x8c\x12optuna.study.study\x94\x8c\x05Study\x94\x93\x94."
    (run / "searcher-state-2026-01-01_00-00-00.pkl").write_bytes(kept)
    (found,) = read(run)
    assert found.header.method.name == "optuna"


def test_ray_trials_that_ended_without_a_result_wait_for_nothing(tmp_path: Path) -> None:
    entry = {"trial_id": "a", "status": "TERMINATED", "config": {"lr": 1}}
    (found,) = read(_ray(tmp_path, {}, {"trial_data": [[json.dumps(entry), "{}"]]}))
    assert found.trials.state.tolist() == [TrialState.COMPLETE]
    assert found.as_study().best() is None


def test_ray_keys_that_flatten_to_one_name_or_none_are_all_kept(tmp_path: Path) -> None:
    rows = [{"loss": 0.5, "config": {"a": {"b": 1.0}, "a/b": 2.0, "": 3.0}}]
    other = [{"loss": 0.4, "config": {"a": {"b": 1.5}, "a/b": 2.5, "": 3.5}}]
    (found,) = read(_ray(tmp_path, {"a_aaaaa_00000_0": rows, "a_aaaaa_00001_1": other}))
    assert found.as_study().params(1) == {"a/b": 1.5, "a/b (2)": 2.5, "(no name)": 3.5}


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
    (found,) = read(run)
    assert found.header.attributes["trial_ids"] == ["a_00000", "b7"]
    assert "T_a_00001_1_x was left out" in found.header.skipped[-1].reason


def test_ray_states_of_older_versions_are_read(tmp_path: Path) -> None:
    trials = {"a_aaaaa_00000_0": [{"loss": 0.5, "config": {"lr": 0.1}}]}
    whole = {"trial_id": "t", "status": "ERROR", "logdir": f"/gone/{next(iter(trials))}"}
    (found,) = read(_ray(tmp_path, trials, {"checkpoints": [json.dumps(whole)]}))
    assert found.trials.state.tolist() == [TrialState.FAILED]


def test_ray_trials_are_in_the_brackets_hyperband_filled() -> None:
    (found,) = read(RUNS / "ray_tune" / "hyperband")
    # Brackets that start at 9, 3 and 1 iterations take 3, 5 and 9 trials, in this order.
    assert found.trials.bracket.tolist() == [2] * 3 + [1] * 5 + [0] * 7
    assert found.header.method.settings["rungs"] == [1.0, 3.0, 9.0]


def test_a_folder_of_one_ray_trial_is_a_study_of_one_trial(tmp_path: Path) -> None:
    shutil.copytree(next((RUNS / "ray_tune" / "asha").glob("*_9")), tmp_path / "trial")
    for place in (tmp_path / "trial", tmp_path / "trial" / "result.json"):
        (found,) = read(place)
        assert len(found.trials) == 1


def test_a_replayed_schedule_is_a_line_of_trials_each_the_child_of_the_one_before(
    tmp_path: Path,
) -> None:
    rows = [{"score": i / 9, "config": {"lr": 0.1 if i < 3 else 0.02}} for i in range(6)]
    folder = _ray(tmp_path, {"a_aaaaa_00000_0": rows}, {"trial_data": []})
    (plain,) = read(folder)
    assert "configuration changed" in " ".join(s.reason for s in plain.header.skipped)
    word = b"ray.tune.schedulers.pbt\x94\x8c\x1dPopulationBasedTrainingReplay"
    (folder / "tuner.pkl").write_bytes(word)
    (found,) = read(folder)
    assert found.trials.values[:, 0].tolist() == [0.1, 0.02]
    assert found.trials.parent.tolist() == [-1, 0]
    assert found.trials.objectives[:, 0].tolist() == [2 / 9, 5 / 9]
    assert [skip.reason for skip in found.header.skipped if not skip.is_guess] == []


def test_ray_results_that_are_no_numbers_are_told_and_an_objective_may_be_rays_own(
    tmp_path: Path,
) -> None:
    row = {"time_total_s": 2.5, "note": "ok", "is_good": True, "config": {"lr": 0.1}}
    state = {"trial_data": [], "runner_data": {"_metric": "time_total_s"}}
    (found,) = read(_ray(tmp_path, {"a_aaaaa_00000_0": [row]}, state))
    assert found.trials.objectives.tolist() == [[2.5]]
    reasons = " ".join(skip.reason for skip in found.header.skipped)
    assert "metric 'note' of a trial is not a number" in reasons
    assert "metric 'is_good' of a trial is not a number" in reasons


def test_a_ray_trial_that_failed_before_its_first_result_keeps_its_configuration(
    tmp_path: Path,
) -> None:
    row = {"loss": 0.5, "config": {"lr": 0.1}}
    folder = _ray(tmp_path, {"a_aaaaa_00000_0": [row], "a_aaaaa_00001_1": []})
    failed = folder / "a_aaaaa_00001_1"
    (failed / "result.json").write_text("")
    (failed / "params.json").write_text('{"lr": 0.2}')
    (failed / "error.txt").write_text("Traceback\nValueError: too early\n")
    (found,) = read(folder)
    assert found.trials.state.tolist() == [TrialState.COMPLETE, TrialState.FAILED]
    assert found.trials.values[:, 0].tolist() == [0.1, 0.2]
    assert found.trials.notes == {1: "ValueError: too early"}


def test_slots_of_a_population_without_configurations_in_its_rows_stay_whole(
    tmp_path: Path,
) -> None:
    names = ["a_aaaaa_00000_0", "a_aaaaa_00001_1"]
    folder = _ray(tmp_path, {name: [{"score": i} for i in range(4)] for name in names})
    exploit = ["0_lr=0.1", "1_lr=0.2", 2, 2, {"lr": 0.2}, {"lr": 0.3}]
    (folder / "pbt_global.txt").write_text(json.dumps(exploit) + "\n")
    for name in names:
        (folder / name / "params.json").write_text('{"lr": 0.3}')
    (found,) = read(folder)
    assert len(found.trials) == 2
    assert found.trials.state.tolist() == [TrialState.COMPLETE] * 2
    assert "could not be cut" in " ".join(skip.reason for skip in found.header.skipped)


def _in_a_pickle(key: str, texts: list[str]) -> bytes:
    """Return a list as it stands in a pickle; a text that stood before as a reference."""
    items = [
        b"h\x07" if text in texts[:i] else bytes([0x8C, len(text)]) + text.encode() + b"\x94"
        for i, text in enumerate(texts)
    ]
    return b"\x8c" + bytes([len(key)]) + key.encode() + b"\x94]\x94(" + b"".join(items) + b"e"


def _with_several(folder: Path, metrics: list[str], modes: list[str]) -> ReadStudy:
    rows = [{"loss": 2.0 - i, "recall": 1.0 + i, "f": 3.0, "config": {"lr": 0.1}} for i in range(2)]
    _ray(folder, {f"a_aaaaa_0000{n}_{n}": rows for n in range(2)})
    words = _in_a_pickle("_metric", metrics) + _in_a_pickle("_mode", modes)
    (folder / "tuner.pkl").write_bytes(words)
    (found,) = read(folder)
    return found


def test_ray_objectives_of_a_search_for_several_are_all_read(tmp_path: Path) -> None:
    found = _with_several(tmp_path, ["recall", "f"], ["max", "min"])
    assert found.header.objectives == (
        Objective("recall", Direction.MAXIMIZE),
        Objective("f", Direction.MINIMIZE),
    )
    assert found.trials.objectives.tolist() == [[2.0, 3.0]] * 2
    assert found.header.metric_names == ("loss",)
    assert not any(s.is_guess for s in found.header.skipped)


def test_ray_direction_that_is_a_reference_to_an_earlier_word_is_guessed(tmp_path: Path) -> None:
    found = _with_several(tmp_path, ["loss", "recall", "f"], ["min", "max", "max"])
    assert [o.direction for o in found.header.objectives] == ["minimize", "maximize", "minimize"]
    assert [s.reason for s in found.header.skipped if s.is_guess] == [
        "the direction of 'f' is not recorded; minimize is assumed"
    ]
