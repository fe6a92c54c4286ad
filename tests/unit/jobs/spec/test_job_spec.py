from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hypertendril.errors import JobError
from hypertendril.jobs.spec.job_spec import JobSpec
from hypertendril.jobs.spec.objectives import Registry, load_registry
from hypertendril.model import (
    Condition,
    Constraint,
    Direction,
    Objective,
    Parameter,
    ParameterKind,
    SearchSpace,
    constraints_of,
)
from hypertendril.search.starting import EarlierStudy, EarlierTrial, StartingSet

ROOT = Path(__file__).parents[4]
REGISTRY = load_registry(ROOT / "tests" / "data" / "jobs" / "objectives.toml")
SHORT: dict[str, Any] = {
    "name": "short",
    "objective": "sphere",
    "method": "tpe",
    "budget": {"trials": 8},
}


def spec(**changes: Any) -> JobSpec:
    return JobSpec.from_json(SHORT | changes, REGISTRY)


def test_the_registry_fills_in_what_a_job_leaves_open() -> None:
    found = spec()
    assert found.objectives == (Objective("score", Direction.MAXIMIZE),)
    assert found.space.names == ("x", "n")
    assert (found.curves, found.metrics, found.budget.steps) == (("score",), ("size",), 3)
    assert found.settings == {"n_startup_trials": 10, "n_candidates": 24}
    assert (found.seed, found.budget.parallel, found.budget.timeout_seconds) == (0, 1, None)


def test_a_job_says_more_than_the_registry() -> None:
    found = spec(
        seed=9,
        refined_from="abc",
        settings={"n_candidates": 5},
        budget={"trials": 3, "parallel": 2, "timeout_seconds": 1.5, "steps": 7},
        objectives=[{"name": "size", "direction": "minimize"}],
        space=[{"name": "x", "kind": "float", "low": 0, "high": 0.5}],
    )
    assert found.objectives == (Objective("size", Direction.MINIMIZE),)
    assert found.metrics == ("score",)
    assert found.space.names == ("x",)
    assert (found.budget.steps, found.budget.timeout_seconds) == (7, 1.5)
    assert (found.seed, found.refined_from, found.settings["n_candidates"]) == (9, "abc", 5)


def test_the_json_form_comes_back_equal_without_a_registry() -> None:
    found = spec(refined_from="x1")
    assert JobSpec.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_the_toml_form_comes_back_equal() -> None:
    space = SearchSpace(
        (
            Parameter("a b", ParameterKind.CATEGORICAL, choices=("x", 'say "é"\n', 1, 2.5, True)),
            Parameter("lr", ParameterKind.FLOAT, 1e-5, 0.1, log=True),
            Parameter("n", ParameterKind.INT, 1, 9, step=2, condition=Condition("a b", ("x", 1))),
        )
    )
    found = replace(spec(), space=space, settings={"n_startup_trials": 3, "n_candidates": 4})
    assert JobSpec.from_toml(found.to_toml()) == found


CONSTRAINTS = [{"metric": "size", "at_most": 1000}, {"metric": "score", "at_least": 0.5}]


def test_constraints_come_back_equal_and_stand_in_the_header() -> None:
    found = spec(constraints=CONSTRAINTS)
    assert found.constraints == (Constraint("size", 1000.0), Constraint("score", None, 0.5))
    assert JobSpec.from_json(json.loads(json.dumps(found.to_json()))) == found
    assert JobSpec.from_toml(found.to_toml(), REGISTRY) == found
    assert found.to_toml().count("[[constraints]]") == 2
    assert constraints_of(found.header()) == found.constraints
    assert "constraints" not in spec().header().attributes


@pytest.mark.parametrize(
    ("constraints", "message"),
    [
        ({"metric": "size", "at_most": 1}, "'constraints': it must be a list"),
        ([3], r"'constraints\[0\]': 3 must be a table"),
        ([{"metric": "sise", "at_most": 1}], r"'constraints\[0\].metric'.*has score, size.*'size'"),
        ([{"at_most": 1}], r"'constraints\[0\].metric': it is missing; it must be a text"),
        ([{"metric": "size"}], r"'constraints\[0\]': 'size' needs at_most, at_least, or both"),
        ([{"metric": "size", "most": 1}], r"'constraints\[0\].most'.*at_most, at_least.*'at_most'"),
        ([{"metric": "size", "at_most": "1"}], r"at_most': '1' must be a finite number"),
        ([{"metric": "size", "at_least": float("inf")}], r"at_least': inf must be a finite"),
        ([{"metric": "size", "at_most": 1, "at_least": 2}], "at least 2 and at most 1"),
        ([{"metric": "size", "at_most": 1}] * 2, "'constraints': 'size' stands there twice"),
    ],
)
def test_a_wrong_constraint_is_named(constraints: Any, message: str) -> None:
    with pytest.raises(JobError, match=message):
        spec(constraints=constraints)


