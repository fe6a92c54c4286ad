from __future__ import annotations

import csv
import io
import json
from typing import Any

import numpy as np
import pytest
from dash import no_update

from hypertendril.callbacks.selected import (
    columns_update,
    details_update,
    file_of,
    job_of,
    refreshed,
    stop_button,
    table_update,
)
from hypertendril.jobs.spec.job_spec import JobSpec
from hypertendril.layouts.selected import (
    MAX_ROWS,
    StopButton,
    column_decimals,
    column_definitions,
    detail_body,
    duration_text,
    note_text,
    row_records,
    selected_panel,
    title_text,
)
from hypertendril.model import Parameter, ParameterKind, SearchSpace, TrialState
from tests.app.conftest import StudyOf

HOSTILE = SearchSpace(
    (
        Parameter("__proto__", ParameterKind.FLOAT, 0, 1),
        Parameter("a.b\n<b>{c}", ParameterKind.FLOAT, 0, 1),
        Parameter("x" * 300, ParameterKind.CATEGORICAL, choices=("__proto__", "<img>", "=1+1")),
    )
)


def pick(*rows: int) -> dict[str, Any]:
    brush = {"view": "x", "kind": "trials", "trials": list(rows)}
    return {"v": 1, "study": "s", "brushes": [brush]}


def test_rows_come_best_first_and_the_first_eight_are_highlighted(study_of: StudyOf) -> None:
    rows, title, note, highlighted = table_update(study_of(20), None)
    assert [row["row"] for row in rows] == list(range(19, -1, -1))
    assert highlighted == {"rows": list(range(19, 11, -1))}
    assert [row["model"] for row in rows[:9]] == [*range(8), None]
    assert (title, note) == ("20 trials", "")


def test_only_selected_trials_are_listed(study_of: StudyOf) -> None:
    rows, title, _, highlighted = table_update(study_of(20), pick(3, 5))
    assert [row["row"] for row in rows] == [5, 3]
    assert title == "2 of 20"
    assert highlighted == {"rows": [5, 3]}


def test_a_table_too_long_is_cut_and_says_so(study_of: StudyOf) -> None:
    rows, _, note, _ = table_update(study_of(MAX_ROWS + 7), None)
    assert len(rows) == MAX_ROWS
    assert note == "best 500 of 507 shown"


def test_without_a_study_the_table_is_empty() -> None:
    assert table_update(None, pick(1)) == ([], "", "", {"rows": []})
    assert columns_update(None, None) == ([], None)


def test_missing_and_infinite_values_travel_as_json_that_every_browser_reads(
    study_of: StudyOf,
) -> None:
    study = study_of(3)
    study.trials.objectives[:, 0] = [np.nan, np.inf, -np.inf]
    records = row_records(study, np.arange(3))
    assert [record["o0"] for record in records] == [None, "Infinity", "-Infinity"]
    json.dumps(records, allow_nan=False)


def test_names_of_users_are_never_field_names(study_of: StudyOf) -> None:
    columns = column_definitions(study_of(2, space=HOSTILE))
    assert [column["field"] for column in columns] == [
        "number",
        "state",
        "o0",
        "m0",
        "p0",
        "p1",
        "p2",
    ]
    headers = [column["headerName"] for column in columns[4:]]
    assert headers[0] != "__proto__"
    assert headers[1] == "a.b <b>{c}"
    assert 8 < len(headers[2]) <= 16
    assert "__proto__" not in columns[6]["refData"].values()


def test_columns_are_sent_once_for_a_study(study_of: StudyOf) -> None:
    columns, made_from = columns_update(study_of(3), None)
    assert len(columns) == 7
    assert columns_update(study_of(3), made_from) == (no_update, no_update)
    assert columns_update(study_of(3, study_id="other"), made_from)[1] != made_from


@pytest.mark.parametrize(
    ("values", "decimals"),
    [
        ([0.8756, 0.9, 0.72], 4),
        ([12.34, 99.1], 2),
        ([1, 2, 3], 0),
        ([1e-5, 1e-2, 0.5], None),  # over too many powers of ten
        ([np.nan, np.inf], None),
        ([2.5e12], None),
        ([0.0, 0.0], None),
        ([1234.5, 1500.25], 0),
    ],
)
def test_figures_of_a_column_share_their_decimals(
    values: list[float], decimals: int | None
) -> None:
    assert column_decimals(np.array(values, dtype=float)) == decimals


def test_the_title_counts_trials() -> None:
    assert title_text(1, 1) == "1 trial"
    assert title_text(0, 0) == "0 trials"
    assert title_text(1200, 10_000) == "1,200 of 10,000"
    assert note_text(3, 3) == ""


