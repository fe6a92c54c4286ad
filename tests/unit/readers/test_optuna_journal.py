from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hypertendril.model import Study, TrialState
from hypertendril.readers import ReadStudy, Source, detect, read
from hypertendril.readers.files import json_text
from hypertendril.readers.optuna import journal as optuna_journal
from hypertendril.readers.optuna.journal import OptunaJournal
from tests.unit.readers.optuna_storage import FLOAT

START = "2026-01-02T03:04:05.000000+00:00"
END = "2026-01-02T03:04:06.500000+00:00"


def create_study(name: str = "one", *directions: int) -> dict[str, Any]:
    return {
        "op_code": 0,
        "worker_id": "w",
        "study_name": name,
        "directions": list(directions or (1,)),
    }


def create_trial(study: int = 0, **more: Any) -> dict[str, Any]:
    return {"op_code": 4, "worker_id": "w", "study_id": study, "datetime_start": START, **more}


def param(trial: int, value: float, name: str = "x") -> dict[str, Any]:
    return {
        "op_code": 5,
        "worker_id": "w",
        "trial_id": trial,
        "param_name": name,
        "param_value_internal": value,
        "distribution": json.dumps(FLOAT),
    }


def end(trial: int, value: float | None = 0.5, state: int = 1) -> dict[str, Any]:
    values = None if value is None else [value]
    return {
        "op_code": 6,
        "worker_id": "w",
        "trial_id": trial,
        "state": state,
        "values": values,
        "datetime_complete": END,
    }


def report(trial: int, step: int, value: float) -> dict[str, Any]:
    return {
        "op_code": 7,
        "worker_id": "w",
        "trial_id": trial,
        "step": step,
        "intermediate_value": value,
    }


def line(operation: dict[str, Any]) -> str:
    return json.dumps(operation, separators=(",", ":")) + "\n"


def text(*operations: dict[str, Any]) -> str:
    return "".join(map(line, operations))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "study.log"


def _only(path: Path) -> Study:
    (found,) = read(path)
    return found.as_study()


def _reasons(found: Study | ReadStudy) -> list[tuple[int | None, str]]:
    return [(skipped.line, skipped.reason) for skipped in found.header.skipped]


def test_operations_are_replayed(path: Path) -> None:
    path.write_text(
        text(create_study("s", 2), create_trial(), param(0, 0.25), report(0, 1, 0.1), end(0))
    )
    study = _only(path)
    assert study.objectives[0].direction == "maximize"
    assert study.trials.values.tolist() == [[0.25]]
    assert study.trials.objectives.tolist() == [[0.5]]
    assert study.trials.ended[0] - study.trials.started[0] == 1.5
    assert study.trials.started[0] == 1767323045.0
    assert study.curves.value.tolist() == [0.1]


def test_trial_ids_count_through_all_studies_and_numbers_in_each(path: Path) -> None:
    path.write_text(
        text(
            create_study("a"),
            create_study("b"),
            create_trial(1),
            create_trial(0),
            create_trial(1),
            end(2, 7.0),
        )
    )
    a, b = read(path)
    assert (len(a.trials), b.trials.number.tolist()) == (1, [0, 1])
    assert np.array_equal(b.trials.objectives[:, 0], [np.nan, 7.0], equal_nan=True)


def test_a_study_of_a_name_that_is_taken_is_ignored(path: Path) -> None:
    path.write_text(text(create_study("a"), create_study("a"), create_study("b"), create_trial(1)))
    assert [(f.header.name, len(f.trials)) for f in read(path)] == [("a", 0), ("b", 1)]


def test_a_deleted_study_is_gone_and_its_name_free(path: Path) -> None:
    delete = {"op_code": 1, "worker_id": "w", "study_id": 0}
    path.write_text(
        text(create_study("a"), create_trial(), delete, create_study("a"), create_trial(1))
    )
    (found,) = read(path)
    assert len(found.trials) == 1


def test_a_parameter_that_optuna_refused_for_another_kind_is_left_out(path: Path) -> None:
    logged = {**FLOAT, "attributes": {"low": 0.1, "high": 1.0, "log": True, "step": None}}
    wider = {**FLOAT, "attributes": {"low": 0.0, "high": 2.0, "log": False, "step": None}}
    trials = [create_trial(), create_trial(), create_trial()]
    path.write_text(
        text(
            create_study(),
            *trials,
            param(0, 0.25),
            param(1, 0.5) | {"distribution": json.dumps(logged)},
            param(2, 1.5) | {"distribution": json.dumps(wider)},
        )
    )
    study = _only(path)
    assert not study.space["x"].log
    assert study.space["x"].high == 2
    assert np.isnan(study.trials.values[1, 0])
    assert study.trials.values[2, 0] == 1.5
    assert "which Optuna refused" in _reasons(study)[0][1]