START = {
    "enqueue": [{"x": 0.5}, {"x": -1, "n": 3}],
    "studies": [
        {
            "name": "before",
            "id": "k3j4",
            "trials": [
                {"number": 4, "params": {"x": 0.25, "n": 2}, "values": {"score": 0.75}},
                {"number": 5, "params": {"x": 5.0, "n": 2}, "values": {"score": "-inf"}},
                {"number": 6, "params": {"n": 1}, "violation": 0.5, "looks": [[1, 0.5], [3, 0.6]]},
            ],
        }
    ],
}


def test_a_starting_set_comes_back_equal_from_both_forms() -> None:
    found = spec(start=START)
    assert [dict(values) for values in found.start.enqueued] == START["enqueue"]
    assert JobSpec.from_json(json.loads(json.dumps(found.to_json()))) == found
    assert JobSpec.from_toml(found.to_toml(), REGISTRY) == found


def test_each_trial_of_a_starting_set_has_a_line_of_the_job_file() -> None:
    lines = spec(start=START).to_toml().splitlines()
    assert "    {x = 0.5}," in lines
    assert "    {number = 4, params = {x = 0.25, n = 2}, values = {score = 0.75}}," in lines


def test_the_header_says_what_the_study_began_with() -> None:
    assert "start" not in spec().header().attributes
    assert spec(start=START).header().attributes["start"] == {
        "enqueued": 2,
        "studies": [{"name": "before", "id": "k3j4", "trials": 3, "told": 2}],
        "repeated": 0,
    }
    halving = {"method": "successive_halving", "settings": {"max_resource": 3}}
    assert spec(start=START, **halving).header().attributes["start"]["repeated"] == 1


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ({"enqueued": []}, "'start.enqueued'.*enqueue, studies"),
        ({"enqueue": [{"y": 1}]}, r"'start.enqueue\[0\].y'.*it has x, n"),
        ({"enqueue": [{}, {"x": 2}]}, r"'start.enqueue\[1\].x': 2 must be a number from -1 to 1"),
        ({"enqueue": [{"n": 1.5}]}, r"'start.enqueue\[0\].n': 1.5 must be"),
        ({"enqueue": [{"x": [1]}]}, r"'start.enqueue\[0\].x'"),
        ({"enqueue": [{}] * 9}, "'start.enqueue': 9 configurations are more than the 8 trials"),
        ({"studies": [{"name": "a"}]}, r"'start.studies\[0\].trials': it is missing"),
        ({"studies": [{"trials": []}]}, r"'start.studies\[0\].name'"),
        ({"studies": [{"name": "a", "trials": [{"values": {"x": "?"}}]}]}, r"values.x': '\?' must"),
        ({"studies": [{"name": "a", "trials": [{"looks": [[1]]}]}]}, r"looks\[0\]': it must be a"),
        ({"studies": [{"name": "a", "trials": [{}] * 1001}]}, "at most 1000"),
    ],
)
def test_a_wrong_starting_set_is_named(start: dict[str, Any], message: str) -> None:
    with pytest.raises(JobError, match=message):
        spec(start=start)


def test_a_method_that_learns_nothing_says_which_do() -> None:
    with pytest.raises(JobError, match=r"'start.studies': the method 'random' learns nothing.*tpe"):
        spec(method="random", start=START)
    with pytest.raises(JobError, match="PBT begins with 2 trials; 3 are enqueued"):
        spec(method="pbt", settings={"population": 2}, start={"enqueue": [{}] * 3})


@pytest.mark.parametrize(
    ("method", "start", "message"),
    [
        ("tpe", {"origin": {"study": "a", "trial": 0, "steps": 1}}, "'start.origin'.*'replay' may"),
        (
            "replay",
            {
                "schedule": [{"steps": 3}],
                "origin": {"study": "a", "trial": 0, "steps": 3},
            },
            r"start.schedule\[0\].steps': 3 must be above 3",
        ),
        (
            "replay",
            {"schedule": [{"steps": 3}], "origin": {"study": "a", "trial": -1, "steps": 1}},
            "'start.origin.trial': -1 must be",
        ),
        ("replay", {}, "'start.schedule': the method 'replay': it needs a schedule"),
        ("tpe", {"schedule": [{"steps": 1}]}, "it follows none; 'replay' does"),
        ("replay", {"schedule": [{"steps": 0}]}, r"start.schedule\[0\].steps': 0 must be"),
        ("replay", {"schedule": [{"steps": 2}, {"steps": 2}]}, "2 must be above 2"),
        ("replay", {"schedule": [{"steps": 2, "params": {"x": 9}}]}, "params.x': 9 must be"),
        ("replay", {"schedule": [{"steps": 2}], "enqueue": [{}]}, "a schedule and nothing else"),
    ],
)
def test_a_wrong_schedule_is_named(method: str, start: dict[str, Any], message: str) -> None:
    with pytest.raises(JobError, match=message):
        spec(method=method, start=start)