def test_the_csv_holds_all_selected_trials_and_no_formula(study_of: StudyOf) -> None:
    study = study_of(MAX_ROWS + 7, space=HOSTILE)
    file = file_of(study, None, as_csv=True)
    lines = list(csv.reader(io.StringIO(file["content"])))
    assert len(lines) == MAX_ROWS + 8
    cells = {cell for line in lines for cell in line}
    assert "'=1+1" in cells
    assert not any(cell.startswith("=") for cell in cells)


def test_the_json_is_the_generic_form_of_the_selected_trials(study_of: StudyOf) -> None:
    file = file_of(study_of(9), pick(2, 7), as_csv=False)
    trials = json.loads(file["content"])["trials"]
    assert [trial["number"] for trial in trials] == [7, 2]


def test_details_tell_where_a_trial_comes_from_and_what_came_from_it(study_of: StudyOf) -> None:
    study = study_of(5)
    study.trials.parent[:] = [-1, 0, 1, 1, -1]
    facts = [str(details_update(study, {"row": row})[2]) for row in range(5)]
    assert "3 trials descend from it" in facts[0]
    assert "2 trials descend from it" in facts[1]
    assert "forked from trial 1" in facts[2]
    assert "2 forks after trial 0" in facts[2]
    assert not any(words in facts[4] for words in ("descend", "fork"))


def test_the_best_loss_keeps_its_digits_and_no_figure_is_cut(study_of: StudyOf) -> None:
    study = study_of(40)
    study.trials.objectives[:, 0] = np.linspace(0.002383, 11.25, 40)
    (column,) = [c for c in columns_update(study, None)[0] if c["field"] == "o0"]
    assert column["context"]["decimals"] is None
    assert column["initialWidth"] >= 8 * 7


def test_details_tell_everything_about_a_trial(study_of: StudyOf) -> None:
    study = study_of(5)
    study.trials.parent[3] = 1
    study.trials.notes[3] = "ValueError: loss is <b>NaN</b>"
    study.trials.started[3], study.trials.ended[3] = 0.0, 90.0
    is_open, title, body = details_update(study, {"row": 3})
    text = str(body)
    assert (is_open, title) == (True, "Trial 3")
    for words in ("forked from trial 1", "loss is <b>NaN</b>", "1970-01-01", "took 2 min"):
        assert words in text
    assert repr(float(study.trials.values[3, 0])) in text


@pytest.mark.parametrize("asked", [None, {}, {"row": -1}, {"row": 99}, {"row": "1"}, {"row": 1.5}])
def test_details_of_no_trial_stay_closed(study_of: StudyOf, asked: Any) -> None:
    assert details_update(study_of(3), asked)[0] is False


def test_details_of_another_study_than_the_shown_one_are_closed(study_of: StudyOf) -> None:
    assert details_update(study_of(3), {"study": "other", "row": 1})[0] is False
    assert details_update(study_of(3), {"study": "s", "row": 1})[0] is True


def test_details_that_are_looked_up_again_are_not_opened_again(study_of: StudyOf) -> None:
    is_open, *content = details_update(study_of(3), {"row": 1})
    assert is_open
    assert refreshed((is_open, *content)) == (no_update, *content)
    assert refreshed(details_update(study_of(1), {"row": 1}))[0] is False


def test_a_trial_that_runs_here_can_be_stopped_from_its_details(
    study_of: StudyOf, services: Any
) -> None:
    study = study_of(3)
    study.trials.state[1] = TrialState.RUNNING
    spec = JobSpec.from_json(
        {"name": "s", "objective": "digits", "method": "random", "budget": {"trials": 3}},
        services.registry,
    )
    lease = services.queue.submit_claimed(spec, "me", 30.0)
    job_id = str(lease.job.id)
    button = stop_button(study, 1, services.queue.job(job_id))
    assert button == StopButton(job_id, 1)
    assert "Stop this trial" in str(detail_body(study, 1, button))
    services.queue.stop_trial(job_id, 1)
    after = stop_button(study, 1, services.queue.job(job_id))
    assert after is not None
    assert after.is_stopping
    # Neither one that has ended, nor one that runs elsewhere.
    assert stop_button(study, 0, services.queue.job(job_id)) is None
    assert stop_button(study, 1, None) is None
    assert job_of(services, study) is None


def test_a_trial_with_impossible_times_still_has_details(study_of: StudyOf) -> None:
    study = study_of(1)
    study.trials.started[0], study.trials.ended[0] = 1e300, np.inf
    assert "impossible" in str(detail_body(study, 0))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.42, "0.42 s"), (61, "1 min"), (18_720, "5 h 12 min"), (273_600, "3 d 4 h")],
)
def test_durations_read_as_a_person_says_them(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_the_panel_serialises() -> None:
    assert json.dumps(selected_panel(), default=lambda part: part.to_plotly_json())
