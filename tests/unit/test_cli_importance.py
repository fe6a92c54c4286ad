from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hypertendril.cli import main

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "examples" / "studies" / "digits_random.json"
KEYS = {
    "study",
    "metric",
    "n_trials",
    "surrogate",
    "r2",
    "singles",
    "pairs",
    "higher_order",
    "band",
    "ranges",
    "warnings",
}


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main(["importance", *arguments])
        found = capsys.readouterr()
        assert isinstance(end.value.code, int)
        return end.value.code, found.out, found.err

    return run


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def to_file(n: int, **more: Any) -> str:
        trials = [
            {"number": k, "state": "complete", "params": {"x": k / 7}, "values": {"loss": k % 3}}
            for k in range(n)
        ]
        space = [{"name": "x", "kind": "float", "low": 0, "high": 10}]
        objectives = [{"name": "loss", "direction": "minimize"}]
        study = {"name": "s", "objectives": objectives, "space": space, "trials": trials}
        path = tmp_path / f"{n}.json"
        path.write_text(json.dumps(study | more))
        return str(path)

    return to_file


def test_the_json_has_shares_of_the_variance_and_ranges(call: Any) -> None:
    status, out, _ = call(str(SOURCE), "--json")
    found = json.loads(out)
    assert status == 0
    assert set(found) == KEYS
    assert found["metric"] == "val_accuracy"
    total = sum(found["singles"].values()) + sum(found["pairs"].values()) + found["higher_order"]
    assert total == pytest.approx(1.0)
    assert set(found["band"]) == set(found["singles"]) == set(found["ranges"])
    assert all(len(names.split("|")) == 2 for names in found["pairs"])
    assert set(found["ranges"]["learning_rate"]) == {"low", "high"}
    assert set(found["ranges"]["optimizer"]) == {"choices"}


def test_any_metric_and_the_best_part_can_be_asked_for(call: Any) -> None:
    status, out, _ = call(str(SOURCE), "--json", "--metric", "model_size", "--top", "0.2")
    found = json.loads(out)
    assert status == 0
    assert found["metric"] == "model_size"
    assert found["surrogate"] == "random forest"


def test_a_threshold_judges_only_where_results_are_at_least_so_good(call: Any) -> None:
    whole = json.loads(call(str(SOURCE), "--json", "--top", "1")[1])
    status, out, _ = call(str(SOURCE), "--json", "--threshold", "0.9")
    found = json.loads(out)
    assert status == 0
    assert found["surrogate"] == "random forest"
    assert found["singles"] != whole["singles"]
    nowhere = json.loads(call(str(SOURCE), "--json", "--threshold", "2")[1])
    assert "no value above 2" in nowhere["warnings"][0]


def test_several_studies_are_judged_with_the_study_as_a_parameter(
    call: Any, tmp_path: Path
) -> None:
    space = [{"name": "x", "kind": "float", "low": 0, "high": 10}]
    for k in range(2):
        trials = [
            {
                "number": i,
                "state": "complete",
                "params": {"x": i / 3},
                "values": {"loss": i + 90 * k},
            }
            for i in range(30)
        ]
        objectives = [{"name": "loss", "direction": "minimize"}]
        study = {"name": f"s{k}", "objectives": objectives, "space": space, "trials": trials}
        (tmp_path / f"{k}.json").write_text(json.dumps(study))
    status, out, _ = call(str(tmp_path), "--study", "s0", "--study", "s1", "--json")
    found = json.loads(out)
    assert status == 0
    assert found["n_trials"] == 60
    assert found["singles"]["study"] > 0.5 > found["singles"]["x"]
    assert found["ranges"]["study"] == {"choices": ["s0"]}


def test_too_few_trials_have_no_r2_and_a_sentence(call: Any, write: Any) -> None:
    status, out, _ = call(write(2), "--json")
    found = json.loads(out)
    assert status == 0
    assert found["r2"] is None
    assert found["singles"] == {"x": 0.0}
    assert "2 finished trials" in found["warnings"][0]


def test_where_nothing_failed_nothing_is_important_for_failing(call: Any, write: Any) -> None:
    found = json.loads(call(write(20), "--json", "--metric", "failure")[1])
    assert found["singles"] == {"x": 0.0}
    assert any("same value" in text for text in found["warnings"])


def test_without_json_the_effects_are_listed(call: Any) -> None:
    status, out, _ = call(str(SOURCE), "--study", "digits, random")
    lines = out.splitlines()
    assert status == 0
    assert lines[0].startswith("digits, random: val_accuracy, ")
    assert any("learning_rate" in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--metric", "nothing"), "has no metric 'nothing'"),
        (("--top", "7"), "--top must be above 0 and at most 1"),
        (("--top", "nan"), "--top must be above 0 and at most 1"),
        (("--threshold", "nan"), "--threshold must be a number"),
        (("--study", "other"), "there is no study 'other'"),
    ],
)
def test_bad_input_is_one_line_and_status_2(
    call: Any, arguments: tuple[str, ...], words: str
) -> None:
    status, out, err = call(str(SOURCE), *arguments)
    assert (status, out) == (2, "")
    assert words in err
    assert len(err.strip().splitlines()) == 1


def test_of_several_studies_one_must_be_named(call: Any) -> None:
    source = str(ROOT / "tests" / "data" / "readers" / "optuna.db")
    status, _, err = call(source)
    assert status == 2
    assert "name one with --study" in err