def test_a_schedule_comes_back_equal_and_has_as_many_trials_as_stretches() -> None:
    schedule = [{"steps": 2, "params": {"x": 0.5, "n": 1}}, {"steps": 3, "params": {"x": 0.1}}]
    found = spec(method="replay", start={"schedule": schedule})
    assert found.budget.trials == 2
    assert JobSpec.from_toml(found.to_toml(), REGISTRY) == found


def test_a_grid_makes_room_for_what_is_enqueued() -> None:
    alone = spec(method="grid", budget={})
    assert spec(method="grid", budget={}, start={"enqueue": [{}, {}]}).budget.trials == (
        alone.budget.trials + 2
    )


def test_the_toml_form_holds_choices_that_are_null() -> None:
    optional = Parameter("a", ParameterKind.CATEGORICAL, choices=(None, "x"))
    depth = Parameter("d", ParameterKind.INT, 1, 4, condition=Condition("a", (None,)))
    enqueued: tuple[dict[str, Any], ...] = ({"a": None, "d": 2}, {"a": "x"}, {})
    trials = (EarlierTrial(0, {"a": None, "d": 1}, {"score": 0.5}),)
    told = replace(
        spec(method="tpe"),
        space=SearchSpace((optional, depth)),
        start=StartingSet(enqueued, (EarlierStudy("old", trials),)),
    )
    assert JobSpec.from_toml(told.to_toml()) == told


def test_a_header_carries_what_the_study_needs() -> None:
    header = spec(refined_from="x1").header()
    assert header.method.name == "tpe"
    assert header.curve_names == ("score",)
    assert header.refined_from == "x1"
    assert header.attributes["budget"]["trials"] == 8


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "Field 'name'"),
    ({"name": "two\nlines"}, "Field 'name'"),
    ({"name": "x" * 201}, "Field 'name'"),
    ({"objective": "os:system"}, "Field 'objective': 'os:system' is not a registered"),
    ({"objective": None}, "Field 'objective'"),
    ({"method": "magic"}, "Field 'method'"),
    ({"settings": {"n_candidates": 0}}, r"Field 'settings\.n_candidates'"),
    ({"settings": {"n_candidates": 1.5}}, r"Field 'settings\.n_candidates'"),
    ({"settings": {"n_candidates": True}}, r"Field 'settings\.n_candidates'"),
    ({"settings": {"other": 1}}, r"Field 'settings\.other'"),
    ({"settings": [1]}, "Field 'settings'"),
    ({"seed": -1}, "Field 'seed'"),
    ({"seed": "7"}, "Field 'seed'"),
    ({"budget": None}, "Field 'budget'"),
    ({"budget": {}}, r"Field 'budget\.trials'"),
    ({"budget": {"trials": 0}}, r"Field 'budget\.trials'"),
    ({"budget": {"trials": True}}, r"Field 'budget\.trials'"),
    ({"budget": {"trials": 10**9}}, r"Field 'budget\.trials'"),
    ({"budget": {"trials": 1, "parallel": 0}}, r"Field 'budget\.parallel'"),
    ({"budget": {"trials": 1, "timeout_seconds": -1}}, r"Field 'budget\.timeout_seconds'"),
    ({"budget": {"trials": 1, "timeout_seconds": float("nan")}}, r"Field 'budget\.timeout_sec"),
    ({"budget": {"trials": 1, "steps": 0}}, r"Field 'budget\.steps'"),
    ({"budget": {"trials": 1, "trails": 2}}, r"Field 'budget\.trails': there is no such"),
    ({"command": "rm"}, "Field 'command': there is no such"),
    ({"objectives": []}, "Field 'objectives'"),
    ({"objectives": ["score"]}, "Field 'objectives'"),
    ({"objectives": [{"name": "score", "direction": "up"}]}, "direction 'up'"),
    ({"objectives": [{"name": "loss", "direction": "minimize"}]}, "gives no 'loss'"),
    ({"objectives": [{"name": "score", "direction": "minimize"}] * 2}, "twice"),
    ({"space": []}, "Field 'space'"),
    ({"space": {}}, "Field 'space'"),
    ({"space": [{"name": "y", "kind": "float", "low": 0, "high": 1}]}, "no parameter 'y'"),
    ({"space": [{"name": "x", "kind": "float", "low": 1, "high": 0}]}, "low must not exceed"),
    ({"space": [{"name": "x", "kind": "float", "low": 0, "high": 1, "log": True}]}, "above 0"),
    ({"space": [{"name": "x", "kind": "int", "low": 0.5, "high": 2}]}, "whole numbers"),
    ({"space": [{"name": "x", "kind": "float", "low": -1e308, "high": 1e308}]}, "spans more"),
    ({"space": [{"name": "x", "kind": "categorical", "choices": "abc"}]}, "must be a list"),
    ({"space": [{"name": "x", "kind": "categorical", "choices": [[1]]}]}, "use texts or numbers"),
    ({"space": [{"name": "x", "kind": "categorical", "choices": 5}]}, "malformed"),
    (
        {
            "space": [
                {"name": "x", "kind": "float", "low": 0, "high": 1, "condition": {"parent": "x"}}
            ]
        },
        "malformed",
    ),
    (
        {
            "space": [
                {
                    "name": "x",
                    "kind": "float",
                    "low": 0,
                    "high": 1,
                    "condition": {"parent": "n", "values": [1]},
                }
            ]
        },
        "conditional on 'n', which the space lacks",
    ),
]


