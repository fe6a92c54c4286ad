from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hypertendril.errors import SourceFormatError
from hypertendril.model import Condition, Direction, Method, Outcome, ParameterKind, TrialState
from hypertendril.readers import ReadStudy, Source, read, to_generic, write_generic
from hypertendril.readers.drafts.draft import MOST_NAMES
from hypertendril.readers.generic.reader import GenericJson
from tests.unit.readers.equal_studies import assert_equal_studies
from tests.unit.readers.optuna_storage import DATA

# The example of docs/formats.md.
EXAMPLE: dict[str, Any] = {
    "name": "digits",
    "objectives": [{"name": "val_accuracy", "direction": "maximize"}],
    "method": {"name": "pbt", "settings": {"population": 8}},
    "space": [
        {"name": "lr", "kind": "float", "low": 1e-5, "high": 0.1, "log": True},
        {"name": "optimizer", "kind": "categorical", "choices": ["adam", "sgd"]},
        {
            "name": "momentum",
            "kind": "float",
            "low": 0,
            "high": 1,
            "condition": {"parent": "optimizer", "values": ["sgd"]},
        },
    ],
    "trials": [
        {
            "number": 0,
            "state": "complete",
            "params": {"lr": 0.01, "optimizer": "sgd", "momentum": 0.9},
            "values": {"val_accuracy": 0.91},
            "metrics": {"model_size": 12345},
            "parent": None,
            "started": "2026-11-22T10:00:00Z",
            "ended": "2026-11-22T10:01:00Z",
            "evaluations": [
                {
                    "iteration": 0,
                    "bracket": 0,
                    "rung": 1,
                    "resource": 5,
                    "value": 0.8,
                    "outcome": "promoted",
                }
            ],
            "curves": {"val_accuracy": [[1, 0.3], [2, 0.5]]},
        },
        {
            "number": 4,
            "state": "pruned",
            "params": {"lr": 0.1, "optimizer": "adam"},
            "values": {"val_accuracy": 0.5},
            "parent": 0,
        },
    ],
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "study.json"


def _read(path: Path, data: Any) -> ReadStudy:
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    (found,) = read(path)
    return found


def _reasons(found: ReadStudy) -> list[str]:
    return [skipped.reason for skipped in found.header.skipped]


def _trial(path: Path, **keys: Any) -> ReadStudy:
    """Read a study of one objective `y`, one parameter `x` and one trial."""
    data = {
        "objectives": [{"name": "y", "direction": "minimize"}],
        "space": [{"name": "x", "kind": "float", "low": 0, "high": 1}],
        "trials": [keys],
    }
    return _read(path, data)


def test_every_key_of_the_example_arrives(path: Path) -> None:
    found = _read(path, EXAMPLE)
    header, trials, evaluations = found.header, found.trials, found.evaluations
    assert (header.name, header.framework, header.skipped) == ("digits", "generic", ())
    assert header.objectives[0].direction is Direction.MAXIMIZE
    assert header.method == Method("pbt", {"population": 8})
    assert header.space["lr"].log
    assert header.space["momentum"].condition == Condition("optimizer", ("sgd",))
    assert np.array_equal(trials.values, [[0.01, 1, 0.9], [0.1, 0, np.nan]], equal_nan=True)
    assert trials.number.tolist() == [0, 4]
    assert trials.parent.tolist() == [-1, 0]
    assert trials.objectives.tolist() == [[0.91], [0.5]]
    assert header.metric_names == ("model_size",)
    assert np.array_equal(trials.metrics, [[12345.0], [np.nan]], equal_nan=True)
    assert (trials.ended - trials.started).tolist()[0] == 60.0
    assert evaluations.trial.tolist() == [0, 1]
    assert evaluations.rung.tolist() == [1, -1]
    assert evaluations.outcome.tolist() == [Outcome.PROMOTED, Outcome.DISCARDED]
    assert found.curves.value.tolist() == [0.3, 0.5]


def test_the_example_survives_writing_and_reading(path: Path, tmp_path: Path) -> None:
    found = _read(path, EXAMPLE)
    write_generic(found, tmp_path / "copy.json")
    assert_equal_studies(found, read(tmp_path / "copy.json")[0])


@pytest.mark.parametrize("file", ["optuna.db", "optuna.journal.log"])
def test_optuna_studies_survive_writing_and_reading(file: str, path: Path) -> None:
    for found in read(DATA / file):
        write_generic(found, path)
        (copy,) = read(path)
        assert copy.header.skipped == ()
        assert_equal_studies(found, copy)


def test_the_export_is_strict_json(path: Path) -> None:
    found = _trial(path, values={"y": "-inf"}, metrics={"m": None}, curves={"c": [[1, "nan"]]})
    assert found.trials.objectives.tolist() == [[-np.inf]]
    assert json.loads(json.dumps(to_generic(found), allow_nan=False))["trials"][0]["values"] == {
        "y": "-inf"
    }


def test_a_file_is_written_whole_or_not_at_all(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = _read(path, EXAMPLE)
    before = path.read_text()

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="No space"):
        write_generic(found, path)
    assert path.read_text() == before
    assert [p.name for p in tmp_path.iterdir()] == ["study.json"]


def test_an_empty_study_is_a_study(path: Path) -> None:
    found = _read(path, {"name": "nothing yet", "trials": []})
    assert (found.header.name, len(found.trials), len(found.header.space)) == ("nothing yet", 0, 0)


def test_the_file_names_a_study_without_a_name(path: Path) -> None:
    assert _read(path, {"trials": []}).header.name == "study"


def test_a_missing_objective_is_taken_from_the_values_and_said(path: Path) -> None:
    found = _read(path, {"trials": [{"values": {"loss": 1.5}}]})
    assert [(o.name, o.direction) for o in found.header.objectives] == [("loss", "minimize")]
    assert _reasons(found) == ["objectives are missing; loss to be minimized is assumed"]


def test_a_space_that_is_missing_is_told_from_the_values(path: Path) -> None:
    trials = [
        {"params": {"lr": 10.0**-e, "n": e, "act": act, "flag": e > 3}, "values": {"y": e}}
        for e, act in ((1, "relu"), (3, "tanh"), (5, "relu"))
    ]
    space = _read(path, {"trials": trials}).header.space
    assert (space["lr"].low, space["lr"].high, space["lr"].log) == (1e-5, 0.1, True)
    assert (space["n"].kind, space["n"].high, space["n"].log) == (ParameterKind.INT, 5, False)
    assert space["act"].choices == ("relu", "tanh")
    assert space["flag"].choices == (False, True)


def test_of_thousands_of_parameters_the_first_are_kept_and_the_rest_is_told(path: Path) -> None:
    params = {f"p{i}": 0.5 * i for i in range(MOST_NAMES + 3)}
    found = _read(path, {"trials": [{"params": params, "values": {"loss": 1.0}}]})
    assert len(found.header.space) == MOST_NAMES
    assert found.trials.values[0, -1] == 0.5 * (MOST_NAMES - 1)
    assert f"{MOST_NAMES + 3} parameters; the first {MOST_NAMES} are kept" in _reasons(found)


def test_a_state_that_is_missing_is_told_from_the_values(path: Path) -> None:
    assert _trial(path, values={"y": 1}).trials.state.tolist() == [TrialState.COMPLETE]
    assert _trial(path, params={"x": 1}).trials.state.tolist() == [TrialState.WAITING]


def test_an_empty_list_of_evaluations_means_none(path: Path) -> None:
    assert len(_trial(path, values={"y": 1}).evaluations) == 1
    assert len(_trial(path, values={"y": 1}, evaluations=[]).evaluations) == 0


def test_a_null_is_a_choice_where_null_is_among_the_choices(path: Path) -> None:
    data = {
        "space": [{"name": "x", "kind": "categorical", "choices": ["a", None]}],
        "objectives": ["y"],
        "trials": [{"params": {"x": None}}, {"params": {}}],
    }
    found = _read(path, data)
    assert np.array_equal(found.trials.values, [[1.0], [np.nan]], equal_nan=True)


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"params": {"x": "much"}}, "trials[0].params.x: 'much' is no value of it"),
        ({"params": {"x": [1]}}, "trials[0].params.x: '[1]' is no value of it"),
        ({"params": [1]}, "trials[0].params: not an object"),
        ({"values": {"y": True}}, "trials[0].values.y: 'True' is not a number"),
        ({"values": {"z": 1}}, "trials[0].values.z: no such objective"),
        ({"metrics": {"m": {}}}, "trials[0].metrics.m: '{}' is not a number"),
        ({"number": 1.5}, "trials[0].number: '1.5' is not a whole number"),
        ({"number": 2**70}, f"trials[0].number: '{2**70}' is not a whole number"),
        ({"state": "gone"}, "trials[0].state: 'gone' is unknown; waiting is assumed"),
        ({"parent": 7}, "trials[0].parent: '7' is no other trial's number"),
        ({"number": 7, "parent": 7}, "trials[0].parent: '7' is no other trial's number"),
        ({"started": "soon"}, "trials[0].started: 'soon' is not a time"),
        ({"note": 5}, "trials[0].note: not a text"),
        ({"curves": {"c": 5}}, "trials[0].curves.c: not a list of [step, value]"),
        ({"curves": {"c": [[1]]}}, "trials[0].curves.c: '[1]' is no [step, value]"),
        ({"curves": {"c": [[None, 1]]}}, "trials[0].curves.c: '[None, 1]' is no [step, value]"),
        ({"evaluations": 5}, "trials[0].evaluations: not a list"),
        ({"evaluations": [5]}, "trials[0].evaluations[0]: not an object"),
        ({"evaluations": [{"outcome": "?"}]}, "trials[0].evaluations[0].outcome: '?' is unknown"),
        ({"color": "red"}, "unknown key 'color' of a trial"),
        ({"evaluations": [{"loss": 1}]}, "unknown key 'loss' of an evaluation"),
    ],
)
def test_what_is_wrong_with_a_trial_is_said_and_costs_only_itself(
    path: Path, keys: dict[str, Any], reason: str
) -> None:
    found = _trial(path, **keys)
    assert reason in _reasons(found)
    assert len(found.trials) == 1