def test_a_trial_that_has_ended_changes_no_more(path: Path) -> None:
    late = [end(0, 9.0), param(0, 0.9), report(0, 1, 9.0), end(0, None, 3)]
    path.write_text(text(create_study(), create_trial(), param(0, 0.25), end(0), *late))
    study = _only(path)
    assert study.trials.objectives.tolist() == [[0.5]]
    assert study.trials.values.tolist() == [[0.25]]
    assert study.trials.state.tolist() == [TrialState.COMPLETE]
    assert not len(study.curves)


def test_a_waiting_trial_starts_once(path: Path) -> None:
    run = {"op_code": 6, "worker_id": "w", "trial_id": 0, "state": 0, "values": None}
    first, second = run | {"datetime_start": START}, run | {"datetime_start": END}
    waiting = create_trial(state=4) | {"datetime_start": None}
    path.write_text(text(create_study(), waiting))
    assert _only(path).trials.state.tolist() == [TrialState.WAITING]
    path.write_text(text(create_study(), waiting, first, second))
    trials = _only(path).trials
    assert trials.state.tolist() == [TrialState.RUNNING]
    assert trials.started.tolist() == [1767323045.0]


def test_a_trial_added_as_a_whole_is_read_as_a_whole(path: Path) -> None:
    whole = create_trial(
        state=1,
        values=[0.75],
        datetime_complete=END,
        params={"x": 0.5},
        distributions={"x": json.dumps(FLOAT)},
        user_attrs={"size": 3, "text": "no number"},
        system_attrs={"constraints": [1.5, -2.0]},
        intermediate_values={"2": 0.7, "1": 0.6},
    )
    path.write_text(text(create_study(), whole))
    study = _only(path)
    assert study.params(0) == {"x": 0.5}
    assert study.column("metric:size").tolist() == [3.0]
    assert study.trials.violation.tolist() == [1.5]
    assert study.curves.step.tolist() == [1.0, 2.0]
    assert study.trials.objectives.tolist() == [[0.75]]


def test_an_attribute_or_a_report_set_twice_counts_as_set_last(path: Path) -> None:
    attribute = {"op_code": 8, "worker_id": "w", "trial_id": 0}
    path.write_text(
        text(
            create_study(),
            create_trial(),
            attribute | {"user_attr": {"a": 1}},
            attribute | {"user_attr": {"a": 2}},
            report(0, 1, 0.1),
            report(0, 1, 0.2),
        )
    )
    study = _only(path)
    assert study.column("metric:a").tolist() == [2.0]
    assert study.curves.value.tolist() == [0.2]


def test_a_torn_line_in_the_middle_is_left_out_with_its_number(path: Path) -> None:
    torn = line(param(0, 0.25))[:40] + "\n"
    path.write_text(text(create_study(), create_trial()) + torn + text(end(0)))
    study = _only(path)
    assert study.trials.objectives.tolist() == [[0.5]]
    ((number, reason),) = _reasons(study)
    assert number == 3
    assert "not valid JSON" in reason


def test_an_operation_glued_to_a_torn_one_is_kept(path: Path) -> None:
    torn = line(param(0, 0.25))[:40]
    path.write_text(text(create_study(), create_trial()) + torn + text(end(0)))
    study = _only(path)
    assert study.trials.state.tolist() == [TrialState.COMPLETE]
    assert _reasons(study) == [(3, "a line cut short; the operation behind it was read")]


def test_lines_far_into_the_file_are_counted_right(path: Path) -> None:
    many = [report(0, step, 0.0) for step in range(2000)]
    junk = "this is no JSON\n"
    path.write_text(text(create_study(), create_trial(), *many) + junk + text(end(0)))
    assert [number for number, _ in _reasons(_only(path))] == [2003]


def test_a_half_written_last_line_is_named_when_reading_once(path: Path) -> None:
    path.write_text(text(create_study(), create_trial()) + line(end(0))[:30])
    study = _only(path)
    assert study.trials.state.tolist() == [TrialState.RUNNING]
    assert _reasons(study) == [(3, "the last line is not complete")]


def test_a_half_written_last_line_is_waited_for_when_following(path: Path) -> None:
    whole = line(end(0))
    path.write_text(text(create_study(), create_trial()) + whole[:30])
    tail = OptunaJournal().follow(Source.parse(path))
    (found,) = tail.advance()
    assert (found.trials.state.tolist(), found.header.skipped) == ([TrialState.RUNNING], ())
    with path.open("a") as file:
        file.write(whole[30:])
    (found,) = tail.advance()
    assert (found.trials.state.tolist(), found.header.skipped) == ([TrialState.COMPLETE], ())


