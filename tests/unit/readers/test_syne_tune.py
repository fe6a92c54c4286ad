"""Runs of several releases of Syne Tune, against what their training scripts wrote down."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from hypertendril.model import Outcome, Study, TrialState
from hypertendril.readers import read

RUNS = Path(__file__).parents[2] / "data" / "frameworks" / "syne_tune"
COMPLETE, PRUNED, FAILED = TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAILED


def _study(path: Path) -> Study:
    (found,) = read(path)
    return found.as_study()


def _states(study: Study) -> dict[int, TrialState]:
    pairs = zip(study.trials.number, study.trials.state, strict=True)
    return {int(number): TrialState(state) for number, state in pairs}


def _row(study: Study, number: int) -> int:
    return study.trials.number.tolist().index(number)


def _reasons(study: Study) -> str:
    return " | ".join(skipped.reason for skipped in study.header.skipped)


def test_rungs_are_told_where_a_release_records_no_settings_of_the_scheduler() -> None:
    study = _study(RUNS / "asha")
    e = study.evaluations
    assert study.header.method.name == "asha"
    assert sorted(set(e.resource.tolist())) == [1.0, 3.0, 9.0]
    assert e.rung[e.trial == _row(study, 10)].tolist() == [0, 1, 2]
    assert e.outcome[e.trial == _row(study, 11)].tolist() == [Outcome.PROMOTED, Outcome.DISCARDED]


def test_trials_that_asha_stopped_are_not_complete() -> None:
    states = _states(_study(RUNS / "asha"))
    assert states[10] is COMPLETE
    assert {states[number] for number in (11, 12, 13, 16, 17, 18, 19)} == {PRUNED}


def test_a_trial_stopped_before_it_reported_says_so() -> None:
    study = _study(RUNS / "asha")
    assert _states(study)[21] is PRUNED
    assert study.trials.notes[_row(study, 21)] == "stopped before it reported anything"


def test_interval_and_parents_of_a_population_are_told_where_they_are_not_recorded() -> None:
    study = _study(RUNS / "pbt-old")
    e = study.evaluations
    parents = {
        int(n): int(p) for n, p in zip(study.trials.number, study.trials.parent, strict=True)
    }
    assert "told from the rows: 3" in _reasons(study)
    assert {n: p for n, p in parents.items() if p >= 0} == {3: 0, 4: 0, 9: _row(study, 7)}
    assert e.resource[e.trial == 0].tolist() == [3.0, 6.0, 9.0]
    assert e.outcome[e.trial == 0].tolist() == [Outcome.SURVIVED, Outcome.SURVIVED, Outcome.FINAL]
    assert e.outcome[e.trial == _row(study, 1)].tolist() == [Outcome.DISCARDED]


def test_of_a_run_killed_while_it_wrote_its_table_the_reports_are_read_from_the_output() -> None:
    study = _study(RUNS / "killed")
    values = dict(zip(study.trials.number.tolist(), study.trials.objectives[:, 0], strict=True))
    assert values[0] == 0.5000000000000002
    assert values[5] == 0.6725362985081363
    assert "damaged or still being written" in _reasons(study)
    assert _states(study)[6] is TrialState.RUNNING


def test_a_report_cut_short_in_the_output_is_counted(tmp_path: Path) -> None:
    run = shutil.copytree(RUNS / "killed", tmp_path / "run")
    output = run / "0" / "std.out"
    output.write_bytes(output.read_bytes() + b'[tune-metric]: {"epoch": 2, "lo')
    study = _study(run)
    assert study.trials.objectives[0, 0] == 0.5000000000000002
    assert "cut short" in _reasons(study)


def test_a_nan_of_the_objective_stays_a_point_of_its_curve() -> None:
    study = _study(RUNS / "failing")
    curve = study.header.curve_names.index("loss")
    steps, values = study.curves.of(_row(study, 3), curve)
    assert steps.tolist() == [1, 2, 3, 4, 5]
    assert np.isnan(values).tolist() == [False, True, False, False, False]


def test_failed_trials_say_why_and_an_infinite_value_is_no_failure() -> None:
    study = _study(RUNS / "failing")
    states = _states(study)
    assert {n for n, state in states.items() if state is FAILED} == {2, 5}
    assert study.trials.notes[_row(study, 2)] == "ValueError: grösste / no luck"
    assert study.trials.notes[_row(study, 5)] == "RuntimeError: halfway: xxxxxxxxxx"
    assert states[4] is COMPLETE
    assert np.isposinf(study.trials.objectives[_row(study, 4), 0])


def test_what_a_trial_printed_counts_only_where_the_table_is_not_whole(tmp_path: Path) -> None:
    run = shutil.copytree(RUNS / "failing", tmp_path / "run")
    whole = _study(run)
    loss = whole.header.curve_names.index("loss")
    assert whole.curves.of(_row(whole, 7), loss)[0].size == 0
    assert _states(whole)[7] is TrialState.PRUNED
    (run / "results.csv.zip").write_bytes(b"")
    torn = _study(run)
    assert torn.curves.of(_row(torn, 7), torn.header.curve_names.index("loss"))[0].size == 5


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_whole_rows_of_a_torn_table_are_kept(tmp_path: Path, share: float) -> None:
    run = shutil.copytree(RUNS / "digits-bohb", tmp_path / "run")
    table = run / "results.csv.zip"
    whole = _study(run)
    table.write_bytes(table.read_bytes()[: int(share * table.stat().st_size)])
    torn = _study(run)
    assert 0 < len(torn.curves) < len(whole.curves)
    assert set(torn.curves.value.tolist()) <= set(whole.curves.value.tolist())
    assert "damaged or still being written" in _reasons(torn)


def test_of_a_simulated_run_what_reached_the_last_epoch_is_complete() -> None:
    study = _study(RUNS / "simulated")  # no folders of trials, and all of them paused at rungs
    ends = {number: study.curves.of(_row(study, number), 0)[0][-1] for number in range(23)}
    whole = {number for number, end in ends.items() if end == 9}
    assert whole == {7, 11, 13, 14, 15, 16}
    assert {n for n, state in _states(study).items() if state is COMPLETE} == whole
    assert set(_states(study).values()) == {COMPLETE, PRUNED}


def test_of_a_simulated_run_what_was_cut_off_at_its_end_is_not_complete(tmp_path: Path) -> None:
    run = shutil.copytree(RUNS / "simulated", tmp_path / "run")
    with zipfile.ZipFile(run / "results.csv.zip") as packed:
        (name,) = packed.namelist()
        rows = packed.read(name).decode().splitlines()
    at = rows[0].split(",").index("trial_id")
    of_the_last = [i for i, row in enumerate(rows) if row.split(",")[at] == "16"]
    with zipfile.ZipFile(run / "results.csv.zip", "w") as packed:
        lines = [row.replace("PAUSE", "CONTINUE") for row in rows[: of_the_last[-1]]]
        packed.writestr(name, "\n".join(lines) + "\n")
    states = _states(_study(run))
    assert states[15] is COMPLETE
    assert states[16] is PRUNED