def test_unknown_keys_are_told_in_the_order_in_which_they_stand(path: Path) -> None:
    keys = dict.fromkeys(("shade", "hue", "tint", "colour", "tone"), 1)
    reasons = _reasons(_trial(path, **keys, evaluations=[keys]))
    unknown = [
        f"unknown key '{key}' of {of}" for of in ("a trial", "an evaluation") for key in keys
    ]
    assert [reason for reason in reasons if reason in unknown] == unknown


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"colour": 1}, "unknown key 'colour'"),
        ({"space": 5}, "space: not a list of parameters; it is told from the values"),
        ({"space": [5]}, "space[0]: a parameter must be an object."),
        ({"space": [{"name": "lr", "kind": "float"}]}, "needs low and high"),
        ({"space": [{"name": "lr", "kind": "complex"}]}, "use one of float, int"),
        ({"space": [{"kind": "float", "low": 0, "high": 1}]}, "A parameter needs a name"),
        ({"space": [*EXAMPLE["space"], EXAMPLE["space"][0]]}, "space[3]: the name 'lr' is taken"),
        ({"space": [EXAMPLE["space"][0] | {"unit": "m"}]}, "space[0]: unknown key 'unit'"),
        ({"space": [{"name": "c", "kind": "categorical", "choices": [1, 1]}]}, "the same choice"),
        ({"space": [EXAMPLE["space"][0] | {"condition": 5}]}, "space[0]"),
        ({"method": 5}, "method: must be an object with name and settings"),
        ({"attributes": 5}, "attributes: not an object"),
        ({"metrics": 5}, "metrics: not a list of names"),
        ({"trials": [5, *EXAMPLE["trials"]]}, "trials[0].not an object"),
        ({"objectives": [{"name": "val_accuracy"}]}, "minimize is assumed"),
    ],
)
def test_what_is_wrong_with_a_study_is_said_and_the_rest_is_read(
    path: Path, change: dict[str, Any], reason: str
) -> None:
    found = _read(path, EXAMPLE | change)
    assert any(reason in said for said in _reasons(found)), _reasons(found)
    assert len(found.trials) == 2
    assert np.isfinite(found.trials.values[:, found.header.space.index("lr")]).all()


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"trials": 5}, "trials"),
        ({"objectives": [], "trials": []}, "objectives"),
        ({"objectives": 5, "trials": []}, "objectives"),
        ({"objectives": [{"direction": "minimize"}]}, "objectives[0].name"),
        ({"objectives": ["a", "a"]}, "objectives[1].name"),
        ({"format": "other", "trials": []}, "version"),
        ({"version": 2, "trials": []}, "version"),
    ],
)
def test_a_file_that_can_not_be_a_study_names_the_field(path: Path, data: Any, field: str) -> None:
    with pytest.raises(SourceFormatError) as caught:
        _read(path, data)
    assert caught.value.field == field