@pytest.mark.parametrize("cut", range(0, 130, 7))
def test_a_line_that_arrives_in_two_writes_counts_once(path: Path, cut: int) -> None:
    whole = text(create_trial(), end(0))
    path.write_text(text(create_study()) + whole[:cut])
    tail = OptunaJournal().follow(Source.parse(path))
    tail.advance()
    with path.open("a") as file:
        file.write(whole[cut:] + "broken\n")
    (found,) = tail.advance()
    assert found.trials.state.tolist() == [TrialState.COMPLETE]
    assert [number for number, _ in _reasons(found)] == [4]


def test_its_reader_is_chosen_by_its_beginning_alone(path: Path) -> None:
    path.write_text(text(create_study(), *[report(0, step, 0.5) for step in range(30_000)]))
    detect(path)  # imports what is imported late
    tracemalloc.start()
    detect(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < path.stat().st_size / 4


def test_only_new_bytes_are_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_text(text(create_study(), *[create_trial() for _ in range(300)]))
    parsed: list[int] = []
    original = json_text.parse
    monkeypatch.setattr(
        optuna_journal, "parse", lambda data: (parsed.append(len(data)), original(data))[1]
    )
    tail = OptunaJournal().follow(Source.parse(path))
    tail.advance()
    parsed.clear()
    with path.open("a") as file:
        file.write(line(end(7)))
    tail.advance()
    assert sum(parsed) == len(line(end(7))) + 1  # its end replaced by a pair of brackets


def test_a_journal_written_anew_is_read_from_the_start(path: Path) -> None:
    path.write_text(text(create_study("old"), create_trial(), create_trial()))
    tail = OptunaJournal().follow(Source.parse(path))
    tail.advance()
    path.write_text(text(create_study("new"), *[create_trial() for _ in range(5)]))  # same inode
    (found,) = tail.advance()
    assert (found.header.name, len(found.trials)) == ("new", 5)


SENSELESS = [
    {"op_code": 99},
    {"op_code": "x"},
    {"op_code": None},
    {},
    [],
    7,
    None,
    {"op_code": 0},
    {"op_code": 0, "study_name": "s", "directions": 3},
    {"op_code": 2, "study_id": 0, "user_attr": 5},
    {"op_code": 4, "study_id": [], "datetime_start": 3},
    {"op_code": 4, "study_id": 0, "state": 77},
    {"op_code": 5, "trial_id": 0},
    {"op_code": 5, "trial_id": "0"},
    {"op_code": 5, "trial_id": 0.5, "param_name": "x"},
    param(0, 0.0) | {"param_value_internal": "junk"},
    param(0, 0.0) | {"param_value_internal": 10**400},
    param(0, 0.0) | {"distribution": {"not": "text"}},
    param(0, 0.0) | {"param_name": ["x"]},
    {"op_code": 6, "trial_id": 0, "state": 9},
    {"op_code": 6, "trial_id": 0, "state": 1, "values": 5},
    {"op_code": 6, "trial_id": 0, "state": 1, "values": ["x"]},
    report(0, 1, 0.5) | {"step": "x"},
    report(0, 1, 0.5) | {"step": float("inf")},
    report(0, 1, 0.5) | {"intermediate_value": None},
    {"op_code": 8, "trial_id": 0, "user_attr": 5},
    {"op_code": 9, "trial_id": 0, "system_attr": [1]},
]


@pytest.mark.parametrize("operation", SENSELESS, ids=map(str, range(len(SENSELESS))))
def test_an_operation_that_makes_no_sense_costs_its_line_only(path: Path, operation: Any) -> None:
    path.write_text(text(create_study(), create_trial(), operation, param(0, 0.25), end(0)))
    study = _only(path)
    assert study.trials.objectives.tolist() == [[0.5]]
    assert study.params(0) == {"x": 0.25}
    assert [number for number, _ in _reasons(study)] == [3]


def test_operations_on_trials_that_are_not_there_are_counted(path: Path) -> None:
    path.write_text(text(create_study(), create_trial(), end(5), end(-1), end(0)))
    assert _reasons(_only(path)) == [
        (None, "operations on a trial that was never created (2 times)")
    ]


def test_a_request_to_forget_trials_is_ignored_as_optuna_does(path: Path) -> None:
    path.write_text(text(create_study(), create_trial(), {"op_code": 10, "trial_ids": [0]}))
    study = _only(path)
    assert (len(study), study.header.skipped) == (1, ())


def test_windows_line_ends_and_blank_lines_are_read(path: Path) -> None:
    path.write_bytes(text(create_study(), create_trial(), end(0)).replace("\n", "\r\n\n").encode())
    study = _only(path)
    assert study.trials.state.tolist() == [TrialState.COMPLETE]
    assert study.header.skipped == ()
