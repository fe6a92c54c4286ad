"""Run folders with damaged files: the rest is read and the loss listed, or there is one clear error."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hypertendril.model import TrialState
from hypertendril.readers import ReadStudy, Source, read, to_generic
from hypertendril.readers.files.salvage import salvaged
from tests.contract.run_formats import RUN_FORMATS, RUNS, Format
from tests.faults.damaged_runs import Tally, damaged_sources, reader_of, use

MUTATIONS = 25


@pytest.mark.parametrize("form", RUN_FORMATS, ids=lambda form: form.reader)
def test_damaged_files_are_read_in_part_or_refused(form: Format, tmp_path: Path) -> None:
    tally = Tally()
    for source in damaged_sources(form, tmp_path, MUTATIONS, seed=7):
        use(form, source, tally)
    assert tally.read + tally.refused == MUTATIONS


def _copied(name: str, folder: Path) -> Path:
    shutil.copytree(RUNS / name, folder / "run")
    return folder / "run"


def _only(folder: Path) -> ReadStudy:
    (found,) = read(folder)
    return found


def _reasons(found: ReadStudy) -> str:
    return "; ".join(skipped.reason for skipped in found.header.skipped)


@pytest.mark.parametrize("end", [b"[1, 0, 0]", b"}", b"false}"])
def test_a_run_among_others_cut_in_its_first_line_is_named(end: bytes, tmp_path: Path) -> None:
    run, other = _copied("hpbandster", tmp_path), tmp_path / "other"
    shutil.copytree(run, other)
    configs = (run / "configs.json").read_bytes()
    (run / "configs.json").write_bytes(configs[: configs.index(end) + len(end)])
    assert "JSON that was cut short" in _reasons(_only(tmp_path))


def test_settings_among_runs_are_no_damaged_json(tmp_path: Path) -> None:
    _copied("hpbandster", tmp_path)
    (tmp_path / "settings.toml").write_text("[tool]\nlr = 0.5\n")
    (tmp_path / "steps.jsonl").write_text('{"a": 1}\n{"a": 2}\n')
    assert "cut short" not in _reasons(_only(tmp_path))


def test_results_cut_at_every_byte_keep_all_whole_lines(tmp_path: Path) -> None:
    run = _copied("hpbandster", tmp_path)
    path = run / "results.json"
    records = [
        [*json.loads(line)[:3], {"loss": 0.5}, None] for line in path.read_text().splitlines()[:2]
    ]
    lines = [json.dumps(record).encode() + b"\n" for record in records]
    whole = b"".join(lines)
    for size in range(len(whole) + 1):
        path.write_bytes(whole[:size])
        found = _only(run)
        kept = sum(size >= len(b"".join(lines[: i + 1])) - 1 for i in range(2))
        assert len(found.evaluations) == kept, size
        at_end = size in (0, len(lines[0]) - 1, len(lines[0]), len(whole) - 1, len(whole))
        assert ("not complete" in _reasons(found)) is not at_end


def test_a_record_glued_to_a_torn_one_is_kept(tmp_path: Path) -> None:
    run = _copied("hpbandster", tmp_path)
    path = run / "results.json"
    before = len(_only(run).evaluations)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:-2], lines[-2][:50], lines[-1]]))
    found = _only(run)
    assert len(found.evaluations) == before - 1
    assert "a line cut short; the record behind it was read" in _reasons(found)


def test_a_run_history_cut_anywhere_keeps_its_whole_runs(tmp_path: Path) -> None:
    run = _copied("smac3/mf/6", tmp_path)
    path = run / "runhistory.json"
    whole = path.read_bytes()
    rows = json.loads(whole)["data"]
    ends = [i + 1 for i, byte in enumerate(whole) if byte == ord("}")]
    for size in range(2000, whole.index(b'"configs"'), 997):
        path.write_bytes(whole[:size])
        found = _only(run)
        # A run ends with the brace behind that of its additional information.
        kept = (sum(end <= size for end in ends) - 1) // 2
        assert len(found.evaluations) in (kept, kept + 1), size
        assert (
            found.evaluations.value.tolist() == [r["cost"] for r in rows][: len(found.evaluations)]
        )
        assert "not listed" in _reasons(found)


def test_a_flipped_bit_in_a_run_history_costs_one_run(tmp_path: Path) -> None:
    run = _copied("smac3/mf/6", tmp_path)
    path = run / "runhistory.json"
    whole = path.read_bytes()
    before = len(_only(run).evaluations)
    at = whole.index(b'"cost"', 3000) + 6
    path.write_bytes(whole[:at] + b"}" + whole[at + 1 :])
    found = _only(run)
    assert before - 2 <= len(found.evaluations) < before
    assert "what is whole in it was read" in _reasons(found)
    assert len(found.trials) == 18


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("ray_tune/pbt", "pbt_global.txt"),
        ("ray_tune/asha", "experiment_state"),
        ("hpbandster", "configspace.json"),
        ("smac3/mf/6", "scenario.json"),
        ("smac3/mf/6", "configspace.json"),
        ("syne_tune/digits-pbt", "results.csv.zip"),
        ("dehb", "configspace.json"),
        ("dehb", "dehb_state.json"),
    ],
)
@pytest.mark.parametrize("ruin", [lambda path: path.unlink(), lambda path: path.write_bytes(b"{")])
def test_a_run_without_one_of_its_companions_is_read_all_the_same(
    name: str, file: str, ruin: Callable[[Path], object], tmp_path: Path
) -> None:
    run = _copied(name, tmp_path)
    for path in [path for path in run.iterdir() if path.name.startswith(file)]:
        ruin(path)
    found = _only(run)
    assert len(found.trials) > 1
    assert len(found.header.space)


def test_an_exploit_that_is_not_logged_makes_a_trial_without_parent(tmp_path: Path) -> None:
    run = _copied("ray_tune/pbt", tmp_path)
    path = run / "pbt_global.txt"
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    found = _only(run)
    assert len(found.trials) == 6
    assert int((found.trials.parent >= 0).sum()) == 1
    assert "no line of the log explains" in _reasons(found)


def test_an_exploit_overwritten_before_it_ran_is_a_trial_without_results(tmp_path: Path) -> None:
    run = _copied("ray_tune/pbt", tmp_path)
    path = run / "pbt_global.txt"
    first, second = path.read_text().splitlines(keepends=True)
    lost = json.loads(first)
    lost[5] = lost[5] | {"momentum": 0.123}
    path.write_text(json.dumps(lost) + "\n" + first + second)
    found = _only(run)
    assert len(found.trials) == 7
    assert int((found.trials.parent >= 0).sum()) == 3
    (row,) = found.trials.notes
    assert np.isnan(found.trials.objectives[row, 0])
    assert found.trials.state[row] == TrialState.PRUNED


def test_pickles_beside_a_run_are_never_opened_as_such(tmp_path: Path) -> None:
    run = _copied("ray_tune/asha", tmp_path)
    trap = tmp_path / "sprung"
    code = f"c__builtin__\nexec\n(S'open({str(trap)!r}, \"w\")'\ntR.".encode()
    for name in ("tuner.pkl", "searcher-state-1.pkl", "basic-variant-state-1.json"):
        (run / name).write_bytes(code)
    assert len(_only(run).trials) == 10
    assert not trap.exists()


def test_a_half_written_line_is_waited_for(tmp_path: Path) -> None:
    from hypertendril.readers import detect

    run = _copied("ray_tune/asha", tmp_path)
    path = next(p for p in run.rglob("result.json") if "_4" in p.parent.name)
    source = Source.parse(run)
    tail = detect(source).follow(source)
    before = len(tail.advance()[0].curves)
    line = path.read_bytes().splitlines()[-1]
    row = json.loads(line) | {"training_iteration": 2}
    text = json.dumps(row).encode() + b"\n"
    with path.open("ab") as file:
        file.write(text[:40])
    assert len(tail.advance()[0].curves) == before
    with path.open("ab") as file:
        file.write(text[40:])
    assert len(tail.advance()[0].curves) > before


@pytest.mark.parametrize("share", [0.5, 0.7, 0.9])
def test_a_database_cut_short_keeps_the_trials_it_still_has(share: float, tmp_path: Path) -> None:
    run = _copied("nni", tmp_path)
    path = run / "db" / "nni.sqlite"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    found = _only(run)
    assert len(found.trials) >= 20
    assert "cut short" in _reasons(found)
    assert list(run.rglob("*")) == [path.parent, path]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (b'{"data": [{"x": 1}, {"x": 2', {"data": [{"x": 1}]}),
        (b'{"data": [{"x": 1}, {"x": tru3}, {"x": 3}]}', {"data": [{"x": 1}, {"x": 3}]}),
        (b'{"data": [{"x": "],}"}, {"', {"data": [{"x": "],}"}]}),
        (b'{"a": 1, "b": ', {"a": 1}),
        (b"junk", None),
        (b"", None),
        (b"[" * 5000, [[]]),
    ],
)
def test_whole_elements_of_broken_json_are_found(text: bytes, kept: object) -> None:
    assert salvaged(text, 1).value == kept


def test_a_history_that_grows_is_read_on_and_a_new_objective_reads_it_anew(tmp_path: Path) -> None:
    form = next(form for form in RUN_FORMATS if form.reader == "deepcave")
    source = form.make(tmp_path)
    reader = reader_of(form)
    tail = reader.follow(source)
    before = len(tail.advance()[0].evaluations)
    history = source.file / "history.jsonl"
    row = json.dumps([1, 9, -1, [0.5, 2.0], 0.0, 1.0, 1, {}])
    history.write_text(history.read_text() + row[:-5])
    (found,) = tail.advance()
    assert len(found.evaluations) == before
    assert "the last line is not complete" in _reasons(found)
    history.write_text(history.read_text() + row[-5:] + "\n")
    (found,) = tail.advance()
    assert len(found.evaluations) == before + 1
    assert found.header.skipped == ()
    meta = source.file / "meta.json"
    objectives = json.loads(meta.read_text())["objectives"]
    meta.write_text(json.dumps({"objectives": objectives[:1], "budgets": [1, 3]}))
    (found,) = tail.advance()
    assert found.trials.objectives.shape[1] == 1
    assert len(found.evaluations) == before + 1


def test_an_infinite_budget_is_a_resource_and_no_step_of_a_curve(tmp_path: Path) -> None:
    # Found by `python -m benchmarks.mutations`: a budget of hundreds of digits.
    source = next(form for form in RUN_FORMATS if form.reader == "deepcave-dataframe").make(
        tmp_path
    )
    table = source.file / "trials.csv"
    table.write_text(table.read_text().replace("0.2,success,1", f"0.2,success,{'9' * 400}"))
    found = _only(source.file)
    assert np.isinf(found.evaluations.resource).sum() == 1
    assert np.isfinite(found.curves.step).all()
    json.dumps(to_generic(found), allow_nan=False)


def test_a_value_of_hundreds_of_digits_is_kept_and_marked(tmp_path: Path) -> None:
    # Found by `python -m benchmarks.mutations`, in a column that is declared to hold integers.
    source = next(form for form in RUN_FORMATS if form.reader == "deepcave-dataframe").make(
        tmp_path
    )
    table = source.file / "trials.csv"
    table.write_text(table.read_text().replace(",2,0.1,", f",{'9' * 400},0.1,"))
    found = _only(source.file)
    assert len(found.trials) == 5
    assert np.isinf(found.trials.values[1]).any()
    assert any("outside its range" in skipped.reason for skipped in found.header.skipped)