def test_a_syntax_error_names_the_line(path: Path) -> None:
    with pytest.raises(SourceFormatError, match="line 2") as caught:
        _read(path, '{"trials": [\n  oops\n]}')
    assert caught.value.line == 2
    path.write_text('{"trials": [\n  {"number": 0},\n  oops\n]}')
    (found,) = read(path)
    assert len(found.trials) == 1
    assert found.header.skipped[0].line == 3


def test_evaluations_of_several_trials_come_in_the_order_of_their_times(path: Path) -> None:
    def at(second: int) -> dict[str, Any]:
        return {"time": f"2026-01-01T00:00:{second:02}Z", "value": second, "outcome": "promoted"}

    trials = [
        {"values": {"y": 0}, "evaluations": [at(1), at(5)]},
        {"values": {"y": 0}, "evaluations": [at(3), at(4)]},
    ]
    found = _read(path, {"objectives": ["y"], "trials": trials})
    assert found.evaluations.value.tolist() == [1, 3, 4, 5]
    assert found.evaluations.trial.tolist() == [0, 1, 1, 0]


def test_a_byte_order_mark_is_no_obstacle(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(EXAMPLE).encode())
    assert len(read(path)[0].trials) == 2


def test_thousands_of_losses_make_a_short_list(path: Path) -> None:
    trials = [{"params": {"x": "bad"}} for _ in range(5000)]
    data = {"objectives": ["y"], "space": [{"name": "x", "kind": "float", "low": 0, "high": 1}]}
    reasons = _reasons(_read(path, data | {"trials": trials}))
    assert len(reasons) < 110
    assert any("more" in reason for reason in reasons)


def test_a_file_cut_short_keeps_its_whole_trials_and_says_so(path: Path) -> None:
    trials = [{"params": {"x": n}, "values": {"y": n}} for n in range(5)]
    text = json.dumps({"objectives": ["y"], "trials": trials})
    path.write_text(text[: text.index('{"params": {"x": 3')])
    (found,) = read(path)
    assert len(found.trials) == 3
    assert "what is whole in it was read" in found.header.skipped[0].reason


def test_while_a_file_is_written_anew_what_was_read_before_stays(path: Path) -> None:
    text = json.dumps({"objectives": ["y"], "trials": [{"values": {"y": 1}}] * 3})
    path.write_text(text)
    source = Source.parse(path)
    tail = GenericJson().follow(source)
    assert len(tail.advance()[0].trials) == 3
    path.write_text(text[:-20])
    with pytest.raises(SourceFormatError):
        tail.advance()
    path.write_text(text)
    assert len(tail.advance()[0].trials) == 3