@pytest.mark.parametrize(("change", "message"), WRONG, ids=[str(w[0])[:60] for w in WRONG])
def test_a_wrong_field_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(JobError, match=message):
        spec(**change)


@pytest.mark.parametrize("field", ["executor", "address", "registry", "checkpoints", "function"])
def test_a_job_can_say_nothing_about_where_or_what_code_runs(field: str) -> None:
    with pytest.raises(JobError, match=f"Field '{field}': there is no such field"):
        spec(**{field: "tcp://10.0.0.1:8786"})


@pytest.mark.parametrize("data", [None, [], "text", 3])
def test_what_is_no_table_is_refused(data: object) -> None:
    with pytest.raises(JobError, match="must be a table"):
        JobSpec.from_json(data, REGISTRY)


def test_without_any_registry_file_the_message_says_so() -> None:
    with pytest.raises(JobError, match=r"no registry \(objectives\.toml\) was found"):
        JobSpec.from_json(SHORT, Registry())


@pytest.mark.parametrize("name", ["job.toml", "job.json"])
def test_a_file_is_read_by_its_ending(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(spec().to_toml() if name.endswith("toml") else json.dumps(spec().to_json()))
    assert JobSpec.from_file(path, REGISTRY) == spec()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("job.toml", b"name = ", "this is not TOML|This is not TOML"),
        ("job.json", b"[" * 100_000, "not JSON"),
        ("job.json", b"{", "not JSON"),
        ("job.toml", b"\xff\xfe", "not UTF-8"),
        ("job.toml", b"#" * (5 * 2**20), "too large"),
        ("job.toml", b'name = "n"', "Field 'objective'"),
    ],
)
def test_a_bad_file_is_named_with_the_reason(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(JobError, match=rf"{name}: .*({message})"):
        JobSpec.from_file(path, REGISTRY)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r"none\.toml: the job file cannot be read"):
        JobSpec.from_file(tmp_path / "none.toml", REGISTRY)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.sampled_from([*sorted(SHORT), "space", "settings", "objectives", "seed"]), JSON)
def test_whatever_a_field_holds_it_is_a_job_or_a_job_error(field: str, value: object) -> None:
    try:
        found = JobSpec.from_json(SHORT | {field: value}, REGISTRY)
    except JobError:
        return
    assert JobSpec.from_json(found.to_json()) == found


@pytest.mark.parametrize("folder", ["examples", "examples/pytorch"])
def test_the_bundled_jobs_are_valid(folder: str) -> None:
    registry = load_registry(ROOT / folder / "objectives.toml")
    files = {*(ROOT / folder).glob("*.toml")} - {registry.path}
    methods = {JobSpec.from_file(path, registry).method for path in files}
    wanted = {"random", "tpe", "hyperband", "bohb", "asha", "pbt"}
    assert methods and (folder != "examples" or wanted <= methods)


def test_texts_among_the_choices_are_those_of_the_registry() -> None:
    how = {"name": "how", "kind": "categorical", "choices": ["well", "wel"]}
    with pytest.raises(JobError, match="'how' has no choice 'wel' in the registry; it has 'well'"):
        spec(objective="odd", space=[how])
